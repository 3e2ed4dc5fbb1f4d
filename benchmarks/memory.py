"""What an open conversation weighs in the workers, which keep thousands at hand and leave the rest to the server."""

import asyncio
import signal
from collections.abc import Callable

import psutil

from benchmarks.bare import BareSide
from benchmarks.figures import Row
from benchmarks.ground import Ground
from benchmarks.sides import Side, all_open, contacts

WARM_UP = 50
GREETING = "Здравствуйте"
MEBIBYTE = 1024 * 1024


async def measure(ground: Ground) -> list[Row]:
    """Fresh workers on both sides; each conversation has taken one turn and waits for the next message."""
    count = ground.conversations or (300 if ground.quick else 1_000)
    await ground.replaced_worker(signal.SIGTERM)
    bare = BareSide(ground.client, "bare-memory")
    await bare.start_worker(ground.running.temporal_address)
    try:
        ground.tell(f"opening {count} conversations")
        worker, api = await grown(ground.customers, count, lambda: (ground.pid("worker"), ground.pid("api")))
        ground.tell(f"opening {count} bare workflows")
        (floor,) = await grown(bare, count, lambda: (bare.pid,))
    finally:
        await bare.stop()
    return [
        Row(
            "worker RSS per 1,000 open conversations", f"{worker:.0f} MB", f"{floor:.0f} MB", f"{worker / floor:.2f} ×"
        ),
        Row(
            "API RSS per 1,000 open conversations",
            f"{api:.1f} MB",
            compared=f"{resident(ground.pid('api')):.0f} MB in all",
        ),
        Row("worker RSS with them", f"{resident(ground.pid('worker')):.0f} MB"),
    ]


async def grown(side: Side, count: int, pids: Callable[[], tuple[int, ...]]) -> tuple[float, ...]:
    """Megabytes per 1,000 conversations that each process grew by."""
    await all_open(side, contacts(WARM_UP), GREETING)
    await asyncio.sleep(1)
    before = [resident(pid) for pid in pids()]
    await all_open(side, contacts(count), GREETING, at_once=32)
    await asyncio.sleep(1)
    return tuple((resident(pid) - old) * 1_000 / count for pid, old in zip(pids(), before, strict=True))


def resident(pid: int) -> float:
    """Megabytes of memory that a process and its children hold: the workers are several."""
    whole = psutil.Process(pid)
    return sum(float(each.memory_info().rss) for each in (whole, *whole.children(recursive=True))) / MEBIBYTE
