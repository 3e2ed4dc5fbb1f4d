"""Activities that think: they decide a turn and have no side effect that matters twice."""

from typing import Any

from domain.decisions import Decision
from domain.identifiers import Address
from domain.messages import InboundMessage
from domain.model import Value
from domain.news import News
from temporalio import activity


class TakeTurn(Value):
    """One burst to decide about."""

    conversation: str
    """The conversation's id."""
    flow: str
    turn: int
    messages: tuple[InboundMessage, ...]
    dialog: int = 1
    state: dict[str, Any] | None = None
    rules: str = ""
    """The digest of the turn-taking rules that the conversation knows."""
    news: News | None = None
    """What the turn is about, where it is about no burst."""
    route: str = ""
    """How the customer is answered, where no message tells it."""
    order: str = ""
    """The number of the customer's last order."""
    meanwhile: str = ""
    """What happened while an operator held the conversation, just before."""

    @property
    def address(self) -> Address:
        """Who is spoken with."""
        return Address.of_conversation(self.conversation)


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
