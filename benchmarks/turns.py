"""How many turns a second the whole system takes when nobody pauses to think."""

import asyncio
import time
from dataclasses import dataclass, field
from statistics import median

from benchmarks.effort import a_turn, spent, worded
from benchmarks.figures import Row, paired
from benchmarks.ground import Ground
from benchmarks.sides import Side, all_open, contacts, one_turn

CONVERSATIONS = 64
OPENING = "ул. Киевская 120, кв. 5, телефон 0555 123 456, 2 бутыли"
CHANGES = ("3 бутыли", "4 бутыли")
"""A steady turn: one fact changes, the phase stays, one part goes out."""
WARM_UP = 1.5


@dataclass
class Found:
    """One side's rounds."""

    side: Side
    pids: dict[str, int]
    rates: list[float] = field(default_factory=list)
    efforts: list[dict[str, float]] = field(default_factory=list)

    def effort(self) -> dict[str, float]:
        """Milliseconds of processor time a turn, by program."""
        return {name: median(effort[name] for effort in self.efforts) for name in self.pids}


async def measure(ground: Ground) -> list[Row]:
    """Interleaved rounds of both sides, at saturation."""
    rounds, seconds = (2, 5.0) if ground.quick else (3, 8.0)
    people = contacts(CONVERSATIONS)
    ours, bare = _sides(ground)
    for found in (ours, bare):
        await all_open(found.side, people, OPENING)
    for number in range(rounds):
        ground.tell(f"round {number + 1} of {rounds}, {CONVERSATIONS} conversations")
        for found in (ours, bare):
            await _round(found, people, seconds)
    return _rows(ours, bare)


def _sides(ground: Ground) -> tuple[Found, Found]:
    temporal = ground.pid("temporal")
    ours = {"worker": ground.pid("worker"), "API": ground.pid("api"), "PostgreSQL": ground.pid("postgres")}
    return (
        Found(ground.customers, {"Temporal": temporal, **ours}),
        Found(ground.bare, {"Temporal": temporal, "worker": ground.bare.pid}),
    )


def _rows(ours: Found, bare: Found) -> list[Row]:
    pair, work = paired(ours.rates, bare.rates), (ours.effort(), bare.effort())
    effort = sum(work[0].values()) / sum(work[1].values())
    figure = f"turns a second, {CONVERSATIONS} conversations, 0.2 s quiet"
    return [
        Row(figure, f"{pair.ours:.1f}/s", f"{pair.bare:.1f}/s", f"{pair.ratio:.2f} ×", "≥ 0.6 ×", pair.ratio >= 0.6),
        Row("processor time of such a turn", worded(work[0]), worded(work[1]), f"{effort:.2f} ×"),
    ]


async def _round(found: Found, people: list[str], seconds: float) -> None:
    before, began = spent(found.pids), time.time()
    answered = await saturated(found.side, people, seconds)
    found.efforts.append(a_turn(before, spent(found.pids), len(answered)))
    ends = began + WARM_UP + seconds
    found.rates.append(sum(ends - seconds <= at < ends for at in answered) / seconds)


async def saturated(side: Side, people: list[str], seconds: float) -> list[float]:
    """Everybody writes again as soon as answered; when each answer went out."""
    ends = time.time() + WARM_UP + seconds
    answered: list[float] = []

    async def talk(who: str) -> None:
        number = 0
        while time.time() < ends:
            answered.append(await one_turn(side, who, CHANGES[number % 2]))
            number += 1

    await asyncio.gather(*map(talk, people))
    await asyncio.sleep(0.5)
    return answered
