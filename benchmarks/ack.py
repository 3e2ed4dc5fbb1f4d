"""How fast a webhook is acknowledged, that is how fast its message is durable."""

import asyncio
import time
from collections.abc import Sequence

from benchmarks.figures import Pair, Row, milliseconds, more_or_less, paired, percentile
from benchmarks.ground import Ground
from benchmarks.nobody import Nobody, nobody_works
from benchmarks.sides import Side, all_open, contacts

AT_ONCE = 16
TURNS_A_SECOND = 20
TEXT = "ул. Киевская 120, кв. 5"
NEW = 5
"""Every fifth message is a new customer's: 20 %."""


async def measure(ground: Ground) -> list[Row]:
    """Alone and many at once where nobody works, so that the door alone is measured; then beside a busy worker."""
    async with nobody_works(ground) as nobody:
        rows = [*await _alone(ground, nobody), await _many(ground, nobody)]
    return [*rows, await _beside_work(ground)]


async def _alone(ground: Ground, nobody: Nobody) -> list[Row]:
    """Message by message in turn, for this disk is twice as slow in one minute as in the next."""
    rounds, messages = (2, 150) if ground.quick else (8, 250)
    ours: list[float] = []
    bare: list[float] = []
    for number in range(rounds):
        ground.tell(f"one at a time, round {number + 1} of {rounds}")
        for who in mixed(messages):
            ours.append(await acknowledgement(nobody.customers, who))
            bare.append(await acknowledgement(nobody.bare, who))
    middle, tail = (Pair(percentile(ours, share), percentile(bare, share)) for share in (0.5, 0.99))
    return [
        Row("webhook ack p50, one at a time", milliseconds(middle.ours), milliseconds(middle.bare),
            more_or_less(middle.more), "≤ +2.0 ms", middle.more <= 0.002),
        Row("webhook ack p99, one at a time", milliseconds(tail.ours), milliseconds(tail.bare),
            more_or_less(tail.more)),
    ]  # fmt: skip


async def _many(ground: Ground, nobody: Nobody) -> Row:
    rounds, messages = (3, 300) if ground.quick else (5, 600)
    rates: dict[Side, list[float]] = {nobody.customers: [], nobody.bare: []}
    for number in range(rounds):
        ground.tell(f"{AT_ONCE} at a time, round {number + 1} of {rounds}")
        for side, found in rates.items():
            people = mixed(messages)
            began = time.perf_counter()
            await acknowledged(side, people, AT_ONCE)
            found.append(messages / (time.perf_counter() - began))
    pair = paired(*rates.values())
    return Row(f"webhook acks a second, {AT_ONCE} at a time", f"{pair.ours:.0f}/s", f"{pair.bare:.0f}/s",
               f"{pair.ratio:.2f} ×", "≥ 0.5 ×", pair.ratio >= 0.5)  # fmt: skip


async def _beside_work(ground: Ground) -> Row:
    """New customers and known ones, each message a turn that the worker takes meanwhile."""
    rounds, seconds = (1, 8.0) if ground.quick else (3, 10.0)
    ours: list[float] = []
    bare: list[float] = []
    for number in range(rounds):
        ground.tell(f"{TURNS_A_SECOND} turns a second beside the worker, round {number + 1} of {rounds}")
        for side, found in ((ground.customers, ours), (ground.bare, bare)):
            known = contacts(60)
            await all_open(side, known, TEXT)
            found.append(percentile(await at_rate(side, known, seconds), 0.99))
            await asyncio.sleep(2)
    pair = paired(ours, bare)
    return Row(f"webhook ack p99 at {TURNS_A_SECOND} turns a second", milliseconds(pair.ours), milliseconds(pair.bare),
               more_or_less(pair.more), "< 25.0 ms", pair.ours < 0.025)  # fmt: skip


def mixed(messages: int) -> list[str]:
    """Whose messages come, in order: every fifth a new customer's, the others' from those there are."""
    fresh = contacts(-(-messages // NEW))
    return [
        fresh[number // NEW] if number % NEW == 0 else fresh[number * 7 % (number // NEW + 1)]
        for number in range(messages)
    ]


async def acknowledged(side: Side, people: Sequence[str], at_once: int) -> list[float]:
    """Write all of it, so many at a time; how long each took."""
    turn = iter(people)
    took: list[float] = []

    async def write() -> None:
        for who in turn:
            took.append(await acknowledgement(side, who))  # noqa: PERF401 — written one after the other

    await asyncio.gather(*(write() for _ in range(at_once)))
    return took


async def acknowledgement(side: Side, who: str) -> float:
    """One message's."""
    began = time.perf_counter()
    await side.write(who, TEXT)
    return time.perf_counter() - began


async def at_rate(side: Side, known: Sequence[str], seconds: float) -> list[float]:
    """Write at a fixed rate, whatever comes back."""
    clock = asyncio.get_running_loop().time
    began, messages = clock(), int(seconds * TURNS_A_SECOND)
    fresh = contacts(messages)

    async def write(number: int) -> float:
        who = fresh[number] if number % NEW == 0 else known[number % len(known)]
        await asyncio.sleep(began + number / TURNS_A_SECOND - clock())
        return await acknowledgement(side, who)

    return await asyncio.gather(*map(write, range(messages)))
