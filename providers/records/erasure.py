"""Finds, reads and erases everything that our tables know of one customer."""

import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from domain.identifiers import Address
from domain.model import Value
from providers.records.belongings import TABLES, Subject, Table
from providers.records.pool import Pool, borrowed, fetch_all, fetch_one

_NAMES = """
WITH RECURSIVE names AS (
    SELECT unnest(%(contacts)s::text[]) AS name
    UNION
    SELECT unnest(ARRAY[aliases.name, aliases.contact]) FROM aliases JOIN names
        ON aliases.name = names.name OR aliases.contact = names.name
     WHERE platform = %(platform)s AND account = %(account)s
)
SELECT name FROM names ORDER BY name
"""
_WRITE = """
INSERT INTO erasures (platform, account, asked_by, began_at, runs, erased, kept)
VALUES (%(platform)s, %(account)s, %(asked_by)s, %(began_at)s, %(runs)s, %(erased)s, %(kept)s) RETURNING *
"""
_WHERE = """
SELECT platform, account FROM conversations WHERE contact = ANY(%(contacts)s)
UNION SELECT platform, account FROM contacts WHERE contact = ANY(%(contacts)s)
UNION SELECT platform, account FROM aliases WHERE name = ANY(%(contacts)s)
ORDER BY 1, 2 LIMIT 20
"""


class Tally(Value):
    """How many rows, by table: those that went, and those that stay without the customer."""

    erased: dict[str, int] = {}
    kept: dict[str, int] = {}

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.erased.values()) + sum(self.kept.values())

    def plus(self, other: "Tally") -> "Tally":
        """Both together."""
        return Tally(erased=_sum(self.erased, other.erased), kept=_sum(self.kept, other.kept))


class Receipt(Value):
    """What was erased, when, at whose order; never whose it was."""

    id: int
    platform: str
    account: str
    asked_by: str
    began_at: datetime
    ended_at: datetime
    erased: dict[str, int]
    """Rows by table; `histories`: workflow runs that were deleted; `files`: pictures and voice notes."""
    kept: dict[str, int]
    """Rows that are kept without the customer, by table."""


class Belongings:
    """One house's tables. Every method may raise `Unavailable`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def subject(self, platform: str, account: str, contacts: set[str]) -> Subject:
        """A customer by these names, and by every other name that the platform has told for them."""
        values = {"platform": platform, "account": account, "contacts": sorted(contacts)}
        rows = await fetch_all(self._pool, _NAMES, values)
        return Subject(platform, account, tuple(row["name"] for row in rows))

    async def whereabouts(self, contacts: list[str]) -> list[tuple[str, str]]:
        """The platforms and accounts where somebody is known by one of these names."""
        rows = await fetch_all(self._pool, _WHERE, {"contacts": contacts})
        return [(row["platform"], row["account"]) for row in rows]

    async def count(self, subject: Subject) -> dict[str, int]:
        """How many rows each table has of them; tables without any are left out."""
        found = {}
        for table in TABLES:
            query = f"SELECT count(*) AS n FROM {table.name} WHERE {table.condition}"  # noqa: S608 — our own words
            row = await fetch_one(self._pool, query, subject.values())
            found[table.name] = int(row["n"]) if row else 0
        return {name: number for name, number in found.items() if number}

    async def read(self, subject: Subject) -> dict[str, list[dict[str, Any]]]:
        """Every row of theirs, by table."""
        found = {}
        for table in TABLES:
            rows = await fetch_all(self._pool, table.reading, subject.values())
            found[table.name] = [_shown(table, row["row"]) for row in rows]
        return {name: rows for name, rows in found.items() if rows}

    async def erase(self, subject: Subject) -> Tally:
        """Erase them from every table, in one transaction; how many rows that were."""
        values, tally = subject.values(secrets.token_hex(16)), Tally()
        async with borrowed(self._pool) as connection, connection.transaction():
            for table in TABLES:
                cursor = await connection.execute(table.statement.encode(), values)
                done = {table.name: cursor.rowcount} if cursor.rowcount else {}
                tally = tally.plus(Tally(kept=done) if table.keeps else Tally(erased=done))
        return tally

    async def destroy_keys(self, subject: Subject) -> int:
        """Destroy their keys, and nothing else: histories cannot be read from now on. How many there were."""
        (keys,) = [table for table in TABLES if table.name == "contacts"]
        async with borrowed(self._pool) as connection:
            return (await connection.execute(keys.statement.encode(), subject.values())).rowcount

    async def erased_runs(self, subject: Subject) -> set[str]:
        """Runs of histories that were erased, and that Temporal may still list for a while."""
        query = """SELECT unnest(runs) AS run FROM erasures
                    WHERE platform = %(platform)s AND account = %(account)s AND ended_at > now() - interval '1 day'"""
        return {row["run"] for row in await fetch_all(self._pool, query, subject.values())}

    async def write(
        self, address: Address, asked_by: str, began_at: datetime, tally: Tally, runs: Iterable[str]
    ) -> Receipt:
        """Write the receipt."""
        values = {
            "platform": address.platform, "account": address.account, "asked_by": asked_by, "began_at": began_at,
            "runs": sorted(runs),
            "erased": Jsonb(tally.erased), "kept": Jsonb(tally.kept),
        }  # fmt: skip
        row = await fetch_one(self._pool, _WRITE, values)
        return Receipt.model_validate(row)


def _shown(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in table.hidden}


def _sum(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in {**one, **other}}
