"""What a person decides about a dead letter, and how its conversation hears of it whatever dies meanwhile."""

from contextlib import suppress

from psycopg.rows import DictRow

from domain.failures import Unavailable
from providers.records.pool import Pool, fetch_one

RETRIED, DROPPED = "resend", "letter_dropped"
"""What a conversation is told of a letter: the names of its signals, and the kinds of such rows in the inbox."""
TELLS_WITHIN = 10.0
"""Seconds in which whoever took a letter tells its conversation; then the inbox does."""

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


async def take(pool: Pool, letter: int, *, again: bool) -> DictRow | None:
    """Take a letter off the pile: its part waits again, or is dropped. None: somebody else took it, or it never was.

    Its conversation is to be told by the caller, who then says so (`told`); else the inbox does it.
    """
    news = RETRIED if again else DROPPED
    state = "pending" if again else "dropped"
    values = {"id": letter, "state": state, "news": news, "opens": again, "patience": TELLS_WITHIN}
    return await fetch_one(pool, _RAISE, values)


async def told(pool: Pool, letter: DictRow, *, again: bool) -> None:
    """The conversation knows. Untold, or while PostgreSQL is away, it hears of it once more, which changes nothing."""
    news = RETRIED if again else DROPPED
    with suppress(Unavailable):
        await fetch_one(pool, _TOLD, {**letter, "news": news})


async def put_back(pool: Pool, letter: DictRow) -> None:
    """Undo `take` of a letter to be sent again, when the conversation could not be told."""
    state = "unknown" if letter["outcome_unknown"] else "dead"
    await fetch_one(pool, _BURY_AGAIN, {**letter, "state": state, "news": RETRIED})
