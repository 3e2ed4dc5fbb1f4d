"""Who is logged in to the console, and how often somebody tried to be."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from ipaddress import IPv4Address, ip_address, ip_network

from domain.model import Value
from domain.operators import OWNER, Operator, Role
from providers.records.pool import Pool, fetch_all, fetch_one

IDLE = timedelta(hours=12)
LONGEST = timedelta(days=7)
SEEN_EVERY = timedelta(minutes=1)
"""How exactly we know when somebody was here last: a write for every request would cost more than it tells."""
FREE_BY_ADDRESS, FREE_BY_NAME = 10, 20
LONGEST_BY_ADDRESS, LONGEST_BY_NAME = 900, 60
"""Seconds. By a name nobody is locked out for long: else whoever knows it could lock its owner out."""
FORGOTTEN = timedelta(hours=1)

_OPEN = """
INSERT INTO operator_sessions (digest, operator, credential, address, browser, created_at, seen_at)
VALUES (%(digest)s, %(operator)s, %(credential)s, %(address)s, %(browser)s, %(now)s, %(now)s)
"""
# The operator as he stands now: a new role, a new password, or being shut out, holds at once.
_FIND = """
SELECT operator_sessions.*, operators.name, operators.role, operators.accounts,
       operators.password_hash
  FROM operator_sessions LEFT JOIN operators
       ON lower(operators.name) = lower(operator_sessions.operator) AND NOT operators.is_disabled
 WHERE digest = %(digest)s AND seen_at > %(idle_since)s AND operator_sessions.created_at > %(oldest)s
"""
_LIST = """
SELECT id, operator, address, browser, created_at, seen_at FROM operator_sessions
 WHERE seen_at > %(idle_since)s AND created_at > %(oldest)s AND (%(before)s::bigint IS NULL OR id < %(before)s)
 ORDER BY id DESC LIMIT %(limit)s
"""
# Counted before the password is looked at: a hundred attempts at one moment are a hundred attempts.
_ATTEMPT = """
INSERT INTO login_attempts AS known (what, failures, last_at, next_at)
VALUES (%(what)s, 1, %(now)s, %(now)s)
ON CONFLICT (what) DO UPDATE
   SET failures = CASE WHEN known.last_at < %(forgotten)s THEN 1 ELSE known.failures + 1 END,
       last_at = %(now)s,
       next_at = CASE WHEN known.last_at < %(forgotten)s OR known.failures < %(free)s THEN %(now)s
                      ELSE %(now)s + least(2 ^ least(known.failures - %(free)s, 20), %(longest)s) * interval '1 s' END
 WHERE known.next_at <= %(now)s OR known.failures < %(free)s
RETURNING failures
"""


def digest_of(secret: str) -> bytes:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).digest()


class Visitor(Value):
    """Where somebody comes from."""

    address: str = ""
    browser: str = ""


class Session(Value):
    """Somebody who is logged in."""

    id: int
    operator: Operator
    created_at: datetime
    seen_at: datetime


class Sessions:
    """Reads and writes `operator_sessions`. Every method may raise `Unavailable`."""

    def __init__(self, pool: Pool, token: str) -> None:
        self._pool = pool
        self._token = token

    async def open(self, operator: str, credential: str, visitor: Visitor, now: datetime) -> str:
        """Begin a session; the secret that its browser will show."""
        secret = secrets.token_urlsafe(32)
        values = {"digest": digest_of(secret), "operator": operator, "credential": digest_of(credential), "now": now}
        texts = {"address": visitor.address[:100], "browser": visitor.browser[:200]}
        await fetch_one(self._pool, _OPEN, values | texts)
        return secret

    async def find(self, secret: str, now: datetime) -> Session | None:
        """Whose session this is; None: nobody's, or it is over."""
        row = await fetch_one(self._pool, _FIND, {"digest": digest_of(secret), **_bounds(now)})
        if row is None:
            return None
        own = row["operator"] == OWNER
        credential = self._token if own else row["password_hash"]
        if not credential or not secrets.compare_digest(digest_of(credential), row["credential"]):
            return None
        await self._note_seen(row["id"], row["seen_at"], now)
        who = Operator(name=OWNER, role=Role.MANAGER) if own else Operator.model_validate(row)
        return Session(id=row["id"], operator=who, created_at=row["created_at"], seen_at=now)

    async def _note_seen(self, number: int, before: datetime, now: datetime) -> None:
        if now - before >= SEEN_EVERY:
            query = "UPDATE operator_sessions SET seen_at = %(now)s WHERE id = %(id)s"
            await fetch_one(self._pool, query, {"now": now, "id": number})

    async def page(self, now: datetime, before: int | None, limit: int) -> Sequence[dict[str, object]]:
        """Who is logged in, newest first."""
        return await fetch_all(self._pool, _LIST, {"before": before, "limit": limit, **_bounds(now)})

    async def end(self, number: int) -> str | None:
        """End a session; whose it was."""
        query = "DELETE FROM operator_sessions WHERE id = %(id)s RETURNING operator"
        row = await fetch_one(self._pool, query, {"id": number})
        return str(row["operator"]) if row else None

    async def end_all(self, operator: str) -> None:
        """End every session of one operator."""
        query = "DELETE FROM operator_sessions WHERE lower(operator) = lower(%(operator)s)"
        await fetch_one(self._pool, query, {"operator": operator})

    async def tidy(self, now: datetime) -> None:
        """Forget what is over."""
        query = "DELETE FROM operator_sessions WHERE seen_at <= %(idle_since)s OR created_at <= %(oldest)s"
        await fetch_one(self._pool, query, _bounds(now))
        query = "DELETE FROM login_attempts WHERE last_at < %(forgotten)s"
        await fetch_one(self._pool, query, {"forgotten": now - FORGOTTEN})


def _bounds(now: datetime) -> dict[str, datetime]:
    return {"idle_since": now - IDLE, "oldest": now - LONGEST}


class Guessing:
    """Slows down whoever tries passwords: by the name they try, and by where they come from."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def may_try(self, name: str, address: str, now: datetime) -> bool:
        """Count an attempt; False: too soon after the last ones."""
        by_name, by_address = _whats(name, address)
        if not await self._counted(by_address, now, FREE_BY_ADDRESS, LONGEST_BY_ADDRESS):
            return False
        return await self._counted(by_name, now, FREE_BY_NAME, LONGEST_BY_NAME)

    async def _counted(self, what: bytes, now: datetime, free: int, longest: int) -> bool:
        bounds = {"free": free, "longest": longest, "forgotten": now - FORGOTTEN}
        return await fetch_one(self._pool, _ATTEMPT, {"what": what, "now": now, **bounds}) is not None

    async def forget(self, name: str, address: str) -> None:
        """They knew it."""
        query = "DELETE FROM login_attempts WHERE what = ANY(%(whats)s)"
        await fetch_one(self._pool, query, {"whats": _whats(name, address)})


def _whats(name: str, address: str) -> list[bytes]:
    return [digest_of(f"name {name.casefold()}"), digest_of(f"address {neighbourhood_of(address)}")]


def neighbourhood_of(address: str) -> str:
    """Whose address it is: an IPv6 customer is given 2^64 of them, so those count as one."""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    if isinstance(known, IPv4Address):
        return str(known)
    return str(known.ipv4_mapped or ip_network((known.packed[:8] + bytes(8), 64)))
