"""What bridges tell, in the domain's words: three dialects, two families of words, one reading."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any, assert_never

from domain.failures import NotUnderstood
from domain.identifiers import Address, edit_id
from domain.messages import Echo, Ignored, Inbound, InboundMessage, ReceiptSeen, Received, Unsent
from platforms.base import Credentials
from platforms.bridge import evolution, wppconnect
from platforms.bridge.content import Aside, Changed, Content, Said, Shown, TakenBack
from platforms.bridge.envelopes import Notice, is_message, notices_in
from platforms.bridge.events import OTHERS, TOPICS, Topic
from platforms.bridge.facts import Facts, facts_of
from platforms.bridge.jids import Elsewhere
from platforms.bridge.receipts import DELETED, NAMED, ack_in, status_in
from platforms.bridge.route import Whereabouts
from platforms.bridge.wppconnect import SAID

DOUBLE_PRESS_SECONDS = 2.0
STRANGE = Ignored(reason="not_a_message")


@dataclass(frozen=True)
class Told:
    """One notice, with whom and what it is about."""

    notice: Notice
    facts: Facts
    address: Address
    now: datetime

    @property
    def fields(self) -> dict[str, Any]:
        """The message object itself."""
        fields: dict[str, Any] = self.notice.fields
        return fields


def read_body(body: Any, now: datetime, credentials: Credentials) -> list[Inbound]:
    """Everything a body tells, in its order; what is unreadable in a batch takes nothing else with it.

    Raises:
        NotUnderstood: nothing in it is a bridge's.
    """
    notices = notices_in(body)
    if not notices:
        return [Ignored(reason="empty_batch")]
    told = [_read(notice, now, credentials) for notice in notices]
    if all(each == STRANGE for each in told):
        raise NotUnderstood("there is neither an event nor a message of a WhatsApp bridge in it")
    return told


def _read(notice: Notice, now: datetime, credentials: Credentials) -> Inbound:
    topic = TOPICS.get(notice.event)
    if topic is None and notice.event in OTHERS:
        return Ignored(reason=notice.event)
    if not is_message(notice.fields):
        if topic:
            return Ignored(reason=f"{topic}_without_id")
        return Ignored(reason="unknown_event") if notice.event else STRANGE
    facts = facts_of(notice)
    if isinstance(facts.contact, Elsewhere):
        return Ignored(reason=facts.contact.value)
    if facts.is_to_self:  # an edit names the chat as its author sees it: ours, if the bridge has not put it right
        return Ignored(reason="edit_without_contact" if topic is Topic.EDIT else "note_to_self")
    address = Address(platform="bridge", account=credentials.account, contact=facts.contact)
    return _about(topic or _guessed(notice.fields), Told(notice=notice, facts=facts, address=address, now=now))


def _guessed(fields: dict[str, Any]) -> Topic:
    """A bare object, or one under an event we do not know: a message, unless it has nothing but news of one."""
    speaks = any(field in fields for field in ("message", "messageStubType", "type", *SAID))
    return Topic.MESSAGE if speaks else Topic.RECEIPT


def _about(topic: Topic, told: Told) -> Inbound:
    match topic:
        case Topic.MESSAGE | Topic.OURS:
            return _spoken(_said_in(told), told, is_api_send=topic is Topic.OURS)
        case Topic.RECEIPT:
            return _receipt(told)
        case Topic.TAKEBACK:
            return _takeback(told)
        case Topic.EDIT:
            return _spoken(_edit_in(told), told)
        case never:
            assert_never(never)


# --- messages -------------------------------------------------------------------------------------------------------


def _shown(told: Told) -> Shown:
    return Shown(whereabouts=Whereabouts(route=told.notice.route, message_id=told.facts.native_id))


def _said_in(told: Told) -> Said:
    if told.notice.is_evolution:
        return evolution.said_in(told.fields, _shown(told))
    return wppconnect.said_in(told.fields, _shown(told))


def _edit_in(told: Told) -> Said:
    """An event of its own. Evolution's `messages.edited` holds the bare protocol message."""
    if not told.notice.is_evolution:
        return wppconnect.said_in(told.fields, _shown(told), is_edit=True)
    fields, original = told.fields, told.facts.id
    new = fields.get("editedMessage") or fields.get("message")
    if original is None or not isinstance(new, dict):
        return Aside(reason="edit_without_words")
    return evolution.changed(original, new, _shown(told), fields.get("timestampMs") or fields.get("messageTimestamp"))


def _spoken(said: Said, told: Told, *, is_api_send: bool = False) -> Inbound:
    own = told.facts.is_own or is_api_send
    match said:
        case Aside(reason=reason):
            return Ignored(reason=reason)
        case TakenBack(original=original):
            return Ignored(reason="own_unsent") if own else _unsent(original, told)
        case Changed():
            return Ignored(reason="own_edit") if own else _edited(said, told)
        case Content():
            return _echo(said, told, is_api_send=is_api_send) if own else _received(said, told)
        case never:
            assert_never(never)


def _echo(said: Content, told: Told, *, is_api_send: bool) -> Inbound:
    """Our own sends come back like those of a person at the phone; only `send.message` says whose they are."""
    if told.facts.id is None:
        return Ignored(reason="echo_without_id")
    return Echo(
        address=told.address,
        message_id=told.facts.id,
        by_operator=False if is_api_send else None,
        text=said.text,
        at=told.facts.sent_at,
        names=told.facts.names,
    )


def _unsent(original: str, told: Told) -> Unsent:
    return Unsent(address=told.address, message_id=original, names=told.facts.names)


def _received(said: Content, told: Told) -> Inbound:
    """A message that cannot be decrypted yet may come again under its id, and must not be taken for a repetition."""
    if said.is_empty:
        return Ignored(reason="empty")
    own = told.facts.id or _fingerprint(said, told)
    return _heard(f"{own}:unreadable" if said.is_unreadable else own, said, told)


def _fingerprint(said: Content, told: Told) -> str:
    seen = (told.address.contact, str(told.facts.sent_at), said.text)
    return hashlib.sha256("\0".join(seen).encode()).hexdigest()


def _edited(change: Changed, told: Told) -> Inbound:
    if change.content.is_empty:
        return Ignored(reason="edit_without_words")
    return _heard(edit_id(change.original, change.mark), change.content, told, edits=change.original)


def _heard(own_id: str, said: Content, told: Told, edits: str = "") -> Received:
    message = InboundMessage(
        id=own_id,
        kind=said.kind,
        received_at=told.now,
        text=said.text,
        media=said.media,
        sent_at=told.facts.sent_at,
        name=told.facts.name,
        route=str(told.notice.route),
        dedupe_seconds=None if told.facts.id or told.facts.sent_at else DOUBLE_PRESS_SECONDS,
        by_receipt=not (told.facts.id or told.facts.sent_at),
        choice=said.choice,
        context=said.context,
        edits=edits,
    )
    return Received(address=told.address, message=message, names=told.facts.names)


# --- what is about messages -----------------------------------------------------------------------------------------


def _receipt(told: Told) -> Inbound:
    """How far one of ours came. An edit or a takeback may come the same way."""
    if told.notice.is_evolution and (change := _changed_in(told)):
        return _spoken(change, told)
    status = status_in(told.fields) if told.notice.is_evolution else ack_in(told.fields)
    if status == DELETED:
        return _takeback(told)
    if told.facts.id is None or status not in NAMED:
        return Ignored(reason="receipt:pending" if status == "PENDING" else "receipt:unknown")
    if told.facts.is_known_theirs:
        return Ignored(reason="receipt_of_theirs")
    error = "the bridge says ERROR" if status == "ERROR" else ""
    return ReceiptSeen(address=told.address, message_id=told.facts.id, state=NAMED[status], error=error)


def _changed_in(told: Told) -> Said | None:
    """What Baileys updates besides the status: an edited message, or the stub a takeback leaves behind."""
    update = told.fields.get("update")
    if not isinstance(update, dict) or told.facts.id is None:
        return None
    if update.get("messageStubType") in (1, "1", "REVOKE"):
        return TakenBack(original=told.facts.id)
    message = update.get("message")
    edited = message.get("editedMessage") if isinstance(message, dict) else None
    inner = edited.get("message") if isinstance(edited, dict) else None
    if not isinstance(inner, dict):
        return None
    return evolution.changed(told.facts.id, inner, _shown(told), update.get("messageTimestamp"))


def _takeback(told: Told) -> Inbound:
    if told.facts.is_own:
        return Ignored(reason="own_unsent")
    said = wppconnect.taken_back(told.fields) if not told.notice.is_evolution else None
    original = said.original if isinstance(said, TakenBack) else told.facts.id
    if original is None:
        return Ignored(reason="takeback_without_id")
    return _unsent(original, told)
