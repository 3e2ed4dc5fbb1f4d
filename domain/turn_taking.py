"""The numbers of turn-taking that an account may choose."""

import hashlib
from collections.abc import Iterable
from datetime import timedelta
from fractions import Fraction
from typing import Annotated

from pydantic import Field

from domain.messages import MessageKind
from domain.model import Value

YEARS = 100
"""What is to last for ever lasts so long: dates end with the year 9999."""
Seconds = Annotated[float, Field(ge=0, le=300)]
Courtesy = Annotated[float, Field(ge=0, le=120)]
Minutes = Annotated[float, Field(gt=0, le=YEARS * 365 * 24 * 60)]
Hours = Annotated[float, Field(gt=0, le=YEARS * 365 * 24)]
Messages = Annotated[int, Field(ge=1, le=100)]
Days = Annotated[float, Field(gt=0, le=YEARS * 365)]


class TurnTaking(Value):
    """When a burst ends and when the assistant says "one moment"; seconds unless named otherwise."""

    quiet_period: float = Field(default=2.0, ge=0, le=30)
    longest_wait: Seconds = 30.0
    max_burst: Messages = 10
    interim_after: Courtesy = 8.0
    quiet_period_by_kind: dict[MessageKind, Seconds] = Field(default_factory=dict)
    longest_wait_by_kind: dict[MessageKind, Seconds] = Field(default_factory=dict)
    max_burst_by_kind: dict[MessageKind, Messages] = Field(default_factory=dict)
    interim_after_by_kind: dict[MessageKind, Courtesy] = Field(default_factory=dict)
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

    def longest_after(self, kind: MessageKind) -> timedelta:
        """How long a message of this kind waits for the customer to pause."""
        return timedelta(seconds=self.longest_wait_by_kind.get(kind, self.longest_wait))

    def share(self, kind: MessageKind) -> Fraction:
        """How much of a burst a message of this kind fills."""
        return Fraction(1, self.max_burst_by_kind.get(kind, self.max_burst))

    def interim_for(self, kinds: Iterable[MessageKind]) -> timedelta:
        """How long an answer to messages of these kinds may take before the customer hears "one moment"."""
        each = (self.interim_after_by_kind.get(kind, self.interim_after) for kind in kinds)
        return timedelta(seconds=min(each, default=self.interim_after))

    def digest(self) -> str:
        """Six characters that change when any number does."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:6]
