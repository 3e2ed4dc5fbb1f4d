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
from providers.records.pool import Pool, fetch_all, fetch_one, open_pool
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


async def cancel(pool: Pool, *orders: int, status: str = "cancelled") -> None:
    """As an operator, a program of the shop's, or somebody at the database would."""
    query = "UPDATE orders SET status = %(status)s WHERE id = %(id)s"
    for order in orders:
        await fetch_one(pool, query, {"id": order, "status": status})


@pytest.mark.parametrize("status", ["cancelled", "refused"])
async def test_a_cancelled_order_gives_back_what_it_took(pool: Pool, status: str) -> None:
    """Once, however often it is cancelled; and no more than it took, where there was too little."""
    books = Books(pool)
    full = await books.place_order(CUSTOMER, "key/1", order(("A", 1), ("B", 1), ("C", 3)))
    short = await books.place_order(CUSTOMER, "key/2", order(("A", 5)))
    assert "Сукня A (A): 1 of 5" == short.shortage
    await cancel(pool, full.id, short.id, status=status)
    assert {"A": 2, "B": 1, "C": None} == await left(pool)
    await cancel(pool, full.id, status="new")
    await cancel(pool, full.id, status=status)
    assert {"A": 2, "B": 1, "C": None} == await left(pool)


async def test_orders_of_the_same_goods_come_and_go_at_once(pool: Pool) -> None:
    """Nobody waits for one another for ever, and every piece is somewhere."""
    books = Books(pool)
    before = [(await books.place_order(CUSTOMER, f"old/{n}", order(("B", 1), ("A", 1)))).id for n in range(2)]
    placing = (books.place_order(CUSTOMER, f"new/{n}", order(("A", 1), ("B", 1))) for n in range(6))
    await asyncio.gather(*placing, *(cancel(pool, one) for one in before))
    rows = await fetch_all(pool, "SELECT sku, sum(quantity)::int AS taken FROM order_stock GROUP BY sku")
    taken = {row["sku"]: row["taken"] for row in rows}
    now = await left(pool)
    assert {"A": 2, "B": 1} == {sku: (now[sku] or 0) + taken.get(sku, 0) for sku in ("A", "B")}
