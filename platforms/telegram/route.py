"""What is kept from a message in order to answer it: whose chat it is, and which button waits for a word from us."""

import re
from typing import Any, Self

from domain.model import Value
from platforms.text import identifier

NAME = re.compile(r"[A-Za-z0-9_.=+-]{1,150}")


class Route(Value):
    """`connection/tap`; what is not known is empty."""

    connection: str = ""
    """The business connection, where the customer wrote to a person's account and not to the bot."""
    tap: str = ""
    """The callback query whose button turns until it is answered."""

    @classmethod
    def of(cls, connection: object, tap: object = None) -> Self:
        """Read it from a body."""
        return cls(connection=_name(connection), tap=_name(tap))

    @classmethod
    def parse(cls, route: str) -> Self:
        """Read it back; a route we do not know says nothing."""
        connection, tap = [*route.split("/"), "", ""][:2]
        return cls.of(connection, tap)

    def __str__(self) -> str:
        return f"{self.connection}/{self.tap}".rstrip("/")


class MessageId(Value):
    """A message's name: its number counts within one chat, as one account sees that chat."""

    chat: str
    number: int
    connection: str = ""

    @classmethod
    def of(cls, message: dict[str, Any], chat: str) -> Self | None:
        """Read it from a message; None: it has no number."""
        number = number_of(message.get("message_id"))
        connection = _name(message.get("business_connection_id"))
        return None if number is None else cls(chat=chat, number=number, connection=connection)

    def __str__(self) -> str:
        return ":".join(filter(None, (self.chat, str(self.number), self.connection)))


def number_of(value: object) -> int | None:
    """A whole number; None: it is none. Telegram's exceed 32 bits, and none has more than 52."""
    text = identifier(value, 18) or ""
    return int(text) if re.fullmatch("-?[0-9]+", text) else None


def _name(value: object) -> str:
    name = identifier(value, 150) or ""
    return name if NAME.fullmatch(name) else ""
