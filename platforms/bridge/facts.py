"""Who wrote to whom and when: what stands around the words of a message, in either family's fields."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from platforms.bridge.envelopes import Notice
from platforms.bridge.evolution import number
from platforms.bridge.jids import (
    SERIALIZED,
    Elsewhere,
    contact_among,
    is_own,
    jid_of,
    message_id_of,
    names_among,
    same_person,
    serialized_id,
)
from platforms.http import moment_of
from platforms.text import clean, identifier, mapping


@dataclass(frozen=True)
class Facts:
    """What a message object says about itself."""

    contact: str | Elsewhere
    """The other side of the conversation, whoever wrote."""
    names: tuple[str, ...]
    """All their names told here."""
    id: str | None
    native_id: str
    """The id as the bridge writes it, for asking it about the message."""
    is_own: bool
    is_known_theirs: bool
    """It says that the customer wrote it (and does not merely leave out who did)."""
    is_to_self: bool
    sent_at: datetime | None
    name: str


def facts_of(notice: Notice) -> Facts:
    """Read them in the words of the notice's family."""
    return _of_baileys(notice) if notice.is_evolution else _of_web(notice.fields)


def sent_at_in(*values: object) -> datetime | None:
    """The first legible time: seconds as number, text or Long."""
    for value in values:
        moment = number(value) if isinstance(value, dict) else value
        if found := moment_of(moment):
            return found
    return None


# --- Evolution ------------------------------------------------------------------------------------------------------


def _of_baileys(notice: Notice) -> Facts:
    fields = notice.fields
    key = mapping(fields.get("key")) or fields
    flag = key.get("fromMe") if key.get("fromMe") is not None else fields.get("fromMe")
    own = is_own(flag)
    own_id = message_id_of(key.get("id") if "key" in fields else fields.get("keyId") or fields.get("id"))
    chat = list(_chat_of(key, fields, own=own))
    return Facts(
        contact=contact_among(chat),
        names=names_among(chat),
        id=own_id,
        native_id=own_id or "",
        is_own=own,
        is_known_theirs=flag is not None and not own,
        is_to_self=bool(notice.own_jid) and same_person(key.get("remoteJid"), notice.own_jid),
        sent_at=sent_at_in(fields.get("messageTimestamp")),
        name="" if own else clean(fields.get("pushName"), 200) or clean(fields.get("verifiedBizName"), 200),
    )


def _chat_of(key: dict[str, Any], fields: dict[str, Any], *, own: bool) -> Iterator[object]:
    """The chat's own JIDs; the sender's are the customer's only where the customer wrote (`senderPn` is older)."""
    for where in (key, fields):
        yield where.get("remoteJid")
        yield where.get("remoteJidAlt")
        if not own:
            yield where.get("senderPn")


# --- WhatsApp Web ---------------------------------------------------------------------------------------------------


def _of_web(fields: dict[str, Any]) -> Facts:
    native = serialized_id(fields.get("id"))
    flag = fields.get("fromMe")
    flag = mapping(fields.get("id")).get("fromMe") if flag is None else flag
    own = is_own(flag, native)
    other_side = list(_other_side(fields, native, own))
    contact = Elsewhere.GROUP if fields.get("isGroupMsg") is True else contact_among(other_side)
    return Facts(
        contact=contact,
        names=names_among(other_side),
        id=message_id_of(fields.get("id")),
        native_id=native,
        is_own=own,
        is_known_theirs=not own and (flag is not None or native.startswith("false_")),
        is_to_self=jid_of(fields.get("from")) is not None and same_person(fields.get("from"), fields.get("to")),
        sent_at=sent_at_in(fields.get("timestamp"), fields.get("t")),
        name="" if own else _name(fields),
    )


def _other_side(fields: dict[str, Any], native: str, own: bool) -> Iterator[object]:
    """Whoever is not us. `to` and `chatId` may be objects; a serialized id names the chat, too."""
    yield fields.get("to" if own else "from")
    yield fields.get("chatId")
    if SERIALIZED.fullmatch(native):
        yield native.split("_", 2)[1]
    if not own:
        yield mapping(fields.get("sender")).get("id")
        yield fields.get("senderPn")
    yield fields.get("phone")


def _name(fields: dict[str, Any]) -> str:
    """What the customer is called; a formatted phone number is no name."""
    sender = mapping(fields.get("sender"))
    named = (fields.get("notifyName"), sender.get("pushname"), sender.get("name"), sender.get("formattedName"))
    legible = (clean(name, 200) for name in named if identifier(name, 1_000))
    return next((name for name in legible if any(map(str.isalpha, name))), "")
