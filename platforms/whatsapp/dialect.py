"""What WhatsApp's webhooks say: entries, changes, messages, statuses and echoes, many in one body."""

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from domain.failures import NotUnderstood
from domain.identifiers import edit_id
from domain.messages import Echo, Ignored, Inbound, InboundMessage, ReceiptSeen, ReceiptState, Received, Unsent
from platforms.base import Credentials
from platforms.http import moment_of
from platforms.meta import is_other_subscription, plausible, whole
from platforms.text import clean, identifier, listed, mapping, masked, objects
from platforms.whatsapp.content import content_of, context_of
from platforms.whatsapp.people import Line, Person, phone_of

OBJECT = "whatsapp_business_account"
OTHER_FIELDS = frozenset(
    {
        *("account_alerts", "account_review_update", "account_settings_update", "account_update", "automatic_events"),
        *("business_capability_update", "business_status_update", "calls", "flows", "partner_solutions"),
        *("message_template_components_update", "message_template_quality_update", "message_template_status_update"),
        *("payment_configuration_update", "phone_number_name_update", "phone_number_quality_update", "security"),
        *("smb_app_state_sync", "template_category_update", "user_id_update", "user_preferences"),
    }
)
"""News about the account and not from a customer; the names become labels."""
STATES = {
    "sent": ReceiptState.SENT,
    "delivered": ReceiptState.DELIVERED,
    "read": ReceiptState.READ,
    "played": ReceiptState.READ,
    "failed": ReceiptState.FAILED,
}
SIGNS = {"reaction": "reaction", "system": "system", "request_welcome": "request_welcome"}
"""Types in which nobody says anything."""
GHOST = 131060
"""The error "This message is unavailable", typically beside a Click-to-WhatsApp ad: to ask back would be odd."""
RECENT = timedelta(minutes=10)


def by_account(body: Any) -> dict[str, Any]:
    """One body for each of our numbers, in order; "" is what names none.

    Raises:
        NotUnderstood: as `read_body`.
    """
    cut: dict[str, list[dict[str, Any]]] = {}
    for entry, change in _changes(body):
        ours = mapping(mapping(change.get("value")).get("metadata"))
        number = identifier(ours.get("phone_number_id")) or ""
        cut.setdefault(number, []).append({**entry, "changes": [change]})
    return {number: {"object": OBJECT, "entry": entries} for number, entries in cut.items()} or {"": body}


def read_body(body: Any, now: datetime, credentials: Credentials) -> list[Inbound]:
    """Everything a body tells; what has no meaning here is ignored for a reason.

    Raises:
        NotUnderstood: this is no body of WhatsApp's.
    """
    told: list[Inbound] = []
    for _, change in _changes(body):
        value = mapping(change.get("value"))
        told += _read_change(change.get("field"), value, Line.of(value, now, credentials))
    return told or [Ignored(reason="empty")]


def _changes(body: Any) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    if is_other_subscription(body):
        return
    if not isinstance(body, dict) or body.get("object") != OBJECT:
        raise NotUnderstood(f"a WhatsApp body is a JSON object whose object is {OBJECT}")
    for entry in map(mapping, listed(body.get("entry"))):
        yield from ((entry, mapping(change)) for change in listed(entry.get("changes")))


def _read_change(field: Any, value: dict[str, Any], line: Line) -> list[Inbound]:
    match field:
        case "messages" | None:
            return _read_messages(value, line)
        case "smb_message_echoes":
            echoes = [*objects(value.get("message_echoes")), *objects(value.get("messages"))]
            return [_echo(item, line) for item in echoes]
        case "history":
            return [*_recent_echoes(value, line), Ignored(reason="history")]
        case _:
            known = isinstance(field, str) and field in OTHER_FIELDS
            return [Ignored(reason=field if known else "unknown_field")]


def _read_messages(value: dict[str, Any], line: Line) -> list[Inbound]:
    beside = value.get("errors")
    told = [_message({"errors": beside, **item}, line) for item in objects(value.get("messages"))]
    told += [_receipt(mapping(item), line) for item in listed(value.get("statuses"))]
    told += [_echo(item, line) for item in objects(value.get("message_echoes"))]
    if not told and beside:
        return [Ignored(reason="errors")]
    return told


# --- messages -------------------------------------------------------------------------------------------------------


def _message(message: dict[str, Any], line: Line) -> Inbound:
    if message.get("group_id"):
        return Ignored(reason="group")
    person = line.person(message.get("from"), message.get("from_user_id") or message.get("from_parent_user_id"))
    if person is None:
        return Ignored(reason="no_sender")
    if person.phone and person.phone == _digits(line.phone):
        return Ignored(reason="own_number")
    readers: dict[str, Callable[[dict[str, Any], Line, Person], Inbound]] = {"revoke": _revoked, "edit": _edited}
    kind = message.get("type")
    if not isinstance(kind, str):  # then the body tells
        kind = next((name for name in (*readers, *SIGNS) if name in message), "")
    if kind in SIGNS:
        return Ignored(reason=SIGNS[kind])
    return readers.get(kind, _received)(message, line, person)


def _received(message: dict[str, Any], line: Line, person: Person, edits: str = "", own_id: str = "") -> Inbound:
    content = content_of(message)
    if _answers_a_call(message):
        return Ignored(reason="call_permission_reply")
    if content.is_hidden and GHOST in _codes(message):
        return Ignored(reason="ghost")
    if not (content.text or content.media or content.is_hidden):
        return Ignored(reason="empty")
    said = InboundMessage(
        id=own_id or message_id_of(message),
        received_at=line.now,
        sent_at=moment_of(message.get("timestamp")),
        name=person.name,
        route=line.route(person),
        context=context_of(message),
        edits=edits,
        **dict(content),
    )
    return Received(address=line.address(person), message=said, names=person.names)


def _edited(message: dict[str, Any], line: Line, person: Person) -> Inbound:
    """The new version stands inside; which message it replaces, beside it."""
    edit = mapping(message.get("edit"))
    inner = mapping(edit.get("message")) or edit
    original = identifier(edit.get("original_message_id")) or ""
    own_id = edit_id(original, message_id_of(message)) if original else message_id_of(message)
    return _received({"timestamp": message.get("timestamp"), **inner}, line, person, original, own_id)


def _revoked(message: dict[str, Any], line: Line, person: Person) -> Inbound:
    original = identifier(mapping(message.get("revoke")).get("original_message_id"))
    if original is None:
        return Ignored(reason="revoke_without_id")
    return Unsent(address=line.address(person), message_id=original, names=person.names)


def message_id_of(message: dict[str, Any]) -> str:
    """The platform's id, or a fingerprint of the whole message, which a redelivery repeats to the letter."""
    own = identifier(message.get("id"))
    return own or hashlib.sha256(json.dumps(message, sort_keys=True).encode()).hexdigest()


def _answers_a_call(message: dict[str, Any]) -> bool:
    """An answer to "may we call you?", which we never ask."""
    return mapping(message.get("interactive")).get("type") == "call_permission_reply"


def _codes(message: dict[str, Any]) -> set[int | None]:
    return {whole(mapping(error).get("code")) for error in listed(message.get("errors"))}


# --- receipts -------------------------------------------------------------------------------------------------------


def _receipt(status: dict[str, Any], line: Line) -> Inbound:
    """How far a message of ours came. Nothing here orders them: the books let a part move forwards only."""
    word = status.get("status")
    state = STATES.get(word) if isinstance(word, str) else None
    if state is None:
        return Ignored(reason="status:deleted" if word == "deleted" else "status:unknown")
    if status.get("recipient_type") == "group":
        return Ignored(reason="status:group")
    person = line.person(status.get("recipient_id"), status.get("recipient_user_id"))
    message_id = identifier(status.get("id"))
    if person is None or message_id is None:
        return Ignored(reason="status:nameless")
    return ReceiptSeen(
        address=line.address(person),
        message_id=message_id,
        state=state,
        at=moment_of(status.get("timestamp")),
        error=_why(status) if state is ReceiptState.FAILED else "",
        tag=clean(status.get("biz_opaque_callback_data"), 512),
    )


def _why(status: dict[str, Any]) -> str:
    """`131047: Re-engagement message …`: the code, and the vendor's words in whichever field they stand."""
    error = next(map(mapping, listed(status.get("errors"))), {})
    details = mapping(error.get("error_data")).get("details") or error.get("details")
    words = [clean(said, 200) for said in (error.get("title") or error.get("message"), details)]
    code = whole(error.get("code"))
    return f"{'unknown' if code is None else code}: {masked(': '.join(filter(None, words)))}".rstrip(": ")


# --- echoes ---------------------------------------------------------------------------------------------------------


def _echo(message: dict[str, Any], line: Line) -> Inbound:
    """What staff typed in the WhatsApp Business app (coexistence); what we send ourselves is not shown to us.

    Taking a message back, and a reaction, answer nobody. In some samples `to` is our own number, and `from` the
    customer's.
    """
    kind = message.get("type")
    if message.get("group_id") or (isinstance(kind, str) and (kind in SIGNS or kind == "revoke")):
        return Ignored(reason="echo:sign")
    reversed_ = _digits(phone_of(message.get("to"))) == _digits(line.phone) != ""
    person = line.person(message.get("from" if reversed_ else "to"), message.get("to_user_id"))
    message_id = identifier(message.get("id"))
    if person is None or message_id is None:
        return Ignored(reason="echo:nameless")
    inner = mapping(mapping(message.get("edit")).get("message")) or message
    return Echo(
        address=line.address(person),
        message_id=message_id,
        by_operator=True,
        text=content_of(inner).text,
        at=plausible(moment_of(message.get("timestamp")), line.now),
        names=person.names,
    )


def _recent_echoes(value: dict[str, Any], line: Line) -> list[Inbound]:
    """Of a synchronised history, what staff have written just now; the rest was settled long ago, and is not answered.

    A customer's new message comes as `messages`, too.
    """
    echoes = [mapping(item) for item in listed(value.get("message_echoes"))]
    for chunk in map(mapping, listed(value.get("history"))):
        for thread in map(mapping, listed(chunk.get("threads"))):
            said = (mapping(item) for item in listed(thread.get("messages")))
            ours = (item for item in said if _digits(phone_of(item.get("from"))) == _digits(line.phone) != "")
            echoes += ({"to": thread.get("id"), **item} for item in ours)
    return [_echo(item, line) for item in echoes if _is_recent(item, line.now)]


def _is_recent(message: dict[str, Any], now: datetime) -> bool:
    moment = moment_of(message.get("timestamp"))
    return moment is not None and abs(now - moment) <= RECENT


def _digits(phone: str) -> str:
    """A phone as it is compared: our own may be shown with spaces and brackets."""
    return "".join(letter for letter in phone if letter.isdigit())
