"""Tokens that end: what they were renewed to, kept beside the token that a person set, which stays as it is."""

import json
from datetime import datetime, timedelta

import psycopg
from psycopg.rows import DictRow

from domain.model import Value
from providers.records.accounts import token_digest
from providers.records.pool import Pool, borrowed, fetch_all, fetch_one
from providers.secrets import SecretBox

EARLY = timedelta(days=30)
"""A token is renewed this long before its end: half of an Instagram token's life is left for trying."""
AGAIN = timedelta(days=1)
"""Between two attempts; a token younger than a day cannot be renewed."""
ALARM = timedelta(days=10)
"""Before the end, from which a person must hear of it; or after this long without having learnt when it ends."""

_FORGET = """
DELETE FROM renewed_tokens
 WHERE platform = %(platform)s AND account = %(account)s AND %(digest)s <> ALL(array_append(known, replaces))
"""
_CLAIM = """
INSERT INTO renewed_tokens AS kept (platform, account, replaces) VALUES (%(platform)s, %(account)s, %(digest)s)
ON CONFLICT (platform, account) DO UPDATE SET looked_at = now()
 WHERE kept.looked_at < now() - %(again)s AND (kept.expires_at IS NULL OR kept.expires_at < now() + %(early)s)
RETURNING 1 AS mine
"""
_KEEP = """
UPDATE renewed_tokens
   SET token = %(token)s, known = array_append(known, %(digest)s), expires_at = %(expires_at)s, trouble = ''
 WHERE platform = %(platform)s AND account = %(account)s
"""
_TROUBLED = """
UPDATE renewed_tokens SET trouble = %(trouble)s WHERE platform = %(platform)s AND account = %(account)s
"""
_ENDING = """
SELECT platform, account, expires_at, trouble FROM renewed_tokens
 WHERE trouble <> '' AND (expires_at < now() + %(alarm)s OR (expires_at IS NULL AND since < now() - %(alarm)s))
 ORDER BY platform, account
"""
_OF_PLATFORM = "SELECT * FROM renewed_tokens WHERE platform = %(platform)s AND token IS NOT NULL"


class Renewed(Value):
    """The token that is used instead of the one a person set."""

    replaces: str
    token: str
    expires_at: datetime | None


class Tokens:
    """Reads and writes `renewed_tokens`. Every method may raise `Unavailable`."""

    def __init__(self, pool: Pool, box: SecretBox) -> None:
        self._pool = pool
        self._box = box

    async def claim(self, platform: str, account: str, token: str) -> bool:
        """Whether this token is to be renewed now, by whoever asks: it ends soon, or nobody knows when.

        A token that a person set anew forgets what the one before it was renewed to.
        """
        values = {"platform": platform, "account": account, "digest": token_digest(token)}
        await fetch_one(self._pool, _FORGET, values)
        return await fetch_one(self._pool, _CLAIM, values | {"again": AGAIN, "early": EARLY}) is not None

    async def keep(self, platform: str, account: str, token: str, expires_at: datetime) -> None:
        """From now on the account speaks with this one; every process hears of it.

        Raises:
            NoKey: secrets cannot be stored here.
        """
        values = {"platform": platform, "account": account, "digest": token_digest(token), "expires_at": expires_at}
        await fetch_one(self._pool, _KEEP, values | {"token": self.locked(platform, account, token)})

    def locked(self, platform: str, account: str, token: str) -> bytes:
        """As it is stored.

        Raises:
            NoKey: secrets cannot be stored here.
        """
        return self._box.lock(json.dumps({"owner": f"{platform}:{account}", "token": token}).encode())

    async def note_trouble(self, platform: str, account: str, trouble: str) -> None:
        """It could not be renewed; it is tried again tomorrow."""
        await fetch_one(self._pool, _TROUBLED, {"platform": platform, "account": account, "trouble": trouble[:300]})

    async def of_platform(self, platform: str) -> dict[str, Renewed]:
        """What the tokens of a platform's accounts were renewed to, by account.

        Raises:
            WrongKey: none of our keys fits.
        """
        found: dict[str, Renewed] = {}
        for row in await fetch_all(self._pool, _OF_PLATFORM, {"platform": platform}):
            kept = json.loads(self._box.unlock(row["token"]))
            if kept["owner"] == f"{platform}:{row['account']}":
                found[row["account"]] = Renewed.model_validate(row | {"token": kept["token"]})
        return found

    async def rotate(self) -> int:
        """Lock every token with the newest key; how many were locked with an older one."""
        turned = 0
        async with borrowed(self._pool) as connection, connection.transaction():
            query = "SELECT platform, account, token FROM renewed_tokens WHERE token IS NOT NULL FOR UPDATE"
            for row in await (await connection.execute(query)).fetchall():
                turned += await self._turn(connection, row)
        return turned

    async def _turn(self, connection: psycopg.AsyncConnection[DictRow], row: DictRow) -> bool:
        if self._box.is_newest(row["token"]):
            return False
        fresh = {"fresh": self._box.lock(self._box.unlock(row["token"]))}
        await connection.execute(_TURNED, row | fresh)
        return True


_TURNED = "UPDATE renewed_tokens SET token = %(fresh)s WHERE platform = %(platform)s AND account = %(account)s"


async def ending(pool: Pool) -> list[DictRow]:
    """Tokens that end soon, or may, and could not be renewed."""
    return await fetch_all(pool, _ENDING, {"alarm": ALARM})
