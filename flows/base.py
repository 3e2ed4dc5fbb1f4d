"""The small protocol every flow speaks. A step is pure: no clock, no chance, no IO."""

from datetime import datetime
from typing import Protocol, TypeVar

from domain.decisions import FlowDecision
from domain.messages import InboundMessage, MessageKind
from domain.model import Value


class Turn(Value):
    """One burst, as a flow sees it."""

    messages: tuple[InboundMessage, ...]
    now: datetime
    customer_name: str = ""
    dialog: int = 1
    """The number of this dialog within the conversation."""

    @property
    def text(self) -> str:
        """Everything the customer wrote in this burst, one message a line."""
        return "\n".join(message.text for message in self.messages if message.text)

    @property
    def has_media(self) -> bool:
        """Whether the burst holds anything but text."""
        return any(message.kind is not MessageKind.TEXT for message in self.messages)


class Senses(Value):
    """What was looked up for the flow before its step (nothing yet; the sales assistant's eyes and model come here)."""


State = TypeVar("State", bound=Value)


class Flow(Protocol[State]):
    """A named dialog."""

    name: str
    state_model: type[State]
    first_phase: str

    def opening_state(self) -> State:
        """The state a new dialog begins with."""
        ...

    def step(self, state: State, turn: Turn, senses: Senses) -> tuple[State, FlowDecision]:
        """Take one turn."""
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
