"""What Chat2Desk's webhooks say. Only an inbox hook with a message from the client is a customer's message."""

import hashlib
import html
import re
from datetime import datetime, timedelta
from typing import Any

import nh3

from domain.failures import NotUnderstood
from domain.identifiers import Address
from domain.messages import LONGEST_TEXT, Echo, Ignored, Inbound, InboundMessage, MessageKind, Received
from platforms.base import Credentials
from platforms.chat2desk.media import kind_of, media_of
from platforms.chat2desk.route import Route
from platforms.http import moment_of
from platforms.text import clean, identifier, mapping

TYPES = frozenset({"from_client", "to_client", "autoreply", "system", "comment"})
OTHER_HOOKS = frozenset(
    {
        *("outbox_status", "comment", "system_message", "new_request", "close_request", "close_dialog", "new_client"),
        *("dialog_transferred", "add_tag_to_client", "new_qr_code", "client_added_to_blacklist", "new_ticket"),
        *("operator_status_changed", "operator_status_updated", "ticket_updated", "ticket_deleted"),
    }
)
LINE_ENDS = re.compile(r"<\s*br\s*/?\s*>|</\s*(?:p|div|li)\s*>", re.IGNORECASE)
TAG = re.compile(r"</?[a-z][^<>]*>", re.IGNORECASE)
RECENT = timedelta(minutes=10)


def read_hook(hook: Any, now: datetime, credentials: Credentials) -> list[Inbound]:
    """One hook is one value.

    Raises:
        NotUnderstood: there is no `hook_type`, or a message names no client.
    """
    if not isinstance(hook, dict) or not isinstance(hook.get("hook_type"), str):
        raise NotUnderstood("a Chat2Desk body is a JSON object with a hook_type")
    match hook["hook_type"], _type(hook):
        case "inbox", "from_client" | "no_type":  # an inbox tells what came in; whoever says so much need not repeat it
            return [_received(hook, now, credentials)]
        case "outbox", "to_client":
            return [_echo(hook, credentials, by_operator=identifier(hook.get("operator_id")) not in (None, "0"))]
        case "imported_message", "to_client":
            return [_imported(hook, now, credentials)]
        case ("inbox" | "outbox" | "imported_message") as name, kind:
            return [Ignored(reason=f"{name}:{kind}")]
        case name, _:
            return [Ignored(reason=name if name in OTHER_HOOKS else "unknown_hook")]


def _type(hook: dict[str, Any]) -> str:
    """A closed set, for it becomes a label."""
    kind = hook.get("type")
    if kind is None:
        return "no_type"
    return kind if isinstance(kind, str) and kind in TYPES else "unknown_type"


def _imported(hook: dict[str, Any], now: datetime, credentials: Credentials) -> Inbound:
    """`imported_message` comes INSTEAD of inbox or outbox, for imported history and for the company's own phone.

    One from the client is ignored: an import must not make the assistant answer what was settled long ago, and a
    customer's new message comes as `inbox`. One to the client, if it is fresh, is a person writing from the own phone
    (so an operator answers); an old one is history.
    """
    sent_at = moment_of(hook.get("event_time"))
    if sent_at is None or abs(now - sent_at) > RECENT:
        return Ignored(reason="imported_message:to_client")
    return _echo(hook, credentials, by_operator=True)


def _contact(hook: dict[str, Any]) -> str | None:
    return identifier(hook.get("client_id")) or identifier(mapping(hook.get("client")).get("id"))


def _address(hook: dict[str, Any], credentials: Credentials) -> Address:
    contact = _contact(hook)
    if contact is None:
        raise NotUnderstood("a Chat2Desk message without a client_id")
    return Address(platform="chat2desk", account=credentials.account, contact=contact)


def _echo(hook: dict[str, Any], credentials: Credentials, *, by_operator: bool) -> Inbound:
    message_id, contact = identifier(hook.get("message_id")), _contact(hook)
    if message_id is None or contact is None:
        return Ignored(reason="echo_without_id")
    return Echo(
        address=_address(hook, credentials),
        message_id=message_id,
        by_operator=by_operator,
        text=plain(hook.get("text")),
        at=moment_of(hook.get("event_time")),
    )


def _received(hook: dict[str, Any], now: datetime, credentials: Credentials) -> Inbound:
    """A public comment under an Instagram post is no conversation: an answer there would be read by everybody."""
    address = _address(hook, credentials)
    if hook.get("insta_comment") in (True, "true", "True", 1, "1"):
        return Ignored(reason="instagram_comment")
    place = _place(hook.get("coordinates"))
    text = plain(hook.get("text")) or place
    media = media_of(hook, credentials)
    unseen = not text and not media
    if unseen and not hook.get("attachments"):  # an attachment without a link: something came that we cannot see
        return Ignored(reason="empty")
    message = InboundMessage(
        id=_message_id(hook, text),
        kind=MessageKind.OTHER if unseen else kind_of(media, located=bool(place)),
        received_at=now,
        text=text,
        media=tuple(item for _, item in media),
        sent_at=moment_of(hook.get("event_time")),
        name=_name(mapping(hook.get("client"))),
        route=str(Route.of_hook(hook)),
    )
    return Received(address=address, message=message)


def _message_id(hook: dict[str, Any], text: str) -> str:
    """Inbox and outbox may share one space of numbers, so the hook belongs to the id."""
    own = identifier(hook.get("message_id"), 100)
    if own is None:
        seen = [clean(hook.get(name), 100) for name in ("client_id", "request_id", "event_time")]
        own = hashlib.sha256("\0".join([*seen, text]).encode()).hexdigest()
    return f"in:{own}"


def _place(coordinates: Any) -> str:
    """A point as text, or as an object of two numbers."""
    if not isinstance(coordinates, dict):
        return clean(coordinates, 100)
    sides = (("lat", "latitude"), ("lon", "lng", "longitude"))
    point = [next(filter(None, (clean(coordinates.get(name), 30) for name in names)), "") for names in sides]
    return ",".join(point) if all(point) else ""


def _name(client: dict[str, Any]) -> str:
    """A name an operator gave wins; `[chat] 1d0b…` and a bare phone are the transport's numbers, not names."""
    names = (clean(client.get(field), 200) for field in ("assigned_name", "name"))
    return next((name for name in names if any(map(str.isalpha, name)) and not name.startswith("[")), "")


def plain(value: object) -> str:
    """Text without the HTML some transports leave in it. "a < b" is no HTML and stays."""
    raw = clean(value, 4 * LONGEST_TEXT)
    if TAG.search(raw):
        raw = nh3.clean(LINE_ENDS.sub("\n", raw), tags=set(), attributes={})
    return clean(html.unescape(raw))
