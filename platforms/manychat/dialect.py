"""What a flow's External Request may hold: the contract's own body, or ManyChat's Full Contact Data as it is.

ManyChat fixes no schema: the flow's author writes the body, so numbers come as strings, variables come unfilled
(`{{last_input_text}}`), and nearly everything may be null.
"""

import hashlib
import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from domain.failures import NotUnderstood
from domain.identifiers import Address
from domain.messages import Ignored, Inbound, InboundMessage, Media, MessageKind, Received
from platforms.base import Credentials
from platforms.http import moment_of
from platforms.manychat.channels import Channel, channel_named, route_of
from platforms.text import clean, identifier, mapping

UNFILLED = re.compile(r"\s*(\{\{[^{}]*\}\}\s*)+")
CONTACT_FIELDS = ("subscriber_id", "id", "contact_id", "user_id")
TEXT_FIELDS = ("text", "last_input_text", "last_text_input")
CHANNEL_FIELDS = ("channel", "canal", "channel_type")
NESTED = ("data", "full_contact_data", "contact", "subscriber")
"""Where an author puts Full Contact Data when the body has fields of its own beside it."""
DOUBLE_PRESS_SECONDS = 2.0
LONGEST_URL = 2_048
MEDIA_HOST = re.compile(r"(?:.+\.)?(?:fbsbx\.com|fbcdn\.net|cdninstagram\.com)", re.IGNORECASE)
NO_PICTURE = (".mp4", ".mp3", ".m4a", ".ogg", ".aac", ".wav", ".pdf")
FRESH = timedelta(minutes=10)


def read_request(body: Any, now: datetime, credentials: Credentials) -> list[Inbound]:
    """One External Request is one message, or a reason why it is none.

    Raises:
        NotUnderstood: no subscriber is named, so nobody could be answered.
    """
    if not isinstance(body, dict):
        raise NotUnderstood("a ManyChat body is a JSON object")
    fields = _flattened(body)
    contact = _contact(fields)
    text, image = _first_text(fields), _url(fields.get("image_url"))
    if not image and _is_picture(text):
        text, image = "", text
    if not text and not image:
        return [Ignored(reason=_why_empty(fields))]
    address = Address(platform="manychat", account=credentials.account, contact=contact)
    return [Received(address=address, message=_message(fields, contact, text, image, now, credentials))]


def _flattened(body: dict[str, Any]) -> dict[str, Any]:
    """The author's own fields win over those of a nested Full Contact Data."""
    flat: dict[str, Any] = {}
    for name in NESTED:
        flat |= mapping(body.get(name))
    return flat | {name: value for name, value in body.items() if value is not None}


def _contact(fields: dict[str, Any]) -> str:
    given = filter(None, (identifier(fields.get(name)) for name in CONTACT_FIELDS))
    contact = next((one for one in given if "{{" not in one), None)
    if contact is None:
        raise NotUnderstood("subscriber_id is missing or unfilled: insert the Contact Id variable in the flow")
    return contact


def _filled(fields: dict[str, Any], name: str, longest: int) -> str:
    """A field's text; empty where the flow sent its variable's name instead of the value."""
    text = clean(fields.get(name), longest)
    return "" if UNFILLED.fullmatch(text) else text


def _first_text(fields: dict[str, Any]) -> str:
    return next(filter(None, (_filled(fields, name, 8_000) for name in TEXT_FIELDS)), "")


def _is_picture(text: str) -> bool:
    """Whether the only thing said is an address on Meta's media hosts: so a picture stands in `last_input_text`."""
    return bool(MEDIA_HOST.fullmatch(urlsplit(_url(text)).hostname or "")) and not text.endswith(NO_PICTURE)


def _url(url: object) -> str:
    """The picture's address, if it is one a browser could open."""
    if not isinstance(url, str) or len(url) > LONGEST_URL or not (url := url.strip()).isprintable() or " " in url:
        return ""
    try:
        pieces = urlsplit(url)
        return url if pieces.scheme.lower() in ("http", "https") and pieces.hostname else ""
    except ValueError:
        return ""


def _why_empty(fields: dict[str, Any]) -> str:
    """A short label to count by: an unfilled variable is the author's mistake, an empty one is not."""
    given = [fields.get(name) for name in (*TEXT_FIELDS, "image_url")]
    if any(isinstance(value, str) and UNFILLED.fullmatch(value) for value in given):
        return "unfilled_variable"
    return "unusable_image" if clean(fields.get("image_url")) else "empty"


def _message(
    fields: dict[str, Any], contact: str, text: str, image: str, now: datetime, credentials: Credentials
) -> InboundMessage:
    stamp, sent_at = _stamp(fields, now)
    own_id = _filled(fields, "message_id", 200)
    return InboundMessage(
        id=own_id or fingerprint(contact, text, image, stamp),
        kind=MessageKind.IMAGE if image else MessageKind.TEXT,
        received_at=now,
        text=text,
        media=(Media(url=image, kind=MessageKind.IMAGE),) if image else (),
        sent_at=sent_at,
        name=_name(fields),
        route=route_of(_channel(fields, credentials), credentials.options),
        dedupe_seconds=None if own_id or stamp else DOUBLE_PRESS_SECONDS,
        by_receipt=not (own_id or stamp),
    )


def fingerprint(contact: str, text: str, image: str, stamp: str) -> str:
    """SHA-256 of what makes a message this one, for ManyChat gives it no id. Parts are told apart by a NUL."""
    return hashlib.sha256("\0".join((contact, text, image, stamp)).encode()).hexdigest()


def _stamp(fields: dict[str, Any], now: datetime) -> tuple[str, datetime | None]:
    """The message's time as given (for the fingerprint) and as read.

    Full Contact Data has no time of the message. The later of its last interactions is it, but only while it is
    fresh: it can be null or stale (unconfirmed when ManyChat moves it), and a stale one would make every "yes" of
    the week the same message.
    """
    given = _filled(fields, "timestamp", 100)
    if given:
        return given, moment_of(given)
    moments = [moment_of(fields.get(name)) for name in ("last_interaction", "ig_last_interaction")]
    latest = max((moment for moment in moments if moment), default=None)
    if latest is None or abs(now - latest) > FRESH:
        return "", None
    return latest.isoformat(), latest


def _name(fields: dict[str, Any]) -> str:
    whole = _filled(fields, "name", 200)
    return whole or " ".join(filter(None, (_filled(fields, part, 100) for part in ("first_name", "last_name"))))


def _channel(fields: dict[str, Any], credentials: Credentials) -> Channel:
    """The author's literal; else the account's option `channel`; else what the contact's own ids leave no doubt about.

    A merged contact has both an Instagram id and a WhatsApp number; it counts as Instagram, the strictest network.
    """
    named = (channel_named(_filled(fields, name, 50)) for name in CHANNEL_FIELDS)
    known = next(filter(None, named), None) or channel_named(credentials.options.get("channel", ""))
    if known:
        return known
    on_instagram = any(clean(fields.get(name)) for name in ("ig_id", "ig_username"))
    return Channel.WHATSAPP if clean(fields.get("whatsapp_phone")) and not on_instagram else Channel.INSTAGRAM
