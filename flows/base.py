"""The small protocol every flow speaks. A step is pure: no clock, no chance, no IO."""

from datetime import datetime
from typing import Protocol, TypeVar

from domain.decisions import FlowDecision
from domain.media import SeenMedia
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
    """What was looked at for the flow before its step."""

    media: tuple[SeenMedia, ...] = ()
    """The burst's pictures, voice notes and files, in their order."""
    remarks: tuple[str, ...] = ()
    """What the reply will begin with, about media that cannot be used: the flow need not say it again."""


State = TypeVar("State", bound=Value)


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
