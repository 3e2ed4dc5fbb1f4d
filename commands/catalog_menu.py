"""The options and help of `everturn catalog`; its work is in `commands/catalog.py`."""

from pathlib import Path
from typing import Annotated

import typer

from commands.shelf_options import DEFAULT_HOME, AccountOption, HomeOption, PlatformOption, run

menu = typer.Typer(help="What shops sell.", rich_markup_mode=None)


@menu.command("import")
def bring(
    file: Annotated[Path, typer.Argument(help="A .csv, .json or .jsonl file.", metavar="FILE")],
    platform: PlatformOption = "",
    account: AccountOption = "",
    currency: Annotated[str, typer.Option(help="Of prices that name none, e.g. UAH.")] = "",
    replace: Annotated[bool, typer.Option("--replace", help="Take down what is not in the file.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Look for mistakes and change nothing.")] = False,
    skip_wrong: Annotated[bool, typer.Option("--skip-wrong", help="Leave wrong rows out.")] = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Import goods: all of them, or none when a row is wrong.

    Columns are called as in Meta's and Google's product feeds (id, item_group_id, title, price, color, size, inventory,
    availability, image_link, …) or plainly (sku, name, stock, …). The same file twice changes nothing.
    """
    from commands import catalog
    from commands.shelf_input import shelf_of
    from providers.records.shelves import Kind

    shelf = shelf_of(Kind.CATALOG, platform, account)
    goods = catalog.opened_file(file, currency, skip_wrong=skip_wrong)
    if dry_run:
        print(catalog.look_through(goods))
        return
    print(run(home, lambda pool: catalog.bring(pool, shelf, goods, replace=replace)))


@menu.command("list")
def list_items(
    platform: PlatformOption = "",
    account: AccountOption = "",
    everybody: Annotated[bool, typer.Option("--all", help="The items that are for every account.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many at most.")] = 100,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Show which catalogues there are; with --platform, --account or --all, what stands in one."""
    from commands import catalog
    from commands.shelf_input import shelf_of
    from providers.records.shelves import Kind

    shelf = shelf_of(Kind.CATALOG, platform, account) if platform or account or everybody else None
    run(home, lambda pool: catalog.show(pool, shelf, limit))


@menu.command()
def search(
    words: Annotated[list[str] | None, typer.Argument(help="What the customer wants.", metavar="WORDS…")] = None,
    category: Annotated[str, typer.Option(help="Only of this category.")] = "",
    colour: Annotated[str, typer.Option("--colour", "--color", help="Only in this colour.")] = "",
    size: Annotated[str, typer.Option(help="Only in this size.")] = "",
    most: Annotated[int, typer.Option(min=1, max=50, help="How many products at most.")] = 5,
    platform: PlatformOption = "",
    account: AccountOption = "",
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Show what a customer of an account would be offered."""
    from commands import catalog
    from commands.shelf_input import shelf_of
    from domain.catalog import FindProducts
    from providers.records.shelves import Kind

    shelf = shelf_of(Kind.CATALOG, platform, account)
    wish = FindProducts(text=" ".join(words or []), category=category, colour=colour, size=size, most=most)
    run(home, lambda pool: catalog.search(pool, shelf, wish))


@menu.command()
def export(
    file: Annotated[Path, typer.Argument(help="The .csv or .json file to write.", metavar="FILE")],
    platform: PlatformOption = "",
    account: AccountOption = "",
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Write a catalogue into a file that `import` takes."""
    from commands import catalog
    from commands.shelf_input import shelf_of
    from providers.records.shelves import Kind

    shelf = shelf_of(Kind.CATALOG, platform, account)
    print(run(home, lambda pool: catalog.export(pool, shelf, file)))
