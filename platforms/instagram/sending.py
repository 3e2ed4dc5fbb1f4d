"""The words of `POST /me/messages`: what we say, and what the Graph API answers (wire reference D3)."""

import re
from datetime import datetime, timedelta
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
from domain.messages import Choice, Part
from platforms.base import Credentials, FreshToken
from platforms.http import failure_of_status, json_object, retry_after
from platforms.instagram.route import Network
from platforms.instagram.settings import GRAPH_VERSION, HOSTS, Flavour, flavour_of
from platforms.meta import GraphError, graph_error, says_it_will_pass, whole
from platforms.text import identifier, masked

MOST_QUICK_REPLIES = 13
LONGEST_TITLE = 20
"""Characters of a quick reply's title."""
LONGEST_LIFE = 10 * 365 * 24 * 3600
"""Seconds."""
VERSIONED = re.compile(r"/v\d+\.\d+$")

WINDOW_SUBCODES = frozenset({2534022, 2018278})
"""Of code 10: later than 24 hours after the customer's last message, on Instagram and on Messenger."""
CONTACT_SUBCODES = frozenset({1545041, 2018108, 2018028})
"""Of codes 10 and 200: this person cannot be reached (blocked us, gone, no tester of the app); others can."""
TOKEN_CODES = frozenset({3, 10, 102, 190, 368, *range(200, 300)})
"""Token expired, or the account may not do this: capability, permission, blocked for breaking a policy."""
RATE_CODES = frozenset({4, 17, 32, 429, 613, 80002, 80006})
PASSING_CODES = frozenset({1, 2, 1200})
REFUSED_CODES = frozenset({100, 230, 551, 36000})
"""Bad recipient or parameter, consent missing, person not available, picture too large."""


def endpoint(credentials: Credentials, network: Network, path: str) -> str:
    """Where a call goes. The token's own account is `me`. An address that already names a version keeps it."""
    given = credentials.api_base_url.rstrip("/")
    flavour = flavour_on(network, credentials)
    base = HOSTS[flavour] if given in ("", *HOSTS.values()) else given
    version = credentials.options.get("graph_version") or GRAPH_VERSION
    return f"{base if VERSIONED.search(base) else f'{base}/{version}'}/{path}"


def renewal_endpoint(credentials: Credentials) -> str:
    """Where an Instagram User token is renewed; the address has no version."""
    given = VERSIONED.sub("", credentials.api_base_url.rstrip("/"))
    return f"{given or HOSTS[Flavour.INSTAGRAM]}/refresh_access_token"


def fresh_token_in(response: httpx.Response, now: datetime) -> FreshToken:
    """The renewed token and its end.

    Raises:
        Transient: the answer holds neither.
    """
    body = json_object(response) or {}
    token, seconds = body.get("access_token"), whole(body.get("expires_in"))
    if not isinstance(token, str) or not token or seconds is None or not 0 < seconds < LONGEST_LIFE:
        raise Transient("an answer without a token and its end")
    return FreshToken(token=token, expires_at=now + timedelta(seconds=seconds))


def flavour_on(network: Network, credentials: Credentials) -> Flavour:
    """A Page's own messages know one flavour only."""
    return Flavour.MESSENGER if network is Network.PAGE else flavour_of(credentials)


def require_a_way(part: Part) -> None:
    """After 24 hours a person may still write, by the tag HUMAN_AGENT, for about 7 days (unconfirmed): Meta decides.

    Raises:
        WindowClosed: the part is the assistant's.
    """
    if part.outside_window and not part.by_operator:
        raise WindowClosed("Instagram: more than 24 hours since the customer wrote")


def bodies_for(contact: str, part: Part, flavour: Flavour) -> list[dict[str, Any]]:
    """One body a call: the picture first, for a message holds either; quick replies stay under the words."""
    around: dict[str, Any] = {"recipient": {"id": contact}}
    if part.outside_window:
        around |= {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
    elif flavour is Flavour.MESSENGER:
        around |= {"messaging_type": "RESPONSE"}
    return [around | {"message": message} for message in _messages(part)]


def _messages(part: Part) -> list[dict[str, Any]]:
    image = {"attachment": {"type": "image", "payload": {"url": part.image_url}}}
    words: dict[str, Any] = {"text": part.text}
    if part.choices:
        words["quick_replies"] = [_quick_reply(choice) for choice in part.choices[:MOST_QUICK_REPLIES]]
    return [*([image] if part.image_url else []), *([words] if part.text else [])]


def _quick_reply(choice: Choice) -> dict[str, str]:
    title = choice.title if len(choice.title) <= LONGEST_TITLE else choice.title[: LONGEST_TITLE - 1] + "…"
    return {"content_type": "text", "title": title, "payload": choice.id}


def message_id_in(response: httpx.Response) -> str:
    """The new message's id; empty where only the recipient is confirmed.

    Raises:
        OutcomeUnknown: the answer says neither yes nor no.
    """
    body = json_object(response) or {}
    message_id = identifier(body.get("message_id"), 500) or ""
    if not message_id and not body.get("recipient_id"):
        raise OutcomeUnknown(f"HTTP {response.status_code} without a message_id in the body")
    return message_id


def failure_in(response: httpx.Response, now: datetime, hidden: tuple[str, ...] = ()) -> EverturnError | None:
    """What an answer means: by the error's code, which may stand in an HTTP 200 as well; None: it was taken."""
    error = graph_error(response)
    if response.is_success and not error.words:
        return None if json_object(response) is not None else OutcomeUnknown("HTTP 200 without a JSON object")
    words = masked(error.words, hidden)
    said = f"Graph error {error.code or response.status_code}/{error.subcode or '-'}: {words}"
    wait = retry_after(response.headers.get("retry-after"), now)
    return (
        _by_code(error, said, wait)
        or failure_of_status(response, now, words)
        or (Transient(said) if says_it_will_pass(response) else PartRefused(said, code=_code(error)))
    )


def _by_code(error: GraphError, said: str, wait: float | None) -> EverturnError | None:
    """What the code alone settles; None: it is none we know."""
    if error.code == 10 and error.subcode in WINDOW_SUBCODES:
        return WindowClosed(said, code=_code(error))
    if error.code in REFUSED_CODES or error.subcode in CONTACT_SUBCODES:
        return PartRefused(said, code=_code(error))
    if error.code in TOKEN_CODES:
        return TokenRejected(said)
    if error.code in RATE_CODES:
        return RateLimited(said, retry_after=wait)
    return Transient(said, retry_after=wait) if error.code in PASSING_CODES else None


def _code(error: GraphError) -> str:
    return "/".join(str(number) for number in (error.code, error.subcode) if number is not None)
