"""Tells whether a worker is alive, by an advisory lock that PostgreSQL drops with the worker's connection.

A part that stands as "sending" belongs to an attempt. When a second attempt meets it, it must know whether the first
is still at work (then: wait) or died (then: the outcome is unknown). A heartbeat cannot tell in time; the death of a
process closes its connection at once.
"""

import asyncio
import secrets

import psycopg
import structlog

from providers.records.pool import Pool, fetch_one

CLASS = 0x4C45
"""The first half of the lock's key, apart from every other advisory lock of ours."""

log = structlog.get_logger()


class Lease:
    """Held by one worker process for as long as it lives."""

    def __init__(self, database_url: str, pool: Pool) -> None:
        self._url = database_url
        self._pool = pool
        self._number = secrets.randbelow(2**31)
        self.holder = str(self._number)

    async def keep(self) -> None:
        """Hold the lock, again after every lost connection; runs until cancelled."""
        while True:
            try:
                await self._hold()
            except psycopg.Error as error:
                log.warning("lease_lost", reason=type(error).__name__)
            await asyncio.sleep(0.5)

    async def _hold(self) -> None:
        async with await psycopg.AsyncConnection.connect(self._url, autocommit=True, connect_timeout=5) as connection:
            await connection.execute("SELECT pg_advisory_lock(%s, %s)", [CLASS, self._number])
            while True:
                await asyncio.sleep(5)
                await connection.execute("SELECT 1")

    async def is_alive(self, holder: str) -> bool:
        """Whether the worker that calls itself `holder` still lives.

        Raises:
            Unavailable: PostgreSQL cannot be reached.
        """
        if holder == self.holder:
            return True
        row = await fetch_one(
            self._pool,
            "SELECT pg_try_advisory_xact_lock(%(class)s, %(number)s) AS free",
            {"class": CLASS, "number": int(holder or 0)},
        )
        return not (row and row["free"])
