"""Keeps the rate of an account that has one of its own, over any number of workers: one part a moment.

Temporal's own pace (`activities/pace.py`) is one for all accounts of a platform. Its weights could make it slower for
one of them, but then the slow account's waiting parts hold the others' back: measured on server 1.32.0, eight parts of
an account at full rate took 25 s instead of 4 beside twenty of one at two fifths of it.
"""

from typing import Final, LiteralString

from providers.records.pool import UNSYNCED, Pool, fetch_one

MARGIN = 0.95
"""Of the rate; so that no sixty seconds hold one too many, whatever the clocks do."""

BACKWARDS = 5
"""Seconds. A moment that was given out later than this from now was so by a clock that has been put back since."""

# Only who waits has a slot: it is theirs however often they ask. Should PostgreSQL die within half a second, one part
# may go before its moment. The clock is looked at again once the row is ours: whoever waited for it asked a while ago.
_WAIT: Final[LiteralString] = f"""
WITH asked AS MATERIALIZED (
    SELECT clock_timestamp() AS at, %(gap)s * interval '1 s' AS gap, %(backwards)s * interval '1 s' AS backwards
      FROM {UNSYNCED}
), known AS (
    SELECT slot.at FROM turnstile_slots AS slot, asked WHERE key = %(key)s AND given_at <= asked.at + backwards
), moved AS (
    INSERT INTO turnstiles AS before (platform, account, next_at, moved_at)
    SELECT %(platform)s, %(account)s, asked.at + gap, asked.at FROM asked WHERE NOT EXISTS (SELECT 1 FROM known)
    ON CONFLICT (platform, account) DO UPDATE
       SET next_at = %(gap)s * interval '1 s' + CASE
               WHEN before.moved_at > clock_timestamp() + %(backwards)s * interval '1 s' THEN excluded.moved_at
               ELSE greatest(before.next_at, excluded.moved_at)
           END,
           moved_at = clock_timestamp()
    RETURNING next_at - %(gap)s * interval '1 s' AS at
), slot AS (
    SELECT at FROM known UNION ALL SELECT at FROM moved
), kept AS (
    INSERT INTO turnstile_slots (key, at, given_at) SELECT %(key)s, moved.at, asked.at FROM moved, asked
     WHERE moved.at > asked.at
    ON CONFLICT (key) DO UPDATE SET at = excluded.at, given_at = excluded.given_at
), over AS (
    DELETE FROM turnstile_slots USING slot, asked WHERE key = %(key)s AND slot.at <= asked.at
)
SELECT extract(epoch FROM slot.at - asked.at)::float8 AS wait FROM slot, asked
"""  # noqa: S608 — our own words


_FREE: Final[LiteralString] = f"""
INSERT INTO turnstiles AS known (platform, account, next_at, moved_at)
SELECT %(platform)s, %(account)s, clock_timestamp() + %(gap)s * interval '1 s', clock_timestamp() FROM {UNSYNCED}
ON CONFLICT (platform, account) DO UPDATE
   SET next_at = clock_timestamp() + %(gap)s * interval '1 s', moved_at = clock_timestamp()
 WHERE known.next_at <= clock_timestamp() OR known.moved_at > clock_timestamp() + %(backwards)s * interval '1 s'
RETURNING next_at
"""  # noqa: S608 — our own words


class Turnstile:
    """Hands out moments. Every method may raise `Unavailable`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def wait(self, platform: str, account: str, key: str, requests_per_minute: int) -> float:
        """Seconds until this part may go; 0.0: now, and its next attempt takes another moment."""
        gap = _gap(requests_per_minute)
        values = {"platform": platform, "account": account, "key": key, "gap": gap, "backwards": BACKWARDS}
        row = await fetch_one(self._pool, _WAIT, values)
        return max(0.0, row["wait"]) if row else 0.0

    async def take_if_free(self, platform: str, account: str, requests_per_minute: int) -> bool:
        """Take this moment, if nobody waits for it; whoever does not get it has not queued up."""
        gap = _gap(requests_per_minute)
        values = {"platform": platform, "account": account, "gap": gap, "backwards": BACKWARDS}
        return await fetch_one(self._pool, _FREE, values) is not None


def _gap(requests_per_minute: int) -> float:
    """Seconds from one moment to the next."""
    return 60 / (requests_per_minute * MARGIN)
