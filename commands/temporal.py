"""What the commands that speak to Temporal share: the connection, and what a refusal means."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TypeVar

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from commands.found import key_settings, settings_beside
from commands.outcome import Failed
from providers.records.pool import open_pool
from providers.records.privacy import open_discretion
from providers.secrets import secret_box
from runtime.codec import HistoryCodec
from runtime.logs import configure_logs
from runtime.settings import Settings
from runtime.temporal import connect

CONNECT_SECONDS = 10.0
Outcome = TypeVar("Outcome")
WHY = {
    RPCStatusCode.UNIMPLEMENTED: "this Temporal server is too old for that: worker deployments need 1.28",
    RPCStatusCode.PERMISSION_DENIED: "this Temporal server does not let us do that",
    RPCStatusCode.UNAVAILABLE: "the Temporal server does not answer",
    RPCStatusCode.DEADLINE_EXCEEDED: "the Temporal server does not answer in time",
}


def with_temporal(home: Path, work: Callable[[Client, Settings], Awaitable[Outcome]]) -> Outcome:
    """Connect as the settings say, do the work, and say in a sentence what went wrong.

    Raises:
        Failed: the server cannot be reached, or refuses.
    """
    settings = settings_beside(home)
    configure_logs(settings.model_copy(update={"everturn_log_level": "critical"}))

    async def connected_and_done() -> Outcome:
        async with AsyncExitStack() as stack:
            client = await _connected(settings, await _codec(settings, home, stack))
            try:
                return await work(client, settings)
            except RPCError as error:
                raise Failed(WHY.get(error.status) or f"Temporal refuses: {_short(error.message)}") from None

    return asyncio.run(connected_and_done())


async def _codec(settings: Settings, home: Path, stack: AsyncExitStack) -> HistoryCodec | None:
    """What unlocks histories, where they are locked: its keys lie in PostgreSQL."""
    if not settings.database_url:
        return None
    pool = open_pool(settings.database_url, size=2, name="everturn-command")
    await pool.open(wait=False)
    stack.push_async_callback(pool.close, 2)
    return open_discretion(settings, secret_box(key_settings(settings, home)), pool).codec


async def _connected(settings: Settings, codec: HistoryCodec | None) -> Client:
    try:
        return await asyncio.wait_for(connect(settings, codec=codec), CONNECT_SECONDS)
    except (RuntimeError, TimeoutError, OSError):
        address = settings.temporal_address or "127.0.0.1:7233"
        raise Failed(
            f"Temporal at {address} cannot be reached: start it (`everturn up` does), name its --home, or correct"
            " TEMPORAL_ADDRESS"
        ) from None


def _short(text: str) -> str:
    return " ".join(text.split())[:300]
