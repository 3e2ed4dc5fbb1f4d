"""Activities that think: they decide a turn and have no side effect that matters twice."""

from typing import Any

from domain.decisions import Decision
from domain.identifiers import Address
from domain.messages import InboundMessage
from domain.model import Value
from temporalio import activity


class TakeTurn(Value):
    """One burst to decide about."""

    address: Address
    flow: str
    turn: int
    dialog: int
    messages: tuple[InboundMessage, ...]
    state: dict[str, Any] | None = None
    rules_digest: str = ""


class Phrase(Value):
    """A sentence of the flow's that belongs to no turn: "apology", "interim" or "nobody_came"."""

    address: Address
    flow: str
    name: str


class Spoken(Value):
    """That sentence."""

    text: str


class Dialog:
    """Decides turns."""

    @activity.defn(name="decide")
    async def decide(self, turn: TakeTurn) -> Decision:
        """Record the burst, run the flow's step, fit the reply to the platform."""
        raise NotImplementedError

    @activity.defn(name="phrase")
    async def phrase(self, wanted: Phrase) -> Spoken:
        """Look up one of the flow's standing sentences."""
        raise NotImplementedError
