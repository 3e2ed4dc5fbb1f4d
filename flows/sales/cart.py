"""What happens to a cart: lines come, grow, shrink and go; prices follow the catalogue."""

from collections.abc import Sequence

from domain.catalog import Item
from flows.sales.state import CartLine, Sale

MOST_OF_ONE = 20
"""Pieces of one item; whoever wants more talks with a person."""
MOST_LINES = 30


def line_of(item: Item, quantity: int) -> CartLine:
    """An item of the catalogue as a line."""
    return CartLine(
        sku=item.sku,
        title=item.title,
        size=item.size,
        colour=item.colour,
        quantity=quantity,
        price=item.price,
        currency=item.currency,
    )


def with_item(sale: Sale, item: Item, quantity: int) -> Sale:
    """So many more of an item; at most what there is."""
    before = next((line.quantity for line in sale.cart if line.sku == item.sku), 0)
    wanted = min(before + quantity, MOST_OF_ONE, MOST_OF_ONE if item.stock is None else item.stock)
    others = [line for line in sale.cart if line.sku != item.sku]
    if wanted <= 0 or len(others) >= MOST_LINES:
        return sale
    return sale.model_copy(update={"cart": (*others, line_of(item, wanted))})


def without(sale: Sale, skus: Sequence[str]) -> Sale:
    """The cart without these."""
    return sale.model_copy(update={"cart": tuple(line for line in sale.cart if line.sku not in skus)})


def as_of_now(sale: Sale, items: Sequence[Item]) -> Sale:
    """The cart at today's prices and with no more than there is; what is gone is gone."""
    known = {item.sku: item for item in items if item.is_available}
    lines = []
    for line in sale.cart:
        if item := known.get(line.sku):
            quantity = line.quantity if item.stock is None else min(line.quantity, item.stock)
            lines.append(line_of(item, quantity))
    return sale.model_copy(update={"cart": tuple(lines)})
