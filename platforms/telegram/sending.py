"""The words of the Bot API: a part out, and what an answer means."""

import re
from datetime import datetime
from typing import Any

import httpx

from domain.failures import (
    EverturnError,
    OutcomeUnknown,
    PartRefused,
    RateLimited,
    TokenRejected,
    Transient,
    WindowClosed,
)
from domain.messages import Part, Receipt
from platforms.base import Abilities
from platforms.http import ANSWER_LOST, LONGEST_RETRY_AFTER, failure_of_status, json_object, retry_after
from platforms.telegram.buttons import keyboard
from platforms.telegram.route import MessageId, Route, number_of
from platforms.text import mapping, masked

ABILITIES = Abilities(
    longest_text=4096,
    choices=100,
    images=True,
    longest_caption=1024,
    requests_per_minute=30 * 60,
    typing=True,
    typing_seconds=5.0,
    echoes=True,
    checks_quality=True,
)
"""Telegram counts characters (code points) of what it shows; we send no markup, so of what we send. UTF-16 units are
counted in entities only: a text of 4096 emoji was taken, one more refused (measured by others, August 2026). To one
customer no more than about one message a second may go, which nothing here says: Telegram itself does, with a 429.
"""
WINDOW_HOURS = 24
"""In a business account's chats only: to the bot itself a customer may be answered at any time."""
NO_SUCH_METHOD = 404
"""What a token of a wrong shape is told, for it stands in the path."""
ELSEWHERE = 409
"""Somebody else uses the bot just now, or its webhook is being changed."""
PASSING_WORDS = re.compile(r"failed to get http url content|try again", re.IGNORECASE)
"""Not "wrong file_id or the file is temporarily unavailable": that is nearly always the former."""
WINDOW_WORDS = re.compile(r"BUSINESS_PEER_USAGE_MISSING")


def abilities_of(route: str) -> Abilities:
    """In a business account's chat there is a window; under a tapped button there is something to mark as seen."""
    way = Route.parse(route)
    hours = WINDOW_HOURS if way.connection else None
    return ABILITIES.model_copy(update={"window_hours": hours, "seen": bool(way.tap)})


def call_for(contact: str, route: str, part: Part) -> tuple[str, dict[str, Any]]:
    """The method and the body of a send.

    Raises:
        PartRefused: the contact is no private chat: `@name` would post in a public channel.
        WindowClosed: to a business account's customer there is no other way.
    """
    if part.outside_window:
        raise WindowClosed("a business account's customer wrote more than 24 hours ago, and there is no other way")
    more: dict[str, Any] = {"reply_markup": keyboard(part.choices)} if part.choices else {}
    body = chat_of(contact, route) | more
    if part.image_url:
        return "sendPhoto", body | {"photo": part.image_url} | ({"caption": part.text} if part.text else {})
    return "sendMessage", body | {"text": part.text, "link_preview_options": {"is_disabled": True}}


def chat_of(contact: str, route: str) -> dict[str, Any]:
    """Which chat a call is about.

    Raises:
        PartRefused: it is no private one.
    """
    chat = number_of(contact)
    if chat is None or chat <= 0:
        raise PartRefused("a Telegram contact is a positive number", code="400")
    connection = Route.parse(route).connection
    return {"chat_id": chat} | ({"business_connection_id": connection} if connection else {})


def result_in(response: httpx.Response) -> Any:
    """What a call that went well gave; None: the answer does not say that it did."""
    body = json_object(response) or {}
    return body.get("result") if body.get("ok") is True else None


def receipt_in(response: httpx.Response, contact: str, route: str) -> Receipt:
    """The new message's id, as webhooks name it.

    Raises:
        OutcomeUnknown: the answer names none.
    """
    connection = {"business_connection_id": Route.parse(route).connection}
    own = MessageId.of(mapping(result_in(response)) | connection, contact)
    if own is None:
        raise OutcomeUnknown(f"HTTP {response.status_code} without a message id in the body")
    return Receipt(message_id=str(own))


def failure_in(response: httpx.Response, now: datetime, hidden: tuple[str, ...] = ()) -> EverturnError | None:
    """What an answer means; None: it was taken. Only `error_code` and a description tell one error from another."""
    body = json_object(response) or {}
    if body.get("ok") is True:
        return None
    words = str(body.get("description") or "")
    said, code = masked(words, hidden), number_of(body.get("error_code"))
    if code is not None:
        return _of_code(code, words, f"Telegram error {code}: {said}", _wait(response, body, now))
    if general := failure_of_status(response, now, said):
        return general
    if response.is_success:
        return OutcomeUnknown(f"HTTP {response.status_code} without `ok` in the body")
    return PartRefused(f"HTTP {response.status_code}: {said}", code=str(response.status_code))


def _of_code(code: int, words: str, said: str, wait: float | None) -> EverturnError:
    if code == 429:
        return RateLimited(said, retry_after=wait)
    if code in (401, NO_SUCH_METHOD):
        return TokenRejected(said)
    if code in ANSWER_LOST:
        return OutcomeUnknown(said)
    if code == ELSEWHERE or code >= 500 or (code == 400 and PASSING_WORDS.search(words)):
        return Transient(said, retry_after=wait)
    if WINDOW_WORDS.search(words):
        return WindowClosed(said, code=str(code))
    return PartRefused(said, code=str(code))


def _wait(response: httpx.Response, body: dict[str, Any], now: datetime) -> float | None:
    """How long to wait: the body says it, and a header may."""
    seconds = number_of(mapping(body.get("parameters")).get("retry_after"))
    if seconds is not None and seconds >= 0:
        return min(float(seconds), LONGEST_RETRY_AFTER)
    return retry_after(response.headers.get("retry-after"), now)
