"""What we add to a turn beyond the quiet period, at a load that leaves room."""

import asyncio
import time
from statistics import median

from benchmarks.bare import PAUSE
from benchmarks.figures import Row, milliseconds, more_or_less, paired, percentile
from benchmarks.ground import Ground
from benchmarks.sides import Side, all_open, contacts, one_turn
from benchmarks.turns import CHANGES, OPENING

CONVERSATIONS = 100
TURNS_A_SECOND = 5


async def measure(ground: Ground) -> list[Row]:
    """Interleaved rounds of both sides; from the customer's click to the platform's log, less the quiet period.

    The model takes no time (the flow is rules) and the simulated platform none of its own (its latency is set to 0).
    """
    rounds, seconds = (1, 8.0) if ground.quick else (3, 10.0)
    people = contacts(CONVERSATIONS)
    sides: tuple[Side, Side] = (ground.customers, ground.bare)
    ground.tell(f"opening {CONVERSATIONS} conversations")
    for side in sides:
        await all_open(side, people, OPENING)
    added: tuple[list[list[float]], list[list[float]]] = ([], [])
    for number in range(rounds):
        ground.tell(f"round {number + 1} of {rounds}, {TURNS_A_SECOND} turns a second")
        for side, found in zip(sides, added, strict=True):
            found.append(await at_rate(side, people, seconds))
    return [_row(added, "p50", 0.5), _row(added, "p95", 0.95, aim=0.150)]


def _row(added: tuple[list[list[float]], list[list[float]]], name: str, share: float, aim: float | None = None) -> Row:
    ours, bare = ([percentile(one, share) for one in rounds] for rounds in added)
    pair = paired(ours, bare)
    return Row(
        f"added latency of a turn {name}, {CONVERSATIONS} open, {TURNS_A_SECOND}/s",
        milliseconds(pair.ours),
        milliseconds(pair.bare),
        more_or_less(pair.more),
        f"< {milliseconds(aim)}" if aim else "",
        median(ours) < aim if aim else None,
    )


async def at_rate(side: Side, people: list[str], seconds: float) -> list[float]:
    """Write in turn at a fixed rate, whatever comes back; the added latency of every turn."""
    began = asyncio.get_running_loop().time()

    async def talk(number: int) -> float:
        await asyncio.sleep(began + number / TURNS_A_SECOND - asyncio.get_running_loop().time())
        written = time.time()
        answered = await one_turn(side, people[number % len(people)], CHANGES[number // len(people) % 2])
        return answered - written - PAUSE

    return await asyncio.gather(*map(talk, range(int(seconds * TURNS_A_SECOND))))
