"""Knows a customer by every name a platform has for them: whoever was known by one of them first, stays."""

from collections.abc import Sequence

from cachetools import TTLCache

from domain.identifiers import Address
from providers.records.pool import Pool, fetch_one

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
    """Reads and writes `aliases`. Every method may raise `Unavailable`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._known: TTLCache[tuple[str, str, str], str] = TTLCache(REMEMBERED, SECONDS)

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
        values = {**address.model_dump(), "names": list(names)}
        row = await fetch_one(self._pool, _CONTACT, values)
        return str(row["contact"]) if row else address.contact
