"""Whom a JID names: WhatsApp's own addresses, as bridges show them.

A customer's contact is the digits of the phone wherever one is told, else `<digits>@lid`. The digits of an `@lid` are
no phone, and never become one.
"""

import re
from collections.abc import Iterable
from enum import StrEnum

from domain.model import Value
from platforms.text import identifier, mapping

PHONES = frozenset({"s.whatsapp.net", "c.us", "hosted"})
LIDS = frozenset({"lid", "hosted.lid"})
LID_SUFFIX = "@lid"
DIGITS = re.compile(r"[0-9]{1,30}")
LONGEST_PHONE = 15
"""Digits; ITU-T E.164."""


class Elsewhere(StrEnum):
    """Why nobody is to be answered here."""

    GROUP = "group"
    BROADCAST = "broadcast"
    NEWSLETTER = "newsletter"
    NOBODY = "no_contact"


SERVERS = {"g.us": Elsewhere.GROUP, "broadcast": Elsewhere.BROADCAST, "newsletter": Elsewhere.NEWSLETTER}


class Jid(Value):
    """`user@server`; the server is empty where only digits stand."""

    user: str
    server: str = ""

    @property
    def is_phone(self) -> bool:
        """Whether the user part is a phone number. Bare digits are one; `0` is WhatsApp itself."""
        if not DIGITS.fullmatch(self.user) or not self.user.strip("0"):
            return False
        return self.server in PHONES or (not self.server and len(self.user) <= LONGEST_PHONE)

    @property
    def is_lid(self) -> bool:
        """Whether it is a name behind which the phone is hidden."""
        return self.server in LIDS and DIGITS.fullmatch(self.user) is not None


def jid_of(value: object) -> Jid | None:
    """Read a JID: text, or the object that WhatsApp Web makes of it. The device (`:12`) is left out."""
    if isinstance(value, dict):
        whole = value.get("_serialized") or value.get("id")
        return jid_of(whole) if isinstance(whole, str) else _of_pieces(value.get("user"), value.get("server"))
    text = identifier(value)
    if text is None:
        return None
    user, _, server = text.partition("@")
    return _of_pieces(user, server)


def _of_pieces(user: object, server: object) -> Jid | None:
    named = re.sub(r":\d+$", "", identifier(user) or "").removeprefix("+")
    return Jid(user=named, server=(identifier(server) or "").lower()) if named else None


def contact_among(candidates: Iterable[object]) -> str | Elsewhere:
    """The customer that several JIDs of one message name. A group, a list or a channel among them decides first."""
    jids = [jid for jid in map(jid_of, candidates) if jid]
    for jid in jids:
        if jid.server in SERVERS:
            return SERVERS[jid.server]
    phone = next((jid.user for jid in jids if jid.is_phone), None)
    hidden = next((jid.user + LID_SUFFIX for jid in jids if jid.is_lid), None)
    return phone or hidden or Elsewhere.NOBODY


def names_among(candidates: Iterable[object]) -> tuple[str, ...]:
    """All names of a customer, whose phone is hidden at times, so that one of them is enough the next time."""
    jids = [jid for jid in map(jid_of, candidates) if jid]
    hidden = next((jid.user + LID_SUFFIX for jid in jids if jid.is_lid), None)
    phone = next((jid.user for jid in jids if jid.is_phone), None)
    return tuple(filter(None, (phone, hidden)))


def same_person(one: object, other: object) -> bool:
    """Whether two JIDs name the same account, whatever device and server they are written with."""
    first, second = jid_of(one), jid_of(other)
    if not first or not second or first.user != second.user:
        return False
    return first.is_phone == second.is_phone


SERIALIZED = re.compile(r"(?:true|false)_[^_@]+@[^_]+_(?P<own>[^_]+)(?:_.*)?")


def message_id_of(value: object) -> str | None:
    """WhatsApp's own id of a message, out of whatever a bridge calls its id.

    `false_<chat>_<id>` and the bare id are the same message: a replay may write the chat as phone or as LID, and
    Evolution does not write it at all.
    """
    if isinstance(value, dict):
        whole = value.get("_serialized") or value.get("id")
        return message_id_of(whole) if isinstance(whole, str) else None
    text = identifier(value)
    found = SERIALIZED.fullmatch(text) if text else None
    return found["own"] if found else text


def serialized_id(value: object) -> str:
    """The id as WhatsApp Web's own functions want it back."""
    whole = mapping(value).get("_serialized") if isinstance(value, dict) else value
    return identifier(whole) or message_id_of(value) or ""


def is_own(flag: object, *ids: object) -> bool:
    """Whether our side wrote it; bridges write the flag as truth value, text or number, or only into the id."""
    if flag is None:
        return any(isinstance(each, str) and each.startswith("true_") for each in ids)
    return flag is True or flag == 1 or (isinstance(flag, str) and flag.lower() in ("true", "1"))
