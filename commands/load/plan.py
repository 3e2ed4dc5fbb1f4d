"""What a load is, and what was seen of it."""

from dataclasses import dataclass, field

MINUTE = 60.0
EVERY_SECONDS = 40.0
"""How often a customer writes, unless said otherwise."""


@dataclass(frozen=True)
class Plan:
    """How many customers write, for how long, and how often."""

    conversations: int
    minutes: float
    rate: float
    """Turns that all customers together begin a second."""
    platform: str
    seed: int
    together: int = 1
    """Messages of a burst; now and then a customer adds another."""
    breath: float = 0.6
    """Seconds between messages of a burst."""
    most: int | None = None
    """Messages after which everybody falls silent; None: only time ends it."""
    patience: float = 60.0
    """Seconds after which a customer takes it that no reply will come."""

    @property
    def seconds(self) -> float:
        """How long customers write."""
        return self.minutes * MINUTE

    @property
    def pause(self) -> float:
        """Seconds from one burst of a customer to the next, in the middle."""
        return self.conversations / self.rate


@dataclass(frozen=True)
class Turn:
    """One burst of one customer and its first reply."""

    at: float
    """Seconds since the start."""
    messages: int
    waited: float | None
    """Seconds from its first message to the first reply; None: there was none."""


@dataclass(frozen=True)
class Sample:
    """The system at one moment."""

    at: float
    """Seconds since the start."""
    megabytes: dict[str, float]
    """Resident memory by program, of all its processes."""
    connections: int | None
    """To PostgreSQL; None: it cannot be asked."""


@dataclass
class Seen:
    """All that was seen."""

    acks: list[tuple[float, float]] = field(default_factory=list)
    """When (seconds since the start), and how long a webhook took until it was answered, in seconds."""
    turns: list[Turn] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)
    """Webhooks that were not taken, by what was answered."""
    samples: list[Sample] = field(default_factory=list)
    processes: int = 0
    """APIs and workers."""
    interims: int = 0
    """Times a customer was asked for patience."""
    retried: int = 0
    """Webhooks that were taken at a later try: an API went away in the middle."""

    @property
    def messages(self) -> int:
        """Webhooks that were taken."""
        return len(self.acks)

    @property
    def waits(self) -> list[float]:
        """Seconds to each first reply."""
        return [turn.waited for turn in self.turns if turn.waited is not None]

    @property
    def unanswered(self) -> int:
        """Bursts nobody replied to."""
        return sum(turn.waited is None for turn in self.turns)
