"""Brings Temporal's list of conversations into our books, for as long as somebody looks at them.

Holder, phase and attention belong to the workflows. Temporal lists them within a second, yet it cannot say who has
waited longest, how many there are, or what was said last; a table can, in milliseconds.
"""

import asyncio
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import structlog
from temporalio.client import WorkflowExecution, WorkflowExecutionStatus

from api.conversations import Conversations
from api.operator_list import listed
from api.problems import Problem
from contracts.conversation import Overview
from domain.conversation import Holder, foremost
from domain.failures import Unavailable
from providers.records import console
from providers.records.console import Ended, Listed
from providers.records.pool import Pool

EVERY = 1.0
EVERYTHING_EVERY = 60.0
"""Seconds between looks at every open conversation: the phases of those that nobody need look after."""
LOOKED_AT = 60.0
"""Seconds for which somebody who asked is taken to be still looking."""
PAGE = 500
MOST_PAGES = 200
OVERLAP = timedelta(seconds=10)
"""Temporal's list is a little late."""
LONG_AGO = timedelta(days=7)

_OPEN = "WorkflowType = 'ConversationWorkflow' AND ExecutionStatus = 'Running'"
NEEDED = f"{_OPEN} AND (Attention IS NOT NULL OR Holder != 'assistant')"
_ENDED = (
    "WorkflowType = 'ConversationWorkflow' AND ExecutionStatus != 'Running' AND ExecutionStatus != 'ContinuedAsNew'"
)
FAILED = {WorkflowExecutionStatus.FAILED, WorkflowExecutionStatus.TERMINATED, WorkflowExecutionStatus.TIMED_OUT}

log = structlog.get_logger(__name__)


class Watch:
    """Keeps the book of conversations in step."""

    def __init__(self, conversations: Conversations, pool: Pool) -> None:
        self._conversations = conversations
        self._pool = pool
        self._asked = asyncio.Event()
        self._asked_at = float("-inf")
        self._everything_at = float("-inf")

    def look(self) -> None:
        """Somebody looks at the list."""
        self._asked_at = time.monotonic()
        self._asked.set()

    async def keep(self) -> None:
        """Bring news for as long as somebody looks; runs until cancelled."""
        while True:
            await self._asked.wait()
            try:
                await self.bring()
            except (Problem, Unavailable) as error:
                log.debug("conversations_unlisted", reason=str(error)[:200])
            if time.monotonic() - self._asked_at > LOOKED_AT:
                self._asked.clear()
            await asyncio.sleep(EVERY)

    async def bring(self) -> None:
        """Bring what there is now.

        Raises:
            Problem: Temporal cannot be asked.
            Unavailable: our books cannot be reached.
        """
        seen = datetime.now(UTC)
        await self._bring_ended(seen)
        needed = [_listed(one) for one in await self._all(NEEDED)]
        await console.note_listed(self._pool, needed, seen, calm_others=True)
        if time.monotonic() - self._everything_at > EVERYTHING_EVERY:
            self._everything_at = time.monotonic()
            await self._bring_everything()

    async def _bring_ended(self, seen: datetime) -> None:
        since = await console.ended_to(self._pool) or seen - LONG_AGO
        moment = (since - OVERLAP).strftime("%Y-%m-%dT%H:%M:%SZ")
        found = await self._all(f"{_ENDED} AND CloseTime > '{moment}'")
        await console.note_ended(self._pool, [_ended(one) for one in found], seen)

    async def _bring_everything(self) -> None:
        """A page at a time, so that nobody else waits."""
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            seen = datetime.now(UTC)
            found, cursor = await self._conversations.page(_OPEN, PAGE, cursor)
            await console.note_listed(self._pool, [_listed(one) for one in found], seen, calm_others=False)
            if cursor is None:
                return

    async def _all(self, query: str) -> list[WorkflowExecution]:
        found: list[WorkflowExecution] = []
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            page, cursor = await self._conversations.page(query, PAGE, cursor)
            found += page
            if cursor is None:
                break
        return found

    async def learn(self, overview: Overview) -> None:
        """What a conversation itself just said."""
        held = overview.operator if overview.holder is Holder.OPERATOR else ""
        with suppress(Unavailable):
            await console.note_asked(
                self._pool, overview.conversation_id, flow=overview.flow, phase=overview.phase,
                holder=overview.holder.value, held_by=held,
                attention=foremost(overview.attention),
            )  # fmt: skip


def _listed(execution: WorkflowExecution) -> Listed:
    one = listed(execution)
    return Listed(
        id=one.id, flow=one.flow, phase=one.phase, holder=one.holder or Holder.ASSISTANT, attention=one.attention
    )


def _ended(execution: WorkflowExecution) -> Ended:
    status = "failed" if execution.status in FAILED else "closed"
    return Ended(id=execution.id, status=status, at=execution.close_time or execution.start_time)
