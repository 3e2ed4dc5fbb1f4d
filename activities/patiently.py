"""Tries again for a while, and then says so: a customer is never left in silence."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from domain.failures import MediaRefused, Transient
from domain.media import MediaProblem

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 4.0
Result = TypeVar("Result")


async def patiently(
    attempt: Callable[[], Awaitable[Result]], seconds: float, problem: MediaProblem = MediaProblem.TOO_SLOW
) -> Result:
    """The first result of `attempt` that is no Transient failure.

    Raises:
        MediaRefused: with `problem`, when there was none within so many seconds.
    """
    try:
        async with asyncio.timeout(seconds):
            return await _again_and_again(attempt, asyncio.get_running_loop().time() + seconds)
    except (TimeoutError, Transient) as failure:
        raise MediaRefused(problem, str(failure) or "not in time") from failure


async def _again_and_again(attempt: Callable[[], Awaitable[Result]], until: float) -> Result:
    """Gives up early where the next try would come too late."""
    pause = FIRST_PAUSE
    while True:
        try:
            return await attempt()
        except Transient as failure:
            wait = failure.retry_after if failure.retry_after is not None else pause
            if asyncio.get_running_loop().time() + wait >= until:
                raise
        await asyncio.sleep(wait)
        pause = min(pause * 2, LONGEST_PAUSE)
