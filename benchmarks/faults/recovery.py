"""From the death of the only workers to their successors' first part, against a bare workflow in the same run."""

import asyncio
import os
import signal
import time
from dataclasses import dataclass, replace

from benchmarks.faults.outside import Outside
from benchmarks.ground import Ground
from benchmarks.recovery import CONVERSATIONS, next_part
from benchmarks.sides import Customers, all_open, contacts, one_turn
from benchmarks.turns import CHANGES, OPENING


@dataclass(frozen=True)
class Recovery:
    """Seconds, the slowest of a few conversations, one figure a round."""

    ours: list[float]
    bare: list[float]


async def measure(ground: Ground, outside: Outside, rounds: int) -> Recovery:
    """In turns: ours, bare, ours, bare."""
    customers = Customers(ground.door, outside.path)
    ours, bare = [], []
    try:
        mine = replace(ground, customers=customers)
        people, callers = contacts(CONVERSATIONS), contacts(CONVERSATIONS)
        await all_open(customers, people, OPENING)
        await all_open(ground.bare, callers, OPENING)
        for number in range(rounds):
            await ground.worker_settled()
            ground.tell(f"recovery, round {number + 1} of {rounds}")
            ours.append(await next_part(mine, people, signal.SIGKILL, CHANGES[number % 2]))
            bare.append(await _bare(ground, callers))
    finally:
        await customers.close()
    return Recovery(ours, bare)


async def _bare(ground: Ground, callers: list[str]) -> float:
    """The same with a default worker of Temporal's own, started again at once."""
    began = time.time()
    os.kill(ground.bare.pid, signal.SIGKILL)
    starting = asyncio.create_task(ground.bare.start_worker(ground.running.temporal_address))
    answered = await asyncio.gather(*(one_turn(ground.bare, who, CHANGES[0]) for who in callers))
    await starting
    return max(answered) - began
