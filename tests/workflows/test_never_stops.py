"""A customer who never stops writing, on a real server: however long it goes on, no run's history grows large."""

import asyncio
import os
from collections.abc import AsyncIterator

import pytest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from domain.turn_taking import TurnTaking
from runtime.temporal import data_converter
from tests.api.namespaces import fresh_namespace
from tests.servers_here import Servers
from tests.workflows.harness import Chat, Shop, text, working

MESSAGES = int(os.environ.get("TEST_MESSAGES", "1000"))
"""With ten thousand (a minute and a half on two cores) there are 20 runs, the largest of 1.14 MB."""
AT_ONCE = 4
MOST_BYTES = 5_000_000
WORDS = "Добрий день, скажіть будь ласка, чи є ще чорна сукня? " * 4


async def sizes(chat: Chat) -> AsyncIterator[int]:
    """Bytes of each run's history, the latest first."""
    run: str | None = (await chat.handle.describe()).run_id
    while run:
        size, before = 0, ""
        handle = chat.env.client.get_workflow_handle(chat.id, run_id=run)
        async for event in handle.fetch_history_events():
            size += event.ByteSize()
            if event.HasField("workflow_execution_started_event_attributes"):
                before = event.workflow_execution_started_event_attributes.continued_execution_run_id
        yield size
        run = before


@pytest.fixture
async def real(servers: Servers) -> WorkflowEnvironment:
    """A namespace of a real server: the time-skipping one trips over so many signals."""
    namespace = await asyncio.to_thread(fresh_namespace, servers, "endless")
    client = await Client.connect(servers.temporal_address, namespace=namespace, data_converter=data_converter)
    return WorkflowEnvironment.from_client(client)


@pytest.mark.timeout(300)
async def test_who_never_stops_writing_stays_below_five_megabytes_a_run(real: WorkflowEnvironment) -> None:
    """Each of them is heard once, in one conversation, whose runs are cut long before Temporal's own limits."""
    shop = Shop()
    async with working(real, shop):
        chat = Chat(real, shop, TurnTaking(quiet_period=0.1, longest_wait=1, max_burst=20))
        numbers = iter(range(MESSAGES))

        async def write() -> None:
            for number in numbers:
                await chat.write(text(f"{WORDS} {number}", id=f"m{number}"))

        await asyncio.gather(*(write() for _ in range(AT_ONCE)))
        await chat.wait_until(lambda: len({one.id for turn in shop.turns for one in turn.messages}) == MESSAGES)
        found = [size async for size in sizes(chat)]

    assert len(found) > 1, "it continued as new"
    assert max(found) < MOST_BYTES, found
    print(f"{MESSAGES} messages, {len(shop.turns)} turns, {len(found)} runs, the largest {max(found):,} bytes")
