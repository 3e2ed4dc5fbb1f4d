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
