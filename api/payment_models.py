"""What the API takes and gives about payment proofs."""

import unicodedata
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, model_validator

from api.operator_models import KeptMedia, Order, Row
from domain.payments import PaymentStage, Urgency
from providers.records.payments import Finding

TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Turn the direction of writing: what is shown is not what is said."""


def _one_line(text: Any) -> Any:
    return " ".join(text.split()) if isinstance(text, str) else text


def _without_controls(text: str) -> str:
    if any(unicodedata.category(sign) in ("Cc", "Cs", "Cn", "Co") or sign in TURNING for sign in text):
        raise ValueError("takes no control characters")
    return text


Line = Annotated[str, BeforeValidator(_one_line), AfterValidator(_without_controls)]


class Payment(Row):
    """One payment proof."""

    id: int
    conversation_id: str
    platform: str
    account: str
    contact: str
    order_id: int | None
    order_status: str | None
    expected: Decimal | None
    currency: str
    expected_payee: str
    amount: Decimal | None
    """What was read out of the proof, as are the fields down to `link`; a machine read it, and may have erred."""
    read_currency: str
    paid_on: str
    reference: str
    payee: str
    link: str
    """As the customer wrote it: do not open it unseen."""
    findings: list[Finding] | None
    """What to know before deciding, the gravest first; null: it is being compared."""
    approvals_needed: int
    approved_by: list[str]
    stage: PaymentStage
    urgency: Urgency
    reason: str
    decided_by: str
    created_at: datetime
    updated_at: datetime
    decided_at: datetime | None


class PaymentInFull(Payment):
    """One payment proof with its order and its pictures."""

    facts: list[dict[str, Any]]
    """What each picture, file or text tells by itself."""
    pictures: list[KeptMedia]
    order: Order | None


class Verdict(BaseModel):
    """What a person decides."""

    approve: bool
    reason: Annotated[Line, Field(max_length=500)] = ""
    """Said to the customer where the payment is refused."""
    operator: Annotated[Line, Field(min_length=1, max_length=100)] = "operator"
    """Who decides. Two people have to agree to a large sum: the same name cannot agree twice."""

    @model_validator(mode="after")
    def _refused_with_a_reason(self) -> Self:
        if not self.approve and not self.reason:
            raise ValueError("refusing takes a reason: the customer hears it")
        return self


class PaymentStanding(BaseModel):
    """Where a payment proof stands now."""

    id: int
    order_id: str
    stage: PaymentStage
    """"approved_once": a second person has to agree."""
    approved_by: list[str]
    approvals_needed: int
