"""The inbox: what was heard while Temporal was away, until it is handed over."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from domain.identifiers import Address
from domain.model import Value
from providers.records.pool import Pool, borrowed, fetch_one

LONGEST_PAUSE_SECONDS = 300

_PUT = """
INSERT INTO inbox (conversation_id, platform, account, message_id, kind, message, opens)
VALUES (%(conversation_id)s, %(platform)s, %(account)s, %(id)s, %(kind)s, %(message)s, %(opens)s)
ON CONFLICT (conversation_id, message_id) DO NOTHING
"""

# Of every conversation its oldest row only: order is kept however many processes take.
_NEXT = """
SELECT * FROM inbox AS oldest
 WHERE next_at <= clock_timestamp()
   AND NOT EXISTS (SELECT 1 FROM inbox WHERE inbox.conversation_id = oldest.conversation_id AND inbox.id < oldest.id)
 ORDER BY id LIMIT %(most)s FOR UPDATE SKIP LOCKED
"""

# A process that stands still in the middle lets go, and another one goes on.
_NEVER_FOR_LONG = "SET LOCAL idle_in_transaction_session_timeout = '15s'"

_LATER = """
UPDATE inbox SET attempts = attempts + 1, last_error = %(error)s,
       next_at = clock_timestamp() + least(2 ^ least(attempts, 10), %(longest)s) * interval '1 s'
 WHERE id = %(id)s
"""


class Kept(Value):
    """One thing heard, waiting for its conversation."""

    id: int
    conversation_id: str
    kind: str
    message: Mapping[str, Any]
    opens: bool

    @property
    def address(self) -> Address:
        """Whose conversation it belongs to."""
        return Address.of_conversation(self.conversation_id)


class Taken:
    """Rows this process holds: nobody else hands them over meanwhile."""

    def __init__(self, rows: list[DictRow]) -> None:
        self.rows = [Kept.model_validate(row) for row in rows]
        self.done: list[int] = []
        self.failed: dict[int, str] = {}


class Inbox:
    """Reads and writes the inbox. Every method may raise `Unavailable`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def put(self, address: Address, kind: str, id: str, message: Mapping[str, Any], *, opens: bool) -> None:
        """Keep something heard; the same thing twice is kept once."""
        values = {
            "conversation_id": address.conversation_id,
            "platform": address.platform,
            "account": address.account,
            "id": f"{kind}/{id}",
            "kind": kind,
            "message": Jsonb(message),
            "opens": opens,
        }
        await fetch_one(self._pool, _PUT, values)

    async def waiting(self) -> int:
        """How much waits, counted up to a thousand."""
        row = await fetch_one(self._pool, "SELECT count(*) AS n FROM (SELECT 1 FROM inbox LIMIT 1000) AS counted")
        return int(row["n"]) if row else 0

    async def due(self) -> int:
        """How much of it can be handed over now, counted up to a thousand; what was refused waits for its time."""
        row = await fetch_one(
            self._pool,
            """SELECT count(*) AS n
                 FROM (SELECT 1 FROM inbox WHERE next_at <= clock_timestamp() LIMIT 1000) AS counted""",
        )
        return int(row["n"]) if row else 0

    @asynccontextmanager
    async def take(self, most: int) -> AsyncIterator[Taken]:
        """Hold the oldest row of up to `most` conversations; at the end those marked done are gone."""
        async with borrowed(self._pool) as connection, connection.transaction():
            await connection.execute(_NEVER_FOR_LONG)
            taken = Taken(await (await connection.execute(_NEXT, {"most": most})).fetchall())
            yield taken
            if taken.done:
                await connection.execute("DELETE FROM inbox WHERE id = ANY(%(ids)s)", {"ids": taken.done})
            for id, error in taken.failed.items():
                values = {"id": id, "error": error[:300], "longest": LONGEST_PAUSE_SECONDS}
                await connection.execute(_LATER, values)
