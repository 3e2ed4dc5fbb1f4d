"""What the console looks at: the list of conversations, its counts, its search, and transcripts with their parts."""

import re
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from psycopg.rows import DictRow

from domain.model import Value
from providers.records.pool import Pool, borrowed, fetch_all, fetch_one

MOST_COUNTED = 10_000
"""Beyond it a count is "10 000+": nobody reads it, and counting takes time."""
MOST_WORDS = 8
SYNC_LOCK = 0x43_4F_4E_53
"""One process at a time brings Temporal's list here ("CONS")."""


class Tab(StrEnum):
    """The ways to look at the list."""

    PAYMENT = "payment"
    HANDOFF = "handoff"
    DEAD_LETTER = "dead_letter"
    FAILED = "failed"
    MINE = "mine"
    OPEN = "open"


_WHERE = {
    Tab.PAYMENT: "payments > 0",
    Tab.HANDOFF: "attention = 'handoff' AND status = 'open'",
    Tab.DEAD_LETTER: "letters > 0",
    Tab.FAILED: "status = 'failed'",
    Tab.MINE: "held_by <> '' AND lower(held_by) = lower(%(operator)s) AND status = 'open'",
    Tab.OPEN: "status = 'open'",
}
_ROWS = """
SELECT *, coalesce(waiting_since, last_at) AS since FROM conversations WHERE {where}
   AND (%(at)s::timestamptz IS NULL OR ({order}, id) {after} (%(at)s, %(id)s))
 ORDER BY {order} {way}, id {way} LIMIT %(limit)s
"""
_COUNT = "(SELECT count(*) FROM (SELECT 1 FROM conversations WHERE {where} LIMIT %(most)s) AS few) AS {tab}"
_COUNTS = "SELECT " + ", ".join(_COUNT.format(where=where, tab=tab.value) for tab, where in _WHERE.items())
# Each kind of match by its own index; the texts of everybody are the longest, and the hits looked at are bounded.
_SEARCH = """
WITH wanted AS (SELECT to_tsquery('simple', %(query)s) AS query),
spoken AS MATERIALIZED (
    SELECT conversation_id FROM message_logs, wanted
     WHERE words_of(text) @@ wanted.query LIMIT 5000
), found AS (
    SELECT conversations.id FROM conversations, wanted WHERE search @@ wanted.query
    UNION SELECT id FROM conversations WHERE contact LIKE %(prefix)s OR contact = ANY(%(called)s)
    UNION SELECT conversation_id FROM orders WHERE id = %(number)s
    UNION SELECT conversation_id FROM spoken
)
SELECT conversations.*, last_at AS since FROM conversations JOIN found USING (id)
 WHERE %(at)s::timestamptz IS NULL OR (last_at, id) < (%(at)s, %(id)s)
 ORDER BY last_at DESC, id DESC LIMIT %(limit)s
"""
_LINES = """
SELECT said.*, outbox.state AS part_state, outbox.next_attempt_at, receipts.state AS receipt,
       coalesce(outbox.part ->> 'by_operator' = 'true', said.dialog_state = 'operator' AND said.direction = 'out')
           AS by_operator,
       coalesce(outbox.part ->> 'operator', '') AS operator,
       coalesce(outbox.part ->> 'image_url', '') AS image_url,
       decided.sources, decided.degraded, decided.unanswered
  FROM (SELECT * FROM message_logs
         WHERE conversation_id = %(conversation)s AND (%(before)s::bigint IS NULL OR id < %(before)s)
         ORDER BY id DESC LIMIT %(limit)s) AS said
  LEFT JOIN outbox ON said.direction = 'out' AND outbox.key = said.message_id
  LEFT JOIN receipts ON outbox.message_id <> '' AND receipts.platform = outbox.platform
                    AND receipts.account = outbox.account AND receipts.message_id = outbox.message_id
  LEFT JOIN LATERAL (
      SELECT sources, degraded, unanswered FROM decisions
       WHERE said.direction = 'out' AND said.turn > 0 AND decisions.conversation_id = said.conversation_id
         AND decisions.turn = said.turn AND decisions.at <= said."timestamp"
       ORDER BY decisions.at DESC LIMIT 1) AS decided ON true
 ORDER BY said.id
"""
_WAITING = """
SELECT key, part, state, last_error, attempts, next_attempt_at, created_at,
       coalesce(part ->> 'by_operator' = 'true', false) AS by_operator, coalesce(part ->> 'operator', '') AS operator
  FROM outbox WHERE conversation_id = %(conversation)s AND state IN ('pending', 'sending') ORDER BY created_at LIMIT 50
"""
_SHORT = """
SELECT DISTINCT conversation_id FROM orders
 WHERE conversation_id = ANY(%(conversations)s) AND shortage <> '' AND status IN ('new', 'awaiting_payment', 'paid')
"""
# What the workflow itself said a moment ago is newer than Temporal's list.
_LISTED = """
UPDATE conversations
   SET flow = listed.flow, phase = listed.phase, holder = listed.holder, attention = listed.attention, status = 'open',
       held_by = CASE WHEN listed.holder = 'operator' THEN held_by ELSE '' END
  FROM unnest(%(ids)s::text[], %(flows)s::text[], %(phases)s::text[], %(holders)s::text[], %(attentions)s::text[])
       AS listed (id, flow, phase, holder, attention)
 WHERE conversations.id = listed.id AND asked_at < %(seen)s::timestamptz - interval '3 s'
   AND (conversations.flow, conversations.phase, conversations.holder, conversations.attention, conversations.status)
       IS DISTINCT FROM (listed.flow, listed.phase, listed.holder, listed.attention, 'open')
"""
_CALM = """
UPDATE conversations SET attention = '', holder = 'assistant', held_by = ''
 WHERE status = 'open' AND (attention <> '' OR holder <> 'assistant') AND id <> ALL (%(ids)s::text[])
   AND asked_at < %(seen)s::timestamptz - interval '3 s'
"""
_ENDED = """
UPDATE conversations
   SET status = ended.status, attention = '', holder = 'assistant', held_by = '', waiting_since = NULL
  FROM unnest(%(ids)s::text[], %(statuses)s::text[], %(ats)s::timestamptz[]) AS ended (id, status, at)
 WHERE conversations.id = ended.id AND conversations.heard_at < ended.at AND conversations.status <> ended.status
"""
_ASKED = """
UPDATE conversations
   SET flow = %(flow)s, phase = %(phase)s, holder = %(holder)s, held_by = %(held_by)s, attention = %(attention)s,
       asked_at = clock_timestamp()
 WHERE id = %(id)s
"""
# From one status to the next by the index: there are few, and orders may be many.
_STATUSES = """
WITH RECURSIVE found AS (
    (SELECT status FROM orders ORDER BY status LIMIT 1)
    UNION ALL
    SELECT (SELECT status FROM orders WHERE status > found.status ORDER BY status LIMIT 1)
      FROM found WHERE found.status IS NOT NULL
)
SELECT status FROM found WHERE status IS NOT NULL LIMIT 30
"""
_MARK = """
INSERT INTO visibility_marks AS known (ended_to) VALUES (%(until)s)
ON CONFLICT (one) DO UPDATE SET ended_to = greatest(known.ended_to, excluded.ended_to)
"""


class Listed(Value):
    """A conversation as Temporal lists it."""

    id: str
    flow: str = ""
    phase: str = ""
    holder: str = ""
    attention: str = ""


class Ended(Value):
    """A conversation that ended, as Temporal lists it."""

    id: str
    status: str
    at: datetime


async def page(
    pool: Pool, tab: Tab, operator: str, after: tuple[datetime, str] | None, limit: int
) -> Sequence[DictRow]:
    """One page of a tab: who has waited longest first; all that is open, newest first."""
    shape = {"order": "last_at", "way": "DESC", "after": "<"}
    if tab is not Tab.OPEN:
        shape = {"order": "coalesce(waiting_since, last_at)", "way": "ASC", "after": ">"}
    at, last = after or (None, "")
    values = {"operator": operator, "at": at, "id": last, "limit": limit}
    return await fetch_all(pool, _ROWS.format(where=_WHERE[tab], **shape), values)


async def search(
    pool: Pool, words: str, after: tuple[datetime, str] | None, limit: int, called: Sequence[str] = ()
) -> Sequence[DictRow]:
    """By the beginnings of words in names, contacts and texts, by a contact's beginning, and by an order's number.

    `called`: contacts that the words may mean as a whole.
    """
    terms = re.findall(r"[^\W_]+", words.lower())[:MOST_WORDS]
    if not terms:
        return []
    number = words.strip().lstrip("#№ ")
    at, last = after or (None, "")
    values = {
        "query": " & ".join(f"{term}:*" for term in terms),
        "prefix": _literal(words.strip()) + "%",
        "called": list(called),
        "number": int(number) if number.isdecimal() and len(number) < 18 else -1,
        "at": at, "id": last, "limit": limit,
    }  # fmt: skip
    return await fetch_all(pool, _SEARCH, values)


def _literal(text: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", text)


async def counts(pool: Pool, operator: str) -> dict[Tab, int]:
    """How many conversations each tab has, up to `MOST_COUNTED`."""
    row = await fetch_one(pool, _COUNTS, {"operator": operator, "most": MOST_COUNTED})
    return {tab: int(row[tab]) if row else 0 for tab in Tab}


async def find(pool: Pool, conversation: str) -> DictRow | None:
    """One conversation's row."""
    return await fetch_one(pool, "SELECT * FROM conversations WHERE id = %(id)s", {"id": conversation})


async def lines(pool: Pool, conversation: str, before: int | None, limit: int) -> Sequence[DictRow]:
    """What was said, oldest first, with what became of each part; the latest page, or the one before a line."""
    return await fetch_all(pool, _LINES, {"conversation": conversation, "before": before, "limit": limit})


async def short_of_stock(pool: Pool, conversations: Sequence[str]) -> frozenset[str]:
    """Those of them with an order whose goods are not all there."""
    rows = await fetch_all(pool, _SHORT, {"conversations": list(conversations)}) if conversations else []
    return frozenset(row["conversation_id"] for row in rows)


async def waiting(pool: Pool, conversation: str) -> Sequence[DictRow]:
    """Parts on their way."""
    return await fetch_all(pool, _WAITING, {"conversation": conversation})


async def note_asked(pool: Pool, conversation: str, **known: str) -> None:
    """What the conversation itself says: `flow`, `phase`, `holder`, `held_by`, `attention`."""
    await fetch_one(pool, _ASKED, {"id": conversation, **known})


async def note_listed(pool: Pool, listed: Sequence[Listed], seen: datetime, *, calm_others: bool) -> bool:
    """What Temporal lists; `calm_others`: all that anybody looks after is in it. False: another process is at it."""
    columns: dict[str, Any] = {
        "ids": [one.id for one in listed],
        "flows": [one.flow for one in listed],
        "phases": [one.phase for one in listed],
        "holders": [one.holder for one in listed],
        "attentions": [one.attention for one in listed],
        "seen": seen,
    }
    async with borrowed(pool) as connection, connection.transaction():
        if not await _is_ours(connection):
            return False
        await connection.execute(_LISTED, columns)
        if calm_others:
            await connection.execute(_CALM, {"ids": columns["ids"], "seen": seen})
    return True


async def _is_ours(connection: Any) -> bool:
    row = await (await connection.execute("SELECT pg_try_advisory_xact_lock(%s) AS ours", [SYNC_LOCK])).fetchone()
    return bool(row and row["ours"])


async def note_ended(pool: Pool, ended: Sequence[Ended], until: datetime) -> None:
    """What Temporal lists as ended, and until when that is all."""
    columns = {
        "ids": [one.id for one in ended],
        "statuses": [one.status for one in ended],
        "ats": [one.at for one in ended],
    }
    async with borrowed(pool) as connection, connection.transaction():
        if await _is_ours(connection):
            await connection.execute(_ENDED, columns)
            await connection.execute(_MARK, {"until": until})


async def ended_to(pool: Pool) -> datetime | None:
    """Until when ended conversations are known."""
    row = await fetch_one(pool, "SELECT ended_to FROM visibility_marks")
    return row["ended_to"] if row else None


async def note_holder(pool: Pool, conversation: str, operator: str) -> None:
    """Somebody took a conversation into their hands."""
    query = """UPDATE conversations SET holder = 'operator', held_by = %(operator)s, asked_at = clock_timestamp()
                WHERE id = %(id)s"""
    await fetch_one(pool, query, {"id": conversation, "operator": operator})


async def order_statuses(pool: Pool) -> list[str]:
    """Every status an order has."""
    return [str(row["status"]) for row in await fetch_all(pool, _STATUSES)]
