"""The rate of an account that has one of its own, in a real PostgreSQL."""

import asyncio
import itertools
from collections.abc import AsyncIterator

import psycopg
import pytest

from providers.records.pool import Pool, fetch_all, open_pool
from providers.records.turnstile import MARGIN, Turnstile


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    """An empty database."""
    opened = open_pool(database_url, size=8, name="test")
    await opened.open()
    yield opened
    await opened.close()


async def test_waiting_parts_get_moments_one_after_another(pool: Pool) -> None:
    """Twenty workers ask at once for sixty a minute: the first goes now, and no two go in the same second."""
    turnstile = Turnstile(pool)
    waits = sorted(await asyncio.gather(*(turnstile.wait("manychat", "a", f"k{n}", 60) for n in range(20))))
    moments = [row["at"] for row in await fetch_all(pool, "SELECT at FROM turnstile_slots ORDER BY at")]
    gaps = [(later - sooner).total_seconds() for sooner, later in itertools.pairwise(moments)]
    assert 0 == waits[0]
    assert 18 == len(gaps)
    assert all(gap > 0.99 / MARGIN for gap in gaps), gaps


async def test_a_part_keeps_its_moment(pool: Pool) -> None:
    """However often a waiting part is tried, it does not go to the end of the queue again."""
    turnstile = Turnstile(pool)
    await turnstile.wait("manychat", "a", "first", 60)
    before = await turnstile.wait("manychat", "a", "second", 60)
    again = await turnstile.wait("manychat", "a", "second", 60)
    assert again <= before
    assert await turnstile.wait("manychat", "a", "third", 60) > 1.5


async def test_another_account_does_not_wait(pool: Pool) -> None:
    """A shop's queue is its own."""
    turnstile = Turnstile(pool)
    for number in range(5):
        await turnstile.wait("manychat", "busy", f"b{number}", 60)
    assert 0 == await turnstile.wait("manychat", "calm", "c", 60)


async def test_a_clock_that_was_put_back_keeps_nobody_waiting(pool: Pool) -> None:
    """For a moment the machine thought it was evening; the customer's answer does not wait until then."""
    turnstile = Turnstile(pool)
    for name in ("first", "second"):
        await turnstile.wait("manychat", "a", name, 60)
    async with pool.connection() as connection:
        await connection.execute(
            "UPDATE turnstiles SET next_at = next_at + interval '6 h', moved_at = moved_at + interval '6 h'"
        )
        await connection.execute(
            "UPDATE turnstile_slots SET at = at + interval '6 h', given_at = given_at + interval '6 h'"
        )
    assert 0 == await turnstile.wait("manychat", "a", "second", 60)
    assert await turnstile.wait("manychat", "a", "third", 60) < 3


async def test_whoever_waited_long_for_their_turn_at_the_row_keeps_the_rate(
    pool: Pool, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that stood still for a while is no clock that was put back: the queue is not forgotten."""
    monkeypatch.setattr("providers.records.turnstile.BACKWARDS", 0.3)
    turnstile = Turnstile(pool)
    await turnstile.wait("manychat", "a", "first", 10)
    async with await psycopg.AsyncConnection.connect(database_url) as holder:
        await holder.execute("UPDATE turnstiles SET moved_at = clock_timestamp()")
        early = [asyncio.create_task(turnstile.wait("manychat", "a", f"early{n}", 10)) for n in range(2)]
        await asyncio.sleep(0.5)
        late = [asyncio.create_task(turnstile.wait("manychat", "a", f"late{n}", 10)) for n in range(5)]
        await asyncio.sleep(0.2)
    await asyncio.gather(*early, *late)
    moments = [row["at"] for row in await fetch_all(pool, "SELECT at FROM turnstile_slots ORDER BY at")]
    gaps = [(later - sooner).total_seconds() for sooner, later in itertools.pairwise(moments)]
    assert 6 == len(gaps)
    assert all(gap > 5.9 / MARGIN for gap in gaps), gaps


async def test_a_moment_costs_no_wait_for_the_disk(database_url: str) -> None:
    """Pacing may be forgotten in a power cut; at the most turns a second there can be, the disk is what is scarce."""
    async with open_pool(database_url, size=1, name="test") as pool:
        turnstile = Turnstile(pool)
        before = await synced(pool)
        for number in range(100):
            assert 0 == await turnstile.wait("manychat", str(number), "key", 60)
        assert await synced(pool) - before < 50


async def synced(pool: Pool) -> int:
    """How often the server has made its log durable, as far as this connection knows."""
    await fetch_all(pool, "SELECT pg_stat_force_next_flush()")
    rows = await fetch_all(pool, "SELECT sum(fsyncs)::int AS n FROM pg_stat_io WHERE object = 'wal'")
    return int(rows[0]["n"])
