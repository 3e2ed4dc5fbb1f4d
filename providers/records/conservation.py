"""What became of every accepted message: each has one fate, or is still owed one."""

from collections.abc import Sequence
from typing import NamedTuple

from domain.fates import Fate
from domain.identifiers import Address
from providers.records.inbox import BEING_TOLD
from providers.records.pool import Pool, fetch_all, fetch_one

# The fate of each row of `owed` (conversation_id, message_id, accepted_at), told from the other books alone. NULL: none
# yet. A turn's number is unique among turns of one time only: a conversation that closed and opened again counts anew.
# A delivery that came again is a duplicate only once the reply to the first has a fate: a crash between the two hides
# nothing. Where no reply stands in the books, the turn may still be under way, but not for an hour.
# No attempt takes minutes: a part that has been under way for a quarter of an hour is not on its way, it is stuck.
_FATES = r"""
    SELECT owed.conversation_id, owed.message_id,
           CASE WHEN line.id IS NULL AND edited.is_known THEN 'superseded'
                WHEN line.id IS NULL THEN NULL
                WHEN line.error_reason = 'unsent' THEN 'unsent'
                WHEN line.dialog_state = 'operator' THEN 'to_a_person'
                WHEN reply.is_waiting THEN NULL
                WHEN reply.parts = 0 AND line.logged_at < owed.accepted_at - interval '1 hour' THEN 'duplicate'
                WHEN reply.parts = 0 THEN NULL
                WHEN reply.is_lost THEN 'to_a_person'
                WHEN reply.is_apology THEN 'expired'
                WHEN line.logged_at < owed.accepted_at - interval '5 s' THEN 'duplicate'
                WHEN later.logged_at IS NULL THEN 'answered'
                WHEN later.logged_at > line.logged_at THEN 'superseded'
                ELSE 'merged' END AS fate,
           line.id IS NOT NULL AS is_taken_up, coalesce(reply.is_waiting, false) AS is_waiting,
           coalesce(reply.is_waiting AND NOT reply.is_stuck, false) AS is_on_its_way
      FROM owed
      LEFT JOIN message_logs AS line
             ON line.conversation_id = owed.conversation_id AND line.direction = 'in'
            AND line.message_id = owed.message_id
      LEFT JOIN LATERAL (
            SELECT count(*) AS parts, bool_or(state IN ('pending', 'sending')) AS is_waiting,
                   bool_or(state = 'sending' AND attempt_at < clock_timestamp() - interval '15 min') AS is_stuck,
                   bool_or(state IN ('dead', 'unknown', 'dropped')) AS is_lost,
                   bool_or(key LIKE '%%/apology') AS is_apology
              FROM outbox
             WHERE outbox.conversation_id = line.conversation_id AND outbox.turn = line.turn
               AND outbox.created_at > line.logged_at - interval '1 day'
               AND key !~ '/(interim|op-[0-9]+|nobody_came)$') AS reply ON true
      LEFT JOIN LATERAL (
            SELECT max(sibling.logged_at) AS logged_at FROM message_logs AS sibling
             WHERE sibling.conversation_id = line.conversation_id AND sibling.direction = 'in'
               AND sibling.turn = line.turn AND sibling.id > line.id
               AND sibling.logged_at < line.logged_at + interval '1 hour') AS later ON true
      LEFT JOIN LATERAL (
            SELECT true AS is_known FROM message_logs AS newer
             WHERE line.id IS NULL AND newer.conversation_id = owed.conversation_id AND newer.direction = 'in'
               AND newer.message_id LIKE '%%:edited:%%'
               AND starts_with(newer.message_id, owed.message_id || ':edited:') LIMIT 1) AS edited ON true
"""

_NOTE = """
INSERT INTO accepted (conversation_id, message_id, platform, account, accepted_at, looked_at)
SELECT conversation_id, message_id, platform, account, clock_timestamp() - age * interval '1 s', clock_timestamp()
  FROM unnest(%(conversations)s::text[], %(messages)s::text[], %(platforms)s::text[], %(accounts)s::text[],
              %(ages)s::float8[]) AS fresh (conversation_id, message_id, platform, account, age)
ON CONFLICT DO NOTHING
"""

_SETTLE = f"""
WITH owed AS MATERIALIZED (
    SELECT * FROM accepted WHERE looked_at < clock_timestamp() - %(after)s * interval '1 s'
     ORDER BY looked_at LIMIT %(most)s FOR UPDATE SKIP LOCKED
), fates AS MATERIALIZED ({_FATES}), closed AS (
    DELETE FROM accepted USING fates
     WHERE accepted.conversation_id = fates.conversation_id AND accepted.message_id = fates.message_id
       AND fates.fate IS NOT NULL
    RETURNING accepted.platform, accepted.account, fates.fate
), looked AS (
    UPDATE accepted SET looked_at = clock_timestamp(), is_on_its_way = fates.is_on_its_way FROM fates
     WHERE accepted.conversation_id = fates.conversation_id AND accepted.message_id = fates.message_id
       AND fates.fate IS NULL
)
SELECT platform, account, fate, count(*)::int AS messages FROM closed GROUP BY 1, 2, 3
"""  # noqa: S608 — put together from constants

_DOUBTFUL = """
UPDATE accepted SET asked_at = clock_timestamp()
 WHERE (conversation_id, message_id) IN (
       SELECT conversation_id, message_id FROM accepted
        WHERE accepted_at < clock_timestamp() - %(after)s * interval '1 s' AND NOT is_on_its_way
          AND (asked_at IS NULL OR asked_at < clock_timestamp() - %(again)s * interval '1 s')
        ORDER BY asked_at NULLS FIRST, accepted_at LIMIT %(most)s FOR UPDATE SKIP LOCKED)
RETURNING conversation_id, message_id,
          EXISTS (SELECT 1 FROM message_logs AS line
                   WHERE line.conversation_id = accepted.conversation_id AND line.direction = 'in'
                     AND line.message_id = accepted.message_id) AS is_taken_up
"""

_CLOSE = "DELETE FROM accepted WHERE conversation_id = %(conversation_id)s AND message_id = %(message_id)s RETURNING 1"

# A courtesy is tried once: where its sender died in the middle, nobody else ever settles its row.
_STRANDED = """
UPDATE outbox SET state = 'unknown', last_error = 'its sender died: a courtesy is not tried again',
       updated_at = clock_timestamp()
 WHERE state = 'sending' AND key LIKE '%%/interim' AND attempt_at < clock_timestamp() - %(after)s * interval '1 s'
RETURNING 1
"""

_UNACCOUNTED = f"""
SELECT platform, account, count(*) AS n FROM (
    SELECT platform, account, conversation_id, message_id FROM inbox WHERE NOT {BEING_TOLD}
    UNION
    SELECT platform, account, conversation_id, 'message/' || message_id FROM accepted
     WHERE accepted_at < clock_timestamp() - %(after)s * interval '1 s' AND NOT is_on_its_way
) AS unaccounted GROUP BY 1, 2
"""  # noqa: S608 — of our own words only

_ASKED = f"""
WITH owed AS MATERIALIZED (
    SELECT conversation_id, message_id, clock_timestamp() - age * interval '1 s' AS accepted_at
      FROM unnest(%(conversations)s::text[], %(messages)s::text[], %(ages)s::float8[])
           AS given (conversation_id, message_id, age)
)
{_FATES}
"""  # noqa: S608 — as above


class Accepted(NamedTuple):
    """A message that a webhook was answered 2xx for."""

    address: Address
    message_id: str
    age: float
    """Seconds since then, by whatever clock: the database counts back from its own."""


class Settled(NamedTuple):
    """So many messages of one account met one fate."""

    platform: str
    account: str
    fate: Fate
    messages: int


class Doubtful(NamedTuple):
    """A message whose fate the books do not tell: its conversation has to be asked."""

    address: Address
    message_id: str
    is_taken_up: bool
    """Whether a turn wrote it down."""


class Conservation:
    """Reads and writes `accepted`. Every method may raise `Unavailable`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def note(self, fresh: Sequence[Accepted]) -> None:
        """Write down what was accepted, all in one statement; what is owed a fate already stays as it is."""
        await fetch_one(self._pool, _NOTE, _columns(fresh))

    async def settle(self, after: float, most: int = 5_000) -> list[Settled]:
        """Close the rows whose fate the books tell, of those not looked at for `after` seconds."""
        rows = await fetch_all(self._pool, _SETTLE, {"after": after, "most": most})
        return [Settled(row["platform"], row["account"], Fate(row["fate"]), row["messages"]) for row in rows]

    async def doubtful(self, after: float, again: float, most: int) -> list[Doubtful]:
        """Some that wait for longer than `after` seconds and were not asked about for `again`; nobody else has them."""
        rows = await fetch_all(self._pool, _DOUBTFUL, {"after": after, "again": again, "most": most})
        return [
            Doubtful(Address.of_conversation(row["conversation_id"]), row["message_id"], row["is_taken_up"])
            for row in rows
        ]

    async def close(self, address: Address, message_id: str) -> bool:
        """Its conversation has told its fate; True the first time."""
        values = {"conversation_id": address.conversation_id, "message_id": message_id}
        return await fetch_one(self._pool, _CLOSE, values) is not None

    async def give_up_courtesies(self, after: float) -> int:
        """Mark "one moment" messages whose sender died in the middle, `after` seconds ago or more; how many."""
        return len(await fetch_all(self._pool, _STRANDED, {"after": after}))

    async def waits(self, one: Accepted) -> bool:
        """Whether a part of its reply stands in the outbox as waiting or under way, for however long."""
        return any(row["is_waiting"] for row in await fetch_all(self._pool, _ASKED, _columns([one])))

    async def fates_of(self, accepted: Sequence[Accepted]) -> list[Fate | None]:
        """The fate of each, as the books tell it; None: they do not."""
        rows = await fetch_all(self._pool, _ASKED, _columns(accepted))
        found = {(row["conversation_id"], row["message_id"]): row["fate"] for row in rows}
        told = (found.get((one.address.conversation_id, one.message_id)) for one in accepted)
        return [Fate(fate) if fate else None for fate in told]


async def unaccounted(pool: Pool, after: float) -> dict[tuple[str, ...], float]:
    """Messages without a fate for longer than `after` seconds, and what waits in the inbox, by platform and account."""
    rows = await fetch_all(pool, _UNACCOUNTED, {"after": after})
    return {(row["platform"], row["account"]): float(row["n"]) for row in rows}


def _columns(accepted: Sequence[Accepted]) -> dict[str, list[str] | list[float]]:
    return {
        "conversations": [one.address.conversation_id for one in accepted],
        "messages": [one.message_id for one in accepted],
        "platforms": [one.address.platform for one in accepted],
        "accounts": [one.address.account for one in accepted],
        "ages": [one.age for one in accepted],
    }
