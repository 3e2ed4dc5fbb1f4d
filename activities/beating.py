"""Keeps an activity's heart beating, so that a killed worker is noticed and a cancellation arrives."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from temporalio import activity

EVERY_SECONDS = 0.4


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
