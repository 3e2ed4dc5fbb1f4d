"""What goes wrong in a simulated platform: faults, gates, latency, rates. Set at run time, forgotten on restart."""

import threading
import time
from collections import deque
from collections.abc import Collection
from enum import StrEnum

from pydantic import Field

from domain.model import Value


class FaultKind(StrEnum):
    """What a faulty call meets."""

    RATE_LIMITED = "429"
    """Refused with 429 (and Retry-After, where `retry_after` is set); nothing is shown to the customer."""
    SERVER_ERROR = "500"
    """Refused with 500; nothing is shown."""
    UNAUTHORIZED = "401"
    """The token is refused; nothing is shown."""
    REFUSED = "refused"
    """This message will never be taken; nothing is shown."""
    HANG = "hang"
    """Nothing is shown and nothing answered for `seconds`; then the call goes on as if nothing had been."""
    ANSWER_LOST = "answer_lost"
    """The customer sees the message, and the caller never gets an answer (a time-out after the bytes left)."""
    RESET = "reset"
    """The customer sees the message, and the connection is dropped instead of an answer."""
    RESET_BEFORE = "reset_before"
    """The connection is dropped after the bytes left, and the customer sees nothing."""
    UNDELIVERED = "undelivered"
    """The call succeeds, and a receipt tells later that the message has not arrived."""


AT_ONCE = frozenset(FaultKind) - {FaultKind.UNDELIVERED}
"""What a call itself meets; the others come true afterwards."""


class Fault(Value):
    """A rule: the next `times` calls (None: until cleared), of one contact or of all, meet `kind`."""

    platform: str
    kind: FaultKind
    times: int | None = Field(default=1, ge=1)
    contact: str | None = None
    seconds: float = Field(default=30.0, ge=0)
    retry_after: float | None = None


class Gate(Value):
    """While closed, calls wait in front of it; one whose caller goes away meanwhile is never shown."""

    platform: str
    contact: str | None = None
    closed: bool = True


class Setting(Value):
    """How the simulated platform behaves in general; None leaves a value as it is, a rate of 0 means no limit."""

    platform: str
    latency: float | None = Field(default=None, ge=0)
    rate: int | None = Field(default=None, ge=0)
    """Calls within the platform's own span (ManyChat: a second; Chat2Desk: a minute)."""
    retry_after: float | None = Field(default=None, ge=0)


class Faults:
    """All rules of a world. Plain values behind a lock, so tests may set them from another thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[Fault] = []
        self._gates: set[tuple[str, str | None]] = set()
        self._settings: dict[str, Setting] = {}
        self._calls: dict[str, deque[float]] = {}
        self.waiting = 0
        """How many calls stand before a closed gate now."""

    def add(self, fault: Fault) -> None:
        """Queue a rule behind those already set."""
        with self._lock:
            self._rules.append(fault)

    def clear(self, platform: str | None = None) -> None:
        """Forget the rules of one platform, or of all."""
        with self._lock:
            self._rules = [rule for rule in self._rules if platform not in (None, rule.platform)]

    def rules(self) -> list[Fault]:
        """The rules still to be met."""
        with self._lock:
            return list(self._rules)

    def take(self, platform: str, contact: str, kinds: Collection[FaultKind] = AT_ONCE) -> Fault | None:
        """The first rule this call meets; its count goes down."""
        with self._lock:
            for place, rule in enumerate(self._rules):
                if rule.platform == platform and rule.contact in (None, contact) and rule.kind in kinds:
                    left = None if rule.times is None else rule.times - 1
                    self._rules[place : place + 1] = [] if left == 0 else [rule.model_copy(update={"times": left})]
                    return rule
        return None

    def set_gate(self, gate: Gate) -> None:
        """Close or open a gate."""
        with self._lock:
            (self._gates.add if gate.closed else self._gates.discard)((gate.platform, gate.contact))

    def gates(self) -> list[Gate]:
        """Every gate that is closed."""
        with self._lock:
            return [Gate(platform=platform, contact=contact) for platform, contact in self._gates]

    def is_held(self, platform: str, contact: str) -> bool:
        """Whether a call to this contact must wait."""
        with self._lock:
            return not self._gates.isdisjoint({(platform, None), (platform, contact)})

    def change(self, setting: Setting) -> Setting:
        """Change what is given, keep the rest."""
        with self._lock:
            before = self._settings.get(setting.platform, Setting(platform=setting.platform))
            after = before.model_copy(update=setting.model_dump(exclude_none=True))
            self._settings[setting.platform] = after
            return after

    def setting(self, platform: str) -> Setting:
        """How the platform behaves now."""
        with self._lock:
            return self._settings.get(platform, Setting(platform=platform))

    def over_rate(self, platform: str, rate: int, span: float) -> bool:
        """Count a call; True when it is one too many within the last `span` seconds. A refused call does not count."""
        now = time.monotonic()
        with self._lock:
            calls = self._calls.setdefault(platform, deque())
            while calls and calls[0] <= now - span:
                calls.popleft()
            if rate and len(calls) >= rate:
                return True
            calls.append(now)
            return False
