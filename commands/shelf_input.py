"""What `everturn catalog` and `everturn knowledge` share: whose shelf is meant, and the database behind it."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from commands.found import settings_beside
from commands.outcome import Failed, WrongUse
from platforms import registry
from providers.records.migrate import pending_migrations
from providers.records.pool import Pool, open_pool
from providers.records.shelves import EVERY, Kind, Shelf
from providers.records.tenants import ACCOUNT

WIDE = 10_000
"""Columns of output that no terminal reads: programs want one line a row."""


def shelf_of(kind: Kind, platform: str, account: str) -> Shelf:
    """The shelf of an account, of a platform's accounts, or of all.

    Raises:
        WrongUse: there is no such platform, or an account of no platform.
    """
    if platform not in ("", EVERY, *registry.names()):
        raise WrongUse(f"there is no platform {platform!r}: {', '.join(registry.names())}")
    if account not in ("", EVERY) and platform in ("", EVERY):
        raise WrongUse("--account: say which platform's, with --platform")
    if account and not re.fullmatch(ACCOUNT, account):
        raise WrongUse(f"--account: {account!r} is no account's id")
    return Shelf(kind=kind, platform=platform or EVERY, account=account or EVERY)


@asynccontextmanager
async def opened(home: Path) -> AsyncIterator[Pool]:
    """The database, for as long as one command takes.

    Raises:
        WrongUse: none is set.
        Failed: it cannot be reached, or is not up to date.
    """
    settings = settings_beside(home)
    if not settings.database_url:
        raise WrongUse("DATABASE_URL: is not set, and no `everturn up` is running in this home")
    try:
        pending = await pending_migrations(settings.database_url)
    except psycopg.Error as error:
        raise Failed(f"PostgreSQL: {' '.join(str(error).split())}") from None
    if pending:
        raise Failed("the database is not up to date: run `everturn migrate`")
    async with open_pool(settings.database_url, size=2, name="everturn-shelves") as pool:
        yield pool


def bar() -> Progress:
    """A bar on a terminal that somebody watches; else nothing."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, disable=not console.is_terminal, transient=True)


def print_table(title: str, columns: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    """Rows as they are: no markup, no emoji codes, nothing cut."""
    console = Console(markup=False, emoji=False, highlight=False)
    if not console.is_terminal:
        console.width = WIDE
    table = Table(title=f"{title}: {len(rows)}", title_justify="left")
    for name in columns:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(str(cell) if cell is not None else "" for cell in row))
    console.print(table)
