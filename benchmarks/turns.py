"""How many turns a second the whole system takes when nobody pauses to think."""

import asyncio
import time

from benchmarks.figures import Row, paired
from benchmarks.ground import Ground
from benchmarks.sides import Side, all_open, contacts, one_turn

CONVERSATIONS = 64
OPENING = "ул. Киевская 120, кв. 5, телефон 0555 123 456, 2 бутыли"
CHANGES = ("3 бутыли", "4 бутыли")
"""A steady turn: one fact changes, the phase stays, one part goes out."""
WARM_UP = 1.5


async def measure(ground: Ground) -> list[Row]:
    """Interleaved rounds of both sides, at saturation."""
    rounds, seconds = (2, 5.0) if ground.quick else (3, 8.0)
    people = contacts(CONVERSATIONS)
    sides: tuple[Side, Side] = (ground.customers, ground.bare)
    for side in sides:
        await all_open(side, people, OPENING)
    rates: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds):
        ground.tell(f"round {number + 1} of {rounds}, {CONVERSATIONS} conversations")
        for side, found in zip(sides, rates, strict=True):
            found.append(await saturated(side, people, seconds))
    pair = paired(*rates)
    figure = f"turns a second, {CONVERSATIONS} conversations, 0.2 s quiet"
    ours, bare = f"{pair.ours:.1f}/s", f"{pair.bare:.1f}/s"
    return [Row(figure, ours, bare, f"{pair.ratio:.2f} ×", "≥ 0.6 ×", pair.ratio >= 0.6)]


async def saturated(side: Side, people: list[str], seconds: float) -> float:
    """Everybody writes again as soon as answered; turns a second after a warm-up."""
    began = time.time() + WARM_UP
    ends = began + seconds
    answered: list[float] = []

    async def talk(who: str) -> None:
        number = 0
        while time.time() < ends:
            answered.append(await one_turn(side, who, CHANGES[number % 2]))
            number += 1

    await asyncio.gather(*map(talk, people))
    await asyncio.sleep(0.5)
    return sum(began <= at < ends for at in answered) / seconds
