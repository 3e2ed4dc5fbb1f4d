"""The options and help of `everturn knowledge`; its work is in `commands/knowledge.py`."""

from pathlib import Path
from typing import Annotated

import typer

from commands.shelf_options import DEFAULT_HOME, AccountOption, HomeOption, PlatformOption, run

menu = typer.Typer(help="What the shop's own documents say.", rich_markup_mode=None)


@menu.command("import")
def bring(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders: .md, .txt, .html, .pdf.", metavar="PATH…")],
    platform: PlatformOption = "",
    account: AccountOption = "",
    prune: Annotated[bool, typer.Option("--prune", help="Take down documents that are not among these.")] = False,
    skip_wrong: Annotated[bool, typer.Option("--skip-wrong", help="Leave out what cannot be read.")] = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Import documents: what has not changed is left alone, what has changed is replaced as a whole."""
    from commands import knowledge
    from commands.shelf_input import shelf_of
    from providers.records.shelves import Kind

    shelf = shelf_of(Kind.KNOWLEDGE, platform, account)
    read = knowledge.read_all(paths, skip_wrong=skip_wrong)
    print(run(home, lambda pool: knowledge.bring(pool, shelf, read, prune=prune)))


@menu.command("list")
def list_documents(platform: PlatformOption = "", account: AccountOption = "", home: HomeOption = DEFAULT_HOME) -> None:
    """Show every document; with --platform or --account only theirs."""
    from commands import knowledge
    from commands.shelf_input import shelf_of
    from providers.records.shelves import Kind

    shelf = shelf_of(Kind.KNOWLEDGE, platform, account) if platform or account else None
    run(home, lambda pool: knowledge.show(pool, shelf))


@menu.command()
def search(
    words: Annotated[list[str], typer.Argument(help="What the customer asks.", metavar="WORDS…")],
    most: Annotated[int, typer.Option(min=1, max=20, help="How many passages at most.")] = 4,
    platform: PlatformOption = "",
    account: AccountOption = "",
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Show what the assistant would be given to read."""
    from commands import knowledge
    from commands.shelf_input import shelf_of
    from domain.knowledge import FindPassages
    from providers.records.shelves import Kind

    shelf = shelf_of(Kind.KNOWLEDGE, platform, account)
    run(home, lambda pool: knowledge.search(pool, shelf, FindPassages(text=" ".join(words), most=most)))


@menu.command()
def remove(
    names: Annotated[list[str], typer.Argument(help="Names, as `list` shows them.", metavar="NAME…")],
    platform: PlatformOption = "",
    account: AccountOption = "",
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Take documents down."""
    from commands import knowledge
    from commands.shelf_input import shelf_of
    from providers.records.shelves import Kind

    shelf = shelf_of(Kind.KNOWLEDGE, platform, account)
    print(run(home, lambda pool: knowledge.forget(pool, shelf, names)))
