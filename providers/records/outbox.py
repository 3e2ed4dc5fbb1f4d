"""The outbox table: one row a part, written down before and after each send."""

import asyncio
import time
from contextlib import suppress
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from domain.failures import Unavailable
from domain.identifiers import Address
from domain.messages import Part
from domain.model import Value
from providers.records.pool import Pool, fetch_all, fetch_one, stubbornly

_CLAIM = """
INSERT INTO outbox (key, conversation_id, platform, account, contact, route, part, turn,
                    state, attempts, attempt_by, attempt_at)
VALUES (%(key)s, %(conversation_id)s, %(platform)s, %(account)s, %(contact)s, %(route)s, %(part)s, %(turn)s,
        'sending', 1, %(worker)s, clock_timestamp())
ON CONFLICT (key) DO UPDATE
   SET state = 'sending', attempts = outbox.attempts + 1, attempt_by = %(worker)s, attempt_at = clock_timestamp(),
       updated_at = clock_timestamp()
 WHERE outbox.state = 'pending'
RETURNING *
"""

# Not an older attempt of this worker's, which may be under way.
_TAKEN_BACK = """
UPDATE outbox SET state = 'pending', attempts = attempts - 1, updated_at = clock_timestamp()
 WHERE key = %(key)s AND state = 'sending' AND attempt_by = %(worker)s
   AND attempt_at > clock_timestamp() - %(age)s * interval '1 s'
"""
A_CLOCKS_STEP = 0.1
"""Seconds that two clocks may differ by over so short a time."""

_PARKED = """
INSERT INTO outbox (key, conversation_id, platform, account, contact, route, part, turn, state, last_error)
VALUES (%(key)s, %(conversation_id)s, %(platform)s, %(account)s, %(contact)s, %(route)s, %(part)s, %(turn)s,
        'pending', %(reason)s)
ON CONFLICT (key) DO UPDATE SET last_error = %(reason)s, updated_at = clock_timestamp() WHERE outbox.state = 'pending'
"""

_SENT = """
WITH part AS (
    UPDATE outbox SET state = 'sent', message_id = %(message_id)s, last_error = '', updated_at = clock_timestamp(),
           attempt_by = %(worker)s
     WHERE key = %(key)s RETURNING *
), letter AS (DELETE FROM dead_letters USING part WHERE outbox_key = part.key)
INSERT INTO message_logs (conversation_id, client_id, message_id, direction, text, turn, dialog_state)
SELECT conversation_id, contact, key, 'out', part ->> 'text', turn, coalesce((
           SELECT heard.dialog_state FROM message_logs AS heard
            WHERE heard.conversation_id = part.conversation_id AND heard.direction = 'in' AND heard.turn = part.turn
              AND heard.dialog_state <> 'operator'
            ORDER BY heard.id DESC LIMIT 1), '') FROM part
ON CONFLICT (conversation_id, direction, message_id) DO UPDATE SET success = true, error_reason = ''
RETURNING (SELECT error FROM receipts JOIN part USING (platform, account)
            WHERE receipts.message_id = %(message_id)s AND receipts.state = 'failed' AND %(message_id)s <> '') AS failed
"""

# What somebody else found sent is sent, whatever an attempt that woke up late met.
_BURIED = """
WITH part AS (
    UPDATE outbox SET state = %(state)s, last_error = %(reason)s, updated_at = clock_timestamp()
     WHERE key = %(key)s AND (state <> 'sent' OR attempt_by = %(worker)s) RETURNING *
), logged AS (
    INSERT INTO message_logs (conversation_id, client_id, message_id, direction, text, turn, success, error_reason)
    SELECT conversation_id, contact, key, 'out', part ->> 'text', turn, false, %(reason)s FROM part
    ON CONFLICT (conversation_id, direction, message_id) DO UPDATE SET error_reason = excluded.error_reason
)
INSERT INTO dead_letters (outbox_key, conversation_id, platform, account, reason, outcome_unknown)
SELECT key, conversation_id, platform, account, %(reason)s, %(unknown)s FROM part WHERE %(lettered)s
ON CONFLICT (outbox_key) DO UPDATE SET reason = excluded.reason, outcome_unknown = excluded.outcome_unknown
"""


class OutboxRow(Value):
    """One part as it stands in the table."""

    key: str
    route: str
    part: Part
    state: str
    attempts: int
    attempt_by: str
    attempt_at: datetime | None
    message_id: str
    last_error: str


class Outbox:
    """Reads and writes the outbox table. Every method may raise `Unavailable`."""

    def __init__(self, pool: Pool, worker: str) -> None:
        self._pool = pool
        self._worker = worker
        self._taking_back: dict[str, asyncio.Task[None]] = {}
        """Claims whose answer was lost, by key."""

    async def claim(self, key: str, to: Address, route: str, part: Part, turn: int) -> OutboxRow | None:
        """Begin an attempt; None when the part is not ours to send now (see `find`).

        Where PostgreSQL's answer is lost, the claim may stand all the same. Nothing has left for it, and so that nobody
        need wonder whether it has, it is taken back as soon as PostgreSQL answers again.
        """
        if key in self._taking_back:
            await asyncio.wait({self._taking_back[key]})
        asked = time.monotonic()
        try:
            return _row(await fetch_one(self._pool, _CLAIM, self._claim_values(key, to, route, part, turn)))
        except Unavailable:
            task = asyncio.create_task(self._take_back_in_the_end(key, asked))
            self._taking_back[key] = task
            task.add_done_callback(lambda _: self._taking_back.pop(key, None))
            raise

    async def _take_back_in_the_end(self, key: str, asked: float) -> None:
        with suppress(Unavailable):  # away for longer: its outcome counts as unknown
            await stubbornly(lambda: self.take_back(key, time.monotonic() - asked))

    async def take_back(self, key: str, age: float) -> None:
        """Nothing has left for a claim of ours that is so many seconds old: anybody may claim it anew."""
        await fetch_one(self._pool, _TAKEN_BACK, {"key": key, "worker": self._worker, "age": age + A_CLOCKS_STEP})

    def _claim_values(self, key: str, to: Address, route: str, part: Part, turn: int) -> dict[str, Any]:
        return {
            "key": key,
            "conversation_id": to.conversation_id,
            "platform": to.platform,
            "account": to.account,
            "contact": to.contact,
            "route": route,
            "part": Jsonb(part.model_dump(mode="json")),
            "turn": turn,
            "worker": self._worker,
        }

    async def find(self, key: str) -> OutboxRow | None:
        """The part as it stands."""
        return _row(await fetch_one(self._pool, "SELECT * FROM outbox WHERE key = %(key)s", {"key": key}))

    async def twins(self, key: str, part: Part, since: datetime) -> tuple[str, ...]:
        """Other parts of the same words for the same customer, begun since and maybe shown: their ids, where told."""
        rows = await fetch_all(
            self._pool,
            """SELECT other.message_id FROM outbox JOIN outbox AS other USING (conversation_id)
                WHERE outbox.key = %(key)s AND other.key <> outbox.key AND other.part ->> 'text' = %(text)s
                  AND other.state IN ('sending', 'sent', 'unknown') AND other.attempt_at >= %(since)s""",
            {"key": key, "text": part.text, "since": since},
        )
        return tuple(row["message_id"] for row in rows)

    async def mark_sent(self, key: str, message_id: str) -> str:
        """The platform took it; returns why it failed after all, where the platform has said so already."""
        row = await fetch_one(self._pool, _SENT, {"key": key, "message_id": message_id, "worker": self._worker})
        return str(row["failed"] or "") if row else ""

    async def last_heard(self, to: Address) -> datetime | None:
        """When this customer last wrote: the session window is counted from it."""
        row = await fetch_one(
            self._pool,
            """SELECT max(at) AS at FROM (
                   SELECT "timestamp" AS at FROM message_logs WHERE conversation_id = %(conversation_id)s
                      AND direction = 'in' ORDER BY id DESC LIMIT 50) AS latest""",
            {"conversation_id": to.conversation_id},
        )
        return row["at"] if row else None

    async def mark_waiting(self, key: str, reason: str, delay: float, *, counted: bool) -> None:
        """It did not go out and will be tried again in `delay` seconds; an attempt that never left is not counted.

        What is settled stays settled, whoever thinks otherwise.
        """
        await fetch_one(
            self._pool,
            """UPDATE outbox SET state = 'pending', last_error = %(reason)s,
                      attempts = attempts - %(uncounted)s,
                      next_attempt_at = clock_timestamp() + %(delay)s * interval '1 s',
                      updated_at = clock_timestamp()
                WHERE key = %(key)s AND state IN ('sending', 'pending')""",
            {"key": key, "reason": reason, "delay": delay, "uncounted": 0 if counted else 1},
        )

    async def park(self, key: str, to: Address, route: str, part: Part, turn: int, reason: str) -> None:
        """Write down a part that nobody tries to send yet."""
        values = self._claim_values(key, to, route, part, turn) | {"reason": reason}
        await fetch_one(self._pool, _PARKED, values)

    async def withdraw(self, key: str, reason: str) -> None:
        """A part that waits gets no further attempt; what is under way or settled stays as it is."""
        await fetch_one(
            self._pool,
            """UPDATE outbox SET state = 'dropped', last_error = %(reason)s, updated_at = clock_timestamp()
                WHERE key = %(key)s AND state = 'pending'""",
            {"key": key, "reason": reason},
        )

    async def bury(self, key: str, reason: str, *, unknown: bool = False, lettered: bool = True) -> None:
        """It will not be tried again by itself; `lettered`: a person should see it."""
        state = "unknown" if unknown else "dead"
        values = {
            "key": key, "reason": reason, "state": state, "unknown": unknown, "lettered": lettered,
            "worker": self._worker,
        }  # fmt: skip
        await fetch_one(self._pool, _BURIED, values)


def _row(row: DictRow | None) -> OutboxRow | None:
    return OutboxRow.model_validate(row) if row else None
