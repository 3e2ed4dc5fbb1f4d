"""The small protocol every flow speaks. A step is pure: no clock, no chance, no IO.

What a step has to know beyond the burst it asks for: it yields a need and is resumed with the answer, so that the same
step runs on the shop's real catalogue and model, and in a test on answers written down beside it.
"""

from collections.abc import Generator
from datetime import datetime
from typing import Any, Protocol, TypeVar

from domain.catalog import FindProducts, ReadItems, ReadProduct
from domain.decisions import FlowDecision
from domain.dialogue import ReadDialogue
from domain.documents import ReadDocument
from domain.knowledge import FindPassages
from domain.language import AskModel
from domain.media import SeenMedia
from domain.messages import InboundMessage, MessageKind
from domain.model import Value
from domain.news import News
from domain.shop import Shop


class Turn(Value):
    """One burst, as a flow sees it."""

    messages: tuple[InboundMessage, ...]
    now: datetime
    customer_name: str = ""
    dialog: int = 1
    """The number of this dialog within the conversation."""
    news: News | None = None
    """What the turn is about, where it is about no burst."""
    shop: Shop = Shop()
    order: str = ""
    """The number of the customer's last order."""
    opted_out: bool = False
    """The customer wants no messages they did not ask for; told only where the turn is about such a one."""
    meanwhile: str = ""
    """What an operator did just before, where one held the conversation."""

    @property
    def text(self) -> str:
        """Everything the customer wrote in this burst, one message a line."""
        return "\n".join(message.text for message in self.messages if message.text)

    @property
    def has_media(self) -> bool:
        """Whether the burst holds anything but text."""
        return any(message.kind is not MessageKind.TEXT for message in self.messages)


class Senses(Value):
    """What was looked at for the flow before its step."""

    media: tuple[SeenMedia, ...] = ()
    """The burst's pictures, voice notes and files, in their order."""
    remarks: tuple[str, ...] = ()
    """What the reply will begin with, about media that cannot be used: the flow need not say it again."""


State = TypeVar("State", bound=Value)
Need = AskModel | FindProducts | ReadItems | ReadProduct | FindPassages | ReadDialogue | ReadDocument
"""What a step may ask for."""
Chosen = tuple[State, FlowDecision]
Asking = Generator[Need, Any, Chosen[State]]
"""A step that asks before it decides."""


class Flow(Protocol[State]):
    """A named dialog."""

    name: str
    language: str
    """What it speaks where an account names no language."""
    state_model: type[State]
    first_phase: str

    def opening_state(self) -> State:
        """The state a new dialog begins with."""
        ...

    def step(self, state: State, turn: Turn, senses: Senses) -> Chosen[State] | Asking[State]:
        """Take one turn: at once, or by asking first."""
        ...

    def apology(self) -> str:
        """What the customer hears when a turn failed for good."""
        ...

    def interim(self) -> str:
        """What the customer hears when the answer takes long."""
        ...

    def nobody_came(self) -> str:
        """What a handed-off customer hears when no operator came in time and the assistant helps again."""
        ...
