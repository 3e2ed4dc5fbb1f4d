"""While Temporal takes its time over a message, PostgreSQL takes it too: whichever has it first makes it durable.

A hedged request (Dean and Barroso, "The Tail at Scale", 2013): the second server is asked only while the first is slow,
so the slowest webhooks are acknowledged much sooner for a little more work. The conversation is told all the same.
"""

import asyncio
from collections import defaultdict
from functools import partial
from typing import Any, Final, NamedTuple

import structlog

from domain.failures import Unavailable
from providers.records.inbox import Held, Inbox
from runtime.in_time import in_time

ALONE: Final = 0.012
"""Seconds a quick Temporal has a message to itself; a slow one has none."""
QUICK: Final = 0.008
"""Seconds Temporal may usually take to be quick; idle, on a disk that syncs, it takes 4 to 6 (benchmarks/ack.py)."""
WEIGHT: Final = 0.1
"""Of the latest telling in what is usual."""
HELD_FOR: Final = 4.0
"""Seconds in which whoever holds a row says what became of it; then it is handed over like any other."""
WRITTEN_WITHIN: Final = 3.0
LET_GO_EVERY: Final = 0.25
"""Seconds: rows are let go of together."""
ENDED_WITHIN: Final = 1.5
"""Seconds a process that is stopped waits for what it still tells."""
MOST_AT_ONCE: Final = 200

log = structlog.get_logger(__name__)

Telling = asyncio.Task[bool]
"""A message on its way to its conversation; it ends with whether Temporal took it."""


class _Asked(NamedTuple):
    held: Held
    telling: Telling
    written: asyncio.Future[None]


class Hedge:
    """One process's messages that are on their way to Temporal, and in the inbox meanwhile."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._asked: list[_Asked] = []
        """To be written, in the order they came."""
        self._something = asyncio.Event()
        self._ended: dict[tuple[str, str], bool] = {}
        """By key of what stands in the inbox: whether its conversation was told."""
        self._under_way: defaultdict[str, set[Telling]] = defaultdict(set)
        """By conversation: what is acknowledged and not over."""
        self._usual = 0.0
        """Seconds it takes Temporal lately to take a message."""

    @property
    def patience(self) -> float:
        """Seconds Temporal has the next message to itself."""
        return ALONE if self._usual < QUICK else 0.0

    def note(self, took: float) -> None:
        """Temporal took a message, or did not, in so many seconds."""
        self._usual += (took - self._usual) * WEIGHT

    async def told(self, conversation_id: str) -> None:
        """Wait until a conversation is no longer being told what its senders know taken."""
        if conversation_id in self._under_way:
            await asyncio.wait(set(self._under_way[conversation_id]))

    async def holds(self, held: Held, telling: Telling) -> bool:
        """Wait until either server has it. Whether it is PostgreSQL: then the telling goes on by itself."""
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._asked.append(_Asked(held, telling, written))
        self._something.set()
        either: set[asyncio.Future[Any]] = {written, telling}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if telling.done() or written.cancelled():
            return False
        self._under_way[held.address.conversation_id].add(telling)
        telling.add_done_callback(partial(self._forget, held.address.conversation_id))
        return True

    def _forget(self, conversation_id: str, telling: Telling) -> None:
        self._under_way[conversation_id].discard(telling)
        if not self._under_way[conversation_id]:
            del self._under_way[conversation_id]

    async def keep(self) -> None:
        """Write what is asked for and let go of what has ended, until cancelled; then end what is under way."""
        try:
            await asyncio.gather(self._keep_writing(), self._keep_letting_go())
        finally:
            if still := set[Telling]().union(*self._under_way.values()):
                await asyncio.wait(still, timeout=ENDED_WITHIN)
            await self._let_go()

    async def _keep_writing(self) -> None:
        while True:
            await self._something.wait()
            self._something.clear()
            while asked := self._asked[:MOST_AT_ONCE]:
                del self._asked[: len(asked)]
                await self._write([one for one in asked if not one.telling.done()])

    async def _write(self, asked: list[_Asked]) -> None:
        """All in one statement. Where that fails, whoever asked waits for Temporal, as if there were no hedge."""
        if not asked:
            return
        try:
            await in_time(self._inbox.hold([one.held for one in asked], HELD_FOR), WRITTEN_WITHIN)
        except Exception as error:
            if not isinstance(error, Unavailable | TimeoutError):
                log.exception("hedge_not_written")
            for one in asked:
                one.written.cancel()
        else:
            for one in asked:
                one.written.set_result(None)
                one.telling.add_done_callback(partial(self._note_end, one.held.key))

    def _note_end(self, key: tuple[str, str], telling: Telling) -> None:
        """Refused or cancelled is not told: whoever hands the inbox over finds out why."""
        told = not telling.cancelled() and telling.exception() is None and telling.result()
        self._ended[key] = told or self._ended.get(key, False)

    async def _keep_letting_go(self) -> None:
        while True:
            await asyncio.sleep(LET_GO_EVERY)
            await self._let_go()

    async def _let_go(self) -> None:
        """What is not let go of, because PostgreSQL is away, is handed over once more: inbox dedupe drops it."""
        ended, self._ended = self._ended, {}
        if not ended:
            return
        try:
            await self._inbox.let_go(ended)
        except Unavailable as error:
            log.debug("hedge_not_let_go", reason=str(error))
