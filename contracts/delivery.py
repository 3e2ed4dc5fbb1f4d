"""Activities that speak: one part, one send."""

from datetime import datetime
from enum import StrEnum

from domain.identifiers import Address
from domain.messages import Part
from domain.model import Value
from temporalio import activity


class SendPart(Value):
    """Send one part under its outbox key."""

    to: Address
    flow: str
    key: str
    turn: int = 0
    part: Part | None = None
    route: str = ""
    began_at: datetime | None = None
    interim: bool = False
    """A courtesy: tried once, never a dead letter; its words are the account's, not the history's."""
    by_operator: bool = False


class PartState(StrEnum):
    """Where one part stands."""

    SENT = "sent"
    UNKNOWN = "unknown"
    DEAD = "dead"
    DROPPED = "dropped"


class Sent(Value):
    """What became of a part."""

    state: PartState
    message_id: str = ""
    reason: str = ""


class Delivery:
    """Hands parts to platforms."""

    @activity.defn(name="send")
    async def send(self, order: SendPart) -> Sent:
        """Send one part at most once per known outcome; see `docs/decisions`."""
        raise NotImplementedError
