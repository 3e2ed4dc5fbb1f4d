"""Activities that speak: one part, one send."""

from enum import StrEnum

from domain.identifiers import Address, address_of, turn_of
from domain.messages import Part
from domain.model import Value
from temporalio import activity


class SendPart(Value):
    """Send one part under its outbox key."""

    key: str
    """Names the conversation, the turn and the part; see `domain/identifiers.py`."""
    part: Part | None = None
    route: str = ""
    began: float | None = None
    """When the first message that this part answers was received, Unix seconds; for the latency we measure."""
    interim: bool = False
    """A courtesy: tried once, never a dead letter; its words are the account's, not the history's."""

    @property
    def to(self) -> Address:
        """Who it is for."""
        return address_of(self.key)

    @property
    def turn(self) -> int:
        """The turn it belongs to."""
        return turn_of(self.key)


class WithdrawPart(Value):
    """A part that must not be sent any more: an operator took over."""

    key: str
    """Its outbox key."""


class PartState(StrEnum):
    """Where one part stands."""

    SENT = "sent"
    UNKNOWN = "unknown"
    DEAD = "dead"
    DROPPED = "dropped"


class Sent(Value):
    """What became of a part."""

    state: PartState = PartState.SENT
    reason: str = ""


class Delivery:
    """Hands parts to platforms."""

    @activity.defn(name="send")
    async def send(self, order: SendPart) -> Sent:
        """Send one part at most once per known outcome; see `docs/decisions`."""
        raise NotImplementedError

    @activity.defn(name="withdraw")
    async def withdraw(self, order: WithdrawPart) -> Sent:
        """Write down that a part which waited for its next attempt gets none; what went out stays as it is."""
        raise NotImplementedError
