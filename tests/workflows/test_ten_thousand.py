"""A customer who never stops writing: however long it goes on, no run's history grows large."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from temporalio.testing import WorkflowEnvironment

from domain.turn_taking import TurnTaking
from tests.workflows.harness import Chat, Shop, text, working

MESSAGES, AT_ONCE = 10_000, 32
MOST_BYTES = 5_000_000
WORDS = "Добрий день, скажіть будь ласка, чи є ще чорна сукня?"


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


@pytest.mark.timeout(240)
async def test_ten_thousand_messages_stay_below_five_megabytes_a_run(env: WorkflowEnvironment) -> None:
    """Each of them is heard once, in one conversation, whose runs are cut long before Temporal's own limits."""
    shop = Shop()
    async with working(env, shop):
        chat = Chat(env, shop, TurnTaking(quiet_period=0.2, longest_wait=1, max_burst=50))
        numbers = iter(range(MESSAGES))

        async def write() -> None:
            for number in numbers:
                await chat.write(text(f"{WORDS} {number}", id=f"m{number}"))

        await asyncio.gather(*(write() for _ in range(AT_ONCE)))
        await chat.wait_until(lambda: sum(len(turn.messages) for turn in shop.turns) >= MESSAGES, skip=60)
        heard = {message.id for turn in shop.turns for message in turn.messages}
        found = [size async for size in sizes(chat)]

    assert MESSAGES == len(heard)
    assert len(found) > 1, "it continued as new"
    assert max(found) < MOST_BYTES, found
