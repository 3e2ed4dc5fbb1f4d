"""Real PostgreSQL with shelves: a database with the demo shop, and one that every test finds empty."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from domain.catalog import Item
from providers.demo_shop.loading import load_demo_shop
from providers.records.pool import Pool, open_pool
from providers.records.shelves import Kind, Shelf
from tests.servers_here import Servers

API = "http://127.0.0.1:8080"
GOODS = Shelf(kind=Kind.CATALOG)
PAPERS = Shelf(kind=Kind.KNOWLEDGE)


def item(sku: str, **said: Any) -> Item:
    """An item of which only some things matter."""
    known = {"product": sku, "title": f"Річ {sku}", "price": Decimal("100.00"), "currency": "UAH"}
    return Item.model_validate({"sku": sku, **known, **said})


@pytest.fixture(scope="session")
def shop_database(servers: Servers) -> str:
    """For the demo shop."""
    return servers.fresh_database("test_demo_shop")


@pytest.fixture(scope="session")
def shelf_database(servers: Servers) -> str:
    """For goods and documents that tests bring."""
    return servers.fresh_database("test_shelves")


@pytest.fixture
async def shop(shop_database: str) -> AsyncIterator[Pool]:
    """The demo shop, loaded."""
    async with open_pool(shop_database, size=4, name="test") as pool:
        await load_demo_shop(pool, API)
        yield pool


@pytest.fixture
async def pool(shelf_database: str) -> AsyncIterator[Pool]:
    """Empty shelves."""
    async with open_pool(shelf_database, size=4, name="test") as pool:
        async with pool.connection() as connection:
            await connection.execute("TRUNCATE shelves, catalog, knowledge_documents CASCADE")
        yield pool
