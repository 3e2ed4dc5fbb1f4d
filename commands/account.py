"""`everturn account`: accounts, plans and credits, straight in the database."""

import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psycopg
from rich.console import Console
from rich.table import Table

from commands.account_input import VARIABLES
from commands.found import key_settings
from commands.outcome import Failed, WrongUse
from domain.failures import EverturnError, Rejected
from domain.plans import as_credits
from flows.registry import FLOWS
from platforms import registry
from platforms.credentials import credentials_of
from platforms.http import build_client
from providers.records.contact_keys import ContactKeys
from providers.records.credits import Credits
from providers.records.directory import Directory
from providers.records.migrate import pending_migrations
from providers.records.pool import open_pool
from providers.records.tenants import SECRETS, Tenant, Tenants
from providers.secrets import FILE, KeyFile, new_key, secret_box
from runtime.account_settings import AccountSettings
from runtime.accounts import Account, Accounts, StatedAccounts
from runtime.settings import Settings

WIDE = 10_000
"""Columns of output that no terminal reads: programs want one line a row."""


@dataclass(frozen=True)
class Books:
    """What the commands work on."""

    tenants: Tenants
    credits: Credits
    directory: Directory
    environment: Accounts
    contact_keys: ContactKeys
    key_file: KeyFile | None
    """Where the keys lie, if it is in a file."""


@asynccontextmanager
async def opened(settings: Settings, home: Path) -> AsyncIterator[Books]:
    """The books, for as long as one command takes.

    Raises:
        WrongUse: no database is set.
        Failed: it cannot be reached, or is not up to date.
        WrongSetting: EVERTURN_SECRETS_KEY is no key.
    """
    if not settings.database_url:
        raise WrongUse("DATABASE_URL: is not set, and no `everturn up` is running in this home")
    keys = key_settings(settings, home)
    environment = StatedAccounts.of_settings(settings, registry.variables(), FLOWS)
    await _require_migrated(settings.database_url)
    async with open_pool(settings.database_url, size=2, name="everturn-account") as pool:
        box = secret_box(keys)
        tenants, contact_keys = Tenants(pool, box), ContactKeys(pool, box)
        directory = Directory(tenants, environment)
        yield Books(tenants, Credits(pool), directory, environment, contact_keys, _key_file(keys, home))


async def _require_migrated(database_url: str) -> None:
    try:
        pending = await pending_migrations(database_url)
    except psycopg.Error as error:
        raise Failed(f"PostgreSQL: {' '.join(str(error).split())}") from None
    if pending:
        raise Failed("the database is not up to date: run `everturn migrate`")


def _key_file(keys: AccountSettings, home: Path) -> KeyFile | None:
    if keys.everturn_secrets_key.get_secret_value():
        return None
    if keys.everturn_secrets_key_file:
        return KeyFile(Path(keys.everturn_secrets_key_file).expanduser())
    return None if keys.is_production else KeyFile(home / FILE)


async def add(books: Books, tenant: Tenant, secrets: Mapping[str, str], *, check: bool, replace: bool) -> str:
    """Store an account; what to tell the person who did it.

    Raises:
        Failed: the platform refuses the credentials or cannot be asked, or the account is there already.
        WrongUse: there are no credentials to check.
    """
    known = await books.tenants.find(tenant.platform, tenant.account) if replace else None
    if check:
        usable = (books.tenants.unlocked(known) if known else {}) | dict(secrets)
        if not usable.get("access_token"):
            raise WrongUse(
                f"no access token: give --token-file, or set {VARIABLES['access_token']}, or answer when asked;"
                " --no-check stores the account without one"
            )
        await _check_before(books, tenant, usable)
    if known:
        await books.tenants.change(tenant.platform, tenant.account, tenant.model_dump(), secrets)
    else:
        await books.tenants.add(tenant, secrets)
    return f"{tenant.platform} {tenant.account}: {'replaced' if known else 'added'}, and used from now on"


async def _check_before(books: Books, tenant: Tenant, secrets: Mapping[str, str]) -> None:
    described = await books.directory.described(tenant, secrets)
    if described is None:
        return
    try:
        await _ask_platform(described)
    except Rejected as error:
        raise Failed(f"{tenant.platform} refuses the credentials: {error}") from None
    except EverturnError as error:
        raise Failed(f"{tenant.platform} cannot be asked ({error}): try again, or give --no-check") from None


async def _ask_platform(account: Account) -> str:
    async with build_client() as client:
        platform = registry.platforms(client)[account.platform]
        return await platform.check_credentials(credentials_of(account)) or ""


async def check(books: Books, platform: str, account: str) -> str:
    """Ask the platform whether an account's credentials work.

    Raises:
        Failed: they do not, there is no such account, or the platform cannot be asked.
    """
    found = await books.directory.ask(platform, account)
    if found is None:
        raise Failed(f"there is no account {account} of {platform}, or it is switched off")
    try:
        rating = await _ask_platform(found)
    except EverturnError as error:
        raise Failed(f"{platform} {account}: {error}") from None
    return f"{platform} {account}: the credentials work" + (f"; the platform rates it {rating}" if rating else "")


async def remove(books: Books, platform: str, account: str) -> str:
    """Forget an account and its secrets.

    Raises:
        Failed: none is stored.
    """
    if not await books.tenants.remove(platform, account):
        raise Failed(f"no account {account} of {platform} is stored")
    return f"{platform} {account}: removed; its conversations and its ledger stay"


async def show(books: Books) -> None:
    """Print every account, stored or of the environment."""
    stored = {(row.platform, row.account): row for row in await books.tenants.of_platform(None)}
    own = {(each.platform, each.account): each for each in await books.environment.all()}
    rows = []
    for key in sorted(stored.keys() | own.keys()):
        row, ours = stored.get(key), own.get(key)
        secrets = set(row.secret_names if row else ()) | {name for name in SECRETS if ours and getattr(ours, name)}
        flow = (row and row.flow) or (ours.flow if ours else "")
        origin = "both" if row and ours else "stored" if row else "environment"
        plan, status = (row.plan, row.status.value) if row else ("unlimited", "active")
        rows.append((*key, row.name if row else "", flow, plan, status, ", ".join(sorted(secrets)), origin))
    _print(("platform", "account", "name", "flow", "plan", "status", "secrets set", "origin"), rows)


async def show_plans(books: Books) -> None:
    """Print every plan."""
    rows = []
    for plan in await books.tenants.plans():
        messages = "unlimited" if plan.messages_per_period is None else str(plan.messages_per_period)
        credits = "unlimited" if plan.credits_per_period is None else plainly(plan.credits_per_period)
        rows.append((plan.name, ", ".join(sorted(plan.features)), messages, credits, str(plan.period_days)))
    _print(("name", "features", "messages", "credits", "days"), rows)


async def show_credits(books: Books, platform: str, account: str, limit: int) -> None:
    """Print what an account has left, and its latest movements.

    Raises:
        Failed: there is no such account.
    """
    await _require_known(books, platform, account)
    found = await books.credits.balance(platform, account, datetime.now(UTC))
    credits = "unlimited" if found.credits is None else plainly(found.credits)
    messages = "unlimited" if found.messages is None else str(found.messages)
    print(
        f"plan {found.plan} until {found.period_ends:%Y-%m-%d %H:%M} UTC; credits left: {credits}"
        f" ({plainly(found.held)} held), messages left: {messages}{'; running low' if found.is_low else ''}"
    )
    rows = [
        (f"{row['created_at']:%Y-%m-%d %H:%M:%S}", row["movement"], plainly(row["amount"]), str(row["messages"]),
         plainly(row["balance"]), row["turn_key"])
        for row in await books.credits.movements(platform, account, None, limit)
    ]  # fmt: skip
    if rows:
        _print(("at", "movement", "credits", "messages", "balance", "of"), rows)


async def adjust(books: Books, platform: str, account: str, amount: int, why: str) -> str:
    """Add or take credits by hand.

    Raises:
        Failed: there is no such account.
        BelowZero: there is not so much to take.
    """
    await _require_known(books, platform, account)
    now = datetime.now(UTC)
    await books.credits.adjust(platform, account, uuid4().hex, amount, why, now)
    found = await books.credits.balance(platform, account, now)
    return f"{platform} {account}: {plainly(found.credits or 0)} credits"


async def _require_known(books: Books, platform: str, account: str) -> None:
    stored = await books.tenants.find(platform, account)
    if stored is None and await books.environment.find(platform, account) is None:
        raise Failed(f"there is no account {account} of {platform}")


async def rotate_key(books: Books) -> str:
    """Lock every secret and every customer's key with the newest key; one in a file is changed for a new one first."""
    if books.key_file is not None:
        known = books.key_file.read(True)
        books.key_file.replace([new_key(), *known])
    with Console(stderr=True).status("locking secrets anew") if sys.stdout.isatty() else nullcontext():
        turned, customers = await books.tenants.rotate(), await books.contact_keys.rotate()
    if books.key_file is not None:
        books.key_file.replace(books.key_file.read(False)[:1])
    return (
        f"{turned} accounts locked with the newest key, and the keys of {customers} customers;"
        " older keys are no longer needed"
    )


def plainly(amount: int) -> str:
    """Credits without trailing zeros."""
    return f"{as_credits(amount).normalize():f}"


def _print(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    console = Console(markup=False, emoji=False, highlight=False)
    if not console.is_terminal:
        console.width = WIDE
    table = Table()
    for name in columns:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*row)
    console.print(table)
