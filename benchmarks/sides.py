"""The two sides every benchmark compares: customers of Everturn, and callers of a bare workflow."""

import asyncio
import contextlib
import itertools
import sqlite3
import sys
from datetime import datetime
from pathlib import Path
from typing import Protocol

from benchmarks.answers import Answers
from benchmarks.door import Door

PATIENCE = 30.0
"""Seconds after which an answer that never comes ends the benchmark."""
LOOK_EVERY = 0.004
TAKEN = """
SELECT id, contact, at FROM calls WHERE id > ? AND platform = ? AND outcome IN ('200', '201') ORDER BY id
"""


class Side(Protocol):
    """Somebody who can be written to and answers."""

    async def write(self, who: str, text: str) -> None:
        """Hand one message over; durable when this returns."""

    def answer_to(self, who: str) -> "asyncio.Future[float]":
        """The next answer this customer gets: when it went out, in Unix seconds."""


class Customers(Answers):
    """Customers of Everturn: they post webhooks, and their answers stand in the simulated platform's call log.

    The log is read from its file: asking the API would make it busier than customers do.
    """

    def __init__(self, door: Door, simulator: Path, platform: str = "chat2desk") -> None:
        super().__init__()
        self._door = door
        self._platform = platform
        self._base = sqlite3.connect(f"file:{simulator}?mode=ro", uri=True, isolation_level=None)
        self._seen = self._base.execute("SELECT coalesce(max(id), 0) FROM calls").fetchone()[0]
        self._watching = asyncio.create_task(self._watch())

    async def write(self, who: str, text: str) -> None:
        """Post one webhook."""
        await self._door.post(self._door.prepare(self._platform, who, text))

    def answer_to(self, who: str) -> "asyncio.Future[float]":
        """The next answer this customer gets."""
        if self._watching.done():
            self._watching.result()
        return super().answer_to(who)

    async def _watch(self) -> None:
        while True:
            try:
                self._look()
            except sqlite3.OperationalError as error:  # the simulator is busy with its file: look again
                sys.stderr.write(f"the call log could not be read: {error}\n")
            await asyncio.sleep(LOOK_EVERY)

    def _look(self) -> None:
        for number, contact, at in self._base.execute(TAKEN, (self._seen, self._platform)).fetchall():
            self._seen = number
            self.arrived(contact, datetime.fromisoformat(at).timestamp())

    async def close(self) -> None:
        """Look no more."""
        self._watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._watching
        self._base.close()


_contacts = itertools.count(100_000)


def contacts(count: int) -> list[str]:
    """Customers nobody has met yet."""
    return [str(next(_contacts)) for _ in range(count)]


async def one_turn(side: Side, who: str, text: str) -> float:
    """Write and wait; when the answer went out.

    Raises:
        RuntimeError: no answer came.
    """
    answer = side.answer_to(who)
    await side.write(who, text)
    try:
        return await asyncio.wait_for(answer, PATIENCE)
    except TimeoutError:
        raise RuntimeError(f"{type(side).__name__} {who} got no answer to {text!r} in {PATIENCE:g} s") from None


async def all_open(side: Side, customers: list[str], text: str, at_once: int = 16) -> None:
    """Open a conversation with each of them, so many at a time."""
    gate = asyncio.Semaphore(at_once)

    async def open_one(who: str) -> None:
        async with gate:
            await one_turn(side, who, text)

    await asyncio.gather(*map(open_one, customers))
