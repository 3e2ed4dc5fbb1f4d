"""Operators and their passwords."""

import asyncio
import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import TypeVar

import psycopg
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from psycopg.rows import DictRow

from domain.failures import Rejected
from domain.operators import OWNER, Operator, Role, why_not
from providers.records.pool import Pool, fetch_all, fetch_one

AT_ONCE = 2
"""Passwords compared at one time: each takes some tens of milliseconds of a core, and 64 MB, on purpose."""
NOBODYS = "nobody has this password"
_FIND = "SELECT * FROM operators WHERE lower(name) = lower(%(name)s)"
_ADD = "INSERT INTO operators (name, role, password_hash) VALUES (%(name)s, %(role)s, %(hash)s) RETURNING *"
_NEW_HASH = """
UPDATE operators SET password_hash = %(hash)s, updated_at = clock_timestamp()
 WHERE lower(name) = lower(%(name)s) RETURNING *
"""
_CHANGE = """
UPDATE operators SET role = coalesce(%(role)s, role), is_disabled = coalesce(%(is_disabled)s, is_disabled),
       updated_at = clock_timestamp()
 WHERE lower(name) = lower(%(name)s) RETURNING *
"""
_CONFINE = """
UPDATE operators SET accounts = %(accounts)s, updated_at = clock_timestamp()
 WHERE lower(name) = lower(%(name)s) RETURNING *
"""
OWN_ACCOUNT = re.compile(r"[^\s:/]{1,64}/[^\s:/]{1,64}")
Made = TypeVar("Made")


class Refused(Rejected):
    """An operator that cannot be; the text says why."""


class Passwords:
    """Hashes and compares, in threads and few at once."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._nobodys = ""

    async def hash(self, password: str) -> str:
        """What is kept of a password."""
        return await self._aside(lambda: self._hasher.hash(password))

    async def is_right(self, kept: str | None, password: str) -> bool:
        """Whether this is the password; where nobody has one it takes as long to say no."""
        return await self._aside(lambda: self._compare(kept, password))

    def _compare(self, kept: str | None, password: str) -> bool:
        self._nobodys = self._nobodys or self._hasher.hash(NOBODYS)
        try:
            self._hasher.verify(kept or self._nobodys, password)
        except (VerificationError, InvalidHashError):
            return False
        return kept is not None

    async def _aside(self, work: Callable[[], Made]) -> Made:
        async with self._slots:
            return await asyncio.to_thread(work)


class Operators:
    """Reads and writes `operators`. Every method may raise `Unavailable`."""

    def __init__(self, pool: Pool, passwords: Passwords) -> None:
        self._pool = pool
        self._passwords = passwords

    async def add(self, name: str, role: Role, password: str) -> Operator:
        """A new operator.

        Raises:
            Refused: the name is taken or reserved, or the password is too weak.
        """
        name = " ".join(name.split())
        self._check(name, password)
        with _refusals(name):
            operator = Operator(name=name, role=role)
            values = {"name": operator.name, "role": role.value, "hash": await self._passwords.hash(password)}
            row = await fetch_one(self._pool, _ADD, values)
        return Operator.model_validate(row)

    async def set_password(self, name: str, password: str) -> Operator:
        """Change a password; every session that was opened with the old one is over.

        Raises:
            Refused: there is no such operator, or the password is too weak.
        """
        self._check(name, password)
        hashed = await self._passwords.hash(password)
        return _found(await fetch_one(self._pool, _NEW_HASH, {"name": name, "hash": hashed}), name)

    async def change(self, name: str, *, role: Role | None = None, is_disabled: bool | None = None) -> Operator:
        """Give another role, shut somebody out, or let them in again.

        Raises:
            Refused: there is no such operator.
        """
        values = {"name": name, "role": role.value if role else None, "is_disabled": is_disabled}
        return _found(await fetch_one(self._pool, _CHANGE, values), name)

    async def confine(self, name: str, accounts: Collection[str]) -> Operator:
        """From now on they see these accounts (`platform/account`) alone; without any: everybody's.

        Raises:
            Refused: there is no such operator, or one of these is no account's name.
        """
        if wrong := next((one for one in accounts if not OWN_ACCOUNT.fullmatch(one)), ""):
            raise Refused(f"{wrong!r} is no account: write platform/account, e.g. telegram/main")
        values = {"name": name, "accounts": sorted(set(accounts))}
        return _found(await fetch_one(self._pool, _CONFINE, values), name)

    async def all(self) -> list[Operator]:
        """Every operator, by name."""
        rows = await fetch_all(self._pool, "SELECT * FROM operators ORDER BY lower(name)")
        return [Operator.model_validate(row) for row in rows]

    async def credential(self, name: str) -> str | None:
        """What is kept of somebody's password; None: nobody of this name may log in."""
        row = await fetch_one(self._pool, _FIND, {"name": name})
        return str(row["password_hash"]) if row and not row["is_disabled"] else None

    async def called(self, name: str) -> str:
        """The operator of this name as they are written; empty: there is none."""
        row = await fetch_one(self._pool, _FIND, {"name": name})
        return str(row["name"]) if row else ""

    async def log_in(self, name: str, password: str) -> tuple[Operator, str] | None:
        """Who this is, and what is kept of their password; None: wrong, whatever of it is."""
        row = await fetch_one(self._pool, _FIND, {"name": name})
        kept = str(row["password_hash"]) if row and not row["is_disabled"] else None
        right = await self._passwords.is_right(kept, password)
        return (Operator.model_validate(row), kept) if right and kept else None

    def _check(self, name: str, password: str) -> None:
        if name.casefold() == OWNER:
            raise Refused(f"{OWNER} is who logs in with OPERATOR_TOKEN: choose another name")
        if wrong := why_not(name, password):
            raise Refused(wrong)


def _found(row: DictRow | None, name: str) -> Operator:
    if row is None:
        raise Refused(f"there is no operator {name}")
    return Operator.model_validate(row)


@contextmanager
def _refusals(name: str) -> Iterator[None]:
    try:
        yield
    except psycopg.errors.UniqueViolation:
        raise Refused(f"there is an operator {name} already") from None
    except ValueError:
        raise Refused(
            "a name has 2 to 64 letters, digits, spaces or . @ ' ’ -, and begins with a letter or digit"
        ) from None
