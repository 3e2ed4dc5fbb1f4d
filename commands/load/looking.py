"""Looks at the system under load from beside it: the memory of its processes, its connections to PostgreSQL."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

import psutil
import psycopg

from commands.load.plan import Sample, Seen

EVERY = 5.0
MEBIBYTE = 1024 * 1024
_CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'everturn%'"
Pids = Mapping[str, Sequence[int]]
"""The processes of each program; their children count with them."""


async def keep_looking(pids: Callable[[], Pids], database_url: str, seen: Seen) -> None:
    """Take a sample every few seconds; runs until cancelled."""
    began = time.monotonic()
    while True:
        seen.samples.append(await asyncio.to_thread(_sample, pids(), database_url, time.monotonic() - began))
        await asyncio.sleep(EVERY)


def _sample(pids: Pids, database_url: str, at: float) -> Sample:
    return Sample(at, {name: _resident(roots) for name, roots in pids.items()}, _connections(database_url))


def _resident(roots: Sequence[int]) -> float:
    return sum(_resident_of(each) for root in roots for each in family(root))


def _resident_of(process: psutil.Process) -> float:
    with suppress(psutil.Error):
        return float(process.memory_info().rss) / MEBIBYTE
    return 0.0


def family(root: int) -> list[psutil.Process]:
    """A process and its children; empty where it is gone."""
    try:
        whole = psutil.Process(root)
        return [whole, *whole.children(recursive=True)]
    except psutil.Error:
        return []


def _connections(database_url: str) -> int | None:
    if not database_url:
        return None
    try:
        with psycopg.connect(database_url, autocommit=True, connect_timeout=3) as connection:
            row = connection.execute(_CONNECTIONS).fetchone()
    except psycopg.Error:
        return None
    return int(row[0]) if row else None
