"""What is broken, how, and at which step of a turn: a plan that follows from a seed alone."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import product


class Victim(StrEnum):
    """Which of our processes."""

    API = "api"
    WORKER = "worker"
    """One of the two."""
    WORKERS = "workers"
    """Both, and their keeper."""
    TEMPORAL = "temporal"
    POSTGRES = "postgres"


class How(StrEnum):
    """What is done to it."""

    KILL = "kill -9"
    FREEZE = "freeze"
    """SIGSTOP, and SIGCONT a little later."""


class Step(StrEnum):
    """How far a turn has come, in the order a turn goes; every one is held by a gate while we strike."""

    ARRIVING = "arriving"
    """The webhook's bytes are here, and Temporal has nothing of it (it stands still); PostgreSQL may."""
    ACCEPTED = "accepted"
    """The webhook has just been answered 2xx."""
    DECIDING = "deciding"
    """`decide` begins: the burst is about to be written down."""
    ASKING = "asking"
    """The model has the question."""
    THOUGHT = "thought"
    """The model has its answer ready, and we have not got it."""
    PAYING = "paying"
    """The decision is made and about to be paid for."""
    ORDERING = "ordering"
    """The order is about to be written."""
    ORDERED = "ordered"
    """The order is written, and its transaction not committed."""
    CLAIMING = "claiming"
    """The part is about to be written into the outbox."""
    SENDING = "sending"
    """The part's bytes are at the platform, which has not looked at them."""
    SHOWN = "shown"
    """The customer sees the part, and the platform's answer has not left."""
    NOTING = "noting"
    """The platform's answer is here and about to be written down."""
    CLOSING = "closing"
    """The dialog's outcome is about to be written."""
    RESTING = "resting"
    """The customer has read the answer."""


class Kind(StrEnum):
    """What a customer's turn is, which tells the steps it passes."""

    DETAILS = "details"
    YES = "yes"
    TALK = "talk"


ONLY = {
    Step.ASKING: {Kind.TALK},
    Step.THOUGHT: {Kind.TALK},
    Step.PAYING: {Kind.DETAILS, Kind.YES},
    Step.ORDERING: {Kind.YES},
    Step.ORDERED: {Kind.YES},
    Step.CLOSING: {Kind.YES},
}
"""The turns that pass a step; any other step is passed by all."""


@dataclass
class Strike:
    """One fault to be, and what came of it."""

    victim: Victim
    how: How
    step: Step
    pause: float
    """Seconds that a frozen victim stands still."""
    conversation: str = ""
    messages: list[str] = field(default_factory=list)
    """The ids of the turn it fell into."""
    reached: bool = False
    unaccounted: int = 0

    @property
    def kinds(self) -> set[Kind]:
        """The turns it can fall into."""
        return ONLY.get(self.step, set(Kind))

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.how} {self.victim} while {self.step}"


def strikes(seed: int) -> Iterator[Strike]:
    """Every victim, every way, every step once in a shuffled order; then again in another, without end."""
    chance = random.Random(seed)
    everything = list(product(Victim, How, Step))
    while True:
        chance.shuffle(everything)
        for victim, how, step in everything:
            yield Strike(victim, how, step, round(chance.choice((0.3, 0.8, 1.5, 2.5, 4.0)), 1))
