"""How long customers wait when the worker dies under them."""

import asyncio
import signal
import time

from benchmarks.figures import Row, paired, percentile
from benchmarks.ground import Ground
from benchmarks.sides import all_open, contacts, one_turn
from benchmarks.turns import CHANGES, OPENING

CONVERSATIONS = 5


async def measure(ground: Ground) -> list[Row]:
    """The death of a worker, and its orderly end, in turns; each time the next message comes right afterwards."""
    rounds = 1 if ground.quick else 3
    people = contacts(CONVERSATIONS)
    await all_open(ground.customers, people, OPENING)
    took: dict[signal.Signals, list[float]] = {signal.SIGKILL: [], signal.SIGTERM: []}
    for number in range(rounds):
        for how, found in took.items():
            await ground.worker_settled()
            ground.tell(f"{how.name}, round {number + 1} of {rounds}")
            found.append(await next_part(ground, people, how, CHANGES[number % 2]))
    pair = paired(*took.values())
    return [
        Row("worker killed (-9): next part after", f"{pair.ours:.2f} s", f"{pair.bare:.2f} s (orderly restart)",
            f"{pair.more:+.2f} s", "≤ 3 s", pair.ours <= 3),
    ]  # fmt: skip


async def next_part(ground: Ground, people: list[str], how: signal.Signals, text: str) -> float:
    """End the worker, write to conversations it held in memory, and wait; the slowest one's wait."""
    began = time.time()
    ending = asyncio.create_task(ground.replaced_worker(how))
    await asyncio.sleep(0)
    answered = await asyncio.gather(*(one_turn(ground.customers, who, text) for who in people))
    await ending
    return percentile([at - began for at in answered], 1.0)
