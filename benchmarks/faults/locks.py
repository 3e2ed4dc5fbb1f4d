"""Gates inside PostgreSQL: triggers of ours that wait for a lock we hold, in the database of the faults run alone."""

import contextlib
from typing import Any

import psycopg

from benchmarks.faults.plan import Step

STEPS = {
    Step.DECIDING: ("BEFORE INSERT ON message_logs", "WHEN (NEW.direction = 'in')"),
    Step.PAYING: ("BEFORE INSERT ON credits", "WHEN (NEW.movement = 'commit')"),
    Step.ORDERING: ("BEFORE INSERT ON orders", ""),
    Step.ORDERED: ("AFTER INSERT ON orders", ""),
    Step.CLAIMING: ("BEFORE INSERT ON outbox", "WHEN (NEW.key !~ '/interim$')"),
    Step.NOTING: ("BEFORE UPDATE ON outbox", "WHEN (NEW.state = 'sent' AND NEW.key !~ '/interim$')"),
    Step.CLOSING: ("BEFORE INSERT ON dialog_outcomes", ""),
}
_SET_UP = """
CREATE SCHEMA IF NOT EXISTS faults;
CREATE TABLE IF NOT EXISTS faults.gates (
    step text, conversation_id text, key integer NOT NULL, PRIMARY KEY (conversation_id, step));
CREATE OR REPLACE FUNCTION faults.hold() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    whose text := CASE TG_TABLE_NAME WHEN 'credits' THEN split_part(to_jsonb(NEW) ->> 'turn_key', '/', 1)
                                     ELSE to_jsonb(NEW) ->> 'conversation_id' END;
    held integer;
BEGIN
    SELECT key INTO held FROM faults.gates WHERE conversation_id = whose AND step = TG_ARGV[0];
    IF held IS NOT NULL THEN PERFORM pg_advisory_xact_lock_shared(held); END IF;
    RETURN NEW;
END $$;
"""
_TRIGGER = "CREATE OR REPLACE TRIGGER faults_{step} {when} FOR EACH ROW {only} EXECUTE FUNCTION faults.hold('{step}')"
_REACHED = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND classid = 0 AND objid = %s LIMIT 1"


class Locks:
    """Closes and opens them. A server that dies opens all of its gates."""

    def __init__(self, database_url: str, lane: int = 0) -> None:
        self._url = database_url
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._key = 10_000_000 * (lane + 1)
        self._held: dict[tuple[Step, str], int] = {}

    async def set_up(self) -> None:
        """Put our triggers in."""
        connection = await self._connected()
        await connection.execute(_SET_UP)
        for step, (when, only) in STEPS.items():
            await connection.execute(_TRIGGER.format(step=step.value, when=when, only=only).encode())

    async def close(self, step: Step, conversation: str) -> None:
        """Hold this conversation's next row of this kind."""
        connection = await self._connected()
        self._key += 1
        self._held[step, conversation] = self._key
        await connection.execute("SELECT pg_advisory_lock(%s)", [self._key])
        await connection.execute(
            """INSERT INTO faults.gates VALUES (%s, %s, %s)
               ON CONFLICT (conversation_id, step) DO UPDATE SET key = excluded.key""",
            [step.value, conversation, self._key],
        )

    async def is_reached(self, step: Step, conversation: str) -> bool:
        """Whether a statement waits for the gate."""
        connection = await self._connected()
        found = await connection.execute(_REACHED, [self._held[step, conversation]])
        return await found.fetchone() is not None

    async def open(self, step: Step, conversation: str) -> None:
        """Let it go on."""
        key = self._held.pop((step, conversation), None)
        if key is None:
            return
        with contextlib.suppress(psycopg.Error):  # the server has just died, and the lock with it
            connection = await self._connected()
            await connection.execute("DELETE FROM faults.gates WHERE key = %s", [key])
            await connection.execute("SELECT pg_advisory_unlock(%s)", [key])

    async def forget_all(self) -> None:
        """No gate is closed from now on."""
        connection = await self._connected()
        await connection.execute("DELETE FROM faults.gates")
        await connection.execute("SELECT pg_advisory_unlock_all()")

    async def _connected(self) -> psycopg.AsyncConnection[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = await psycopg.AsyncConnection.connect(
                self._url, autocommit=True, connect_timeout=3, application_name="faults"
            )
        return self._connection

    async def hang_up(self) -> None:
        """Let go of the server."""
        if self._connection is not None:
            await self._connection.close()
            self._connection = None
