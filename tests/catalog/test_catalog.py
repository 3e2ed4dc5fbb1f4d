"""The catalogue on real PostgreSQL: whose goods, what is remembered, imports side by side, and many rows."""

import asyncio
import resource
from collections.abc import Iterator
from decimal import Decimal

import pytest
from psycopg import AsyncConnection
from psycopg.rows import DictRow

from domain.catalog import FindProducts, Item, ReadItems, ReadProduct
from domain.failures import Unavailable
from providers.records.catalog import FIND_BY_TERMS, WEIGHTS, Catalog
from providers.records.catalog_shelf import Changes, clear, everything, put, shelves
from providers.records.pool import Pool, open_pool
from providers.records.shelves import Kind, Shelf
from tests.catalog.conftest import GOODS, item

HERS = Shelf(kind=Kind.CATALOG, platform="telegram", account="hers")
ALL_TELEGRAM = Shelf(kind=Kind.CATALOG, platform="telegram")


async def skus(pool: Pool, shelf: Shelf = GOODS) -> list[str]:
    """What stands there, in order."""
    return [found.sku async for found in everything(pool, shelf)]


async def test_an_import_says_what_it_changed(pool: Pool) -> None:
    """The same file twice changes nothing; a new price changes one row; nothing goes without being told to."""
    goods = [item("a", stock=1), item("b", attributes={"сезон": "літо"})]
    assert Changes(added=2) == await put(pool, GOODS, goods)
    assert Changes(unchanged=2) == await put(pool, GOODS, goods)
    assert Changes(changed=1) == await put(pool, GOODS, [item("a", stock=2)])
    assert Changes(added=1, changed=1, removed=1) == await put(pool, GOODS, [goods[1], item("c")], replace=True)
    assert Changes(unchanged=2) == await put(pool, GOODS, [goods[1], item("c")], replace=True)
    assert ["b", "c"] == await skus(pool)
    assert 2 == await clear(pool, GOODS)
    assert [] == await shelves(pool, Kind.CATALOG)


async def test_what_was_put_comes_back_as_it_was(pool: Pool) -> None:
    """Prices to the penny, attributes, odd signs."""
    whole = item(
        "Я'\"\\1", product="п", title="Річ\tз «лапками»", description="рядок\nрядок", category="А > Б", colour="чорний",
        size="M", price=Decimal("1499.90"), currency="EUR", stock=0, image_url="https://x.test/1.jpg",
        url="https://x.test", attributes={"матеріал": "льон"},
    )  # fmt: skip
    await put(pool, GOODS, [whole])
    catalog = Catalog(pool)
    assert (whole,) == await catalog.read("telegram", "a", ReadItems(skus=("missing", whole.sku)))
    product = await catalog.product("telegram", "a", ReadProduct(id="п"))
    assert product is not None
    assert ((whole,), False) == (product.items, product.is_available)
    assert None is await catalog.product("telegram", "a", ReadProduct(id="nothing"))


async def test_an_account_with_goods_of_its_own_sells_only_those(pool: Pool) -> None:
    """The narrowest shelf is used: nobody sells another shop's goods by accident."""
    for shelf, sku in ((GOODS, "everybody"), (ALL_TELEGRAM, "platform"), (HERS, "hers")):
        await put(pool, shelf, [item(sku, title="Сукня")])
    catalog, wish = Catalog(pool), FindProducts(text="сукня")

    async def sold(platform: str, account: str) -> list[str]:
        return [product.id for product in await catalog.find(platform, account, wish)]

    assert [["hers"], ["platform"], ["everybody"]] == [
        await sold("telegram", "hers"), await sold("telegram", "his"), await sold("whatsapp", "hers"),
    ]  # fmt: skip
    assert () == await catalog.read("telegram", "hers", ReadItems(skus=("platform", "everybody")))


async def test_prices_are_remembered_for_some_minutes_and_read_anew_when_it_matters(pool: Pool) -> None:
    """At the confirmation the customer hears the price of now."""
    now = 0.0
    catalog = Catalog(pool, seconds=180, timer=lambda: now)
    await put(pool, GOODS, [item("a", title="Сукня", price=Decimal(100))])

    async def prices(*, fresh: bool = False) -> tuple[Decimal, Decimal]:
        (read,) = await catalog.read("telegram", "m", ReadItems(skus=("a",), fresh=fresh))
        (found,) = await catalog.find("telegram", "m", FindProducts(text="сукня"))
        return read.price, found.price_from

    assert (100, 100) == await prices()
    await put(pool, GOODS, [item("a", title="Сукня", price=Decimal(200))])
    assert (100, 100) == await prices()
    assert (200, 100) == await prices(fresh=True)
    assert (200, 100) == await prices()
    now = 181.0
    assert (200, 200) == await prices()


async def test_what_was_taken_down_is_not_read_fresh(pool: Pool) -> None:
    """An item that is gone is gone at the confirmation, whatever was remembered."""
    catalog = Catalog(pool)
    await put(pool, GOODS, [item("a"), item("b")])
    assert 1 == len(await catalog.read("t", "m", ReadItems(skus=("a",))))
    await put(pool, GOODS, [item("b")], replace=True)
    assert () == await catalog.read("t", "m", ReadItems(skus=("a",), fresh=True))
    assert () == await catalog.read("t", "m", ReadItems(skus=("a",)))


async def test_nothing_found_is_not_remembered(pool: Pool) -> None:
    """Whoever imports goods and asks again sees them."""
    catalog, wish = Catalog(pool), FindProducts(text="сукня")
    assert () == await catalog.find("telegram", "m", wish)
    await put(pool, GOODS, [item("a", title="Сукня")])
    assert 1 == len(await catalog.find("telegram", "m", wish))


async def test_a_broken_import_changes_nothing(pool: Pool) -> None:
    """What stood there before stands there still."""
    await put(pool, GOODS, [item("a")])

    def goods() -> Iterator[Item]:
        yield item("b")
        raise ValueError("row 3")

    with pytest.raises(ValueError, match="row 3"):
        await put(pool, GOODS, goods(), replace=True)
    assert ["a"] == await skus(pool)


async def test_two_imports_at_once_wait_for_one_another(pool: Pool) -> None:
    """Each shelf ends as one of the two files says, whole, and no import fails."""
    files = [[item(f"{name}{number}") for number in range(300)] for name in "xy"]
    changes = await asyncio.gather(*(put(pool, GOODS, each, replace=True) for each in files for _ in range(2)))
    assert await skus(pool) in [[each.sku for each in found] for found in files]
    assert 300 == changes[0].added + changes[0].unchanged


async def test_two_imports_of_different_shelves_do_not_wait(pool: Pool) -> None:
    """One shop's long import does not stop another's."""
    async with pool.connection() as connection, connection.transaction():
        await connection.execute("INSERT INTO shelves (kind, platform, account) VALUES ('catalog', 'telegram', 'hers')")
        assert Changes(added=1) == await asyncio.wait_for(put(pool, GOODS, [item("a")]), 20)


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_a_catalogue_of_fifty_thousand_is_searched_by_its_index(pool: Pool) -> None:
    """A large shop is imported without holding it in memory, and found in without reading it all."""
    kinds = ("Сукня", "Спідниця", "Сорочка", "Куртка", "Світшот", "Пальто", "Жилет", "Кардиган", "Шорти", "Піжама")

    def goods() -> Iterator[Item]:
        for number in range(50_000):
            kind = kinds[number % len(kinds)]
            name = f"{kind} модель {_word(number // 10)}"
            yield item(f"n{number}", product=f"p{number // 5}", title=name, category=kind, colour="чорний", stock=1)

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert Changes(added=50_000) == await put(pool, GOODS, goods())
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 60 * 1_024, f"{grown} kilobytes"
    wanted = f"пальто {_word(777)}"
    (found, *_) = await Catalog(pool).find("telegram", "m", FindProducts(text=wanted, most=3))
    assert any(f"модель {_word(777)}" in each.title for each in found.items)
    async with pool.connection() as connection:
        plan = await _plan(connection)
    assert "idx_catalog_terms" in plan
    assert "Seq Scan" not in plan


def _word(number: int) -> str:
    """A name that no other number has."""
    letters = "бвгдзклмнп"
    return "".join(f"{letters[int(digit)]}о" for digit in f"{number:04}") + "ра"


async def _plan(connection: AsyncConnection[DictRow]) -> str:
    await connection.execute("ANALYZE catalog")
    values = GOODS.names | {
        "wanted": "('пальт') & ('бобококорар')", "weights": WEIGHTS, "queries": ["'пальт'"], "says": [1.0],
        "price_to": None, "in_stock": True, "most": 5,
    }  # fmt: skip
    cursor = await connection.execute(b"EXPLAIN " + FIND_BY_TERMS.encode(), values)
    return "\n".join(row["QUERY PLAN"] for row in await cursor.fetchall())


async def test_without_postgresql_it_is_unavailable() -> None:
    """Whoever asks may try again; nothing else is thrown at them."""
    pool = open_pool("postgresql://nobody@127.0.0.1:1/none", size=1)
    pool.timeout = 0.2
    await pool.open(wait=False)
    with pytest.raises(Unavailable):
        await Catalog(pool).find("telegram", "m", FindProducts(text="сукня"))
    await pool.close()
