"""`everturn deploy`: the menu."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:  # late at run time: the other commands start without it
    from temporalio.client import Client

    from commands.deploy import Board
    from runtime.settings import Settings

Outcome = TypeVar("Outcome")
DEFAULT_HOME = Path(".everturn")
HomeOption = Annotated[
    Path, typer.Option("--home", envvar="EVERTURN_HOME", help="Where all data lies.", show_default=True)
]
BuildOption = Annotated[str, typer.Option("--build", help="The build; left out: the one that stands to reason.")]

menu = typer.Typer(help="Builds side by side, by conversation: a few, all, or back.", rich_markup_mode=None)


@menu.command()
def status(home: HomeOption = DEFAULT_HOME) -> None:
    """Show every build: its stage, its workers, the conversations it carries."""
    _with_board(home, lambda board: board.show())


@menu.command()
def ramp(
    percent: Annotated[
        str, typer.Argument(help="Of all conversations, new and running; 0 ends the ramp.", metavar="10%")
    ],
    build: BuildOption = "",
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Let a new build carry a part of the conversations."""
    from commands.deploy import percent_of

    part = percent_of(percent)
    print(_with_board(home, lambda board: board.ramp(part, build)))


@menu.command()
def promote(build: BuildOption = "", home: HomeOption = DEFAULT_HOME) -> None:
    """Let the build that ramps (or the named one) carry every conversation."""
    print(_with_board(home, lambda board: board.promote(build)))


@menu.command()
def rollback(build: BuildOption = "", home: HomeOption = DEFAULT_HOME) -> None:
    """End the ramp; where there is none, go back to the build before."""
    print(_with_board(home, lambda board: board.roll_back(build)))


def _with_board(home: Path, work: "Callable[[Board], Awaitable[Outcome]]") -> Outcome:
    from commands.deploy import Board
    from commands.temporal import with_temporal

    async def at_the_board(client: "Client", settings: "Settings") -> Outcome:
        return await work(Board(client, settings.everturn_deployment))

    return with_temporal(home, at_the_board)
