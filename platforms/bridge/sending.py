"""What is sent to a bridge, and what its answers mean."""

import mimetypes
import re
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import httpx

from domain.failures import EverturnError, OutcomeUnknown, PartRefused, TokenRejected, Transient
from domain.messages import Part
from platforms.bridge.jids import LID_SUFFIX, message_id_of
from platforms.bridge.route import TYPING_SECONDS, Completed, Family
from platforms.http import failure_of_status, json_object
from platforms.text import clean, mapping, masked

UNKNOWN_NUMBER = "not_on_whatsapp"
ABSENT_WORDS = re.compile(
    r"não existe|nao existe|does not exist|doesn't exist|not (?:registered )?on whatsapp|no lid for user"
    r"|invalid (?:number|wid|jid|phone)|wid error",
    re.IGNORECASE,
)
AWAY_WORDS = re.compile(
    r"connection (?:closed|lost|failure)|not connected|disconnected|não está ativa|stream errored|restart required",
    re.IGNORECASE,
)
LOST_WORDS = re.compile(r"timed? ?out", re.IGNORECASE)
"""WhatsApp did not answer the bridge: what the bridge had said to it may have arrived."""
TAKEN = ("success", "SUCCESS")

Call = tuple[str, dict[str, Any]]
"""A path and the body to post there."""


def message_for(contact: str, part: Part, way: Completed) -> Call:
    """One part as one call. A picture goes by its address, with the whole text as its caption: what the echo shows must
    be the part's text, or it would be taken for an operator's. No bridge's limit for captions is known.
    """
    if way.family is Family.WPPCONNECT:
        return f"/api/{way.segment}/send-message", {**_phone(contact), "message": with_link(part)}
    if not part.image_url:
        return f"/message/sendText/{way.segment}", {"number": contact, "text": part.text}
    name = PurePosixPath(urlsplit(part.image_url).path).name or "picture.jpg"
    body = {
        "number": contact,
        "mediatype": "image",
        "mimetype": mimetypes.guess_type(name)[0] or "image/jpeg",
        "caption": part.text,
        "media": part.image_url,
        "fileName": name,
    }
    return f"/message/sendMedia/{way.segment}", body


def with_link(part: Part) -> str:
    """A picture that cannot be shown beside its text is its link."""
    return "\n".join(filter(None, (part.text, part.image_url)))


def _phone(contact: str) -> dict[str, Any]:
    """wppconnect takes digits and guesses what they are by their number, unless it is told."""
    return {
        "phone": contact.removesuffix(LID_SUFFIX),
        "isGroup": False,
        "isLid": contact.endswith(LID_SUFFIX),
    }


def typing_for(contact: str, way: Completed) -> Call:
    """Evolution answers only when the sign is over (`delay`, milliseconds)."""
    body = {"number": contact, "presence": "composing", "delay": int(TYPING_SECONDS * 1000)}
    return f"/chat/sendPresence/{way.segment}", body


def seen_for(contact: str, message_id: str, way: Completed) -> Call:
    """The JID is the one the message came from, as far as the contact tells."""
    jid = contact if contact.endswith(LID_SUFFIX) else f"{contact}@s.whatsapp.net"
    read = [{"remoteJid": jid, "fromMe": False, "id": message_id}]
    return f"/chat/markMessageAsRead/{way.segment}", {"readMessages": read}


def headers_for(token: str, way: Completed) -> dict[str, str]:
    """How each bridge wants to be shown its token."""
    return {"apikey": token} if way.family is Family.EVOLUTION else {"Authorization": f"Bearer {token}"}


def message_id_in(response: httpx.Response) -> str:
    """The new message's id; empty where the answer hides it."""
    body = json_object(response) or {}
    answer = body.get("response")
    first = answer[0] if isinstance(answer, list) and answer else answer
    found = mapping(body.get("key")).get("id") or mapping(first).get("id")
    return message_id_of(found) or ""


def failure_in(
    response: httpx.Response, now: datetime, hidden: tuple[str, ...] = (), *, sends: bool = False
) -> EverturnError | None:
    """What an answer means; None: it was taken. A send is taken only where the answer shows the message."""
    body = json_object(response) or {}
    refused = body.get("status") in ("error", "Error", "not_supported")
    if response.is_success and not refused:
        proven = not sends or "key" in body or body.get("status") in TAKEN
        return None if proven else OutcomeUnknown(f"HTTP {response.status_code} without the message in the body")
    raw = _words(body)
    words = masked(raw, hidden)
    if known := _by_words(raw, f"bridge error {response.status_code}: {words}", response.status_code, body):
        return known
    if general := failure_of_status(response, now, words):
        return general
    return PartRefused(f"bridge error {response.status_code}: {words}", code=str(response.status_code))


def _by_words(raw: str, said: str, status: int, body: dict[str, Any]) -> EverturnError | None:
    """Bridges have hardly any codes: the lookup object and their words must tell. `status` only bounds them."""
    if status in (429, *range(502, 505)):
        return None
    if _names_no_account(mapping(body.get("response")).get("message")) or ABSENT_WORDS.search(raw):
        return _setup_or_number(said, status)
    if body.get("status") == "not_supported" or status == 501:
        return PartRefused(said, code="not_supported")
    if AWAY_WORDS.search(raw):
        return Transient(said)
    if LOST_WORDS.search(raw):
        return OutcomeUnknown(said)
    return TokenRejected(said) if status in (403, 404) else None


def _setup_or_number(said: str, status: int) -> EverturnError:
    """What does not exist is the instance where the route was not found (404), else the customer's number."""
    return TokenRejected(said) if status == 404 else PartRefused(said, code=UNKNOWN_NUMBER)


def _names_no_account(message: Any, depth: int = 0) -> bool:
    """Evolution's lookup object, `{exists: false, jid, number}`, alone or in lists."""
    if isinstance(message, list) and depth < 3:
        return any(_names_no_account(item, depth + 1) for item in message)
    return isinstance(message, dict) and message.get("exists") is False


def _words(body: dict[str, Any]) -> str:
    """Evolution's stand in `response.message`, wppconnect's in `message` and `error`."""
    answer = mapping(body.get("response"))
    found = [answer.get("message"), body.get("message"), body.get("error")]
    return " ".join(filter(None, map(_flat, found)))[:1_000]


def _flat(value: Any, depth: int = 0) -> str:
    if isinstance(value, list) and depth < 3:
        return " ".join(filter(None, (_flat(item, depth + 1) for item in value[:10])))
    if isinstance(value, dict):
        return _flat(value.get("message"), depth + 1) if depth < 3 else ""
    return clean(value, 500)
