"""While Temporal takes its time over a message, PostgreSQL takes it too: whichever has it first makes it durable.

A hedged request (Dean and Barroso, "The Tail at Scale", 2013): the second server is asked only while the first is slow,
so the slowest webhooks are acknowledged much sooner for a little more work. The conversation is told all the same.
"""

import asyncio
from collections import defaultdict
from contextlib import suppress
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
OVERLOADED: Final = 0.06
"""Seconds it usually takes one that has all it can do: at 20 turns a second it took 6 to 24 here, 45 for a moment after
sixty new customers at once, at the most turns there can be 30 to 180. Then everything waits for the disk that both
servers write to, and nothing is written twice."""
WEIGHT: Final = 0.05
"""Of the latest telling in what is usual."""
SLOWEST: Final = 0.2
"""Seconds that count as slow as any: a bad moment is forgotten within some thirty to eighty messages."""
HELD_FOR: Final = 4.0
"""Seconds in which whoever holds a row says what became of it; then it is handed over like any other."""
WRITTEN_WITHIN: Final = 3.0
LET_GO_EVERY: Final = 0.25
"""Seconds: rows are let go of together."""
ENDED_WITHIN: Final = 1.5
"""Seconds a process that is stopped waits for what it still tells."""
MOST_AT_ONCE: Final = 200
MOST_ENDED: Final = 10_000
"""Endings remembered while PostgreSQL is away; the rows of the others are due by themselves by then."""

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
        self._untold = asyncio.Event()
        self._ended: dict[tuple[str, str], bool] = {}
        """By key of what stands in the inbox: whether its conversation was told."""
        self._under_way: defaultdict[str, set[Telling]] = defaultdict(set)
        """By conversation: what is acknowledged and not over."""
        self._usual = 0.0
        """Seconds it takes Temporal lately to take a message."""

    @property
    def patience(self) -> float | None:
        """Seconds Temporal has the next message to itself; None: as long as it takes."""
        if self._usual > OVERLOADED:
            return None
        return ALONE if self._usual < QUICK else 0.0

    def note(self, took: float) -> None:
        """Temporal took a message in so many seconds."""
        self._usual += (min(took, SLOWEST) - self._usual) * WEIGHT

    @property
    def is_settled(self) -> bool:
        """Whether nothing is under way, and no row of a message that Temporal did not take is still held."""
        return not self._under_way and all(self._ended.values())

    async def told(self, conversation_id: str) -> bool:
        """Wait until a conversation is no longer being told what its senders know taken; whether it heard all of it."""
        if conversation_id not in self._under_way:
            return True
        ended, _ = await asyncio.wait(set(self._under_way[conversation_id]))
        return all(map(_is_told, ended))

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
            await self._end()

    async def _end(self) -> None:
        """What is not told by then is due at once, for whoever comes next."""
        if still := set[Telling]().union(*self._under_way.values()):
            _, late = await asyncio.wait(still, timeout=ENDED_WITHIN)
            for telling in late:
                telling.cancel()
            await asyncio.wait(still)
            await asyncio.sleep(0)  # its end is noted
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
        told = _is_told(telling)
        self._ended[key] = told or self._ended.get(key, False)
        if not told:
            self._untold.set()

    async def _keep_letting_go(self) -> None:
        """Soon after it was told; at once where it was not, for it waits."""
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._untold.wait(), LET_GO_EVERY)
            self._untold.clear()
            if not await self._let_go():
                await asyncio.sleep(LET_GO_EVERY)

    async def _let_go(self) -> bool:
        """Whether it is done. What is never let go of is handed over once more: inbox dedupe drops it."""
        ended = dict(self._ended)
        if not ended:
            return True
        try:
            await in_time(self._inbox.let_go(ended), WRITTEN_WITHIN)
        except Exception as error:
            if not isinstance(error, Unavailable | TimeoutError):
                log.exception("hedge_not_let_go")
            if len(ended) > MOST_ENDED:
                self._ended.clear()
            return False
        self._ended = {key: told for key, told in self._ended.items() if ended.get(key) is not told}
        return True


def _is_told(telling: Telling) -> bool:
    """Refused or cancelled is not told: whoever hands the inbox over finds out why."""
    return not telling.cancelled() and telling.exception() is None and telling.result()
