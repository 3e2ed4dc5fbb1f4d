"""Keeps the rate of an account that has one of its own, over any number of workers: one part a moment.

Temporal's own pace (`activities/pace.py`) is one for all accounts of a platform. Its weights could make it slower for
one of them, but then the slow account's waiting parts hold the others' back: measured on server 1.32.0, eight parts of
an account at full rate took 25 s instead of 4 beside twenty of one at two fifths of it.
"""

from providers.records.pool import Pool, fetch_one

MARGIN = 0.95
"""Of the rate; so that no sixty seconds hold one too many, whatever the clocks do."""

BACKWARDS = 5
"""Seconds. A moment that was given out later than this from now was so by a clock that has been put back since."""

_WAIT = """
WITH known AS (
    SELECT at FROM turnstile_slots
     WHERE key = %(key)s AND given_at <= clock_timestamp() + %(backwards)s * interval '1 s'
), moved AS (
    INSERT INTO turnstiles (platform, account, next_at, moved_at)
    SELECT %(platform)s, %(account)s, clock_timestamp() + %(gap)s * interval '1 s', clock_timestamp()
     WHERE NOT EXISTS (SELECT 1 FROM known)
    ON CONFLICT (platform, account) DO UPDATE
       SET next_at = %(gap)s * interval '1 s' + CASE
               WHEN turnstiles.moved_at > clock_timestamp() + %(backwards)s * interval '1 s' THEN clock_timestamp()
               ELSE greatest(turnstiles.next_at, clock_timestamp())
           END,
           moved_at = clock_timestamp()
    RETURNING next_at - %(gap)s * interval '1 s' AS at
), kept AS (
    INSERT INTO turnstile_slots (key, at, given_at) SELECT %(key)s, at, clock_timestamp() FROM moved
    ON CONFLICT (key) DO UPDATE SET at = excluded.at, given_at = excluded.given_at
)
SELECT extract(epoch FROM at - clock_timestamp())::float8 AS wait
  FROM (SELECT at FROM known UNION ALL SELECT at FROM moved) AS slot LIMIT 1
"""


_FREE = """
INSERT INTO turnstiles AS known (platform, account, next_at, moved_at)
VALUES (%(platform)s, %(account)s, clock_timestamp() + %(gap)s * interval '1 s', clock_timestamp())
ON CONFLICT (platform, account) DO UPDATE
   SET next_at = clock_timestamp() + %(gap)s * interval '1 s', moved_at = clock_timestamp()
 WHERE known.next_at <= clock_timestamp() OR known.moved_at > clock_timestamp() + %(backwards)s * interval '1 s'
RETURNING next_at
"""


class Turnstile:
    """Hands out moments. Every method may raise `Unavailable`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def wait(self, platform: str, account: str, key: str, requests_per_minute: int) -> float:
        """Seconds until this part may go; 0.0: now, and its next attempt takes another moment."""
        gap = _gap(requests_per_minute)
        values = {"platform": platform, "account": account, "key": key, "gap": gap, "backwards": BACKWARDS}
        row = await fetch_one(self._pool, _WAIT, values)
        wait = float(row["wait"]) if row else 0.0
        if wait > 0:
            return wait
        await fetch_one(self._pool, "DELETE FROM turnstile_slots WHERE key = %(key)s", {"key": key})
        return 0.0

    async def take_if_free(self, platform: str, account: str, requests_per_minute: int) -> bool:
        """Take this moment, if nobody waits for it; whoever does not get it has not queued up."""
        gap = _gap(requests_per_minute)
        values = {"platform": platform, "account": account, "gap": gap, "backwards": BACKWARDS}
        return await fetch_one(self._pool, _FREE, values) is not None


def _gap(requests_per_minute: int) -> float:
    """Seconds from one moment to the next."""
    return 60 / (requests_per_minute * MARGIN)
