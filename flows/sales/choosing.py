"""From a product to one item of it: which colour, which size."""

import re
from collections.abc import Sequence

from domain.catalog import Item, Product
from flows.rules.colours import find_colours
from flows.rules.sizes import find_sizes
from flows.sales.state import Question, Sale


def colour_key(colour: str) -> str:
    """A colour by its normal name, however the shop writes it."""
    found = find_colours(colour)
    return found[0] if found else colour.casefold().strip()


def size_key(size: str) -> str:
    """A size by its normal name."""
    found = find_sizes(size)
    return found[0] if len(found) == 1 else size.casefold().strip()


def _fits(item: Item, size: str) -> bool:
    """Whether it is of this size: «S/M» is its own name, and fits who asks for S or for M."""
    return size_key(size) in {size_key(one) for one in (item.size, *item.size.split("/"))}


def colours_of(items: Sequence[Item]) -> tuple[str, ...]:
    """The colours of these items, in the shop's order and words."""
    return tuple(dict.fromkeys(item.colour for item in items if item.colour))


def sizes_of(items: Sequence[Item]) -> tuple[str, ...]:
    """The sizes of these items, in the shop's order and words."""
    return tuple(dict.fromkeys(item.size for item in items if item.size))


def sizes_told(product: Product, words: str) -> tuple[str, ...]:
    """Sizes that only this product makes sizes of: «джинси 27», «ремінь 100»."""
    numbers = set(re.findall(r"(?<![\d+])\d{2,3}(?!\d)", words))
    return tuple(size_key(size) for size in sizes_of(product.available) if size in numbers)


def fitting(product: Product, colour: str = "", size: str = "") -> tuple[Item, ...]:
    """The items that can be sold in this colour and size; empty is any."""
    return tuple(
        item
        for item in product.available
        if (not colour or colour_key(item.colour) == colour) and (not size or _fits(item, size))
    )


def chosen(product: Product, sale: Sale) -> Item | None:
    """The item, once colour and size leave no doubt."""
    items = fitting(product, sale.colour, sale.size)
    one_colour, one_size = len(colours_of(items)) <= 1, len(sizes_of(items)) <= 1
    return items[0] if items and one_colour and one_size else None


def open_question(product: Product, sale: Sale) -> Question | None:
    """What has to be known before it is one item: the colour first, for sizes differ by it."""
    items = fitting(product, sale.colour, sale.size)
    if len(colours_of(items)) > 1:
        return Question.COLOUR
    return Question.SIZE if len(sizes_of(items)) > 1 else None


def narrowed(product: Product, sale: Sale, colours: Sequence[str], sizes: Sequence[str]) -> Sale:
    """The choice with what was told now, as far as the product has it."""
    update: dict[str, str] = {}
    for colour in filter(None, colours):
        if fitting(product, colour, ""):
            update["colour"] = colour
    for size in filter(None, sizes):
        if fitting(product, update.get("colour", sale.colour), size) or fitting(product, "", size):
            update["size"] = size
    return sale.model_copy(update=update)
