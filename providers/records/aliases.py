"""Knows a customer by every name a platform has for them: whoever was known by one of them first, stays."""

import time
from collections.abc import Callable, Sequence

from cachetools import TTLCache

from domain.failures import Unavailable
from domain.identifiers import Address
from providers.records.pool import Pool, fetch_one
from runtime.in_time import in_time

ASK_WITHIN = 1.0
"""Seconds; a message waits for its answer."""
AWAY_SECONDS = 5.0
"""How long PostgreSQL is left alone after it did not answer: messages must not wait for it one after the other."""
REMEMBERED = 10_000
SECONDS = 3600.0

_CONTACT = """
WITH known AS (
    SELECT contact FROM aliases
     WHERE platform = %(platform)s AND account = %(account)s AND name = ANY(%(names)s) ORDER BY created_at LIMIT 1
), added AS (
    INSERT INTO aliases (platform, account, name, contact)
    SELECT %(platform)s, %(account)s, name, coalesce((SELECT contact FROM known), %(contact)s)
      FROM unnest(%(names)s) AS name
    ON CONFLICT (platform, account, name) DO NOTHING
)
SELECT coalesce((SELECT contact FROM known), %(contact)s) AS contact
"""


class Aliases:
    """Reads and writes `aliases`. Every method may raise `Unavailable`, and soon."""

    def __init__(self, pool: Pool, timer: Callable[[], float] = time.monotonic) -> None:
        self._pool = pool
        self._known: TTLCache[tuple[str, str, str], str] = TTLCache(REMEMBERED, SECONDS)
        self._timer = timer
        self._away_until = 0.0

    async def home_of(self, address: Address, names: Sequence[str]) -> Address:
        """The address their conversation goes by, whichever of their names was told."""
        keys = [(address.platform, address.account, name) for name in names]
        remembered = {self._known.get(key) for key in keys}
        if len(remembered) == 1 and None not in remembered:
            contact = str(remembered.pop())
        else:
            contact = await self._ask(address, names)
            self._known.update(dict.fromkeys(keys, contact))
        return address if contact == address.contact else address.model_copy(update={"contact": contact})

    async def _ask(self, address: Address, names: Sequence[str]) -> str:
        if self._timer() < self._away_until:
            raise Unavailable("PostgreSQL was away a moment ago")
        values = {**address.model_dump(), "names": list(names)}
        try:
            row = await in_time(fetch_one(self._pool, _CONTACT, values), ASK_WITHIN)
        except (TimeoutError, Unavailable):
            self._away_until = self._timer() + AWAY_SECONDS
            raise Unavailable("PostgreSQL does not answer") from None
        return str(row["contact"]) if row else address.contact
