"""`everturn history`: the menu."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:  # late at run time: the other commands start without it
    from temporalio.client import Client

    from domain.identifiers import Address
    from runtime.settings import Settings

DEFAULT_HOME = Path(".everturn")

menu = typer.Typer(help="Histories of conversations as tests.", rich_markup_mode=None)


@menu.callback()
def histories() -> None:
    """Histories of conversations as tests."""


@menu.command()
def save(
    conversation: Annotated[str, typer.Argument(help="Its id, like conv:manychat:default:42.", metavar="ID")],
    run: Annotated[str, typer.Option(help="One of its runs; left out: the latest.", metavar="RUN_ID")] = "",
    out: Annotated[
        Path | None, typer.Option(help="A folder or a new .json file; left out: tests/histories/recorded.")
    ] = None,
    home: Annotated[
        Path, typer.Option("--home", envvar="EVERTURN_HOME", help="Where all data lies.", show_default=True)
    ] = DEFAULT_HOME,
) -> None:
    """Keep a history as a test, with everything of the customer's replaced by something like it."""
    from commands.history import address_of, place
    from commands.history import save as save_history
    from commands.temporal import with_conversation

    typed = address_of(conversation)
    place(out, f"saved_{typed.platform}")  # before anything is fetched

    async def work(client: "Client", _: "Settings", address: "Address") -> str:
        return await save_history(client, address, run, out)

    print(with_conversation(home, typed, work))
