"""Whom nobody has heard of for the shop's own time is forgotten; whoever writes in that moment is not."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from temporalio.client import Client

from domain.failures import Unavailable
from domain.identifiers import Address
from providers.records.aliases import Aliases
from providers.records.contact_keys import ContactKeys
from providers.records.pool import Pool, open_pool
from providers.records.pseudonyms import NobodyKnown, Pseudonyms
from providers.records.strangers import BATCH, forget_strangers
from providers.secrets import SecretBox, new_key
from runtime.temporal import is_running
from tests.console.seeding import Books
from tests.servers_here import Servers

ANNA = Address(platform="whatsapp", account="shop", contact="380671234567")
RING = [new_key()]


@pytest.fixture(scope="module")
def database(servers: Servers) -> str:
    """A database of this module's own."""
    return servers.fresh_database(f"strangers_{uuid4().hex[:12]}")


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    """Connections to it; nobody is known yet."""
    async with open_pool(database, size=4, name="test") as pool:
        async with pool.connection() as connection:
            await connection.execute("TRUNCATE contacts, aliases, conversations, orders, accepted CASCADE")
        yield pool


@pytest.fixture
def books(database: str) -> Books:
    """What the house wrote down."""
    return Books(database)


def process(pool: Pool) -> ContactKeys:
    """What one process knows."""
    return ContactKeys(pool, SecretBox(lambda _: RING))


async def met(pool: Pool, address: Address = ANNA, days: float = 40) -> Address:
    """A customer who wrote so many days ago, and not since."""
    masked = await Pseudonyms(process(pool), on=True).arrived(address)
    async with pool.connection() as connection:
        await connection.execute(
            "UPDATE contacts SET heard_at = now() - %(d)s * interval '1 d' WHERE contact = %(c)s",
            {"d": days, "c": masked.contact},
        )
    return masked


SOMETHING_LEFT = {
    "conversations": "INSERT INTO conversations (id, platform, account, contact, last_at, heard_at)"
    " VALUES (%(c)s, 'whatsapp', 'shop', %(contact)s, now(), now())",
    "outbox": "INSERT INTO outbox (key, conversation_id, platform, account, contact, part, state)"
    " VALUES (%(c)s, %(c)s, 'whatsapp', 'shop', %(contact)s, '{}', 'sent')",
    "media": "INSERT INTO media (id, conversation_id, platform, account, message_id, place, kind, expires_at)"
    " VALUES (%(c)s, %(c)s, 'whatsapp', 'shop', 'm', 0, 'image', now())",
    "payments": "INSERT INTO payments (payment_key, conversation_id, platform, account, contact)"
    " VALUES (%(c)s, %(c)s, 'whatsapp', 'shop', %(contact)s)",
    "message_logs": 'INSERT INTO message_logs (conversation_id, client_id, message_id, direction, text, "timestamp")'
    " VALUES (%(c)s, %(contact)s, 'm', 'in', 'вода', now())",
    "inbox": "INSERT INTO inbox (conversation_id, message_id, message) VALUES (%(c)s, 'm', '{}')",
}
"""A row of one customer, whose name is not the one we ask about."""


async def over(conversation_id: str) -> bool:
    """No conversation runs."""
    return False


async def swept(pool: Pool, is_running=over) -> int:  # type: ignore[no-untyped-def]
    """A shop that keeps things for thirty days looks."""
    before = datetime.now(UTC) - timedelta(days=30)
    return await forget_strangers(pool, "whatsapp", "shop", before, is_running)


async def is_known(pool: Pool, masked: Address) -> bool:
    """Whether anybody can tell whom the pseudonym stands for."""
    try:
        return bool(await Pseudonyms(process(pool), on=True).real(masked))
    except NobodyKnown:
        return False


async def test_whom_nothing_is_left_of_is_forgotten(pool: Pool) -> None:
    """Nobody can tell who wrote, nor read what Temporal may still hold; they may come back as a new customer."""
    masked = await met(pool)
    key = await process(pool).find(masked)
    fresh = await met(pool, ANNA.model_copy(update={"contact": "380500000000"}), days=29)
    assert key is not None
    assert 1 == await swept(pool)
    assert (False, True) == (await is_known(pool, masked), await is_known(pool, fresh))
    assert await process(pool).numbered(key.key.number) is None

    again = process(pool)
    assert masked == await Pseudonyms(again, on=True).arrived(ANNA)
    assert key.key.number != (await again.of_workflow(masked.conversation_id)).number


@pytest.mark.parametrize("table", ["conversations", "outbox", "media", "payments", "message_logs", "inbox"])
async def test_others_keep_nobody_known(pool: Pool, books: Books, table: str) -> None:
    """A shop with other customers forgets the silent one all the same; who has anything left stays."""
    silent, other = await met(pool), await met(pool, ANNA.model_copy(update={"contact": "380500000002"}))
    values = {"c": other.conversation_id, "contact": other.contact}
    books.run(SOMETHING_LEFT[table], **values)
    assert 1 == await swept(pool)
    assert (False, True) == (await is_known(pool, silent), await is_known(pool, other))
    books.run(f"DELETE FROM {table} WHERE {'id' if table == 'conversations' else 'conversation_id'} = %(c)s", **values)


async def test_who_ordered_or_waits_stays_known(pool: Pool, books: Books) -> None:
    """The shop must know whom an order is for; what was accepted and not yet answered is not made unreadable."""
    buyer, asking = await met(pool), await met(pool, ANNA.model_copy(update={"contact": "380500000001"}))
    books.order(buyer.contact, "kept", conversation=buyer.conversation_id)
    books.run(
        "INSERT INTO accepted VALUES (%(c)s, 'm', 'whatsapp', 'shop', now(), now())",
        c=asking.conversation_id,
    )
    assert 0 == await swept(pool)
    assert await is_known(pool, buyer)
    assert await is_known(pool, asking)


async def test_a_conversation_that_still_runs_keeps_its_key(pool: Pool) -> None:
    """A silent conversation is open in Temporal for a week: its history stays readable for its worker."""
    masked, asked = await met(pool), list[str]()

    async def runs(conversation_id: str) -> bool:
        asked.append(conversation_id)
        return True

    assert 0 == await swept(pool, runs)
    assert [masked.conversation_id] == asked
    assert await is_known(pool, masked)


async def test_who_writes_in_that_moment_is_not_locked_out(pool: Pool) -> None:
    """The sweep has asked and nothing ran; now the customer writes: their message is not locked with a dead key."""
    masked = await met(pool)
    operators = process(pool)
    await operators.warm([masked])  # a person looked at the list a moment ago: the key is at hand, and nobody wrote

    async def writes_now(conversation_id: str) -> bool:
        await Pseudonyms(operators, on=True).arrived(ANNA)
        return False

    assert 0 == await swept(pool, writes_now)
    key = await operators.of_workflow(masked.conversation_id)
    assert key == await process(pool).numbered(key.number)
    assert await is_known(pool, masked)


async def test_their_other_names_go_too(pool: Pool) -> None:
    """A platform told a phone and a business-scoped id: neither stays, whether histories are locked or not."""
    masked = await met(pool)
    names = {"380671234567": masked, "ua.5512": masked, "77": ANNA.model_copy(update={"contact": "78"})}
    for name, home in names.items():
        await Aliases(pool).home_of(home, [name])
    async with pool.connection() as connection:
        await connection.execute("UPDATE aliases SET created_at = now() - interval '40 d'")
    assert 4 == await swept(pool), "a key, its two names, and the name of one who never had a key"
    async with pool.connection() as connection:
        assert [] == await (await connection.execute("SELECT * FROM aliases")).fetchall()


async def test_more_of_them_than_one_look_takes(pool: Pool) -> None:
    """A shop of many customers who came once is done in one go, those who stay among them."""
    first = await met(pool)
    async with pool.connection() as connection:
        await connection.execute(
            "INSERT INTO contacts (platform, account, contact, key, heard_at) SELECT platform, account, 'c' || n, key,"
            " heard_at FROM contacts, generate_series(1, %(n)s) AS n", {"n": 2 * BATCH},
        )  # fmt: skip

    async def of_the_first(conversation_id: str) -> bool:
        return conversation_id in (first.conversation_id, "conv:whatsapp:shop:c17")

    assert 2 * BATCH - 1 == await swept(pool, of_the_first)


async def test_temporal_is_asked(servers: Servers) -> None:
    """What runs is told from what never was; a Temporal that is away is not taken for a conversation that is over."""
    client = await Client.connect(servers.temporal_address)
    id = f"runs-{uuid4().hex}"
    await client.start_workflow("nobody takes it", id=id, task_queue=f"nobody-{uuid4().hex}")
    assert (True, False) == (await is_running(client, id), await is_running(client, f"{id}-not"))
    await client.get_workflow_handle(id).terminate()
    assert not await is_running(client, id)
    away = await Client.connect("127.0.0.1:1", lazy=True)
    with pytest.raises(Unavailable):
        await is_running(away, id)
