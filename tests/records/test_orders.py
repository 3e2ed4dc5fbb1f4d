"""The list of orders on books that have grown thick."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from providers.records import listings
from providers.records.pool import Pool, fetch_all, open_pool
from tests.servers_here import Servers

MANY = 5_000
FILL = f"""
INSERT INTO orders (client_phone, delivery_address, bottles_count, source, conversation_id, order_key, status)
SELECT '+380000000000', 'Київ', 2, 'manychat', 'conv:manychat:default:c' || n % 1000, 'key/' || n,
       CASE WHEN n % 50 = 0 THEN 'done' ELSE 'new' END
  FROM generate_series(1, {MANY}) AS n"""
ODD = [
    "a:b",
    "c7' OR '1'='1",
    "c7/../c8",
    "%",
    "_",
    "c7%",
    "c7; DROP TABLE orders; --",
    "😀",
    "conv:x:y:z",
    "c 7",
    "\\",
]
ONE = """
INSERT INTO orders (client_phone, delivery_address, source, conversation_id, order_key)
VALUES ('+380000000001', 'Київ', 'manychat', %s, %s)"""


@pytest.fixture(scope="module")
def database(servers: Servers) -> str:
    """A shop with some thousand orders of a thousand customers, and one order of each odd one."""
    url = servers.fresh_database(f"orders_{uuid4().hex[:12]}")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(FILL.encode())
        for contact in ODD:
            connection.execute(ONE, [f"conv:manychat:default:{contact}", f"odd/{contact}"])
        connection.execute("ANALYZE orders")
    return url


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    """The API's connections."""
    async with open_pool(database, size=2) as pool:
        yield pool


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """Every step of a plan."""
    return [plan, *(node for child in plan.get("Plans", []) for node in nodes(child))]


@pytest.mark.parametrize("contact", ["c7", "conv:manychat:default:c7", "nobody"])
@pytest.mark.parametrize("before", [None, MANY])
async def test_a_customers_orders_are_found_by_index(
    pool: Pool, monkeypatch: pytest.MonkeyPatch, contact: str, before: int | None
) -> None:
    """Looking at one customer costs the same in a shop of ten orders and of ten million: nobody else's are read."""
    plans: list[dict[str, Any]] = []

    async def explained(pool: Pool, query: str, parameters: dict[str, Any]) -> list[Any]:
        (row,) = await fetch_all(pool, f"EXPLAIN (FORMAT JSON) {query}", parameters)
        plans.append(row["QUERY PLAN"][0]["Plan"])
        return await fetch_all(pool, query, parameters)

    monkeypatch.setattr(listings, "fetch_all", explained)
    found = await listings.orders(pool, contact, None, before, 50)

    steps = nodes(plans[0])
    assert "idx_orders_contact" in {step.get("Index Name") for step in steps}, json.dumps(plans[0], indent=1)
    assert "Seq Scan" not in {step["Node Type"] for step in steps}
    assert (0 if contact == "nobody" else 5) == len(found)


async def test_the_index_is_used_by_the_hundredth_look_as_by_the_first(database: str) -> None:
    """A repeated statement may be planned without its values: that plan reads nobody else's orders either."""
    generic = f"{database}?options=-c%20plan_cache_mode%3Dforce_generic_plan"
    async with open_pool(generic, size=1) as pool:
        before = await scans(pool)
        for number in range(20):
            assert 5 == len(await listings.orders(pool, f"c{number}", None, None, 50))
        after = await scans(pool)

    assert (0, True) == (after["seq_scan"] - before["seq_scan"], after["idx_scan"] - before["idx_scan"] >= 20)


async def scans(pool: Pool) -> dict[str, int]:
    """How often the table was read as a whole, and how often by the index."""
    await fetch_all(pool, "SELECT pg_stat_force_next_flush()")
    (row,) = await fetch_all(
        pool,
        """SELECT seq_scan, pg_stat_user_indexes.idx_scan
             FROM pg_stat_user_tables JOIN pg_stat_user_indexes USING (relid)
            WHERE indexrelname = 'idx_orders_contact'""",
    )
    return row


@pytest.mark.parametrize("contact", ODD)
async def test_an_odd_contact_finds_its_own_order_and_no_other(pool: Pool, contact: str) -> None:
    """A contact's id is a value: it is no pattern, no address and no piece of a query."""
    found = await listings.orders(pool, contact, None, None, 50)
    assert [(contact, f"odd/{contact}")] == [(order["contact"], order["order_key"]) for order in found]


@pytest.mark.parametrize(
    ("contact", "status"), [(None, None), ("c50", None), (None, "done"), ("c50", "done"), ("c50", "x")]
)
async def test_filters_narrow_and_pages_join_without_a_gap(pool: Pool, contact: str | None, status: str | None) -> None:
    """Whatever is asked for, page by page gives what one long page gives, newest first."""
    whole = [order["id"] for order in await listings.orders(pool, contact, status, None, 10_000)]
    paged, before = [], None
    while page := await listings.orders(pool, contact, status, before, 2_000 if contact is None else 2):
        paged += [order["id"] for order in page]
        before = paged[-1]

    wanted = {(None, None): MANY + len(ODD), ("c50", None): 5, (None, "done"): MANY // 50, ("c50", "done"): 5}
    assert wanted.get((contact, status), 0) == len(whole)
    assert sorted(whole, reverse=True) == whole == paged
