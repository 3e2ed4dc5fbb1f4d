"""Options that `everturn catalog` and `everturn knowledge` share, and the way their work is run."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:  # late at run time: the other commands start without it
    from providers.records.pool import Pool

Outcome = TypeVar("Outcome")
DEFAULT_HOME = Path(".everturn")
HomeOption = Annotated[
    Path, typer.Option("--home", envvar="EVERTURN_HOME", help="Where all data lies.", show_default=True)
]
PlatformOption = Annotated[
    str, typer.Option(help="For the accounts of this platform. Left out: for every account.", show_default=False)
]
AccountOption = Annotated[
    str, typer.Option(help="For this account alone. Left out: for every account.", show_default=False)
]


def run(home: Path, work: "Callable[[Pool], Awaitable[Outcome]]") -> Outcome:
    """Open the database, do the work, and close it."""
    from commands.shelf_input import opened

    async def opened_and_done() -> Outcome:
        async with opened(home) as pool:
            return await work(pool)

    return asyncio.run(opened_and_done())
