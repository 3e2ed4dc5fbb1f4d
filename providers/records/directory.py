"""Which account speaks: the environment's own and those in PostgreSQL, remembered until they change.

What the environment says of a platform's default account holds where no row says otherwise. A row of the same id
changes its flow, plan, texts and turn-taking; of its secrets those win that the environment sets, so that a deployment
can always let itself in again, and the address goes with the token it belongs to.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any

import psycopg
import structlog
from cachetools import LRUCache, TTLCache

from domain.failures import OurFault, Unavailable
from domain.plans import UNLIMITED, Plan
from domain.turn_taking import TurnTaking
from providers.records.accounts import token_digest
from providers.records.tenants import SECRETS, Status, Stored, Tenant, Tenants
from providers.records.tokens import Renewed
from providers.secrets import WrongKey
from runtime.accounts import Account, Accounts
from runtime.in_time import in_time

CHANNEL = "accounts_changed"
ABSENT_SECONDS = 5.0
"""How long we remember that there is no such account."""
ANSWER_WITHIN = 3.0
"""Seconds PostgreSQL has for an answer: a platform waits for ours."""
AWAY_SECONDS = 5.0
"""How long PostgreSQL is left alone after it could not be reached."""
CHECK_SECONDS = 5.0
"""How often the listening connection is seen to be alive."""
NO_TOKEN = frozenset({"", "simulator"})
"""What stands for an access token where the environment sets none."""
_WHERE_STATED = ("name", "language", "exhausted_text", "flow", "interim_text")
EVERYTHING = "*"
Key = tuple[str, str]

log = structlog.get_logger()


class Directory:
    """Finds accounts and plans. What it knows it answers even while PostgreSQL is away."""

    def __init__(
        self,
        tenants: Tenants,
        environment: Accounts,
        *,
        seconds: float = 3600,
        size: int = 10_000,
        timer: Callable[[], float] = time.monotonic,
        strict: bool = False,
    ) -> None:
        """`strict`: what was never asked is not guessed from the environment, for its plan and rules may be others.

        The API guesses, for a platform waits; the worker asks again, for it is retried.
        """
        self._tenants = tenants
        self._environment = environment
        self._strict = strict
        self._fresh: TTLCache[Key, Any] = TTLCache(size, seconds, timer)
        self._absent: TTLCache[Key, None] = TTLCache(size, min(ABSENT_SECONDS, seconds), timer)
        self._last: LRUCache[Key, Any] = LRUCache(size)
        """What was known last, however old: the answer while PostgreSQL cannot be asked."""
        self._timer = timer
        self._away_until = 0.0
        self._changes = 0
        """Moves with every change: what was read before it must not be remembered after it."""

    async def find(self, platform: str, account: str) -> Account | None:
        """This account, if we know it and it is not switched off.

        Raises:
            Unavailable: PostgreSQL is away and the account was never seen.
            WrongKey: its secrets cannot be unlocked.
        """
        try:
            found: Account | None = await self._remembered((platform, account), self._read)
        except Unavailable:
            found = None if self._strict else await self._environment.find(platform, account)
            if found is None:
                raise
        return found

    async def default(self, platform: str) -> Account:
        """The account a webhook without an account of its own belongs to: the environment's.

        Raises:
            KeyError: nobody has an account on this platform.
        """
        own = await self._environment.default(platform)
        return await self.find(platform, own.account) or own

    async def of_platform(self, platform: str) -> tuple[Account, ...]:
        """Every account of one platform, the environment's first.

        Raises:
            Unavailable: PostgreSQL is away and was never asked.
        """
        found: tuple[Account, ...] = await self._remembered((platform, EVERYTHING), self._read_all)
        return found

    async def all(self) -> tuple[Account, ...]:
        """Every account there is, by platform; as `of_platform`."""
        names = dict.fromkeys(account.platform for account in await self._environment.all())
        return tuple([account for name in names for account in await self.of_platform(name)])

    async def default_id(self, platform: str) -> str:
        """What the environment's account of a platform is called.

        Raises:
            KeyError: as `default`.
        """
        return await self._environment.default_id(platform)

    async def options(self) -> dict[Key, Mapping[str, str]]:
        """Every account's options, asked now: also of those that are switched off or cannot be unlocked here.

        Raises:
            Unavailable: PostgreSQL is away.
        """
        found = await self._environment.options()
        for whose, own in (await self._tenants.options()).items():
            base = await self._base(*whose)
            found[whose] = {**(base.options if base else {}), **own}
        return found

    async def plan(self, name: str) -> Plan:
        """A plan by its name; the unlimited one is known without asking.

        Raises:
            Unavailable: PostgreSQL is away and the plan was never seen.
            OurFault: there is none.
        """
        if name == UNLIMITED.name:
            return UNLIMITED
        found: Plan | None = await self._remembered(("plan:", name), self._read_plan)
        if found is None:
            raise OurFault(f"there is no plan {name!r}")
        return found

    async def ask(self, platform: str, account: str) -> Account | None:
        """As `find`, but asked now and not remembered: for people who just changed it.

        Raises:
            Unavailable, WrongKey: as `find`.
        """
        return await self._read((platform, account))

    async def keep(self, database_url: str) -> None:
        """Hear of every change, for as long as this runs; what was missed while not listening is asked for anew."""
        while True:
            try:
                await self._listen(database_url)
            except (psycopg.Error, OSError) as error:
                log.warning("accounts_unheard", reason=type(error).__name__)
            await asyncio.sleep(0.5)

    async def _listen(self, database_url: str) -> None:
        async with await psycopg.AsyncConnection.connect(
            database_url, autocommit=True, connect_timeout=5, application_name="everturn-accounts"
        ) as connection:
            await connection.execute(f"LISTEN {CHANNEL}".encode())
            self._away_until = 0.0
            self.forget()
            while True:
                async for heard in connection.notifies(timeout=CHECK_SECONDS):
                    self._forget_changed(heard.payload)
                await connection.execute("SELECT 1")

    def forget(self, *keys: Key) -> None:
        """Ask anew for these, or for everything, before answering again."""
        self._changes += 1
        for cache in (self._fresh, self._absent):
            if not keys:
                cache.clear()
            for key in keys:
                cache.pop(key, None)

    def _forget_changed(self, payload: str) -> None:
        kind, _, rest = payload.partition(":")
        platform, _, account = rest.partition(":")
        if kind == "account":
            self.forget((platform, account), (platform, EVERYTHING))
        else:
            self.forget()  # a plan: whichever accounts are on it

    async def _remembered(self, key: Key, read: Callable[[Key], Coroutine[Any, Any, Any]]) -> Any:
        """The answer to `key`: remembered, or read now, or while PostgreSQL is away the last one there was."""
        if key in self._absent:
            return None
        if (found := self._fresh.get(key)) is not None:
            return found
        began = self._changes
        try:
            found = await self._asked(key, read)
        except Unavailable:
            if (found := self._last.get(key)) is None:
                raise
            return found
        if began == self._changes:
            self._remember(key, found)
        return found

    async def _asked(self, key: Key, read: Callable[[Key], Coroutine[Any, Any, Any]]) -> Any:
        """Ask PostgreSQL. While it is away one question at a time waits for it; the others are refused at once."""
        now = self._timer()
        if now < self._away_until:
            raise Unavailable("PostgreSQL was away a moment ago")
        if self._away_until:
            self._away_until = now + AWAY_SECONDS
        try:
            found = await in_time(read(key), ANSWER_WITHIN)
        except (TimeoutError, Unavailable) as error:
            self._away_until = self._timer() + AWAY_SECONDS
            raise Unavailable(str(error)) from error
        self._away_until = 0.0
        return found

    def _remember(self, key: Key, found: Any) -> None:
        if found is None:
            self._absent[key] = None
            self._last.pop(key, None)
        else:
            self._fresh[key] = self._last[key] = found

    async def _read_plan(self, key: Key) -> Plan | None:
        return await self._tenants.plan(key[1])

    async def _read(self, key: Key) -> Account | None:
        stored, own = await self._tenants.find(*key), await self._environment.find(*key)
        account = own if stored is None else await self._account(stored, own)
        return None if account is None else (await self._renewed(key[0], [account]))[0]

    async def _read_all(self, key: Key) -> tuple[Account, ...]:
        """One account whose secrets cannot be unlocked must not silence the others."""
        found = {own.account: own for own in await self._environment.of_platform(key[0])}
        for stored in await self._tenants.of_platform(key[0]):
            try:
                account = await self._account(stored, found.get(stored.account))
            except WrongKey as error:
                log.critical("account_unreadable", platform=key[0], account=stored.account, reason=str(error))
                continue
            if account is not None:
                found[stored.account] = account
        return tuple(await self._renewed(key[0], found.values()))

    async def _renewed(self, platform: str, accounts: Iterable[Account]) -> list[Account]:
        """With what their tokens were renewed to, unless a person has set another one since."""
        try:
            renewed = await self._tenants.tokens.of_platform(platform)
        except WrongKey as error:
            log.critical("renewed_tokens_unreadable", platform=platform, reason=str(error))
            renewed = {}
        return [_with_token(account, renewed.get(account.account)) for account in accounts]

    async def _account(self, stored: Stored, own: Account | None) -> Account | None:
        """The account a row describes; None: it is switched off (the environment's own cannot be)."""
        if stored.status is Status.OFF and own is None:
            return None
        return await self.described(stored, self._unlocked(stored, own), stored.plan_rate)

    async def described(
        self, tenant: Tenant, secrets: Mapping[str, str], plan_rate: int | None = None
    ) -> Account | None:
        """The account as it would speak with these settings and secrets; None: this build has no such platform."""
        own = await self._environment.find(tenant.platform, tenant.account)
        base = await self._base(tenant.platform, tenant.account)
        if base is None:
            return None
        texts = {name: value for name in _WHERE_STATED if (value := getattr(tenant, name))}
        update = {
            **texts,
            "account": tenant.account,
            "plan": tenant.plan,
            "retention_days": tenant.retention_days,
            "options": {**base.options, **tenant.options},
            "turn_taking": TurnTaking.model_validate(base.turn_taking.model_dump() | dict(tenant.turn_taking)),
            "requests_per_minute": _least(tenant.requests_per_minute or base.requests_per_minute, plan_rate),
            **_way_in(tenant, secrets, own),
        }
        return base.model_copy(update=update)

    async def _base(self, platform: str, account: str) -> Account | None:
        """What holds where a row says nothing: the environment's own account of that name, else the platform's."""
        try:
            return await self._environment.find(platform, account) or await self._environment.default(platform)
        except KeyError:  # a platform that this build does not know
            return None

    def _unlocked(self, stored: Stored, own: Account | None) -> dict[str, str]:
        try:
            return self._tenants.unlocked(stored)
        except WrongKey as error:
            if own is None or own.access_token in NO_TOKEN:
                raise
            log.critical("account_unreadable", platform=own.platform, account=own.account, reason=str(error))
            return {}


def _way_in(tenant: Tenant, secrets: Mapping[str, str], own: Account | None) -> dict[str, str]:
    """Secrets and address: the row's; for the environment's own account whatever the environment sets."""
    found = dict.fromkeys(SECRETS, "") | dict(secrets) | {"api_base_url": tenant.api_base_url}
    if own is None:
        return found
    if own.access_token not in NO_TOKEN or not found["access_token"]:
        found |= {"access_token": own.access_token, "api_base_url": own.api_base_url}
    for name in ("webhook_secret", "verify_token"):
        found[name] = getattr(own, name) or found[name]
    return found


def _with_token(account: Account, renewed: Renewed | None) -> Account:
    if renewed is None or token_digest(account.access_token) != renewed.replaces:
        return account
    return account.model_copy(update={"access_token": renewed.token})


def _least(*rates: int | None) -> int | None:
    known: Iterable[int] = [rate for rate in rates if rate is not None]
    return min(known, default=None)
