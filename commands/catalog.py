"""`everturn catalog`: what shops sell, in and out of files."""

import csv
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from commands.outcome import Failed, WrongUse
from commands.shelf_input import bar, print_table
from domain.catalog import FindProducts, Item, Product
from domain.failures import Rejected
from providers.imports.goods import Goods
from providers.imports.harmless import for_spreadsheet
from providers.imports.problems import Problem, WrongRows
from providers.records.catalog import Catalog
from providers.records.catalog_shelf import everything, put, shelves
from providers.records.pool import Pool
from providers.records.shelves import Kind, Shelf

EXPORTED = {
    "id": "sku", "item_group_id": "product", "title": "title", "description": "description",
    "product_type": "category", "color": "colour", "size": "size", "price": "price", "inventory": "stock",
    "image_link": "image_url", "link": "url",
}  # fmt: skip
"""Columns of an exported CSV, as Meta's feeds call them, and our fields."""


def opened_file(path: Path, currency: str, *, skip_wrong: bool) -> Goods:
    """A file of goods, before anything else is opened.

    Raises:
        WrongUse: there is no such file, or no such currency.
    """
    if not path.is_file():
        raise WrongUse(f"{path}: there is no such file")
    try:
        return Goods(path, currency, skip_wrong=skip_wrong)
    except ValueError as error:
        raise WrongUse(f"--currency: {error}") from None


def look_through(goods: Goods) -> str:
    """Read a file and change nothing; what to tell.

    Raises:
        Failed: the file is wrong.
    """
    for _ in _watched(goods):
        pass
    _report(goods)
    return f"{goods.read} items can be imported; nothing was changed"


async def bring(pool: Pool, shelf: Shelf, goods: Goods, *, replace: bool) -> str:
    """Import a file; what to tell.

    Raises:
        Failed: the file is wrong, and nothing was changed.
    """
    changes = await put(pool, shelf, _watched(goods), replace=replace)
    _report(goods)
    return f"{goods.read} items for {shelf}: {changes}"


def _watched(goods: Goods) -> Iterator[Item]:
    """The items, with a bar on the terminal."""
    with bar() as progress:
        task = progress.add_task("reading", total=goods.bytes)
        try:
            yield from goods.items(lambda position: progress.update(task, completed=position))
        except WrongRows as error:
            progress.stop()
            _complain(error.problems, error.count)
            raise Failed(str(error)) from None
        except Rejected as error:
            raise Failed(str(error)) from None


def _report(goods: Goods) -> None:
    """What was passed over."""
    _complain(goods.problems.first, goods.problems.count)
    if goods.problems.count:
        sys.stderr.write("the rows above were left out\n")
    if goods.unknown_columns:
        sys.stderr.write(f"columns that say nothing to us: {', '.join(goods.unknown_columns)}\n")


def _complain(problems: Sequence[Problem], count: int) -> None:
    for problem in problems:
        sys.stderr.write(f"{problem}\n")
    if count > len(problems):
        sys.stderr.write(f"… and {count - len(problems)} more\n")


async def show(pool: Pool, shelf: Shelf | None, limit: int) -> None:
    """Print the shelves there are, or what stands on one."""
    if shelf is None:
        found = await shelves(pool, Kind.CATALOG)
        print_table(
            "catalogues", ("platform", "account", "items"),
            [(each.platform, each.account, count) for each, count in found],
        )  # fmt: skip
        return
    items = [item async for item in everything(pool, shelf, limit)]
    print_table(
        "items", ("id", "product", "title", "colour", "size", "price", "stock"), [_line(item) for item in items]
    )


def _line(item: Item) -> tuple[object, ...]:
    return item.sku, item.product, item.title, item.colour, item.size, f"{item.price} {item.currency}", item.stock


async def search(pool: Pool, shelf: Shelf, wish: FindProducts) -> None:
    """Print what a customer of this account would be offered."""
    found = await Catalog(pool, seconds=1).find(shelf.platform, shelf.account, wish)
    columns = ("product", "title", "price", "colours", "sizes in stock")
    print_table("products", columns, [_offer(product) for product in found])


def _offer(product: Product) -> tuple[object, ...]:
    price = str(product.price_from)
    if product.price_to != product.price_from:
        price += f" to {product.price_to}"
    sizes = ", ".join(product.sizes_in_stock)
    return product.id, product.title, f"{price} {product.currency}", ", ".join(product.colours), sizes


async def export(pool: Pool, shelf: Shelf, path: Path) -> str:
    """Write a shelf into a file that `import` takes; what to tell.

    Raises:
        WrongUse: neither .csv nor .json.
        Failed: it cannot be written.
    """
    write = {".csv": _write_csv, ".json": _write_json}.get(path.suffix.lower())
    if write is None:
        raise WrongUse(f"{path.name}: give a .csv or a .json file")
    items = [item async for item in everything(pool, shelf)]
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            write(items, file)
    except OSError as error:
        raise Failed(f"{path}: cannot be written ({error.strerror})") from None
    return f"{len(items)} items written to {path}"


def _write_csv(items: list[Item], file: TextIO) -> None:
    attributes = sorted({name for item in items for name in item.attributes})
    file.write("\ufeff")  # or else spreadsheets take it for Latin letters
    writer = csv.writer(file)
    writer.writerow([*EXPORTED, *(f"attribute:{name}" for name in attributes)])
    for item in items:
        said = {column: getattr(item, field) for column, field in EXPORTED.items()}
        said["price"] = f"{item.price} {item.currency}"
        cells = ["" if cell is None else for_spreadsheet(str(cell)) for cell in said.values()]
        writer.writerow([*cells, *(for_spreadsheet(item.attributes.get(name, "")) for name in attributes)])


def _write_json(items: list[Item], file: TextIO) -> None:
    json.dump([item.model_dump(mode="json") for item in items], file, ensure_ascii=False, indent=1)
