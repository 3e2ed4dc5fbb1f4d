"""The inbox: what was heard while Temporal was away or slow, until it is handed over."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import groupby
from typing import Any, Final, LiteralString, NamedTuple

from psycopg.rows import DictRow

from domain.identifiers import Address
from domain.model import Value
from providers.records.pool import UNSYNCED, Pool, borrowed, fetch_all, fetch_one

LONGEST_PAUSE_SECONDS = 300
MOST_ATTEMPTS = 10
"""Refusals after which a row waits for a person: about a quarter of an hour. Temporal's absence is none."""

_PUT = """
INSERT INTO inbox (conversation_id, platform, account, message_id, kind, message, opens)
VALUES (%(conversation_id)s, %(platform)s, %(account)s, %(id)s, %(kind)s, %(message)s::jsonb, %(opens)s)
ON CONFLICT (conversation_id, message_id) DO NOTHING
RETURNING NOT EXISTS (
    SELECT 1 FROM inbox AS before WHERE before.conversation_id = %(conversation_id)s AND before.kind = 'message'
) AS is_first
"""

# Somebody is telling its conversation at this moment, and lets go of it when that is done (`let_go`). Should they die,
# it is due a moment later, like anything else.
_HOLD = """
INSERT INTO inbox (conversation_id, platform, account, message_id, kind, message, opens, next_at)
SELECT given.*, clock_timestamp() + %(seconds)s * interval '1 s'
  FROM unnest(%(conversations)s::text[], %(platforms)s::text[], %(accounts)s::text[], %(ids)s::text[],
              %(kinds)s::text[], %(messages)s::jsonb[], %(opens)s::boolean[]) AS given
ON CONFLICT (conversation_id, message_id) DO NOTHING
"""
# A row that somebody is handing over at this moment is theirs. What was told and comes back is told twice, and dropped.
_LET_GO: Final[LiteralString] = f"""
WITH ended AS (
    SELECT inbox.id, given.told FROM inbox JOIN unnest(%(conversations)s::text[], %(ids)s::text[], %(told)s::boolean[])
           AS given (conversation_id, message_id, told) USING (conversation_id, message_id), {UNSYNCED}
       FOR UPDATE OF inbox SKIP LOCKED
), told AS (DELETE FROM inbox USING ended WHERE ended.told AND inbox.id = ended.id)
UPDATE inbox SET next_at = clock_timestamp() FROM ended
 WHERE NOT ended.told AND inbox.id = ended.id AND attempts = 0 AND next_at > clock_timestamp()
"""  # noqa: S608 — our own words
BEING_TOLD: Final = "(attempts = 0 AND next_at > clock_timestamp())"
"""Of a row: its conversation is being told of it at this moment (a letter's as well), so it does not wait."""

# Conversations with something due, those that have waited longest first. What waits for a person holds nobody up; what
# waits for its next attempt, or is being told, holds up its own conversation alone, so that order is kept. However many
# processes take, each conversation is one's: the lock ends with the transaction. No more are locked than are wanted.
_DUE = """
WITH blocked AS (
    SELECT DISTINCT conversation_id FROM inbox WHERE refused_at IS NULL AND next_at > clock_timestamp()
), oldest AS MATERIALIZED (
    SELECT conversation_id, min(id) AS id FROM inbox
     WHERE refused_at IS NULL AND next_at <= clock_timestamp()
       AND conversation_id NOT IN (SELECT conversation_id FROM blocked)
     GROUP BY conversation_id ORDER BY min(id) LIMIT %(tried)s
)
SELECT conversation_id FROM oldest WHERE pg_try_advisory_xact_lock(%(class)s, hashtext(conversation_id)) LIMIT %(most)s
"""
_WAITING = """
SELECT * FROM inbox WHERE conversation_id = ANY(%(conversations)s) AND refused_at IS NULL
   AND next_at <= clock_timestamp() ORDER BY id LIMIT %(rows)s FOR UPDATE
"""
LOCK_CLASS = 0x1B0  # of advisory locks; any number that nobody else here uses
TRIED = 4
"""Conversations looked at for each that is wanted: other processes hold some."""
ROWS = 500
"""Handed over in one go at most."""

# A process that stands still in the middle lets go, and another one goes on.
_NEVER_FOR_LONG = "SET LOCAL idle_in_transaction_session_timeout = '15s'"

_LATER = """
UPDATE inbox SET attempts = attempts + 1, last_error = %(error)s,
       next_at = clock_timestamp() + least(2 ^ least(attempts, 10), %(longest)s) * interval '1 s',
       refused_at = CASE WHEN %(for_good)s OR attempts + 1 >= %(most)s THEN clock_timestamp() END
 WHERE id = %(id)s
"""

_REFUSED = """
SELECT id, conversation_id, platform, account, kind, message_id, message, last_error AS reason, attempts, accepted_at,
       refused_at
  FROM inbox WHERE refused_at IS NOT NULL AND (%(before)s::bigint IS NULL OR id < %(before)s)
 ORDER BY id DESC LIMIT %(limit)s
"""

_AGAIN = """
UPDATE inbox SET refused_at = NULL, attempts = 0, next_at = clock_timestamp()
 WHERE id = %(id)s AND refused_at IS NOT NULL RETURNING conversation_id
"""

# It is owed no fate any more.
_DROP = """
WITH gone AS (
    DELETE FROM inbox WHERE id = %(id)s AND refused_at IS NOT NULL RETURNING conversation_id, message_id
), closed AS (
    DELETE FROM accepted USING gone
     WHERE accepted.conversation_id = gone.conversation_id AND 'message/' || accepted.message_id = gone.message_id
)
SELECT conversation_id FROM gone
"""


class Held(NamedTuple):
    """Something heard, as it goes into the inbox."""

    address: Address
    kind: str
    id: str
    message: str
    """As JSON."""
    opens: bool

    @property
    def key(self) -> tuple[str, str]:
        """What it is found by: its conversation's id and its own."""
        return self.address.conversation_id, f"{self.kind}/{self.id}"


class Kept(Value):
    """One thing heard, waiting for its conversation."""

    id: int
    conversation_id: str
    kind: str
    message: Any
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
        self.unreadable: dict[int, str] = {}
        """Rows that no further attempt would help."""

    def by_conversation(self) -> list[list[Kept]]:
        """Each conversation's rows in the order they came."""
        ordered = sorted(self.rows, key=lambda kept: (kept.conversation_id, kept.id))
        return [list(group) for _, group in groupby(ordered, lambda kept: kept.conversation_id)]


class Inbox:
    """Reads and writes the inbox. Every method may raise `Unavailable`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def put(self, held: Held) -> bool:
        """Keep something heard; the same thing twice is kept once. Whether no message of the conversation waited."""
        conversation, id = held.key
        values = {
            "conversation_id": conversation,
            "platform": held.address.platform,
            "account": held.address.account,
            "id": id,
            "kind": held.kind,
            "message": held.message,
            "opens": held.opens,
        }
        row = await fetch_one(self._pool, _PUT, values)
        return bool(row and row["is_first"])

    async def hold(self, held: Sequence[Held], seconds: float) -> None:
        """Keep what is being told; whoever tells it says within so many seconds how that ended (`let_go`)."""
        values = {
            "conversations": [one.address.conversation_id for one in held],
            "platforms": [one.address.platform for one in held],
            "accounts": [one.address.account for one in held],
            "ids": [one.key[1] for one in held],
            "kinds": [one.kind for one in held],
            "messages": [one.message for one in held],
            "opens": [one.opens for one in held],
            "seconds": seconds,
        }
        await fetch_one(self._pool, _HOLD, values)

    async def let_go(self, ended: Mapping[tuple[str, str], bool]) -> None:
        """By key, whether its conversation was told: then it is gone, else it is due."""
        values = {
            "conversations": [conversation for conversation, _ in ended],
            "ids": [id for _, id in ended],
            "told": list(ended.values()),
        }
        await fetch_one(self._pool, _LET_GO, values)

    async def waiting(self) -> int:
        """How much waits, counted up to a thousand."""
        return await self._count(f"refused_at IS NULL AND NOT {BEING_TOLD}")

    async def refused(self) -> int:
        """How much waits for a person, counted up to a thousand."""
        return await self._count("refused_at IS NOT NULL")

    async def _count(self, which: LiteralString) -> int:
        query = f"SELECT count(*) AS n FROM (SELECT 1 FROM inbox WHERE {which} LIMIT 1000) AS counted"  # noqa: S608
        row = await fetch_one(self._pool, query)
        return int(row["n"]) if row else 0

    async def letters(self, before: int | None, limit: int) -> list[DictRow]:
        """What waits for a person, newest first, paged by id."""
        return await fetch_all(self._pool, _REFUSED, {"before": before, "limit": limit})

    async def try_again(self, id: int) -> str | None:
        """Hand it over once more, from the beginning; whose it is. None: it does not wait for a person."""
        row = await fetch_one(self._pool, _AGAIN, {"id": id})
        return row["conversation_id"] if row else None

    async def drop(self, id: int) -> str | None:
        """Give it up; whose it was. None: it does not wait for a person."""
        row = await fetch_one(self._pool, _DROP, {"id": id})
        return row["conversation_id"] if row else None

    async def due(self) -> int:
        """How much of it can be handed over now, counted up to a thousand; what was refused waits for its time."""
        return await self._count("refused_at IS NULL AND next_at <= clock_timestamp()")

    @asynccontextmanager
    async def take(self, most: int, rows: int = ROWS) -> AsyncIterator[Taken]:
        """Hold what waits in up to `most` conversations, oldest first; at the end what was marked done is gone."""
        async with borrowed(self._pool) as connection, connection.transaction():
            await connection.execute(_NEVER_FOR_LONG)
            looked = {"most": most, "tried": most * TRIED, "class": LOCK_CLASS}
            due = await (await connection.execute(_DUE, looked)).fetchall()
            wanted: dict[str, Any] = {"conversations": [row["conversation_id"] for row in due], "rows": rows}
            taken = Taken(await (await connection.execute(_WAITING, wanted)).fetchall() if due else [])
            yield taken
            if taken.done:
                await connection.execute("DELETE FROM inbox WHERE id = ANY(%(ids)s)", {"ids": taken.done})
            for id, error in (taken.failed | taken.unreadable).items():
                pause = {"longest": LONGEST_PAUSE_SECONDS, "most": MOST_ATTEMPTS}
                values = {"id": id, "error": error[:300], "for_good": id in taken.unreadable, **pause}
                await connection.execute(_LATER, values)
