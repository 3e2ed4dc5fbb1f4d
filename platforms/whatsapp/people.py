"""Who wrote: a phone, a business-scoped user id, or both; and the name that stands beside the messages."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.identifiers import Address
from domain.model import Value
from platforms.base import Credentials
from platforms.text import clean, identifier, listed, mapping
from platforms.whatsapp.route import Route, is_user_id


class Person(Value):
    """A customer as one webhook names them."""

    phone: str = ""
    user_id: str = ""
    contact: str
    """The user id where the message itself tells one: it stays when the phone changes or is hidden."""
    name: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Every id told."""
        return tuple(filter(None, (self.user_id, self.phone)))


@dataclass(frozen=True)
class Line:
    """Where a change came in: the account, our number there, and the people its `contacts` name."""

    account: str
    number_id: str
    phone: str
    contacts: tuple[dict[str, Any], ...]
    now: datetime

    @classmethod
    def of(cls, value: dict[str, Any], now: datetime, credentials: Credentials) -> "Line":
        """Read it from a change's `value`."""
        ours = mapping(value.get("metadata"))
        return cls(
            account=credentials.account,
            number_id=identifier(ours.get("phone_number_id")) or "",
            phone=phone_of(ours.get("display_phone_number")),
            contacts=tuple(mapping(contact) for contact in listed(value.get("contacts"))),
            now=now,
        )

    def person(self, phone: object, user_id: object) -> Person | None:
        """The customer of these ids; without any the only one among the contacts. None: nobody is named."""
        ids = _Ids.of(phone, user_id)
        beside = self._beside(ids)
        known = _Ids.of(beside.get("wa_id"), beside.get("user_id"))
        if not ids:
            ids = known
            if not ids:
                return None
        both = ids | known if ids & known else ids
        profile = mapping(beside.get("profile"))
        name = clean(profile.get("name"), 200) or clean(profile.get("username"), 200)
        return Person(phone=both.phone, user_id=both.user_id, contact=ids.user_id or ids.phone, name=name)

    def address(self, person: Person) -> Address:
        """Where they are reached."""
        return Address(platform="whatsapp", account=self.account, contact=person.contact)

    def route(self, person: Person) -> str:
        """How they are reached."""
        return str(Route(number_id=self.number_id, phone=person.phone, user_id=person.user_id))

    def _beside(self, ids: "_Ids") -> dict[str, Any]:
        for contact in self.contacts:
            if ids & _Ids.of(contact.get("wa_id"), contact.get("user_id")):
                return contact
        return self.contacts[0] if len(self.contacts) == 1 else {}


class _Ids(Value):
    phone: str = ""
    user_id: str = ""

    @classmethod
    def of(cls, phone: object, user_id: object) -> "_Ids":
        """A user id may also stand where a phone is expected (a variant seen in 2026)."""
        number, own = phone_of(phone), identifier(user_id) or ""
        return cls(user_id=own or number) if is_user_id(number) else cls(phone=number, user_id=own)

    def __bool__(self) -> bool:
        return bool(self.phone or self.user_id)

    def __and__(self, other: "_Ids") -> bool:
        """Whether both name one person."""
        return "" != self.phone == other.phone or "" != self.user_id == other.user_id

    def __or__(self, other: "_Ids") -> "_Ids":
        return _Ids(phone=self.phone or other.phone, user_id=self.user_id or other.user_id)


def phone_of(value: object) -> str:
    """A phone as the Cloud API writes it: without the plus sign."""
    return (identifier(value) or "").removeprefix("+")
