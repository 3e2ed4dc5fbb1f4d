"""Watches that every accepted message gets a fate: noted after the acknowledgement, closed from the books."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

import structlog

from api.problems import Problem
from contracts.conversation import Overview, PageRequest, TranscriptLine, TranscriptPage
from domain.conversation import Holder
from domain.failures import Unavailable
from domain.fates import Fate
from domain.identifiers import Address
from providers.records.conservation import Accepted, Conservation, Doubtful, Settled
from runtime import metrics

NOTE_SECONDS = 0.5
"""How often what was accepted is written down; a killed API forgets to watch over this much, and loses none of it."""
SETTLE_SECONDS = 10.0
LOOK_AGAIN_SECONDS = 10.0
"""A message's books are searched this often until its fate is found; most are answered by the first look."""
COURTESY_SECONDS = 60.0
"""Longer than any attempt to send one takes: whoever began it has died."""
ASK_SECONDS = 20.0
ASK_AGAIN_SECONDS = 60.0
MOST_ASKED = 50
"""Messages whose conversations are asked in one round: a query may have to replay a history."""
MOST_NOTED = 100_000
"""Messages that wait for PostgreSQL to come back; what is beyond is not watched over, and counted."""
AT_ONCE = 5_000
PRESSED_BEFORE_SECONDS = 5.0
"""The second press of a button is dropped: how much earlier the first, which was heard, may be; clocks included."""
_PRESSED = re.compile(r"(?P<fingerprint>.+)/(?P<received>\d{1,12}\.\d{3})", re.DOTALL)
"""The key of a message without an id of its own (`InboundMessage.key`)."""
UNAVAILABLE = 503
LONG_AGO = 86_400.0

log = structlog.get_logger(__name__)


class Asked(Protocol):
    """What is asked of the conversations."""

    async def overview(self, address: Address) -> Overview:
        """The conversation at a glance."""
        ...

    async def transcript(self, address: Address, page: PageRequest) -> TranscriptPage:
        """What it has heard and said lately, by reference."""
        ...


class Bookkeeper:
    """One process's book of what is owed a fate."""

    def __init__(self, books: Conservation, conversations: Asked, unaccounted_after: float) -> None:
        self._books = books
        self._conversations = conversations
        self._unaccounted_after = unaccounted_after
        self._fresh: list[tuple[Address, str, float]] = []
        """Not written down yet, with the moment (monotonic) of each."""

    def note(self, address: Address, message_id: str) -> None:
        """A message is durable. Costs a webhook nothing: it is written down after the answer."""
        if len(self._fresh) < MOST_NOTED:
            self._fresh.append((address, message_id, time.monotonic()))
        else:
            metrics.messages_unwatched.labels(address.platform, address.account).inc()

    async def keep(self) -> None:
        """Note, settle and ask for as long as this runs; what is fresh at its end is written down still."""
        settle_at = ask_at = time.monotonic()
        try:
            while True:
                await asyncio.sleep(NOTE_SECONDS)
                await self._carefully(self._write_down)
                if time.monotonic() >= settle_at:
                    settle_at = time.monotonic() + SETTLE_SECONDS
                    await self._carefully(self.settle)
                if time.monotonic() >= ask_at:
                    ask_at = time.monotonic() + ASK_SECONDS
                    await self._carefully(self.ask)
        finally:
            await self._carefully(self._write_down)

    async def _carefully(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except Unavailable as error:
            log.debug("conservation_waits", reason=str(error))
        except Exception:
            log.exception("conservation_broke")

    async def _write_down(self) -> None:
        while fresh := self._fresh[:AT_ONCE]:
            now = time.monotonic()
            await self._books.note([Accepted(address, message_id, now - at) for address, message_id, at in fresh])
            del self._fresh[: len(fresh)]

    async def settle(self) -> None:
        """Close what the books tell the fate of."""
        for settled in await self._books.settle(LOOK_AGAIN_SECONDS):
            _count(settled)
        if stranded := await self._books.give_up_courtesies(COURTESY_SECONDS):
            log.warning("courtesies_given_up", parts=stranded)

    async def ask(self) -> None:
        """Ask the conversations of messages that have waited too long, and say which of them are unaccounted for.

        The first one that does not answer ends the round: whoever is too busy to answer is asked nothing more.
        """
        lost = 0
        for doubtful in await self._books.doubtful(self._unaccounted_after, ASK_AGAIN_SECONDS, MOST_ASKED):
            try:
                fate = await self.fate_told(doubtful)
            except Problem:
                break
            if fate is None:
                lost += 1
                log.warning("message_unaccounted", conversation=doubtful.address.conversation_id)
            elif await self._books.close(doubtful.address, doubtful.message_id):
                _count(Settled(doubtful.address.platform, doubtful.address.account, fate, 1))
        if lost:
            log.error("messages_unaccounted", asked_about=lost)

    async def fate_told(self, doubtful: Doubtful) -> Fate | None:
        """What its conversation says; None: it does not know the message, or still owes it a turn.

        Raises:
            Problem: 503, nobody answers.
        """
        try:
            seen = await self._conversations.transcript(doubtful.address, PageRequest(limit=200))
            overview = await self._conversations.overview(doubtful.address)
        except Problem as problem:
            if problem.status == UNAVAILABLE:
                raise
            return None
        heard = next((line for line in reversed(seen.lines) if _is_of(line, doubtful.message_id)), None)
        if heard is None or overview.waiting_messages or overview.outbox:
            return None
        # Once more, for its reply may have gone out since the books were searched; then they know better.
        asked = Accepted(doubtful.address, doubtful.message_id, LONG_AGO)
        told = await self._books.fates_of([asked])
        if told[0] is not None:
            return told[0]
        if await self._books.waits(asked):  # the books keep a part that its conversation knows nothing of
            return None
        if overview.holder is Holder.OPERATOR:
            return Fate.TO_A_PERSON
        return _fate_without_a_reply(doubtful, heard, seen.lines)


def _fate_without_a_reply(doubtful: Doubtful, heard: TranscriptLine, lines: Iterable[TranscriptLine]) -> Fate:
    if any((line.direction, line.turn, line.id) == ("out", heard.turn, "apology") for line in lines):
        return Fate.EXPIRED  # the turn failed before it could write the message down
    if doubtful.is_taken_up:
        return Fate.SILENT
    # A button pressed twice: the conversation took the first press. Otherwise the customer took the message back.
    return Fate.DUPLICATE if heard.id != doubtful.message_id else Fate.UNSENT


def _is_of(line: TranscriptLine, key: str) -> bool:
    """Whether the conversation heard this message here; it knows one without an id of its own by its fingerprint."""
    pressed = _PRESSED.fullmatch(key)
    is_pressed = (
        pressed is not None
        and line.id == pressed["fingerprint"]
        and line.at.timestamp() > float(pressed["received"]) - PRESSED_BEFORE_SECONDS
    )
    return line.direction == "in" and (line.id == key or is_pressed)


def _count(settled: Settled) -> None:
    metrics.messages_settled.labels(settled.platform, settled.account, settled.fate.value).inc(settled.messages)
