"""The words of Chat2Desk's API v1: a message out, its answer, and the list a lost one is looked for in."""

import hashlib
import re
from datetime import datetime, timedelta
from typing import Any

import httpx

from domain.failures import EverturnError, OutcomeUnknown, PartRefused, RateLimited, TokenRejected, Transient
from domain.messages import Part
from platforms.base import Lookup, LostPart
from platforms.chat2desk.route import Route
from platforms.http import failure_of_status, json_object, moment_of
from platforms.text import clean, identifier, masked

SKEW = timedelta(seconds=5)
"""How far the platform's clock may be behind ours."""
LISTED = 50
TOKEN_WORDS = re.compile(r"token|unauthori[sz]ed|authori[sz]ation", re.IGNORECASE)
RATE_WORDS = re.compile(r"too many requests|rate limit|quota|requests? limit|limit of requests", re.IGNORECASE)
PASSING_WORDS = re.compile(r"internal (server )?error|try again|temporar", re.IGNORECASE)


def message_for(contact: str, route: str, part: Part, key: str) -> dict[str, Any]:
    """The body of `POST /v1/messages`. Their default of `open_dialog`, true, would show every dialog to operators.

    Client ids are numbers; what is none goes as it is, and Chat2Desk has its say.
    """
    client: int | str = int(contact) if contact.isascii() and contact.isdigit() else contact
    way = Route.parse(route)
    body: dict[str, Any] = {
        "client_id": client,
        "text": part.text,
        "type": "to_client",
        "open_dialog": part.open_to_operators,
        "external_id": external_id(key),
    }
    optional: dict[str, Any] = {
        "attachment": part.image_url,
        "transport": way.transport,
        "channel_id": int(way.channel_id or 0),
    }
    return body | {name: value for name, value in optional.items() if value}


def external_id(key: str) -> str:
    """The outbox key as an id of bounded length (that the list returns it is unconfirmed)."""
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def failure_in(response: httpx.Response, now: datetime, hidden: tuple[str, ...] = ()) -> EverturnError | None:
    """What an answer means: `"status": "error"` in a 200 body is a failure; None: it was taken.

    The error's shape is unconfirmed: `message` or `errors`.
    """
    body = json_object(response) or {}
    if response.is_success and body.get("status") == "success":
        return None
    words = masked(_words(body), hidden)
    if general := failure_of_status(response, now, words):
        return general
    if response.is_success and body.get("status") != "error":
        return OutcomeUnknown(f"HTTP {response.status_code} without a status in the body")
    return _by_words(words, response.status_code)


def _words(body: dict[str, Any]) -> str:
    for name in ("message", "errors", "error"):
        if said := body.get(name):
            return said if isinstance(said, str) else str(said)[:500]
    return ""


def _by_words(words: str, status: int) -> EverturnError:
    said = f"Chat2Desk error {status}: {words}"
    if status == 403 or TOKEN_WORDS.search(words):
        return TokenRejected(said)
    if RATE_WORDS.search(words):
        return RateLimited(said)
    if PASSING_WORDS.search(words):
        return Transient(said)
    return PartRefused(said, code=str(status))


def message_id_in(response: httpx.Response) -> str:
    """The new message's id; empty where the answer hides it."""
    body = (json_object(response) or {}).get("data")
    return (identifier(body.get("message_id")) if isinstance(body, dict) else None) or ""


def found_in(listed: Any, lost: LostPart) -> Lookup:
    """Whether the newest messages of a dialog hold a part sent at or after `lost.since`.

    "Not delivered" is said only when the list surely reaches back that far: a wrong one doubles a message. "Delivered"
    is said only when the message is surely not another part of the same words: a wrong one loses a message.
    """
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        return Lookup.CANNOT_TELL
    if any(clean(item.get("external_id"), 200) == external_id(lost.key) for item in listed):
        return Lookup.DELIVERED
    ids = {identifier(item.get("id")) for item in listed}
    others = [_verdict(item, lost) for item in listed if identifier(item.get("id")) not in lost.twins]
    alike, nameless = others.count(Lookup.DELIVERED), sum(twin not in ids for twin in lost.twins)
    if alike:
        return Lookup.DELIVERED if alike > nameless else Lookup.CANNOT_TELL
    moments = [moment_of(item.get("created")) for item in listed]
    reaches_back = len(listed) < LISTED or any(moment and moment < lost.since - SKEW for moment in moments)
    return Lookup.CANNOT_TELL if Lookup.CANNOT_TELL in others or not reaches_back else Lookup.NOT_DELIVERED


def _verdict(item: dict[str, Any], lost: LostPart) -> Lookup:
    """Whether one listed message is the part, told by its words and its time."""
    if clean(item.get("external_id"), 200) or item.get("type") not in ("to_client", "out"):
        return Lookup.NOT_DELIVERED
    if not lost.part.text:  # a bare picture cannot be told from another
        return Lookup.CANNOT_TELL
    if _squeezed(clean(item.get("text"))) != _squeezed(clean(lost.part.text)):
        return Lookup.NOT_DELIVERED
    created = moment_of(item.get("created"))
    if created is None:
        return Lookup.CANNOT_TELL
    return Lookup.DELIVERED if created >= lost.since - SKEW else Lookup.NOT_DELIVERED


def _squeezed(text: str) -> str:
    return " ".join(text.split())
