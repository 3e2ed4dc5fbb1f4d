"""What a flow chose for a turn. The workflow carries it out and chooses nothing itself."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field

from domain.messages import OutboundMessage, Part
from domain.model import Value
from domain.orders import OrderDraft
from domain.payments import ProofFacts
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


class AskPaymentDecision(Value):
    """Ask a person whether a payment proof is good (idempotent by the conversation and the turn)."""

    kind: Literal["ask_payment_decision"]
    order: str = ""
    """The order's number; empty: the conversation's last one."""
    expected: Decimal | None = None
    currency: str = ""
    payee: str = ""
    """Whom the shop told the customer to pay."""
    read: tuple[ProofFacts, ...] = ()
    media_ids: tuple[str, ...] = ()
    approvals_needed: int = 1


class AskAttention(Value):
    """Let an operator see the conversation; the assistant stays its holder."""

    kind: Literal["ask_attention"]
    reason: str


Effect = Annotated[PlaceOrder | HandOff | AskPaymentDecision | AskAttention, Field(discriminator="kind")]


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
    follow_up_hours: float = 0.0
    """Tell the flow (`CartLeft`) when the customer has been silent for so long; 0: never."""
    degraded: str = ""
    """Why rules and templates answered where a model should have; empty: all was as it should be."""
    sources: tuple[str, ...] = ()
    """What the answer was taken from (document › section): shown to operators, never to the customer."""
    wants_messages: bool | None = None
    """The customer said that they want no messages they did not ask for, or that they want them again."""
    unanswered: bool = False
    """The customer asked what the shop's documents do not say; written down, so that the shop may write it."""


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
    follow_up_hours: float = 0.0
    rules: TurnTaking | None = None
    """The account's turn-taking, only where it differs from what the conversation knew."""
