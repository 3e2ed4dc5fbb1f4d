"""Customers' keys and pseudonyms on a real PostgreSQL: shared, turned, destroyed."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from domain.identifiers import Address
from providers.records.contact_keys import ContactKeys
from providers.records.erasure import Belongings
from providers.records.pool import Pool, open_pool
from providers.records.pseudonyms import NobodyKnown, Pseudonyms, is_pseudonym
from providers.secrets import SecretBox, new_key
from tests.servers_here import Servers

ANNA = Address(platform="whatsapp", account="shop", contact="380671234567")


@pytest.fixture(scope="module")
def database(servers: Servers) -> str:
    """A database of this module's own."""
    return servers.fresh_database(f"keys_{uuid4().hex[:12]}")


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    """Connections to it; nobody is known yet."""
    pool = open_pool(database, size=4, name="test")
    await pool.open()
    async with pool.connection() as connection:
        await connection.execute("TRUNCATE contacts, house_keys")
    yield pool
    await pool.close()


@pytest.fixture
def ring() -> list[str]:
    """The key ring of the house, newest first."""
    return [new_key()]


def process(pool: Pool, ring: list[str]) -> ContactKeys:
    """What one process knows."""
    return ContactKeys(pool, SecretBox(lambda _: ring))


async def test_processes_share_a_customers_key(pool: Pool, ring: list[str]) -> None:
    """Ten at once make one key, and whoever comes later finds it, by whose it is and by its number."""
    made = await asyncio.gather(*(process(pool, ring).of_workflow(ANNA.conversation_id) for _ in range(10)))
    found = await process(pool, ring).numbered(made[0].number)
    assert {made[0]} == set(made) | {found}


async def test_a_workflow_of_nobody_is_locked_with_the_houses_key(pool: Pool, ring: list[str]) -> None:
    """It is the same for every process, and number 0."""
    first, second = process(pool, ring), process(pool, ring)
    assert (await first.of_workflow("fork-1")) == (await second.numbered(0))


async def test_a_pseudonym_outlives_the_key_ring(pool: Pool, ring: list[str]) -> None:
    """Keys are turned every year; a customer's conversation stays theirs, and can still be delivered to."""
    keys = process(pool, ring)
    before = await Pseudonyms(keys, on=True).arrived(ANNA)
    history_key = await keys.of_workflow(before.conversation_id)
    ring.insert(0, new_key())
    assert 1 == await process(pool, ring).rotate()
    del ring[1:]

    turned = process(pool, ring)
    names = Pseudonyms(turned, on=True)
    assert (before, ANNA) == (await names.arrived(ANNA), await names.real(before))
    assert history_key == await turned.of_workflow(before.conversation_id)


async def test_a_pseudonym_tells_nothing_to_another_shop(pool: Pool, ring: list[str]) -> None:
    """The same person writes to two shops: nobody can tell from ids."""
    names = Pseudonyms(process(pool, ring), on=True)
    here, there = await names.masked(ANNA), await names.masked(ANNA.model_copy(update={"account": "other"}))
    assert is_pseudonym(here.contact)
    assert here.contact != there.contact
    assert here == await names.masked(here), "operators may say either"
    assert ANNA == await Pseudonyms(process(pool, ring), on=False).arrived(ANNA)


async def test_a_customer_who_calls_themselves_by_a_pseudonym_is_somebody_else(pool: Pool, ring: list[str]) -> None:
    """Whoever writes as `p-…` does not come into the conversation of the one it stands for."""
    names = Pseudonyms(process(pool, ring), on=True)
    victim = await names.arrived(ANNA)
    assert victim != await names.arrived(victim)


async def test_a_row_of_a_key_gets_its_contact_later(pool: Pool, ring: list[str]) -> None:
    """The worker may lock with a new key before the door has told whom the pseudonym stands for."""
    keys = process(pool, ring)
    masked = await Pseudonyms(keys, on=True).masked(ANNA)
    await keys.of(masked)
    with pytest.raises(NobodyKnown):
        await Pseudonyms(keys, on=True).real(masked)
    await Pseudonyms(process(pool, ring), on=True).arrived(ANNA)
    assert ANNA == await Pseudonyms(process(pool, ring), on=True).real(masked)


async def test_a_destroyed_key_is_forgotten_by_every_process(pool: Pool, ring: list[str], database: str) -> None:
    """Erasing in one process makes it unreadable in all, at once; the customer comes back as a new one."""
    keys = process(pool, ring)
    listening = asyncio.create_task(keys.keep(database))
    try:
        names, erased = Pseudonyms(keys, on=True), asyncio.Event()
        forget = keys.forget

        def noticed(number: int | None = None) -> None:
            forget(number)
            if number is not None:
                erased.set()

        keys.forget = noticed  # type: ignore[method-assign]  # the gate of this test
        masked = await names.arrived(ANNA)
        old = await keys.of_workflow(masked.conversation_id)
        while "everturn-keys" not in await _listeners(pool):
            await asyncio.sleep(0.01)
        subject = await Belongings(pool).subject("whatsapp", "shop", {masked.contact})
        assert 1 == await Belongings(pool).destroy_keys(subject)
        await asyncio.wait_for(erased.wait(), 10)

        assert await keys.numbered(old.number) is None
        with pytest.raises(NobodyKnown):
            await names.real(masked)
        assert masked == await names.arrived(ANNA)
        assert old.number != (await keys.of_workflow(masked.conversation_id)).number
    finally:
        listening.cancel()


async def _listeners(pool: Pool) -> set[str]:
    async with pool.connection() as connection:
        query = (
            "SELECT application_name FROM pg_stat_activity WHERE wait_event_type = 'Client' AND query LIKE 'LISTEN%'"
        )
        return {row["application_name"] for row in await (await connection.execute(query)).fetchall()}
