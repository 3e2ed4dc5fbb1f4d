"""Connections to PostgreSQL."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from domain.failures import Unavailable

Pool = AsyncConnectionPool[AsyncConnection[DictRow]]


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
        check=AsyncConnectionPool.check_connection if careful else None,
        connection_class=AsyncConnection[DictRow],
        kwargs={"row_factory": dict_row, "autocommit": True, "connect_timeout": 5, "application_name": name},
    )


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


async def fetch_one(pool: Pool, query: str, parameters: dict[str, Any] | None = None) -> DictRow | None:
    """Run one statement and return its first row."""
    async with borrowed(pool) as connection:
        cursor = await connection.execute(query.encode(), parameters)
        return await cursor.fetchone() if cursor.description else None


async def fetch_all(pool: Pool, query: str, parameters: dict[str, Any] | None = None) -> list[DictRow]:
    """Run one statement and return its rows."""
    async with borrowed(pool) as connection:
        return await (await connection.execute(query.encode(), parameters)).fetchall()
