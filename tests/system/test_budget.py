"""What one turn may cost in history: the budget that keeps months of conversation replayable and cheap."""

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client

from tests.system.conftest import Let
from tests.system.house import EVERYDAY, House

MOST_EVENTS, MOST_ACTIONS, MOST_BYTES = 23, 5, 3 * 1024
MOST_OVERHEAD = 2_800
"""Bytes of a turn without its reply's text."""
BILLED = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,
    EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED,
    EventType.EVENT_TYPE_TIMER_STARTED,
    EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES,
}
"""What Temporal Cloud counts as an action, of what occurs in a turn (docs/evaluate/cloud/actions)."""
LATE = EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT
"""A server that a test before froze may hand a task to nobody: what that costs is no price of a turn."""


@pytest.fixture
def house(let: Let) -> House:
    """An everyday house."""
    return let(**EVERYDAY)


async def turns_of(house: House, contact: str) -> list[list[HistoryEvent]]:
    """The history, cut before every signal; the start stands in the first piece."""
    client = await Client.connect(f"127.0.0.1:{house.temporal_port}")
    pieces: list[list[HistoryEvent]] = [[]]
    async for event in client.get_workflow_handle(f"conv:chat2desk:default:{contact}").fetch_history_events():
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
            pieces.append([])
        pieces[-1].append(event)
    return pieces[1:]


@pytest.mark.alone
@pytest.mark.slow
async def test_a_turn_of_one_message_and_one_part_stays_within_its_budget(house: House) -> None:
    """An answer and the next question: 23 events, 5 billable actions and 3 KB, the timers of silence included.

    The reply's text stands in a history twice (decided, sent), so 3 KB hold for a reply of about a hundred letters;
    what a turn costs besides is the same for every length.
    """
    for contact in ("1", "2", "3"):
        for number, text in enumerate(["Здравствуйте", "ул. Ахунбаева 12", "когда привезёте?", "какая вода?"], start=1):
            house.write(contact, text)
            told = house.answered(contact, number)
        turns = (await turns_of(house, contact))[1:]
        is_calm = not any(event.event_type == LATE for turn in turns for event in turn)
        if is_calm and max(map(len, turns)) <= MOST_EVENTS:  # a busy machine splits a task in two now and then
            break
    sizes = [sum(event.ByteSize() for event in turn) for turn in turns]

    # A fast decision can come back before its own scheduling is reported: then a task, and its events, are spared.
    assert max(len(turn) for turn in turns) <= MOST_EVENTS
    assert max(sum(event.event_type in BILLED for event in turn) for turn in turns) <= MOST_ACTIONS
    assert sizes[0] <= MOST_BYTES
    assert max(size - 2 * len(text.encode()) for size, text in zip(sizes, told[1:], strict=True)) <= MOST_OVERHEAD
