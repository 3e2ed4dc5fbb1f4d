"""Every customer's own key, and whom a pseudonym stands for: locked away in `contacts`, remembered while they are used.

A key that was destroyed is forgotten by every process that listens (`keep`) within milliseconds.
"""

import asyncio
import os
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import psycopg
import structlog
from cachetools import TTLCache

from domain.failures import Unavailable
from domain.identifiers import Address
from providers.records.pool import Pool, borrowed, fetch_all, fetch_one
from providers.secrets import SecretBox
from runtime.history_keys import HistoryKey
from runtime.in_time import in_time

CHANNEL = "keys_destroyed"
SECONDS, SIZE = 600.0, 10_000
"""How long keys are remembered, and how many."""
ASK_WITHIN = 2.0
"""Seconds; a message waits for its answer."""
AWAY_SECONDS = 2.0
"""How long PostgreSQL is left alone after it did not answer: messages must not wait for it one after the other."""
CHECK_SECONDS = 5.0
"""How often the listening connection is seen to be alive."""
BYTES, NONCE = 32, 12
AT_ONCE = 500
"""Keys that are locked anew in one transaction."""
HOUSE = 0
"""The number of the house's own key."""
Answer = TypeVar("Answer")

# Silent customers are forgotten after a day at the least (strangers.py): what is remembered here was heard of before.
_FIND = """
SELECT id, key, sealed, heard_at > now() - interval '1 hour' AS is_fresh FROM contacts
 WHERE platform = %(platform)s AND account = %(account)s AND contact = %(contact)s
"""
_HEARD = """
UPDATE contacts SET heard_at = now()
 WHERE platform = %(platform)s AND account = %(account)s AND contact = %(contact)s AND key IS NOT NULL
RETURNING id, key, sealed, true AS is_fresh
"""
_FIND_ALL = """
SELECT contacts.*, heard_at > now() - interval '1 hour' AS is_fresh
  FROM contacts JOIN unnest(%(platform)s::text[], %(account)s::text[], %(contact)s::text[])
    AS wanted (platform, account, contact) USING (platform, account, contact)
"""
_ADD = """
INSERT INTO contacts (platform, account, contact, key, sealed)
VALUES (%(platform)s, %(account)s, %(contact)s, %(key)s, %(sealed)s)
ON CONFLICT (platform, account, contact) DO NOTHING RETURNING id, key, sealed, true AS is_fresh
"""
_SEAL = "UPDATE contacts SET sealed = %(sealed)s WHERE id = %(id)s AND key IS NOT NULL"
_ROTATING = """
SELECT id, key FROM contacts WHERE id > %(after)s AND key IS NOT NULL ORDER BY id LIMIT %(most)s FOR UPDATE
"""
_TURNED = """
UPDATE contacts SET key = turned.key FROM unnest(%(ids)s::bigint[], %(keys)s::bytea[]) AS turned (id, key)
 WHERE contacts.id = turned.id
"""
_ADD_HOUSE = "INSERT INTO house_keys (name, key) VALUES (%(name)s, %(key)s) ON CONFLICT (name) DO NOTHING"
_HOUSE = "SELECT key FROM house_keys WHERE name = %(name)s"


def _owners(table: str) -> str:
    """Whose customers a table knows, found by a look into its index for each account."""
    after = f"""(SELECT platform, account FROM {table} {{where}} ORDER BY platform, account LIMIT 1)"""  # noqa: S608
    beyond = after.format(where="WHERE (platform, account) > (owners.platform, owners.account)")
    return f"""(WITH RECURSIVE owners AS (
        {after.format(where="")} UNION ALL SELECT another.* FROM owners CROSS JOIN LATERAL {beyond} AS another
    ) SELECT platform, account FROM owners)"""  # noqa: S608 — our own table names


_OWNERS = f"{_owners('contacts')} UNION {_owners('conversations')}"

log = structlog.get_logger()


@dataclass(frozen=True)
class Known:
    """A customer as `contacts` knows them."""

    key: HistoryKey
    real: str = ""
    """Whom the pseudonym stands for; empty: it is none, or nobody has said."""
    is_fresh: bool = True
    """Whether it is noted that they were heard of within the hour."""


class ContactKeys:
    """Reads and writes `contacts` and `house_keys`. Every method may raise `Unavailable`, `NoKey` and `WrongKey`."""

    def __init__(
        self,
        pool: Pool,
        box: SecretBox,
        *,
        seconds: float = SECONDS,
        size: int = SIZE,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pool = pool
        self._box = box
        self._known: TTLCache[Address, Known] = TTLCache(size, seconds, timer)
        self._numbered: TTLCache[int, HistoryKey] = TTLCache(size, seconds, timer)
        self._house: dict[str, bytes] = {}
        self._timer = timer
        self._away_until = 0.0
        self._destroyed = 0
        """Moves with every destroyed key: what was read before it must not be remembered after it."""

    async def of_workflow(self, workflow_id: str) -> HistoryKey:
        """The key of a conversation's customer, made if there is none; of any other workflow, the house's own."""
        try:
            address = Address.of_conversation(workflow_id)
        except ValueError:
            return HistoryKey(HOUSE, await self.house("histories"))
        return (await self.of(address)).key

    async def numbered(self, number: int) -> HistoryKey | None:
        """The key of this number; None: it was destroyed."""
        if number == HOUSE:
            return HistoryKey(HOUSE, await self.house("histories"))
        if (found := self._numbered.get(number)) is not None:
            return found
        began = self._destroyed
        row = await self._asked(fetch_one(self._pool, "SELECT key FROM contacts WHERE id = %(id)s", {"id": number}))
        if row is None or row["key"] is None:
            return None
        key = HistoryKey(number, self._box.unlock(row["key"]))
        if began == self._destroyed:
            self._numbered[number] = key
        return key

    async def of(self, address: Address, real: str = "") -> Known:
        """The customer of this address, made known if they are not; `real`: whom their pseudonym stands for."""
        known = self._known.get(address)
        if known is None or not known.is_fresh or (real and not known.real):
            began = self._destroyed
            known = await self._asked(self._find_or_add(address, real))
            self._remember(address, known, began)
        return known

    async def find(self, address: Address) -> Known | None:
        """The customer of this address, if they are known."""
        if (known := self._known.get(address)) is not None:
            return known
        began = self._destroyed
        row = await self._asked(fetch_one(self._pool, _FIND, address.model_dump()))
        if row is None:
            return None
        known = self._opened(row)
        self._remember(address, known, began)
        return known

    async def warm(self, addresses: Sequence[Address]) -> None:
        """Look these customers up at once, so that `find` need not go for one after the other."""
        wanted = [one for one in dict.fromkeys(addresses) if one not in self._known]
        if not wanted:
            return
        began = self._destroyed
        columns = {name: [getattr(one, name) for one in wanted] for name in ("platform", "account", "contact")}
        for row in await self._asked(fetch_all(self._pool, _FIND_ALL, columns)):
            address = Address(platform=row["platform"], account=row["account"], contact=row["contact"])
            self._remember(address, self._opened(row), began)

    async def house(self, name: str) -> bytes:
        """A key of the house's own, made when it is first asked for."""
        if name not in self._house:
            self._house[name] = await self._asked(self._find_or_add_house(name))
        return self._house[name]

    async def has_house(self, name: str) -> bool:
        """Whether the house ever had a key of this name; none is made."""
        return name in self._house or bool(await self._asked(fetch_one(self._pool, _HOUSE, {"name": name})))

    async def owners(self) -> list[tuple[str, str]]:
        """Platforms and accounts that ever had customers, also those that were removed or are switched off."""
        return [(row["platform"], row["account"]) for row in await self._asked(fetch_all(self._pool, _OWNERS))]

    async def _find_or_add(self, address: Address, real: str) -> Known:
        values = address.model_dump()
        row = await fetch_one(self._pool, _FIND, values)
        if row is not None and not row["is_fresh"]:
            row = await fetch_one(self._pool, _HEARD, values)
        if row is None:
            secret = os.urandom(BYTES)
            values |= {"key": self._box.lock(secret), "sealed": _sealed(secret, real)}
            row = await fetch_one(self._pool, _ADD, values) or await fetch_one(self._pool, _FIND, values)
        if row is None:
            raise Unavailable("a customer's row came and went")
        known = self._opened(row)
        if real and not known.real:
            await fetch_one(self._pool, _SEAL, {"id": row["id"], "sealed": _sealed(known.key.secret, real)})
            known = Known(known.key, real)
        return known

    async def _find_or_add_house(self, name: str) -> bytes:
        row = await fetch_one(self._pool, _HOUSE, {"name": name})
        if row is None:
            await fetch_one(self._pool, _ADD_HOUSE, {"name": name, "key": self._box.lock(os.urandom(BYTES))})
            row = await fetch_one(self._pool, _HOUSE, {"name": name})
        if row is None:
            raise Unavailable("a key of the house came and went")
        return self._box.unlock(row["key"])

    def _opened(self, row: dict[str, Any]) -> Known:
        key = HistoryKey(row["id"], self._box.unlock(row["key"]))
        return Known(key, _unsealed(key, row["sealed"]) if row["sealed"] else "", row["is_fresh"])

    def _remember(self, address: Address, known: Known, began: int) -> None:
        if began == self._destroyed:
            self._known[address] = known
            self._numbered[known.key.number] = known.key

    async def _asked(self, asking: Coroutine[Any, Any, Answer]) -> Answer:
        """Ask PostgreSQL, for no longer than a message can wait."""
        if self._timer() < self._away_until:
            asking.close()
            raise Unavailable("PostgreSQL was away a moment ago")
        try:
            return await in_time(asking, ASK_WITHIN)
        except (TimeoutError, Unavailable):
            self._away_until = self._timer() + AWAY_SECONDS
            raise Unavailable("PostgreSQL does not answer") from None

    async def rotate(self) -> int:
        """Lock every key with the newest key of the ring; how many were locked with an older one. Safe to run again."""
        self._box.look_again()
        turned, after = 0, 0
        while True:
            async with borrowed(self._pool) as connection, connection.transaction():
                rows = await (await connection.execute(_ROTATING, {"after": after, "most": AT_ONCE})).fetchall()
                old = [row for row in rows if not self._box.is_newest(row["key"])]
                fresh = [self._box.lock(self._box.unlock(row["key"])) for row in old]
                await connection.execute(_TURNED, {"ids": [row["id"] for row in old], "keys": fresh})
            if not rows:
                return turned + await self._rotate_house()
            turned, after = turned + len(old), rows[-1]["id"]

    async def _rotate_house(self) -> int:
        async with borrowed(self._pool) as connection, connection.transaction():
            rows = await (await connection.execute("SELECT name, key FROM house_keys FOR UPDATE")).fetchall()
            for row in rows:
                values = {"name": row["name"], "key": self._box.lock(self._box.unlock(row["key"]))}
                await connection.execute("UPDATE house_keys SET key = %(key)s WHERE name = %(name)s", values)
        return 0

    # --- keys that were destroyed ------------------------------------------------------------------------------

    async def keep(self, database_url: str) -> None:
        """Hear of every key that is destroyed, for as long as this runs; what was not heard is asked for anew."""
        while True:
            try:
                await self._listen(database_url)
            except (psycopg.Error, OSError) as error:
                log.warning("destroyed_keys_unheard", reason=type(error).__name__)
            await asyncio.sleep(0.5)

    async def _listen(self, database_url: str) -> None:
        async with await psycopg.AsyncConnection.connect(
            database_url, autocommit=True, connect_timeout=5, application_name="everturn-keys"
        ) as connection:
            await connection.execute(f"LISTEN {CHANNEL}".encode())
            self.forget()
            while True:
                async for heard in connection.notifies(timeout=CHECK_SECONDS):
                    self.forget(int(heard.payload))
                await connection.execute("SELECT 1")

    def forget(self, number: int | None = None) -> None:
        """Ask anew for this key, or for all of them, before using it again."""
        self._destroyed += 1
        if number is None:
            self._known.clear()
            self._numbered.clear()
            return
        self._numbered.pop(number, None)
        for address in [one for one, known in self._known.items() if known.key.number == number]:
            self._known.pop(address, None)


def _sealed(secret: bytes, real: str) -> bytes | None:
    """Whom a pseudonym stands for, as only the customer's key can tell."""
    nonce, content = os.urandom(NONCE), real.encode("utf-8", "surrogatepass")
    return nonce + HistoryKey(0, secret).cipher.encrypt(nonce, content, None) if real else None


def _unsealed(key: HistoryKey, sealed: bytes) -> str:
    return key.cipher.decrypt(sealed[:NONCE], sealed[NONCE:], None).decode("utf-8", "surrogatepass")
