"""What was seen in a picture a moment ago: the same picture again is not looked at again."""

from typing import Any

from psycopg.types.json import Jsonb

from providers.records.pool import Pool, fetch_one

SECONDS = 60
"""How long a sighting counts."""

_FIND = """
SELECT reply FROM sightings WHERE key = %(key)s AND seen_at > now() - %(seconds)s * interval '1 second'
"""
_KEEP = """
WITH gone AS (DELETE FROM sightings WHERE seen_at < now() - interval '1 hour' AND key <> %(key)s)
INSERT INTO sightings (key, reply) VALUES (%(key)s, %(reply)s)
ON CONFLICT (key) DO UPDATE SET reply = excluded.reply, seen_at = now()
"""


class Sightings:
    """Every method may raise `Unavailable`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def find(self, key: str) -> dict[str, Any] | None:
        """What the model said of it within the last minute."""
        row = await fetch_one(self._pool, _FIND, {"key": key, "seconds": SECONDS})
        return row["reply"] if row else None

    async def keep(self, key: str, reply: dict[str, Any]) -> None:
        """Remember it for a minute."""
        await fetch_one(self._pool, _KEEP, {"key": key, "reply": Jsonb(reply)})
