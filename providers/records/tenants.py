"""Accounts and plans as rows. The secrets of an account are encrypted before they leave this process."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import psycopg
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb
from pydantic import AfterValidator, Field

from domain.failures import Rejected
from domain.model import Value
from domain.plans import UNLIMITED, Plan
from domain.turn_taking import TurnTaking
from providers.records.pool import Pool, borrowed, fetch_all, fetch_one
from providers.records.tokens import Tokens
from providers.secrets import SecretBox, WrongKey

SECRETS = ("access_token", "webhook_secret", "verify_token")
PLATFORM = r"^[a-z0-9_]{1,40}$"
ACCOUNT = r"^[^\s:/\x00]{1,64}$"
"""An account's id stands in conversation ids and addresses."""
Line = Annotated[str, Field(max_length=2_000, pattern=r"^[^\x00]*$")]
AT_ONCE = 200
"""Rows locked away anew in one transaction."""

_COLUMNS = (
    "name", "flow", "language", "plan", "options", "turn_taking", "requests_per_minute", "interim_text",
    "exhausted_text", "api_base_url", "retention_days", "status", "secrets", "secret_names",
)  # fmt: skip
_ADD = f"""
INSERT INTO accounts (platform, account, {", ".join(_COLUMNS)})
VALUES (%(platform)s, %(account)s, {", ".join(f"%({name})s" for name in _COLUMNS)})
"""  # noqa: S608 — our own column names
_CHANGE = f"""
UPDATE accounts SET {", ".join(f"{name} = %({name})s" for name in _COLUMNS)}, updated_at = clock_timestamp()
 WHERE platform = %(platform)s AND account = %(account)s
"""  # noqa: S608 — as above
_FIND = """
SELECT accounts.*, (plans.requests_per_minute ->> accounts.platform)::integer AS plan_rate
  FROM accounts JOIN plans ON plans.name = accounts.plan
 WHERE (%(platform)s::text IS NULL OR platform = %(platform)s)
   AND (%(account)s::text IS NULL OR account = %(account)s)
 ORDER BY platform, account
"""
_LIST = """
SELECT * FROM accounts
 WHERE (%(platform)s::text IS NULL OR platform = %(platform)s)
   AND (%(after)s::text IS NULL OR (platform, account) > (%(after_platform)s::text, %(after)s))
 ORDER BY platform, account LIMIT %(limit)s
"""
_LOCKED = "SELECT * FROM accounts WHERE platform = %(platform)s AND account = %(account)s FOR UPDATE"
_PUT_PLAN = """
INSERT INTO plans (name, features, messages_per_period, credits_per_period, period_days, warn_at_percent,
                   requests_per_minute, tariff)
VALUES (%(name)s, %(features)s, %(messages_per_period)s, %(credits_per_period)s, %(period_days)s, %(warn_at_percent)s,
        %(requests_per_minute)s, %(tariff)s)
ON CONFLICT (name) DO UPDATE
   SET features = excluded.features, messages_per_period = excluded.messages_per_period,
       credits_per_period = excluded.credits_per_period, period_days = excluded.period_days,
       warn_at_percent = excluded.warn_at_percent, requests_per_minute = excluded.requests_per_minute,
       tariff = excluded.tariff, updated_at = clock_timestamp()
"""


class Status(StrEnum):
    """Whether an account is used."""

    ACTIVE = "active"
    OFF = "off"


class Exists(Rejected):
    """There is such an account already."""


class Refused(Rejected):
    """The database would not be right any more."""


def overrides(given: Mapping[str, Any]) -> dict[str, Any]:
    """An account's own turn-taking: only what differs from its platform's.

    Raises:
        ValueError: a name that turn-taking does not have, or a number out of its range.
    """
    unknown = ", ".join(sorted(given.keys() - TurnTaking.model_fields.keys()))
    if unknown:
        raise ValueError(f"turn-taking has no {unknown}; it has {', '.join(TurnTaking.model_fields)}")
    return {name: getattr(TurnTaking.model_validate(given), name) for name in given}


class Tenant(Value):
    """An account as it is stored, without its secrets."""

    platform: str = Field(pattern=PLATFORM)
    account: str = Field(pattern=ACCOUNT)
    name: Line = ""
    flow: Line = ""
    language: str = Field(default="", pattern=r"^([a-z]{2,3}(-[A-Za-z0-9]{2,8})*)?$")
    plan: Line = UNLIMITED.name
    options: Mapping[Line, Line] = {}
    turn_taking: Annotated[Mapping[str, Any], AfterValidator(overrides)] = {}
    requests_per_minute: int | None = Field(default=None, ge=1, le=1_000_000)
    interim_text: Line = ""
    exhausted_text: Line = ""
    """What a customer hears when the plan is used up; empty: a person is asked for."""
    api_base_url: str = Field(default="", max_length=500, pattern=r"^(https?://[^\s/\x00]+[^\s\x00]*)?$")
    retention_days: int | None = Field(default=None, ge=1, le=36_500)
    status: Status = Status.ACTIVE


class Stored(Tenant):
    """A row of `accounts`, its secrets still locked."""

    secrets: bytes | None = Field(default=None, repr=False)
    secret_names: tuple[str, ...] = ()
    plan_rate: int | None = None
    """The most its plan lets it send a minute."""
    created_at: datetime
    updated_at: datetime

    @property
    def owner(self) -> str:
        """Whose secrets these are: nobody can pass off one account's secrets as another's."""
        return f"{self.platform}:{self.account}"


class Tenants:
    """Reads and writes `accounts` and `plans`. Every method may raise `Unavailable`."""

    def __init__(self, pool: Pool, box: SecretBox) -> None:
        self._pool = pool
        self._box = box
        self.tokens = Tokens(pool, box)

    async def add(self, tenant: Tenant, secrets: Mapping[str, str]) -> None:
        """Store an account.

        Raises:
            Exists: there is one of this name.
            Refused: there is no such plan.
            NoKey: secrets cannot be stored here.
        """
        with _refusals(tenant):
            await fetch_one(self._pool, _ADD, _values(tenant) | self._locked(tenant, secrets))

    async def change(
        self, platform: str, account: str, changes: Mapping[str, Any], secrets: Mapping[str, str]
    ) -> Stored | None:
        """Change what is named; a secret given as "" is taken away. None: there is no such account.

        Raises:
            ValueError: a change that no account may have.
            Refused, NoKey, WrongKey: as they are.
        """
        whose = {"platform": platform, "account": account}
        async with borrowed(self._pool) as connection, connection.transaction():
            row = await (await connection.execute(_LOCKED, whose)).fetchone()
            if row is None:
                return None
            before = Stored.model_validate(row)
            after = Tenant.model_validate({**before.model_dump(include=set(Tenant.model_fields)), **changes, **whose})
            kept = {"secrets": before.secrets, "secret_names": list(before.secret_names)}
            if secrets:
                kept = self._locked(after, self.unlocked(before) | dict(secrets))
            with _refusals(after):
                await connection.execute(_CHANGE, _values(after) | kept)
        return await self.find(platform, account)

    async def remove(self, platform: str, account: str) -> bool:
        """Forget the account and its secrets; its ledger stays. False: there was none."""
        values = {"platform": platform, "account": account}
        query = """WITH forgotten AS (
                       DELETE FROM renewed_tokens WHERE platform = %(platform)s AND account = %(account)s)
                   DELETE FROM accounts WHERE platform = %(platform)s AND account = %(account)s RETURNING 1 AS gone"""
        return await fetch_one(self._pool, query, values) is not None

    async def find(self, platform: str, account: str) -> Stored | None:
        """One account's row."""
        row = await fetch_one(self._pool, _FIND, {"platform": platform, "account": account})
        return Stored.model_validate(row) if row else None

    async def of_platform(self, platform: str | None) -> list[Stored]:
        """Every row of one platform, or of all."""
        rows = await fetch_all(self._pool, _FIND, {"platform": platform, "account": None})
        return [Stored.model_validate(row) for row in rows]

    async def options(self) -> dict[tuple[str, str], dict[str, str]]:
        """Every row's own options, whatever its status and whoever has its key."""
        rows = await fetch_all(self._pool, "SELECT platform, account, options FROM accounts")
        return {(row["platform"], row["account"]): row["options"] for row in rows}

    async def page(self, platform: str | None, after: tuple[str, str] | None, limit: int) -> list[Stored]:
        """Rows in the order of their names, from after that one on."""
        following = (
            {"after_platform": after[0], "after": after[1]} if after else {"after_platform": None, "after": None}
        )
        rows = await fetch_all(self._pool, _LIST, {"platform": platform, "limit": limit, **following})
        return [Stored.model_validate(row) for row in rows]

    def unlocked(self, stored: Stored) -> dict[str, str]:
        """The account's secrets in plain text, by name.

        Raises:
            WrongKey: none of our keys fits, or these are another account's.
        """
        if stored.secrets is None:
            return {}
        found = json.loads(self._box.unlock(stored.secrets))
        if found["owner"] != stored.owner:
            raise WrongKey(f"the secrets stored with {stored.owner} are another account's: remove it and add it again")
        return {name: found[name] for name in SECRETS if found.get(name)}

    def _locked(self, tenant: Tenant, secrets: Mapping[str, str]) -> dict[str, Any]:
        known = {name: secrets[name] for name in SECRETS if secrets.get(name)}
        if not known:
            return {"secrets": None, "secret_names": []}
        plain = json.dumps({"owner": f"{tenant.platform}:{tenant.account}", **known}).encode()
        return {"secrets": self._box.lock(plain), "secret_names": list(known)}

    async def rotate(self) -> int:
        """Lock every account's secrets with the newest key; how many were locked with an older one.

        Safe to be interrupted and run again: a row is locked with the old key or with the new one.
        """
        self._box.look_again()
        turned, after = 0, ("", "")
        while True:
            async with borrowed(self._pool) as connection, connection.transaction():
                rows = await (await connection.execute(_ROTATING, {"after": list(after), "most": AT_ONCE})).fetchall()
                for row in rows:
                    turned += await self._turn(connection, row)
            if not rows:
                return turned + await self.tokens.rotate()
            after = (rows[-1]["platform"], rows[-1]["account"])

    async def _turn(self, connection: psycopg.AsyncConnection[DictRow], row: DictRow) -> bool:
        if self._box.is_newest(row["secrets"]):
            return False
        fresh = self._box.lock(self._box.unlock(row["secrets"]))
        await connection.execute(_TURNED, row | {"secrets": fresh})
        return True

    async def plans(self) -> list[Plan]:
        """Every plan, by name."""
        return [Plan.model_validate(row) for row in await fetch_all(self._pool, "SELECT * FROM plans ORDER BY name")]

    async def plan(self, name: str) -> Plan | None:
        """One plan."""
        row = await fetch_one(self._pool, "SELECT * FROM plans WHERE name = %(name)s", {"name": name})
        return Plan.model_validate(row) if row else None

    async def put_plan(self, plan: Plan) -> None:
        """Create the plan or change it, at once for every account on it.

        Raises:
            Refused: it is the plan that never changes.
        """
        if plan.name == UNLIMITED.name:
            raise Refused(f"the plan {UNLIMITED.name} cannot be changed: make another one")
        limits = {"requests_per_minute": Jsonb(dict(plan.requests_per_minute))}
        tariff = {"tariff": Jsonb(plan.tariff.model_dump(mode="json"))}
        await fetch_one(
            self._pool, _PUT_PLAN, plan.model_dump() | {"features": sorted(plan.features)} | limits | tariff
        )


_ROTATING = """
SELECT platform, account, secrets FROM accounts
 WHERE secrets IS NOT NULL AND (platform, account) > ((%(after)s::text[])[1], (%(after)s::text[])[2])
 ORDER BY platform, account LIMIT %(most)s FOR UPDATE
"""
_TURNED = """
UPDATE accounts SET secrets = %(secrets)s, updated_at = clock_timestamp()
 WHERE platform = %(platform)s AND account = %(account)s
"""


def _values(tenant: Tenant) -> dict[str, Any]:
    values = tenant.model_dump(include=set(Tenant.model_fields))
    overridden = TurnTaking.model_validate(tenant.turn_taking).model_dump(mode="json", include=set(tenant.turn_taking))
    return values | {"options": Jsonb(dict(tenant.options)), "turn_taking": Jsonb(overridden)}


@contextmanager
def _refusals(tenant: Tenant) -> Iterator[None]:
    """What the database refuses, in words."""
    try:
        yield
    except psycopg.errors.UniqueViolation:
        raise Exists(f"there is an account {tenant.account} of {tenant.platform} already") from None
    except psycopg.errors.ForeignKeyViolation:
        raise Refused(f"there is no plan {tenant.plan!r}") from None
