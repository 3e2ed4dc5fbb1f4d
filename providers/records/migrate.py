"""Numbered SQL migrations: safe to run twice, and by two processes at once."""

from pathlib import Path

import psycopg

FOLDER = Path(__file__).parent / "migrations"
LOCK = 0x45_56_45_52
"""The advisory lock that lets one process migrate at a time ("EVER")."""


async def migrate(database_url: str) -> list[str]:
    """Apply what is missing, each file in one transaction; return the names applied.

    Raises:
        psycopg.Error: the server cannot be reached, or a statement failed (nothing of that file is then applied).
    """
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True, connect_timeout=5) as connection:
        await connection.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        try:
            return [path.name for path in await _missing(connection) if await _apply(connection, path)]
        finally:
            await connection.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


async def pending_migrations(database_url: str) -> list[str]:
    """The names of migrations not applied yet."""
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True, connect_timeout=5) as connection:
        return [path.name for path in await _missing(connection)]


async def _missing(connection: psycopg.AsyncConnection) -> list[Path]:
    await connection.execute(
        "CREATE TABLE IF NOT EXISTS schema_migrations (name text PRIMARY KEY, applied_at timestamptz DEFAULT now())"
    )
    cursor = await connection.execute("SELECT name FROM schema_migrations")
    applied = {row[0] for row in await cursor.fetchall()}
    return [path for path in sorted(FOLDER.glob("*.sql")) if path.name not in applied]


async def _apply(connection: psycopg.AsyncConnection, path: Path) -> bool:
    async with connection.transaction():
        await connection.execute(path.read_bytes())  # noqa: ASYNC240 — a small local file, at start only
        await connection.execute("INSERT INTO schema_migrations (name) VALUES (%s)", [path.name])
    return True
