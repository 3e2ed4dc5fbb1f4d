"""Connections that see the rows of some accounts only: PostgreSQL's row-level security looks to it."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import cast

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import DictRow

from domain.failures import Unavailable
from providers.records.pool import Pool

ROLE = "everturn_confined"
_CONFINE = b"SELECT set_config('everturn.accounts', %(accounts)s, true), set_config('role', %(role)s, true)"


def confined(pool: Pool, accounts: Collection[str]) -> Pool:
    """The pool, for somebody who may see these accounts (`platform/account`) and no others."""
    return cast("Pool", _Confined(pool, accounts))


class _Confined:
    """Lends a pool's connections, each in a transaction that is confined from its first to its last statement."""

    def __init__(self, pool: Pool, accounts: Collection[str]) -> None:
        self._pool = pool
        self._values = {"accounts": " ".join(accounts), "role": ROLE}

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection[DictRow]]:
        """A connection for one short piece of work.

        Raises:
            Unavailable: this PostgreSQL has no role to confine anybody with: nothing is shown rather than everything.
        """
        async with self._pool.connection() as connection, connection.transaction():
            try:
                await connection.execute(_CONFINE, self._values)
            except (psycopg.errors.InvalidParameterValue, psycopg.errors.InsufficientPrivilege):
                raise Unavailable(
                    f"operators of some accounts need the role {ROLE} in PostgreSQL: create it, grant it to our user,"
                    " and run SELECT confine_tables()"
                ) from None
            yield connection
