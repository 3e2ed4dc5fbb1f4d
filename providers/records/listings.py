"""What people look through: orders, transcripts, the outbox, dead letters. Reading only; newest first, paged by id."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from psycopg.rows import DictRow

from domain.conversation import Attention
from domain.failures import Unavailable
from providers.records.conservation import unaccounted
from providers.records.pool import Pool, fetch_all, fetch_one

LETTER_RETRIED, LETTER_DROPPED = "resend", "letter_dropped"
"""What a conversation is told of a letter: the names of its signals, and the kinds of such rows in the inbox."""
TELLS_WITHIN = 10.0
"""Seconds in which whoever took a letter tells its conversation; then the inbox does."""
_MIGRATIONS = Path(__file__).parent / "migrations"

# The expression is the index's of `0002_orders_contact.sql`, letter for letter.
_ORDERS = """
SELECT *, substring(conversation_id FROM '^conv:[^:]+:[^:]+:(.*)$') AS contact FROM orders
 WHERE (%(status)s::text IS NULL OR status = %(status)s) AND (%(before)s::bigint IS NULL OR id < %(before)s)
 ORDER BY id DESC LIMIT %(limit)s
"""

# Materialized: this customer's few orders first, by index. Else a plan made without the values may walk through
# everybody's from the newest back, for the LIMIT makes it hope to meet them soon.
_ORDERS_OF = """
WITH theirs AS MATERIALIZED (
    SELECT *, substring(conversation_id FROM '^conv:[^:]+:[^:]+:(.*)$') AS contact FROM orders
     WHERE substring(conversation_id FROM '^conv:[^:]+:[^:]+:(.*)$') = ANY(%(contacts)s)
        OR conversation_id = ANY(%(contacts)s)
)
SELECT * FROM theirs
 WHERE (%(status)s::text IS NULL OR status = %(status)s) AND (%(before)s::bigint IS NULL OR id < %(before)s)
 ORDER BY id DESC LIMIT %(limit)s
"""

_TRANSCRIPT = """
SELECT * FROM message_logs
 WHERE conversation_id = %(conversation_id)s AND (%(before)s::bigint IS NULL OR id < %(before)s)
 ORDER BY id DESC LIMIT %(limit)s
"""

_OUTBOX = """
SELECT * FROM outbox
 WHERE (%(state)s::text IS NULL AND state IN ('pending', 'sending') OR state = %(state)s)
   AND (%(conversation_id)s::text IS NULL OR conversation_id = %(conversation_id)s)
   AND (%(after)s::text IS NULL OR (created_at, key) > (%(after_at)s::timestamptz, %(after)s))
 ORDER BY created_at, key LIMIT %(limit)s
"""

_DEAD_LETTERS = """
SELECT dead_letters.*, outbox.part, outbox.attempts, outbox.contact, outbox.turn
  FROM dead_letters JOIN outbox ON outbox.key = dead_letters.outbox_key
 WHERE (%(before)s::bigint IS NULL OR dead_letters.id < %(before)s)
 ORDER BY dead_letters.id DESC LIMIT %(limit)s
"""

_ASKING = {
    Attention.PAYMENT: "SELECT id FROM conversations WHERE payments > 0 ORDER BY last_at DESC LIMIT 300",
    Attention.DEAD_LETTER: "SELECT id FROM conversations WHERE letters > 0 ORDER BY last_at DESC LIMIT 300",
}
"""Which of the books' own conversations ask for this."""

# Both halves of a decision about a dead letter in one statement: it can be taken only once.
_RAISE = """
WITH letter AS (DELETE FROM dead_letters WHERE id = %(id)s RETURNING *),
told AS (
    INSERT INTO inbox (conversation_id, platform, account, message_id, kind, message, opens, next_at)
    SELECT conversation_id, platform, account, %(news)s || '/' || id, %(news)s,
           jsonb_build_object('key', outbox_key), %(opens)s, clock_timestamp() + %(patience)s * interval '1 s'
      FROM letter ON CONFLICT DO NOTHING
)
UPDATE outbox SET state = %(state)s, attempts = 0, next_attempt_at = NULL, updated_at = clock_timestamp()
  FROM letter WHERE outbox.key = letter.outbox_key
RETURNING letter.*
"""

_TOLD = "DELETE FROM inbox WHERE conversation_id = %(conversation_id)s AND message_id = %(news)s || '/' || %(id)s"

_BURY_AGAIN = """
WITH part AS (UPDATE outbox SET state = %(state)s WHERE key = %(outbox_key)s AND state = 'pending'),
untold AS (DELETE FROM inbox WHERE conversation_id = %(conversation_id)s AND message_id = %(news)s || '/' || %(id)s)
INSERT INTO dead_letters (outbox_key, conversation_id, platform, account, reason, outcome_unknown, created_at)
VALUES (%(outbox_key)s, %(conversation_id)s, %(platform)s, %(account)s, %(reason)s, %(outcome_unknown)s, %(created_at)s)
ON CONFLICT (outbox_key) DO NOTHING
"""


async def orders(
    pool: Pool, contact: str | Sequence[str] | None, status: str | None, before: int | None, limit: int
) -> list[DictRow]:
    """Orders of everybody or of one contact (its id on the platform, or the whole conversation id; or several)."""
    contacts = [contact] if isinstance(contact, str) else list(contact or ())
    values = {"contacts": contacts, "status": status, "before": before, "limit": limit}
    return await fetch_all(pool, _ORDERS if contact is None else _ORDERS_OF, values)


async def asking_for(pool: Pool, attention: Attention) -> list[str]:
    """Conversations that ask for this as our books know it; none while the books are away."""
    query = _ASKING.get(attention)
    with suppress(Unavailable):
        return [str(row["id"]) for row in await fetch_all(pool, query)] if query else []
    return []


async def transcript(pool: Pool, conversation_id: str, before: int | None, limit: int) -> list[DictRow]:
    """What was said in one conversation."""
    return await fetch_all(pool, _TRANSCRIPT, {"conversation_id": conversation_id, "before": before, "limit": limit})


async def outbox(
    pool: Pool, state: str | None, conversation_id: str | None, after: tuple[datetime, str] | None, limit: int
) -> list[DictRow]:
    """Parts, oldest first: those that wait, or those in one state. `after` is the last page's (created_at, key)."""
    at, key = after or (None, None)
    values = {"state": state, "conversation_id": conversation_id, "after_at": at, "after": key, "limit": limit}
    return await fetch_all(pool, _OUTBOX, values)


async def dead_letters(pool: Pool, before: int | None, limit: int) -> list[DictRow]:
    """Parts that a person must decide about."""
    return await fetch_all(pool, _DEAD_LETTERS, {"before": before, "limit": limit})


async def take_dead_letter(pool: Pool, letter: int, *, again: bool) -> DictRow | None:
    """Take a letter off the pile: its part waits again, or is dropped. None: somebody else took it, or it never was.

    Its conversation is to be told by the caller, who then says so (`letter_told`); else the inbox does it.
    """
    news = LETTER_RETRIED if again else LETTER_DROPPED
    state = "pending" if again else "dropped"
    values = {"id": letter, "state": state, "news": news, "opens": again, "patience": TELLS_WITHIN}
    return await fetch_one(pool, _RAISE, values)


async def letter_told(pool: Pool, letter: DictRow, *, again: bool) -> None:
    """The conversation knows. Untold, or while PostgreSQL is away, it hears of it once more, which changes nothing."""
    news = LETTER_RETRIED if again else LETTER_DROPPED
    with suppress(Unavailable):
        await fetch_one(pool, _TOLD, {**letter, "news": news})


async def put_back(pool: Pool, letter: DictRow) -> None:
    """Undo `take_dead_letter` of a letter to be sent again, when the conversation could not be told."""
    state = "unknown" if letter["outcome_unknown"] else "dead"
    await fetch_one(pool, _BURY_AGAIN, {**letter, "state": state, "news": LETTER_RETRIED})


async def paused_accounts(pool: Pool) -> list[DictRow]:
    """Accounts whose credential the platform refused."""
    return await fetch_all(pool, "SELECT platform, account, reason FROM paused_accounts ORDER BY platform, account")


async def missing_migrations(pool: Pool) -> list[str]:
    """Names of migrations that this build brings and the database has not seen."""
    row = await fetch_one(pool, "SELECT to_regclass('schema_migrations') IS NOT NULL AS known")
    rows = await fetch_all(pool, "SELECT name FROM schema_migrations") if row and row["known"] else []
    return sorted({path.name for path in _MIGRATIONS.glob("*.sql")} - {found["name"] for found in rows})


async def counts(pool: Pool, unaccounted_after: float) -> dict[str, dict[tuple[str, ...], float]]:
    """How many parts wait, how many letters lie, and how many messages are without a fate for so many seconds."""
    waiting = await fetch_all(
        pool,
        "SELECT platform, account, count(*) AS n FROM outbox WHERE state IN ('pending', 'sending') GROUP BY 1, 2",
    )
    dead = await fetch_all(pool, "SELECT platform, account, count(*) AS n FROM dead_letters GROUP BY 1, 2")
    return {
        "outbox_pending": _by_account(waiting),
        "dead_letters": _by_account(dead),
        "unaccounted_messages": await unaccounted(pool, unaccounted_after),
    }


def _by_account(rows: list[Any]) -> dict[tuple[str, ...], float]:
    return {(row["platform"], row["account"]): row["n"] for row in rows}
