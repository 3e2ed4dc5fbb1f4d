"""Accounts whose credential was refused: their sends pause, and one probe at a time asks whether it is mended."""

import hashlib

from domain.model import Value
from providers.records.pool import Pool, fetch_one

PROBE_SECONDS = 15
"""How often one waiting part of a paused account is tried, to see whether the credential works again."""


def token_digest(token: str) -> str:
    """Tells two tokens apart without keeping either."""
    return hashlib.sha256(token.encode()).hexdigest()[:16]


class Pause(Value):
    """A pause, as one waiting part sees it."""

    reason: str
    may_probe: bool
    """This part may be tried now, on behalf of all the others."""


class Pauses:
    """Reads and writes `paused_accounts`. Every method may raise `Unavailable`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def look(self, platform: str, account: str, token: str) -> Pause | None:
        """Whether the account's sends are paused; a token other than the refused one ends the pause."""
        values = {"platform": platform, "account": account, "digest": token_digest(token), "probe": PROBE_SECONDS}
        row = await fetch_one(
            self._pool,
            """SELECT reason, token_digest = %(digest)s AS same_token, probe_at <= clock_timestamp() AS probe_due
                 FROM paused_accounts WHERE platform = %(platform)s AND account = %(account)s""",
            values,
        )
        if row is None:
            return None
        if not row["same_token"]:
            await self.resume(platform, account)
            return None
        return Pause(reason=row["reason"], may_probe=row["probe_due"] and await self._take_probe(values))

    async def _take_probe(self, values: dict[str, object]) -> bool:
        row = await fetch_one(
            self._pool,
            """UPDATE paused_accounts SET probe_at = clock_timestamp() + %(probe)s * interval '1 s'
                WHERE platform = %(platform)s AND account = %(account)s AND probe_at <= clock_timestamp()
            RETURNING 1 AS taken""",
            values,
        )
        return row is not None

    async def pause(self, platform: str, account: str, token: str, reason: str) -> bool:
        """Pause the account's sends; True when it was not paused before."""
        row = await fetch_one(
            self._pool,
            """INSERT INTO paused_accounts (platform, account, token_digest, reason, probe_at)
               VALUES (%(platform)s, %(account)s, %(digest)s, %(reason)s,
                       clock_timestamp() + %(probe)s * interval '1 s')
               ON CONFLICT (platform, account) DO UPDATE
                  SET token_digest = excluded.token_digest, reason = excluded.reason, probe_at = excluded.probe_at
               RETURNING xmax = 0 AS fresh""",
            {
                "platform": platform,
                "account": account,
                "digest": token_digest(token),
                "reason": reason,
                "probe": PROBE_SECONDS,
            },
        )
        return bool(row and row["fresh"])

    async def resume(self, platform: str, account: str) -> bool:
        """The credential works: what waits may go. True when the account was paused."""
        row = await fetch_one(
            self._pool,
            "DELETE FROM paused_accounts WHERE platform = %(platform)s AND account = %(account)s RETURNING 1 AS gone",
            {"platform": platform, "account": account},
        )
        return row is not None
