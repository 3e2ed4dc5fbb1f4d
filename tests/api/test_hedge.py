"""While Temporal is slow, PostgreSQL makes messages durable: acknowledged at once, heard in order, each once."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from temporalio.client import Client
from temporalio.service import RPCError

from api.hedge import ALONE, Hedge
from domain.identifiers import Address
from providers.records.inbox import Held, Inbox
from providers.records.pool import Pool, fetch_all, fetch_one, open_pool
from runtime.settings import Settings
from tests.api.running import serving, settings_for
from tests.api.slow_line import held_line, slow_line
from tests.servers_here import Servers


@dataclass(frozen=True)
class House:
    """An API whose line to Temporal can be held."""

    door: httpx.AsyncClient
    gate: asyncio.Event
    database: str
    temporal: Client

    async def write(self, contact: str, *texts: str) -> list[int]:
        """One webhook after the other; the statuses."""
        return [await said(self.door, contact, text) for text in texts]

    def inbox(self) -> list[str]:
        """The texts in it, in order."""
        with psycopg.connect(self.database) as connection:
            rows = connection.execute("SELECT message->>'text' FROM inbox ORDER BY id").fetchall()
        return [text for (text,) in rows]

    async def heard(self, contact: str) -> list[str]:
        """The texts that stand in the conversation, in order."""
        handle = self.temporal.get_workflow_handle(f"conv:bridge:default:{contact}")
        try:
            events = (await handle.fetch_history()).events
        except RPCError:  # there is none yet
            return []
        signals = [event.workflow_execution_signaled_event_attributes for event in events]
        told = [signal.input.payloads[0].data for signal in signals if signal.signal_name == "receive"]
        return [json.loads(data)["text"] for data in told]

    async def until_heard(self, contact: str, *texts: str) -> None:
        """The conversation knows these texts, and the inbox nothing."""
        await until(lambda: self.inbox() == [])
        assert list(texts) == await self.heard(contact)


def hedged(**values: Any) -> Settings:
    """As an installation is that wants it."""
    return settings_for(hedge_webhooks=True, **values)


async def said(door: httpx.AsyncClient, contact: str, text: str) -> int:
    message = {"id": f"{contact}-{text}", "from": f"{contact}@c.us", "body": text, "type": "chat", "t": 1_790_000_000}
    answer = await door.post("/webhook/whatsapp/batched", json=[message])
    return answer.status_code


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.02)


@pytest.fixture
def contact() -> str:
    """Somebody new."""
    return str(uuid4().int % 10**11)


@pytest.fixture
async def house(servers: Servers, temporal: Client) -> AsyncIterator[House]:
    """With everything behind it, and the gate open."""
    database = servers.fresh_database(f"hedge_{uuid4().hex[:12]}")
    async with held_line(servers.temporal_address) as (address, gate):
        with serving(hedged(temporal_address=address, database_url=database)) as url:
            async with httpx.AsyncClient(base_url=url, timeout=20, trust_env=False) as door:
                yield House(door, gate, database, temporal)
                gate.set()


async def test_a_webhook_does_not_wait_for_a_slow_temporal(house: House, contact: str) -> None:
    """Acknowledged while Temporal has it not: PostgreSQL has; nobody is alarmed, and it is heard once."""
    assert [202] == await house.write(contact, "0")
    house.gate.clear()
    assert [202, 202] == await house.write(contact, "1", "2")
    assert ["0"] == await house.heard(contact)
    assert ["1", "2"] == house.inbox()[-2:]
    assert "ok" == (await house.door.get("/health")).json()["inbox"]["status"]
    house.gate.set()
    await house.until_heard(contact, "0", "1", "2")


async def test_one_that_temporal_does_not_take_at_all_is_handed_over(house: House, contact: str) -> None:
    """Slow turns out to be away: what is acknowledged waits in the inbox, what follows queues behind it."""
    house.gate.clear()
    assert [202, 202] == await house.write(contact, "0", "1")
    await until(lambda: len(waiting(house.database)) == 2)
    assert [202] == await house.write(contact, "2")
    house.gate.set()
    await house.until_heard(contact, "0", "1", "2")


async def test_an_absence_of_temporal_is_not_taken_for_too_much_work(house: House, contact: str) -> None:
    """Once it is back, the next slow moment is hedged as the first one was."""
    assert [202] == await house.write(contact, "0")
    house.gate.clear()
    people = [f"{contact}{number}" for number in range(8)]
    assert {202} == {status for (status,) in await asyncio.gather(*(house.write(one, "1") for one in people))}
    await until(lambda: len(waiting(house.database)) == len(people))
    house.gate.set()
    await until(lambda: house.inbox() == [])
    await is_calm(house)
    house.gate.clear()
    assert [202] == await house.write(contact, "2")
    assert (["2"], []) == (house.inbox(), waiting(house.database)), "it is being told, and was not waited for"
    house.gate.set()
    await house.until_heard(contact, "0", "2")


async def is_calm(house: House) -> None:
    """Until Temporal counts as back."""
    async with asyncio.timeout(20):
        while (await house.door.get("/health")).json()["inbox"]["status"] != "ok":
            await asyncio.sleep(0.05)


def waiting(database: str) -> list[str]:
    """Messages that nobody tells at this moment."""
    with psycopg.connect(database) as connection:
        rows = connection.execute("SELECT message_id FROM inbox WHERE next_at <= clock_timestamp()").fetchall()
    return [id for (id,) in rows]


async def test_what_a_stopped_api_was_telling_is_handed_over_by_the_next(
    servers: Servers, temporal: Client, contact: str
) -> None:
    """It said 202, so it is heard, though the process that said so is no more."""
    database = servers.fresh_database(f"hedge_{uuid4().hex[:12]}")
    async with held_line(servers.temporal_address) as (address, gate):
        gate.clear()
        with serving(hedged(temporal_address=address, database_url=database)) as url:
            async with httpx.AsyncClient(base_url=url, timeout=20, trust_env=False) as door:
                assert 202 == await said(door, contact, "0")
                next_one = House(door, gate, database, temporal)
        assert ["0"] == next_one.inbox()
        address = servers.temporal_address
        with serving(hedged(temporal_address=address, database_url=database)):
            await next_one.until_heard(contact, "0")


async def test_without_postgresql_a_slow_temporal_is_waited_for(
    servers: Servers, temporal: Client, contact: str
) -> None:
    """Acknowledged only when it is durable somewhere."""
    async with slow_line(servers.temporal_address, delay=0.2) as address:
        nobody = "postgresql://nobody@127.0.0.1:1/none"
        with serving(hedged(temporal_address=address, database_url=nobody)) as url:
            async with httpx.AsyncClient(base_url=url, timeout=20, trust_env=False) as door:
                assert 202 == await said(door, contact, "0")
                assert ["0"] == await House(door, asyncio.Event(), nobody, temporal).heard(contact)


# --- the hedge by itself --------------------------------------------------------------------------------------------

MESSAGE = Held(Address(platform="bridge", account="default", contact="1"), "message", "m1", "{}", opens=True)


@pytest.fixture
async def pool(servers: Servers) -> AsyncIterator[Pool]:
    """An empty database."""
    opened = open_pool(servers.fresh_database(f"hedge_{uuid4().hex[:12]}"), size=4, name="test")
    await opened.open()
    yield opened
    await opened.close()


async def kept(pool: Pool) -> int:
    """Rows in the inbox."""
    return len(await fetch_all(pool, "SELECT 1 FROM inbox"))


async def test_a_quick_temporal_is_asked_alone(pool: Pool) -> None:
    """An idle shop writes nothing twice; once Temporal is slow, nobody waits for it, until it is quick again."""
    hedge = Hedge(Inbox(pool))
    assert [ALONE, 0.0, ALONE] == [hedge.patience, after(hedge, 0.02), after(hedge, 0.004)]


def after(hedge: Hedge, took: float) -> float | None:
    """Its patience once Temporal has taken as long as this for a while."""
    for _ in range(100):
        hedge.note(took)
    return hedge.patience


async def test_one_that_has_all_it_can_do_is_waited_for(pool: Pool) -> None:
    """At the most turns a second there can be, nothing is written twice: customers are answered sooner for it."""
    hedge = Hedge(Inbox(pool))
    assert after(hedge, 0.1) is None
    assert after(hedge, 0.02) == 0.0, "no longer than that"


async def test_whoever_asks_a_conversation_asks_behind_what_it_is_being_told(pool: Pool) -> None:
    """An operator who takes over does so after the message that was acknowledged, not before it."""
    hedge, arrived = Hedge(Inbox(pool)), asyncio.Event()
    keeping = asyncio.create_task(hedge.keep())
    telling = asyncio.create_task(arrived.wait())
    assert await hedge.holds(MESSAGE, telling)
    asking = asyncio.create_task(hedge.told(MESSAGE.address.conversation_id))
    assert await hedge.told("conv:bridge:default:2"), "nobody else waits"
    assert not asking.done()
    arrived.set()
    assert await asking
    keeping.cancel()


async def test_nothing_overtakes_what_temporal_did_not_take(pool: Pool) -> None:
    """Whoever waited for it hears so; until its row is due, the inbox does not count as empty."""
    hedge, given_up = Hedge(Inbox(pool)), asyncio.Event()

    async def refused() -> bool:
        return not await given_up.wait()

    keeping = asyncio.create_task(hedge.keep())
    assert await hedge.holds(MESSAGE, asyncio.create_task(refused()))
    asking = asyncio.create_task(hedge.told(MESSAGE.address.conversation_id))
    await asyncio.sleep(0)
    given_up.set()
    assert not await asking
    assert not hedge.is_settled
    async with asyncio.timeout(10):
        while not hedge.is_settled:
            await asyncio.sleep(0.01)
    assert 1 == await Inbox(pool).waiting()
    keeping.cancel()


async def test_a_broken_line_to_postgresql_leaves_no_row_behind(pool: Pool) -> None:
    """It may not be written for a while (a failover): the hedge lives on, and lets go when it can."""
    hedge, arrived = Hedge(Inbox(pool)), asyncio.Event()
    keeping = asyncio.create_task(hedge.keep())
    assert await hedge.holds(MESSAGE, asyncio.create_task(arrived.wait()))
    await fetch_one(pool, "ALTER TABLE inbox RENAME TO away")
    arrived.set()
    await asyncio.sleep(0.6)  # it has tried in vain
    assert not keeping.done()
    await fetch_one(pool, "ALTER TABLE away RENAME TO inbox")
    async with asyncio.timeout(10):
        while await kept(pool):
            await asyncio.sleep(0.05)
    keeping.cancel()


async def test_a_stopped_api_ends_what_it_is_telling(pool: Pool) -> None:
    """What arrives while it stops is not handed over once more by the next one."""
    hedge, arrived = Hedge(Inbox(pool)), asyncio.Event()
    keeping = asyncio.create_task(hedge.keep())
    assert await hedge.holds(MESSAGE, asyncio.create_task(arrived.wait()))
    assert 1 == await kept(pool)
    keeping.cancel()
    await asyncio.sleep(0)
    arrived.set()
    with suppress(asyncio.CancelledError):
        await keeping
    assert 0 == await kept(pool)


async def test_a_row_that_postgresql_refuses_leaves_it_to_temporal(pool: Pool) -> None:
    """One that cannot be written stops neither its own way to Temporal nor the hedge."""
    hedge, arrived = Hedge(Inbox(pool)), asyncio.Event()
    keeping = asyncio.create_task(hedge.keep())
    telling = asyncio.create_task(arrived.wait())
    assert not await hedge.holds(MESSAGE._replace(message="no JSON"), telling)
    assert await hedge.holds(MESSAGE, telling)
    keeping.cancel()
