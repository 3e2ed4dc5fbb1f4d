"""What platforms tell about parts we sent: how far each came, and which messages in their own app were ours."""

from datetime import UTC, datetime

from domain.messages import Echo, ReceiptSeen, ReceiptState
from domain.model import Value
from providers.records.pool import Pool, fetch_one

RANKS = {ReceiptState.SENT: 1, ReceiptState.DELIVERED: 2, ReceiptState.READ: 3, ReceiptState.FAILED: 9}

# Forwards only: platforms promise no order. What was delivered did not fail, and what failed stays failed.
_NOTE = """
INSERT INTO receipts (platform, account, message_id, state, rank, error, at)
VALUES (%(platform)s, %(account)s, %(message_id)s, %(state)s, %(rank)s, %(error)s, %(at)s)
ON CONFLICT (platform, account, message_id) DO UPDATE
   SET state = excluded.state, rank = excluded.rank, error = excluded.error, at = excluded.at
 WHERE excluded.rank > receipts.rank AND NOT (excluded.state = 'failed' AND receipts.state IN ('delivered', 'read'))
RETURNING 1 AS moved
"""

_FAILED = """
WITH part AS (
    UPDATE outbox SET state = 'dead', last_error = %(error)s, updated_at = clock_timestamp()
     WHERE platform = %(platform)s AND account = %(account)s AND message_id = %(message_id)s AND state = 'sent'
       AND EXISTS (SELECT 1 FROM receipts WHERE receipts.platform = %(platform)s AND receipts.account = %(account)s
                      AND receipts.message_id = %(message_id)s AND receipts.state = 'failed')
    RETURNING *
), logged AS (
    UPDATE message_logs SET success = false, error_reason = %(error)s FROM part
     WHERE message_logs.conversation_id = part.conversation_id AND message_logs.direction = 'out'
       AND message_logs.message_id = part.key
)
INSERT INTO dead_letters (outbox_key, conversation_id, platform, account, reason)
SELECT key, conversation_id, platform, account, %(error)s FROM part
ON CONFLICT (outbox_key) DO UPDATE SET reason = excluded.reason
RETURNING outbox_key
"""

# Told before, and its letter still lies there: whoever should have heard of it may not have.
_LETTER = """
SELECT outbox_key FROM dead_letters JOIN outbox ON outbox.key = dead_letters.outbox_key
 WHERE outbox.platform = %(platform)s AND outbox.account = %(account)s AND outbox.message_id = %(message_id)s
   AND outbox.message_id <> '' AND outbox.state = 'dead'
"""

# A part whose id we do not have is found by its words: it is under way, its answer never came or held no id, or said
# that it had failed when it had not. Not if a person is said to have written them, unless it is under way right now:
# they may have said what did not seem to arrive.
_OURS = r"""
SELECT key, state, message_id FROM outbox
 WHERE (platform = %(platform)s AND account = %(account)s AND message_id = %(message_id)s AND message_id <> '')
    OR (conversation_id = %(conversation_id)s
        AND regexp_replace(part ->> 'text', '\s+', ' ', 'g') = regexp_replace(%(text)s, '\s+', ' ', 'g')
        AND updated_at > clock_timestamp() - interval '1 day'
        AND (state = 'sending' OR NOT %(by_a_person)s AND (
             state = 'unknown' OR state = 'pending' AND attempts > 0
             OR updated_at > clock_timestamp() - interval '5 min' AND (
                state = 'sent' AND message_id = '' OR state = 'dead' AND key LIKE '%%/interim'))))
 ORDER BY message_id = %(message_id)s DESC, created_at LIMIT 1
"""

# What waits for its next attempt needs none any more.
_FOUND = """
WITH letter AS (DELETE FROM dead_letters WHERE outbox_key = %(key)s),
part AS (
    UPDATE outbox SET state = 'sent', message_id = %(message_id)s, last_error = '', updated_at = clock_timestamp(),
           attempt_by = ''
     WHERE key = %(key)s AND (state IN ('unknown', 'pending') OR state = 'sent' AND message_id = '') RETURNING *
), logged AS (
    INSERT INTO message_logs (conversation_id, client_id, message_id, direction, text, turn)
    SELECT conversation_id, contact, key, 'out', part ->> 'text', turn FROM part
    ON CONFLICT (conversation_id, direction, message_id) DO UPDATE SET success = true, error_reason = ''
)
SELECT key FROM part
"""


# The vendor's answer never came, but its receipt names the part by what we had sent along.
_TAGGED = """
WITH part AS (
    UPDATE outbox SET message_id = %(message_id)s, state = 'sent', last_error = '', updated_at = clock_timestamp(),
           attempt_by = ''
     WHERE platform = %(platform)s AND account = %(account)s AND state = 'unknown'
       AND encode(sha256(convert_to(key, 'UTF8')), 'hex') = %(tag)s
    RETURNING key
), letter AS (DELETE FROM dead_letters USING part WHERE outbox_key = part.key)
SELECT key FROM part
"""


class Noted(Value):
    """What a receipt changed about our parts: outbox keys."""

    failed: str = ""
    """A part that turned out not to have arrived."""
    found: str = ""
    """A part whose outcome was unknown until now: the platform has it."""


class Receipts:
    """Reads and writes `receipts`. Every method may raise `Unavailable`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def note(self, seen: ReceiptSeen) -> Noted:
        """Write down how far a part came; says what that changes."""
        values = {
            "platform": seen.address.platform,
            "account": seen.address.account,
            "message_id": seen.message_id,
            "state": seen.state,
            "rank": RANKS[seen.state],
            "error": seen.error[:500],
            "at": seen.at or datetime.now(UTC),
            "tag": seen.tag,
        }
        await fetch_one(self._pool, _NOTE, values)
        found = await fetch_one(self._pool, _TAGGED, values) if seen.tag else None
        if seen.state is not ReceiptState.FAILED:
            return Noted(found=found["key"] if found else "")
        # Whether or not it was noted just now: the delivery before this one may have come to no end.
        row = await fetch_one(self._pool, _FAILED, values) or await fetch_one(self._pool, _LETTER, values)
        return Noted(failed=row["outbox_key"] if row else "")

    async def recognise(self, echo: Echo) -> tuple[bool, str]:
        """Whether an echo shows a part of ours; and the key of one whose outcome was unknown until now."""
        values = {
            "platform": echo.address.platform,
            "account": echo.address.account,
            "conversation_id": echo.address.conversation_id,
            "message_id": echo.message_id,
            "text": echo.text,
            "by_a_person": echo.by_operator is True,
        }
        row = await fetch_one(self._pool, _OURS, values)
        if row is None:
            return False, ""
        if row["state"] in ("sending", "dead") or row["message_id"] == echo.message_id:
            return True, ""
        found = await fetch_one(self._pool, _FOUND, {"key": row["key"], "message_id": echo.message_id})
        return True, str(found["key"]) if found else ""
