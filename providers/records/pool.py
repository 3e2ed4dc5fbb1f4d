"""Connections to PostgreSQL."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from domain.failures import Unavailable

Pool = AsyncConnectionPool[AsyncConnection[DictRow]]
Noted = TypeVar("Noted")
KEEP_TRYING_SECONDS = 30
"""How long an outcome is tried to be written down."""
UNSYNCED: Final = "set_config('synchronous_commit', 'off', true)"
"""In a statement's FROM: nobody waits for the disk. What the last 0.6 s wrote is lost if PostgreSQL dies then."""
LOOKED_AT_WITHIN = 3.0
"""Seconds in which a server that is well answers that it is; a frozen one would never say that it is not."""


def open_pool(database_url: str, *, size: int = 10, name: str = "everturn", careful: bool = False) -> Pool:
    """A pool that is not opened yet; `await pool.open()` does not wait for the server.

    `careful`: look at every connection before it is used. The worker need not, for its activities are tried again.
    """
    return AsyncConnectionPool(
        database_url,
        min_size=1,
        max_size=size,
        open=False,
        timeout=5,
        max_idle=300,
        reconnect_timeout=60,
        name=name,
        check=_look_at if careful else None,
        connection_class=AsyncConnection[DictRow],
        kwargs={"row_factory": dict_row, "autocommit": True, "connect_timeout": 5, "application_name": name},
    )


async def _look_at(connection: AsyncConnection[DictRow]) -> None:
    """Whether a connection is alive.

    Raises:
        OperationalError: it is not, or does not answer.
    """
    asking = asyncio.ensure_future(AsyncConnectionPool.check_connection(connection))
    try:
        answered, _ = await asyncio.wait({asking}, timeout=LOOKED_AT_WITHIN)
    finally:
        if not asking.done():
            await connection.close()  # first: a statement that is cancelled waits for the server once more
            asking.cancel()
    if not answered:
        raise psycopg.OperationalError("PostgreSQL does not answer")
    asking.result()


@asynccontextmanager
async def borrowed(pool: Pool) -> AsyncIterator[AsyncConnection[DictRow]]:
    """A connection for one short piece of work.

    Raises:
        Unavailable: PostgreSQL cannot be reached or went away in the middle.
    """
    try:
        async with pool.connection() as connection:
            yield connection
    except (psycopg.OperationalError, PoolTimeout) as error:
        raise Unavailable(f"PostgreSQL cannot be reached: {type(error).__name__}") from error


async def stubbornly(note: Callable[[], Awaitable[Noted]]) -> Noted:
    """Write an outcome down, again and again while PostgreSQL is away: forgotten, it would be an unknown outcome.

    Raises:
        Unavailable: it stayed away too long.
    """
    deadline = time.monotonic() + KEEP_TRYING_SECONDS
    while True:
        try:
            return await note()
        except Unavailable:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.5)


async def fetch_one(pool: Pool, query: str, parameters: dict[str, Any] | None = None) -> DictRow | None:
    """Run one statement and return its first row."""
    async with borrowed(pool) as connection:
        cursor = await connection.execute(query.encode(), parameters)
        return await cursor.fetchone() if cursor.description else None


async def fetch_all(pool: Pool, query: str, parameters: dict[str, Any] | None = None) -> list[DictRow]:
    """Run one statement and return its rows."""
    async with borrowed(pool) as connection:
        return await (await connection.execute(query.encode(), parameters)).fetchall()
