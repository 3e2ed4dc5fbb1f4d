"""Keeps an activity's heart beating, so that a killed worker is noticed and a cancellation arrives."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from temporalio import activity

EVERY_SECONDS = 0.9
"""A beat is a call to the server, a write there and, in Temporal Cloud, an action: while a model thinks for twelve
seconds, beats every half second were half of all that the server did. What is left of the time-out of two seconds is
the slack of a busy machine."""


@asynccontextmanager
async def beating() -> AsyncIterator[None]:
    """Beat until the body is done."""
    heart = asyncio.create_task(_beat())
    try:
        yield
    finally:
        heart.cancel()


async def _beat() -> None:
    # Sleep first: a beat is a call to the server and a write there, and most activities are done before it is due.
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        activity.heartbeat()
