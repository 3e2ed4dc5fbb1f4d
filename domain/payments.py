"""Payments that customers say they have made. What a proof tells is never believed: a person decides."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from domain.model import Value


class ProofFacts(Value):
    """What was read out of a payment proof (a screenshot, a PDF, the text beside it); empty where it tells nothing."""

    amount: Decimal | None = None
    currency: str = ""
    paid_on: str = ""
    """The date as it stands there."""
    reference: str = ""
    """The bank's number of the transfer."""
    payee: str = ""
    link: str = ""
    """A receipt's address, where the customer sent one."""


class PaymentStage(StrEnum):
    """Where a payment proof stands."""

    WAITING = "waiting"
    APPROVED_ONCE = "approved_once"
    """The sum is large, and a second person has to agree."""
    APPROVED = "approved"
    REFUSED = "refused"
    EXPIRED = "expired"
    """Nobody decided in time."""
    REPLACED = "replaced"
    """The customer sent another proof before anybody decided."""


class Urgency(StrEnum):
    """How long a payment proof has waited."""

    FRESH = "fresh"
    REMINDED = "reminded"
    ESCALATED = "escalated"


class PaymentCase(Value):
    """A payment proof that waits for a person, as its conversation knows it."""

    id: str
    """Its row in `payments`."""
    order: str
    opened_at: datetime
    approvals_needed: int = 1
    approved_by: tuple[str, ...] = ()
    urgency: Urgency = Urgency.FRESH

    def may_approve(self, operator: str) -> bool:
        """Four eyes: whoever has agreed once cannot agree again."""
        return operator not in self.approved_by
