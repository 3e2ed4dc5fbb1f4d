"""Stops asking a model that does not answer, and finds out when it does again."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum

from domain.model import Value

Clock = Callable[[], float]
Now = Callable[[], datetime]


class Admission(StrEnum):
    """Whether somebody may ask."""

    YES = "yes"
    PROBE = "probe"
    """The model is away and this one question finds out whether it is back. It has to be settled."""
    NO = "no"


class Absence(Value):
    """Since when and why nobody answers."""

    since: datetime
    reason: str

    def __str__(self) -> str:
        return f"{self.reason}, since {self.since:%H:%M} UTC"


class Breaker:
    """One model's. Nothing in it awaits, so nobody comes in between."""

    def __init__(self, *, failures: int, seconds: float, clock: Clock = time.monotonic, now: Now | None = None) -> None:
        self._most = failures
        self._seconds = seconds
        self._clock = clock
        self._now = now or (lambda: datetime.now(UTC))
        self._in_a_row = 0
        self._until = 0.0
        self._probing = False
        self._absence: Absence | None = None

    @property
    def absence(self) -> Absence | None:
        """None: the model is there, as far as we know."""
        return self._absence

    def admit(self) -> Admission:
        """May I ask? A probe is then to be settled by `answered`, `failed` or `let_go`."""
        if self._absence is None:
            return Admission.YES
        if self._probing or self._clock() < self._until:
            return Admission.NO
        self._probing = True
        return Admission.PROBE

    def answered(self) -> bool:
        """It answered, whatever it said. True: it had been away."""
        was_away = self._absence is not None
        self._absence, self._in_a_row, self._probing = None, 0, False
        return was_away

    def failed(self, reason: str, admission: Admission, *, at_once: bool = False, wait: float = 0.0) -> bool:
        """It did not answer; `wait`: what it asks for. True: with this it is called away, or still away."""
        self._in_a_row += 1
        is_probe = admission is Admission.PROBE
        if not is_probe and (self._absence or (self._in_a_row < self._most and not at_once)):
            return False
        since = self._absence.since if self._absence else self._now()
        self._absence = Absence(since=since, reason=reason)
        self._until = self._clock() + max(self._seconds, wait)
        self._probing = False if is_probe else self._probing
        return True

    def let_go(self, admission: Admission) -> None:
        """The question was given up before anything was found out."""
        if admission is Admission.PROBE:
            self._probing = False
