"""A limit to waiting that holds even where the work cannot be stopped."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import structlog

Answer = TypeVar("Answer")

log = structlog.get_logger(__name__)

_left_alone: set["asyncio.Task[Any]"] = set()
"""The loop itself holds its tasks by a weak reference only."""


async def in_time(work: Coroutine[Any, Any, Answer], seconds: float) -> Answer:
    """What the work brings; whoever waits longer goes on without it, and the work is left to itself.

    It is not cancelled: a driver that tells its server of a cancellation (psycopg) waits for that server again, for
    many seconds if it stands still. And what succeeds after all, need not be done anew.

    Raises:
        TimeoutError: it takes longer than that.
    """
    task = asyncio.ensure_future(work)
    try:
        done, _ = await asyncio.wait({task}, timeout=seconds)
    finally:
        if not task.done():
            _left_alone.add(task)
            task.add_done_callback(_look)
    if not done:
        raise TimeoutError(f"no answer within {seconds:g} s")
    return task.result()


def _look(task: "asyncio.Task[Any]") -> None:
    """Nobody waits for it any more, but an error must not go unseen by the loop."""
    _left_alone.discard(task)
    if not task.cancelled() and (error := task.exception()):
        log.debug("answered_too_late", error=type(error).__name__)
