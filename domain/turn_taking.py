"""The numbers of turn-taking that an account may choose."""

import hashlib
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from domain.messages import MessageKind
from domain.model import Value

YEARS = 100
"""What is to last for ever lasts so long: dates end with the year 9999."""
Seconds = Annotated[float, Field(ge=0, le=300)]
Minutes = Annotated[float, Field(gt=0, le=YEARS * 365 * 24 * 60)]
Hours = Annotated[float, Field(gt=0, le=YEARS * 365 * 24)]
Days = Annotated[float, Field(gt=0, le=YEARS * 365)]


class TurnTaking(Value):
    """When a burst ends and when the assistant says "one moment"; seconds unless named otherwise."""

    quiet_period: float = Field(default=2.0, ge=0, le=30)
    longest_wait: Seconds = 30.0
    max_burst: int = Field(default=10, ge=1, le=100)
    interim_after: float = Field(default=8.0, ge=0, le=120)
    quiet_period_by_kind: dict[MessageKind, Seconds] = Field(default_factory=dict)
    dialog_ttl_hours: Hours = 24.0
    dedupe_days: Days = 7.0
    handoff_patience_minutes: Minutes = 30.0
    """How long a customer who was handed off waits for a person before the assistant says so and helps again."""
    payment_reminder_minutes: Minutes = 60.0
    """How long a payment proof waits for a person before it is called urgent, and again after as long."""
    payment_escalation_hours: Hours = 4.0
    """How long until it rises above everything else."""
    payment_expiry_hours: Hours = 72.0
    """How long until the customer hears that nobody could look at it, and a person is asked for."""

    def quiet_after(self, kind: MessageKind) -> timedelta:
        """The debounce window after a message of this kind."""
        return timedelta(seconds=self.quiet_period_by_kind.get(kind, self.quiet_period))

    def digest(self) -> str:
        """Six characters that change when any number does."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:6]
