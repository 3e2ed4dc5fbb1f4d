"""What a shop's turns cost: exact, never below zero, whatever crashes and however many come at once."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.failures import Unavailable
from domain.plans import MICRO, UNLIMITED, Plan, Usage
from providers.records.credits import BelowZero, Credits, Exhausted, Reservation, _Page
from providers.records.ledger import Movement
from providers.records.pool import Pool, fetch_all, open_pool
from providers.records.tenants import Tenant, Tenants
from providers.secrets import SecretBox
from tests.accounts.conftest import NOON, SMALL

SHOP = ("manychat", "shop")
REPLY = Usage(messages=1, replies=1)


async def left(credits: Credits, now: datetime = NOON) -> tuple[int | None, int | None]:
    """Whole credits and messages the shop has left."""
    found = await credits.balance(*SHOP, now)
    return (found.credits or 0) // MICRO, found.messages


async def reserve(credits: Credits, key: str, usage: Usage = REPLY, now: datetime = NOON) -> Reservation | Exhausted:
    """Begin a turn."""
    return await credits.reserve(*SHOP, key, usage, now)


async def kinds(pool: Pool) -> list[str]:
    """The ledger's movements, in order."""
    return [row["movement"] for row in await fetch_all(pool, "SELECT movement FROM credits ORDER BY id")]


async def test_a_turn_costs_what_it_used(credits: Credits, shop: Tenant) -> None:
    """The shop pays for the turn as it was, not as it was guessed."""
    await reserve(credits, "t1", Usage(messages=2, replies=3))
    assert (70, 98) == await left(credits)
    settled = await credits.commit("t1", Usage(replies=1, input_tokens=1500, output_tokens=500), NOON)
    assert settled is not None
    assert (12 * MICRO, 0) == (settled.cost, settled.shortfall)
    assert (88, 98) == await left(credits)


async def test_a_turn_that_came_to_nothing_costs_nothing(credits: Credits, shop: Tenant) -> None:
    """Whatever was set aside comes back, once."""
    await reserve(credits, "t1")
    assert await credits.give_back("t1", NOON)
    assert not await credits.give_back("t1", NOON)
    assert (100, 100) == await left(credits)


async def test_a_retried_turn_is_paid_for_once(credits: Credits, pool: Pool, shop: Tenant) -> None:
    """A worker that dies between any two steps makes nothing dearer."""
    for _ in range(2):
        await reserve(credits, "t1")
    for _ in range(2):
        await credits.commit("t1", REPLY, NOON)
    again = await reserve(credits, "t1")
    assert isinstance(again, Reservation)
    assert again.settled
    assert not await credits.give_back("t1", NOON)
    assert (90, 99) == await left(credits)
    assert ["grant", "reserve", "commit"] == await kinds(pool)


async def test_a_turn_tried_anew_reserves_anew(credits: Credits, pool: Pool, shop: Tenant) -> None:
    """The first attempt failed and gave back; the second one is paid for."""
    await reserve(credits, "t1")
    await credits.give_back("t1", NOON)
    await reserve(credits, "t1")
    assert (90, 99) == await left(credits)
    await credits.commit("t1", REPLY, NOON)
    assert ["grant", "reserve", "give_back", "reserve", "commit"] == await kinds(pool)


FIRST, SECOND = "talk/run/7/d9", "talk/run/7/d10"
"""Two decisions about one turn, in the order in which they were begun."""


async def test_a_decision_thrown_away_after_it_was_paid_costs_nothing(
    credits: Credits, pool: Pool, shop: Tenant
) -> None:
    """The customer wrote on in the very moment the model was done: one reply goes out, and one is paid for."""
    await reserve(credits, FIRST)
    await credits.commit(FIRST, REPLY, NOON)
    await reserve(credits, SECOND, Usage(messages=2, replies=1))
    await credits.commit(SECOND, Usage(messages=2, replies=1), NOON)
    assert (90, 98) == await left(credits)
    assert ["grant", "reserve", "commit", "refund", "reserve", "commit"] == await kinds(pool)
    await adds_up(pool)


@pytest.mark.parametrize("first", ["paid", "left behind by a worker that died"])
async def test_the_last_credit_is_not_spent_on_a_decision_thrown_away(
    credits: Credits, pool: Pool, shop: Tenant, first: str
) -> None:
    """A shop with one reply left gives that reply, although its customer wrote in two pieces."""
    for number in range(9):
        await reserve(credits, f"t{number}")
        await credits.commit(f"t{number}", REPLY, NOON)
    await reserve(credits, FIRST)
    if first == "paid":
        await credits.commit(FIRST, REPLY, NOON)
    assert isinstance(await reserve(credits, SECOND), Reservation)
    await credits.commit(SECOND, REPLY, NOON)
    assert (0, 90) == await left(credits)
    assert [] == await fetch_all(pool, "SELECT 1 FROM credits WHERE held")


async def test_a_decision_that_ends_after_it_was_thrown_away_costs_nothing(credits: Credits, shop: Tenant) -> None:
    """Its worker stood still and woke up too late."""
    await reserve(credits, FIRST)
    await reserve(credits, SECOND)
    await credits.commit(SECOND, REPLY, NOON)
    late = await credits.commit(FIRST, Usage(replies=5), NOON)
    assert late is not None
    assert (0, False) == (late.cost, late.fresh)
    assert (90, 99) == await left(credits)


async def test_a_worker_that_wakes_up_late_takes_nothing_back(credits: Credits, shop: Tenant) -> None:
    """It stood still before it had set anything aside; meanwhile another one answered and was paid."""
    await reserve(credits, SECOND)
    await credits.commit(SECOND, REPLY, NOON)
    late = await reserve(credits, FIRST)
    assert isinstance(late, Reservation)
    assert late.settled
    await credits.give_back(FIRST, NOON)
    assert None is await credits.commit(FIRST, REPLY, NOON)
    assert (90, 99) == await left(credits)


async def test_an_older_builds_decisions_are_told_apart_by_what_they_set_aside_last(
    credits: Credits, pool: Pool, shop: Tenant
) -> None:
    """A deploy in the middle of a turn; and other turns stay untouched."""
    for key in ("talk/run/6/deadbeef", "talk/run/7/deadbeef", "talk/run/7/12345678", "talk/run/7/d10"):
        await reserve(credits, key)
        await credits.commit(key, REPLY, NOON)
    assert (80, 98) == await left(credits)
    await adds_up(pool)


async def test_another_accounts_turn_is_not_given_back_to_us(
    credits: Credits, pool: Pool, tenants: Tenants, shop: Tenant
) -> None:
    """The shop was removed in mid-turn, and the platform's default took it over."""
    await tenants.add(Tenant(platform="manychat", account="default", plan="small"), {})
    await reserve(credits, FIRST)
    await credits.commit(FIRST, REPLY, NOON)
    await credits.reserve("manychat", "default", SECOND, REPLY, NOON)
    await credits.commit(SECOND, REPLY, NOON)
    assert (90, 99) == await left(credits)
    await adds_up(pool)


async def test_what_was_used_beyond_the_purse_stands_there_as_a_shortfall(
    credits: Credits, pool: Pool, shop: Tenant
) -> None:
    """Never below zero: what the purse could not cover is written down, not owed."""
    await reserve(credits, "t1")
    settled = await credits.commit("t1", Usage(replies=12), NOON)
    assert settled is not None
    assert (120 * MICRO, 20 * MICRO) == (settled.cost, settled.shortfall)
    assert (0, 99) == await left(credits)
    assert ["grant", "reserve", "commit", "overrun"] == await kinds(pool)


async def test_a_turn_that_overslept_is_still_paid_for(credits: Credits, shop: Tenant) -> None:
    """Its reservation was given back for dead, and then it ended after all."""
    await reserve(credits, "t1")
    assert 1 == await credits.expire_stale(NOON + timedelta(hours=2))
    assert (100, 100) == await left(credits)
    await credits.commit("t1", REPLY, NOON + timedelta(hours=2))
    assert (90, 99) == await left(credits)


async def test_only_dead_turns_are_given_up(credits: Credits, shop: Tenant) -> None:
    """A turn that is still thought about keeps its credits."""
    await reserve(credits, "t1")
    assert 0 == await credits.expire_stale(NOON + timedelta(minutes=10))
    assert (90, 99) == await left(credits)


async def test_an_exhausted_shop_is_told_what_is_used_up(credits: Credits, shop: Tenant) -> None:
    """Ten replies fit; the eleventh does not."""
    for number in range(10):
        assert isinstance(await reserve(credits, f"t{number}"), Reservation)
    found = await reserve(credits, "t10")
    assert isinstance(found, Exhausted)
    assert ("credits", NOON + timedelta(days=30)) == (found.what, found.period_ends)
    too_many = await reserve(credits, "t11", Usage(messages=91))
    assert isinstance(too_many, Exhausted)
    assert "messages" == too_many.what


async def test_a_shop_is_warned_once_a_period(credits: Credits, shop: Tenant) -> None:
    """At four fifths, and again only in the next period."""
    warned = []
    for number in range(12):
        now = NOON if number < 10 else NOON + timedelta(days=31)
        await reserve(credits, f"t{number}", now=now)
        usage = REPLY if number < 10 else Usage(replies=8)
        settled = await credits.commit(f"t{number}", usage, now)
        warned.append(settled is not None and settled.warning is not None)
    assert [7, 10] == [number for number, told in enumerate(warned) if told]


async def test_a_new_period_begins_with_a_new_grant(credits: Credits, pool: Pool, shop: Tenant) -> None:
    """What the plan granted and nobody used is gone; what the shop bought stays."""
    await credits.adjust(*SHOP, "bought", 25 * MICRO, "invoice 7", NOON)
    await reserve(credits, "t1")
    await credits.commit("t1", REPLY, NOON)
    assert (115, 99) == await left(credits)
    later = NOON + timedelta(days=95)
    assert (125, 100) == await left(credits, later)
    await reserve(credits, "t2", now=later)
    assert (115, 99) == await left(credits, later)
    found = await credits.balance(*SHOP, later)
    assert (NOON + timedelta(days=90), NOON + timedelta(days=120)) == (found.period, found.period_ends)
    assert ["grant", "adjust", "reserve", "commit", "expire", "grant", "reserve"] == await kinds(pool)


async def test_a_larger_plan_counts_at_once(credits: Credits, tenants: Tenants, shop: Tenant) -> None:
    """A shop that moves up in the middle of a month gets the difference; one that moves down keeps what it has."""
    await reserve(credits, "t1")
    await tenants.put_plan(SMALL.model_copy(update={"credits_per_period": 300 * MICRO}))
    await reserve(credits, "t2")
    assert (280, 98) == await left(credits)
    await tenants.put_plan(SMALL)
    await reserve(credits, "t3")
    assert (270, 97) == await left(credits)


async def test_an_adjustment_is_made_once_and_never_takes_too_much(credits: Credits, shop: Tenant) -> None:
    """The same key twice is one movement."""
    assert await credits.adjust(*SHOP, "a", 5 * MICRO, "", NOON)
    assert not await credits.adjust(*SHOP, "a", 5 * MICRO, "", NOON)
    assert (105, 100) == await left(credits)
    with pytest.raises(BelowZero, match="only 105 credits"):
        await credits.adjust(*SHOP, "b", -106 * MICRO, "", NOON)
    assert await credits.adjust(*SHOP, "c", -105 * MICRO, "", NOON)
    assert (0, 100) == await left(credits)


@pytest.mark.parametrize("dying", ["reserve", "commit", "give_back"])
async def test_a_step_that_dies_half_way_moved_nothing(
    pool: Pool, shop: Tenant, dying: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection is cut after the row was written and before it counted; the retry moves once."""
    credits = Credits(pool)
    expected = {"reserve": (90, 99), "commit": (90, 99), "give_back": (100, 100)}[dying]
    steps: dict[str, Callable[[], Coroutine[Any, Any, Any]]] = {
        "reserve": lambda: reserve(credits, "t1"),
        "commit": lambda: credits.commit("t1", REPLY, NOON),
        "give_back": lambda: credits.give_back("t1", NOON),
    }
    if dying != "reserve":
        await steps["reserve"]()
    before, plain = await left(credits), _Page.write

    async def cut(page: _Page, movements: list[Movement]) -> None:
        await plain(page, movements)
        await page._connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with monkeypatch.context() as context:
        context.setattr(_Page, "write", cut)
        with pytest.raises(Unavailable):
            await steps[dying]()
    assert before == await left(credits)
    await steps[dying]()
    assert expected == await left(credits)
    await adds_up(pool)


async def test_the_unlimited_plan_counts_nothing(credits: Credits, pool: Pool, tenants: Tenants) -> None:
    """Not a row is written."""
    await tenants.add(Tenant(platform="manychat", account="shop"), {})
    for number in range(3):
        await reserve(credits, f"t{number}", Usage(messages=10**6, replies=10**6))
        await credits.commit(f"t{number}", Usage(replies=10**6), NOON)
    assert [] == await kinds(pool)


async def test_only_what_a_plan_limits_is_counted(credits: Credits, tenants: Tenants) -> None:
    """A plan with messages alone asks for no credits."""
    await tenants.put_plan(Plan(name="talk", messages_per_period=2))
    await tenants.add(Tenant(platform="manychat", account="shop", plan="talk"), {})
    for number in range(2):
        await reserve(credits, f"t{number}")
        settled = await credits.commit(f"t{number}", Usage(replies=1), NOON)
        assert settled is not None
        assert 0 == settled.cost
    assert isinstance(await reserve(credits, "t2"), Exhausted)


async def test_fifty_turns_at_once_share_what_there_is(credits: Credits, pool: Pool, shop: Tenant) -> None:
    """Ten of them fit, and not one more, whatever their order."""
    found = await asyncio.gather(*(reserve(credits, f"t{number}") for number in range(50)))
    assert 10 == sum(isinstance(each, Reservation) for each in found)
    assert (0, 90) == await left(credits)
    await adds_up(pool)


async def test_a_movement_stays_as_it_was_written(
    credits: Credits, shop: Tenant, other_connection: psycopg.Connection
) -> None:
    """Nobody makes a ledger right by changing it; and a purse refuses to go below zero by itself."""
    await reserve(credits, "t1")
    for wrong in ("UPDATE credits SET amount = 0", "DELETE FROM credits", "UPDATE purses SET balance = -1"):
        with pytest.raises(psycopg.Error):
            other_connection.execute(wrong)  # type: ignore[arg-type]  # psycopg takes literals; these are


async def adds_up(pool: Pool) -> None:
    """The ledger's law: every row carries the sum so far, the purse is the last of them, nothing is negative."""
    wrong = await fetch_all(
        pool,
        """WITH summed AS (
               SELECT *, sum(amount) OVER rows_so_far AS total, sum(messages) OVER rows_so_far AS total_messages
                 FROM credits WINDOW rows_so_far AS (PARTITION BY platform, account ORDER BY id))
           SELECT id::text AS which FROM summed
            WHERE total <> balance OR total_messages <> messages_left OR balance < 0 OR messages_left < 0
           UNION ALL
           SELECT platform || account FROM purses
            WHERE (balance, messages_left) <> (SELECT coalesce(sum(amount), 0), coalesce(sum(messages), 0)
                     FROM credits WHERE (credits.platform, credits.account) = (purses.platform, purses.account))""",
    )
    assert [] == [row["which"] for row in wrong]
    paid_twice = await fetch_all(
        pool,
        """SELECT coalesce(substring(turn_key FROM '^(.+)/'), turn_key) AS turn FROM credits
            GROUP BY platform, account, turn
           HAVING count(*) FILTER (WHERE movement = 'commit') - count(*) FILTER (WHERE movement = 'refund') > 1""",
    )
    assert [] == [row["turn"] for row in paid_twice]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["reserve", "commit", "give_back", "sweep", "adjust"]),
        st.integers(0, 3),  # which decision of two turns: few, so that retries and races are many
        st.integers(0, 6),  # replies
        st.integers(0, 40),  # days gone by
    ),
    max_size=14,
)


def step(credits: Credits, what: str, turn: int, replies: int, day: int) -> Coroutine[Any, Any, Any]:
    """One thing that may happen."""
    now, key = NOON + timedelta(days=day), f"t/{turn // 2}/d{turn}"
    match what:
        case "reserve":
            return credits.reserve(*SHOP, key, Usage(messages=replies * 5, replies=replies), now)
        case "commit":
            return credits.commit(key, Usage(replies=replies), now)
        case "give_back":
            return credits.give_back(key, now)
        case "sweep":
            return credits.expire_stale(now)
        case _:
            return credits.adjust(*SHOP, key, (replies - 3) * 20 * MICRO, "", now)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STEPS, max_size=3))
def test_whatever_happens_the_rows_add_up(clean: str, waves: list[list[tuple[str, int, int, int]]]) -> None:
    """Any steps in any order, retried, in waves that run at once: nothing is lost, doubled or negative."""
    asyncio.run(_happens(clean, waves))


async def _happens(database: str, waves: list[list[tuple[str, int, int, int]]]) -> None:
    async with open_pool(database, size=6, name="test") as pool:
        async with pool.connection() as connection:
            await connection.execute("TRUNCATE credits, purses, accounts")
        credits, tenants = Credits(pool), Tenants(pool, SecretBox(lambda _: ()))
        await tenants.put_plan(SMALL)
        await tenants.add(Tenant(platform="manychat", account="shop", plan="small"), {})
        for wave in waves:
            found = await asyncio.gather(*(step(credits, *each) for each in wave), return_exceptions=True)
            assert [] == [each for each in found if isinstance(each, Exception) and not isinstance(each, BelowZero)]
            await adds_up(pool)


async def test_an_account_that_no_row_describes_is_unlimited(credits: Credits) -> None:
    """The environment's own account on a laptop."""
    found = await credits.balance("manychat", "default", NOON)
    assert (UNLIMITED.name, None, None) == (found.plan, found.credits, found.messages)
