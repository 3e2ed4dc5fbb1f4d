"""What a flow chose for a turn. The workflow carries it out and chooses nothing itself."""

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field

from domain.messages import OutboundMessage, Part
from domain.model import Value
from domain.orders import OrderDraft
from domain.turn_taking import TurnTaking

ORDER_NUMBER = "{order_number}"
"""Stands in a reply where the number of the order that this very turn places belongs."""


class PlaceOrder(Value):
    """Create the order (idempotent by its key)."""

    kind: Literal["place_order"]
    draft: OrderDraft


class HandOff(Value):
    """Ask for an operator; the operator becomes the holder."""

    kind: Literal["hand_off"]
    reason: str


Effect = Annotated[PlaceOrder | HandOff, Field(discriminator="kind")]


class Outcome(StrEnum):
    """How a dialog ended."""

    COMPLETED = "completed"
    CANCELLED = "cancelled"
    RESTARTED = "restarted"
    EXPIRED = "expired"
    HANDED_OFF = "handed_off"
    CHITCHAT = "chitchat"
    """Nothing was opened (a "thank you" after the order): answered, and no row is due."""


class FlowDecision(Value):
    """What a flow's pure step returns beside its new state."""

    say: tuple[OutboundMessage, ...]
    phase: str
    """The stage of the dialog an operator filters by; coarse, for it is a search attribute."""
    waiting_for: str = ""
    """The exact slot or question the dialog stands at; recorded when a customer drops off."""
    effects: tuple[Effect, ...] = ()
    outcome: Outcome | None = None
    """Set when this turn ended the dialog; the next message opens a new one."""


class Decision(Value):
    """The workflow's instruction for one turn: the flow's decision, fit for the platform and for a history."""

    parts: tuple[Part, ...]
    phase: str
    """Empty: as it was (the flow was not asked)."""
    waiting_for: str = ""
    state: dict[str, Any] | None = None
    """The dialog's new state; None when the dialog is over. With outcome RESTARTED it is the next dialog's."""
    effects: tuple[Effect, ...] = ()
    outcome: Outcome | None = None
    rules: TurnTaking | None = None
    """The account's turn-taking, only where it differs from what the conversation knew."""
