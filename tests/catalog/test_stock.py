"""What is sold is gone from the shelf, once, whoever else buys at the same moment."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from uuid import uuid4

import pytest

from domain.catalog import Item
from domain.identifiers import Address
from domain.orders import OrderDraft, OrderItem
from providers.records import catalog_shelf
from providers.records.books import Books
from providers.records.pool import Pool, fetch_all, open_pool
from providers.records.shelves import Kind, Shelf
from tests.servers_here import Servers

SHOP = Shelf(kind=Kind.CATALOG, platform="instagram", account="shop")
CUSTOMER = Address(platform="instagram", account="shop", contact="7")


def item(sku: str, stock: int | None) -> Item:
    return Item(sku=sku, product=sku, title=f"Сукня {sku}", price=Decimal(900), currency="UAH", stock=stock)


def order(*wanted: tuple[str, int]) -> OrderDraft:
    items = tuple(OrderItem(name=sku, sku=sku, quantity=quantity) for sku, quantity in wanted)
    return OrderDraft(client_phone="+380671234567", delivery_address="Львів", items=items)


@pytest.fixture
async def pool(servers: Servers) -> AsyncIterator[Pool]:
    """A shop with three things on its shelf."""
    async with open_pool(servers.fresh_database(f"stock_{uuid4().hex[:12]}"), size=8) as pool:
        await catalog_shelf.put(pool, SHOP, [item("A", 2), item("B", 1), item("C", None)])
        yield pool


async def left(pool: Pool) -> dict[str, int | None]:
    return {row["sku"]: row["stock"] for row in await fetch_all(pool, "SELECT sku, stock FROM catalog")}


async def test_what_i_ordered_is_taken_off_the_shelf_once(pool: Pool) -> None:
    """However often the order is written down; what nobody counts stays uncounted."""
    books = Books(pool)
    first = await books.place_order(CUSTOMER, "key/1", order(("A", 1), ("C", 3)))
    again = await books.place_order(CUSTOMER, "key/1", order(("A", 1), ("C", 3)))
    assert (True, False, first.id) == (first.fresh, again.fresh, again.id)
    assert {"A": 1, "B": 1, "C": None} == await left(pool)


async def test_of_two_who_buy_the_last_one_a_person_hears(pool: Pool) -> None:
    """Both have their order; the second one's says what is missing, and says it again when asked again."""
    books = Books(pool)
    placed = await asyncio.gather(
        *(books.place_order(CUSTOMER, f"key/{n}", order(("B", 1), ("A", 1))) for n in range(2))
    )
    assert ["", "Сукня B (B): 0 of 1"] == sorted(one.shortage for one in placed)
    assert {"A": 0, "B": 0, "C": None} == await left(pool)
    short = next(n for n, one in enumerate(placed) if one.shortage)
    assert placed[short].shortage == (await books.place_order(CUSTOMER, f"key/{short}", order(("B", 1)))).shortage


async def test_another_shops_shelf_is_not_touched(pool: Pool) -> None:
    """The same number in another shop is another thing."""
    elsewhere = Address(platform="instagram", account="other", contact="7")
    assert not (await Books(pool).place_order(elsewhere, "key/9", order(("A", 1)))).shortage
    assert {"A": 2, "B": 1, "C": None} == await left(pool)
