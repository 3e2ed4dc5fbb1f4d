"""Which bridge a message came through, kept in order to answer it there and to ask it for media."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Self
from urllib.parse import quote, unquote

from domain.model import Value
from platforms.base import Abilities
from platforms.text import identifier

LONGEST_INSTANCE = 100
REQUESTS_PER_MINUTE = 60
"""No bridge has a limit of its own; WhatsApp bans numbers that write like machines, so an account stays at a pace one
busy person could keep."""
LONGEST_TEXT = 4096
"""(unconfirmed for bridges); what WhatsApp's own Cloud API takes."""
TYPING_SECONDS = 5.0


class Family(StrEnum):
    """Whose words a bridge speaks. A venom wrapper's are wppconnect's: both are the message object of WhatsApp Web."""

    EVOLUTION = "evolution"
    WPPCONNECT = "wppconnect"


class Route(Value):
    """`family/instance`; what is not known is empty."""

    family: Family | None = None
    instance: str = ""

    @classmethod
    def parse(cls, route: str) -> Self:
        """Read it back; a route we do not know says nothing."""
        family, _, instance = route.partition("/")
        known = Family(family) if family in set(Family) else None
        return cls(family=known, instance=instance_of(unquote(instance)))

    def completed(self, options: Mapping[str, str], account: str) -> "Completed":
        """With the gaps filled: a family that the account's settings state wins, an instance that the webhook named."""
        stated = options.get("kind", "")
        family = Family(stated) if stated in set(Family) else self.family or Family.EVOLUTION
        return Completed(family=family, instance=self.instance or instance_of(options.get("instance")) or account)

    def __str__(self) -> str:
        return f"{self.family or ''}/{quote(self.instance, safe='')}"


class Completed(Value):
    """Where a request goes."""

    family: Family
    instance: str

    @property
    def segment(self) -> str:
        """The instance as a piece of a URL's path."""
        return quote(self.instance, safe="")


class Whereabouts(Value):
    """Where a medium can be had: the route, and the message's id as its bridge writes it."""

    route: Route
    message_id: str

    @classmethod
    def parse(cls, media_id: str) -> Self:
        """Read it back from `Media.id`."""
        family, instance, message_id = [*media_id.split("/", 2), "", ""][:3]
        return cls(route=Route.parse(f"{family}/{instance}"), message_id=unquote(message_id))

    def __str__(self) -> str:
        return f"{self.route}/{quote(self.message_id, safe='@')}"


def instance_of(value: object) -> str:
    """An instance's name; empty where it is none."""
    return identifier(value, LONGEST_INSTANCE) or ""


def abilities_of(route: str) -> Abilities:
    """What the bridge behind `route` can do. wppconnect's routes for pictures, typing and seen are (unconfirmed)."""
    confirmed = Route.parse(route).family is not Family.WPPCONNECT
    return Abilities(
        longest_text=LONGEST_TEXT,
        images=confirmed,
        typing=confirmed,
        typing_seconds=TYPING_SECONDS,
        seen=confirmed,
        receipts=True,
        echoes=True,
        many_accounts=True,
        accounts_by_secret=True,
        requests_per_minute=REQUESTS_PER_MINUTE,
    )
