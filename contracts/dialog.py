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

    flow: str
    turn: int
    messages: tuple[InboundMessage, ...]
    conversation: str = ""
    """The conversation's id; "": the workflow that asks, so that its history need not say it in every turn."""
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

    def asked_by(self, workflow_id: str) -> "TakeTurn":
        """The same, its conversation named."""
        return self if self.conversation else self.model_copy(update={"conversation": workflow_id})


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
