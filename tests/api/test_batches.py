"""Batches of the bridge, whole: no message in them vanishes, whatever the address and however many."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import httpx
import psycopg
import pytest
from temporalio.client import Client

from tests.api.running import serving, settings_for
from tests.api.slow_line import slow_line
from tests.servers_here import Servers


def batch(contact: str, count: int) -> list[dict[str, object]]:
    """What a wrapper of venom posts: message objects in a list."""
    now = int(time.time())
    return [
        {"id": f"{contact}-{number}", "from": f"{contact}@c.us", "body": f"{number}", "type": "chat", "t": now}
        for number in range(count)
    ]


def post(door: httpx.Client, path: str, body: object) -> int:
    return door.post(path, json=body).status_code


async def heard(temporal: Client, contact: str) -> list[str]:
    """The texts that stand in the conversation, in their order."""
    handle = temporal.get_workflow_handle(f"conv:bridge:default:{contact}")
    history = await handle.fetch_history()
    signals = [event.workflow_execution_signaled_event_attributes for event in history.events]
    return [json.loads(signal.input.payloads[0].data)["text"] for signal in signals if signal.signal_name == "receive"]


async def test_a_long_batch_of_one_customer_is_taken_whole(door: httpx.Client, temporal: Client) -> None:
    """The bridge posts once and never again."""
    contact, count = str(uuid4().int % 10**11), 112
    assert 202 == post(door, "/webhook/whatsapp/batched", batch(contact, count))
    until = time.monotonic() + 15
    while len(found := await heard(temporal, contact)) < count and time.monotonic() < until:
        await asyncio.sleep(0.1)
    assert [str(number) for number in range(count)] == found


@pytest.mark.parametrize(
    "more", ["/messages-upsert", "/MESSAGES_UPSERT", "/call", "/default", "/default/messages-upsert/"]
)
async def test_an_event_in_the_address_changes_nothing(door: httpx.Client, temporal: Client, more: str) -> None:
    """Evolution's `webhookByEvents` adds the event's name to the address, and would never repeat what got a 404."""
    contact = str(uuid4().int % 10**11)
    assert 202 == post(door, f"/webhook/whatsapp/batched{more}", batch(contact, 1))
    assert ["0"] == await heard(temporal, contact)


async def test_a_message_that_stands_twice_in_a_batch_keeps_its_place(door: httpx.Client, temporal: Client) -> None:
    """Doubled by the bridge, heard once, and in the customer's order."""
    contact = str(uuid4().int % 10**11)
    first, second = batch(contact, 2)
    assert 202 == post(door, "/webhook/whatsapp/batched", [first, second, first])
    assert ["0", "1"] == await heard(temporal, contact)


@asynccontextmanager
async def far_from_temporal(servers: Servers) -> AsyncIterator[tuple[httpx.AsyncClient, str]]:
    """A door behind which Temporal takes a third of a second longer for everything, and its database."""
    database = servers.fresh_database(f"slow_{uuid4().hex[:12]}")
    async with slow_line(servers.temporal_address, delay=0.35) as address:
        with serving(settings_for(temporal_address=address, database_url=database)) as url:
            async with httpx.AsyncClient(base_url=url, timeout=20, trust_env=False) as door:
                yield door, database


def waiting(database: str, field: str) -> list[str]:
    """What the inbox holds, in its order."""
    with psycopg.connect(database) as connection:
        return [value for (value,) in connection.execute("SELECT message->>%s FROM inbox ORDER BY id", (field,))]


async def test_a_batch_is_taken_whole_however_slow_temporal_is(servers: Servers, temporal: Client) -> None:
    """Thirty messages told one by one would take longer than the bridge waits: the inbox takes the rest."""
    contact, count = str(uuid4().int % 10**11), 30
    async with far_from_temporal(servers) as (door, database):
        answer = await door.post("/webhook/whatsapp/batched", json=batch(contact, count))
    assert 202 == answer.status_code, answer.text
    at_once = await heard(temporal, contact)
    assert 1 < len(at_once) < count
    known = dict.fromkeys([*at_once, *waiting(database, "text")])  # one may have been handed over just now
    assert [str(number) for number in range(count)] == list(known)


async def test_thirty_unsent_messages_are_forgotten_however_slow_temporal_is(servers: Servers) -> None:
    """The same holds for what is not a message: who unsends a whole evening in one batch is heard as well."""
    contact, count = str(uuid4().int % 10**11), 30
    revoked = [one | {"type": "revoked", "body": ""} for one in batch(contact, count)]
    async with far_from_temporal(servers) as (door, database):
        answer = await door.post("/webhook/whatsapp/batched", json=revoked)
        assert 202 == answer.status_code, answer.text
        assert len(waiting(database, "message_id")) > count / 2


async def test_everybody_in_a_body_of_many_customers_is_heard(servers: Servers, temporal: Client) -> None:
    """Whoever was not told of in time waits in the inbox; nobody falls between the two."""
    people = [str(uuid4().int % 10**11) for _ in range(150)]
    async with far_from_temporal(servers) as (door, database):
        answer = await door.post("/webhook/whatsapp/batched", json=[batch(who, 1)[0] for who in people])
    assert 202 == answer.status_code, answer.text
    with psycopg.connect(database) as connection:
        left = {name for (name,) in connection.execute("SELECT conversation_id FROM inbox")}
    told = [who for who in people if f"conv:bridge:default:{who}" not in left]
    assert left, "the line is slow enough for the inbox to be needed"
    assert told, "the first of them are told at once"
    assert [["0"]] * len(told) == [await heard(temporal, who) for who in told]
