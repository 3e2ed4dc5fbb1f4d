"""The words of `POST /fb/sending/sendContent`: what we say, and what ManyChat answers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import httpx

from domain.failures import EverturnError, OutcomeUnknown, PartRefused, RateLimited, TokenRejected, Transient
from domain.messages import Choice, Part
from platforms.http import failure_of_status, json_object
from platforms.manychat.channels import MOST_QUICK_REPLIES, QUICK_REPLY_FLOW, Channel, channel_of
from platforms.text import clean, listing, masked

LONGEST_CAPTION = 20
"""A quick reply's title on Messenger and Instagram."""
PERMANENT_CODES = frozenset({"2011", "2012", "3011", "3021", "3031"})
"""Subscriber not found, user ref not found, invalid content, message tag required, OTN topic not found; as third
parties report them (unconfirmed by the vendor)."""
TOKEN_WORDS = (
    "wrong token",
    "invalid token",
    "wrong format token",
    "invalid api key",
    "unauthorized",
    "unauthenticated",
)
RATE_WORDS = ("too many requests", "rate limit")
PASSING_WORDS = ("internal error", "internal server error", "try again", "temporarily")


def content_for(contact: str, route: str, part: Part, options: Mapping[str, str]) -> dict[str, Any]:
    """The body of `sendContent`. Subscriber ids are numbers; what is none goes as it is, and ManyChat has its say."""
    is_number = contact.isascii() and contact.isdigit() and contact == str(int(contact))  # "007" is not customer 7
    subscriber: int | str = int(contact) if is_number else contact
    return {"subscriber_id": subscriber, "data": dynamic_block(route, [part], options)}


def dynamic_block(route: str, parts: Sequence[Part], options: Mapping[str, str]) -> dict[str, Any]:
    """ManyChat's own format of something to show: in `sendContent`, and in the answer to an External Request."""
    channel = channel_of(route)
    content: dict[str, Any] = {} if channel is Channel.FACEBOOK else {"type": channel.value}
    content |= {"messages": [message for part in parts for message in _messages(part, options)], "actions": []}
    content["quick_replies"] = _quick_replies(parts[-1].choices if parts else (), options)
    return {"version": "v2", "content": content}


def _messages(part: Part, options: Mapping[str, str]) -> list[dict[str, Any]]:
    """The picture first: it has no caption of its own."""
    image = [{"type": "image", "url": part.image_url}] if part.image_url else []
    text = part.text
    if part.choices and not options.get(QUICK_REPLY_FLOW):  # the option was taken away after the reply was made
        text = f"{text}\n{listing(part.choices)}"
    return [*image, *([{"type": "text", "text": text}] if text else [])]


def _quick_replies(choices: tuple[Choice, ...], options: Mapping[str, str]) -> list[dict[str, str]]:
    flow = options.get(QUICK_REPLY_FLOW)
    if not flow:
        return []
    return [{"type": "flow", "caption": _caption(c.title), "target": flow} for c in choices[:MOST_QUICK_REPLIES]]


def _caption(title: str) -> str:
    return title if len(title) <= LONGEST_CAPTION else title[: LONGEST_CAPTION - 1] + "…"


def failure_in(response: httpx.Response, now: datetime, hidden: tuple[str, ...] = ()) -> EverturnError | None:
    """What an answer means. `status` in the body decides, even on HTTP 200; None: it was taken.

    The vendor's own SDK counts anything without `status == "success"` as a failure (manychat-api-php, BaseAPI); an
    answer that is no such JSON on a 2xx leaves open what was done.
    """
    body = json_object(response)
    if response.is_success and body and body.get("status") == "success":
        return None
    words = masked((body or {}).get("message"), hidden)
    code = _code(body or {})
    if code in PERMANENT_CODES:
        return PartRefused(f"ManyChat error {code}: {words}", code=code)
    if general := failure_of_status(response, now, words):
        return general
    if response.is_success and (not body or body.get("status") != "error"):
        return OutcomeUnknown(f"HTTP {response.status_code} without a status in the body")
    return _by_words(words, code or str(response.status_code), response.status_code)


def _by_words(words: str, code: str, status: int) -> EverturnError:
    """The last resort, for ManyChat's errors often carry no code."""
    said = f"ManyChat error {code}: {words}"
    lower = words.lower()
    if status == 403 or any(hint in lower for hint in TOKEN_WORDS):
        return TokenRejected(said)
    if any(hint in lower for hint in RATE_WORDS):
        return RateLimited(said)
    if any(hint in lower for hint in PASSING_WORDS):
        return Transient(said)
    return PartRefused(said, code=code)


def _code(body: dict[str, Any]) -> str:
    return clean(body.get("code"), 20) or clean(body.get("error_code"), 20)
