"""What a turn costs in Temporal's own currency: events, billable actions and bytes of its history."""

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client

from benchmarks.figures import Row
from benchmarks.ground import Ground
from benchmarks.sides import PATIENCE, Customers, contacts, one_turn
from policies.session_window import Due

SIGNAL = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
TIMER = EventType.EVENT_TYPE_TIMER_STARTED
BILLED = {
    SIGNAL,  # with the start it may carry: one action
    TIMER,
    EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED,
    EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES,
}
DIALOG = ("Здравствуйте", "ул. Киевская 120, кв. 5", "0555 123 456", "3 бутыли", "Да")
GREETING, ADDRESS, PHONE, BOTTLES, YES = range(5)
BURST = ("ул. Киевская 120", "квартира 5", "код 25")
BETWEEN = 0.15
AFTERWARDS = (10, 1)
"""Events and actions of the silence after a dialog: the day's timer runs out (fired, a workflow task, started anew: 5
and 1), and a week later the conversation closes (fired, a workflow task, completed: 5 and 0)."""


@dataclass(frozen=True)
class Cost:
    """Of one turn, or of many."""

    events: float
    actions: float
    bytes: float

    def __str__(self) -> str:
        return f"{self.events:g} events, {self.actions:g} actions, {self.bytes / 1000:.2f} kB"


async def measure(ground: Ground) -> list[Row]:
    """Dialogs that order water, and bursts; read back from the server."""
    ground.tell("dialogs of five turns")
    people = contacts(3)
    dialogs = await asyncio.gather(*(_dialog(ground, who) for who in people))
    ground.tell("three messages 150 ms apart")
    bursts = await asyncio.gather(*(_burst(ground, who) for who in contacts(3)))
    floor = await _bare_turn(ground)
    return [*_rows(dialogs, floor), Row("history: 3 messages 150 ms apart, one turn", str(_middle(bursts)))]


def _rows(dialogs: Sequence[list[list[HistoryEvent]]], floor: Cost) -> list[Row]:
    def turn(*numbers: int) -> Cost:
        return _middle([_cost(dialog[number]) for dialog in dialogs for number in numbers])

    steady, silence = turn(ADDRESS, PHONE), _silence(dialogs[0])
    within = steady.events <= 23 and steady.actions <= 5 and steady.bytes <= 3_000
    whole = _middle([_cost([event for turn in dialog for event in turn]) for dialog in dialogs])
    share = f"silence timers: {silence.events:g} events, {silence.actions:g} actions a turn, apart"
    return [
        Row("history: a turn (1 message, 1 part)", str(steady), str(floor), share, "≤ 23, 5, 3 kB", within),
        Row("history: the same, the phase changes", str(turn(BOTTLES))),
        Row("history: the greeting, with the start", str(turn(GREETING))),
        Row("history: the order is placed", str(turn(YES))),
        Row("history: a turn, silence and all, mean of a dialog of 5", str(_mean(whole, len(DIALOG)))),
    ]


def _mean(whole: Cost, turns: int) -> Cost:
    """What is recorded of a dialog and what the silence after it will add, spread over its turns."""
    events, actions = AFTERWARDS
    return Cost((whole.events + events) / turns, (whole.actions + actions) / turns, whole.bytes / turns)


async def _dialog(ground: Ground, who: str) -> list[list[HistoryEvent]]:
    for text in DIALOG:
        await one_turn(ground.customers, who, text)
        await asyncio.sleep(1)  # the books are written after the last part
    events = await _events(ground.client, f"conv:chat2desk:default:{who}")
    return _turns(events, [1] * len(DIALOG))


async def _burst(ground: Ground, who: str) -> Cost:
    """On ManyChat, which keeps the stock quiet period of two seconds here."""
    customers = Customers(ground.door, ground.home.path / "simulator.sqlite", "manychat")
    await one_turn(customers, who, DIALOG[0])
    await asyncio.sleep(1)
    answer = customers.answer_to(who)
    for text in BURST:
        await customers.write(who, text)
        await asyncio.sleep(BETWEEN)
    await asyncio.wait_for(answer, PATIENCE)
    await asyncio.sleep(1)
    await customers.close()
    events = await _events(ground.client, f"conv:manychat:default:{who}")
    return _cost(_turns(events, [1, len(BURST)])[1])


async def _bare_turn(ground: Ground) -> Cost:
    """The second turn of a bare workflow: its signal, a pause, two activities."""
    (who,) = contacts(1)
    for text in DIALOG[:2]:
        await one_turn(ground.bare, who, text)
        await asyncio.sleep(0.5)
    return _cost(_turns(await _events(ground.client, f"bare:{who}"), [1, 1])[1])


async def _events(client: Client, conversation: str) -> list[HistoryEvent]:
    return list((await client.get_workflow_handle(conversation).fetch_history()).events)


def _turns(events: Sequence[HistoryEvent], messages: Sequence[int]) -> list[list[HistoryEvent]]:
    """Cut a history where a turn's first message comes in; the first turn begins with the start."""
    signals = [place for place, event in enumerate(events) if event.event_type == SIGNAL]
    firsts = [0, *itertools.accumulate(messages)][:-1]
    starts = [0, *(signals[first] for first in firsts[1:]), len(events)]
    return [list(events[begin:end]) for begin, end in itertools.pairwise(starts)]


def _cost(events: Sequence[HistoryEvent]) -> Cost:
    billed = sum(event.event_type in BILLED for event in events)
    return Cost(len(events), billed, sum(event.ByteSize() for event in events))


def _middle(costs: Sequence[Cost]) -> Cost:
    return Cost(*(median(getattr(cost, field) for cost in costs) for field in ("events", "actions", "bytes")))


def _silence(dialog: Sequence[Sequence[HistoryEvent]]) -> Cost:
    """The silence timers of a dialog, recorded and to come, a turn."""
    events = [event for turn in dialog for event in turn]
    summaries = {bytes(f'"{due}"', "utf-8") for due in Due}
    timers = {
        event.timer_started_event_attributes.timer_id
        for event in events
        if event.event_type == TIMER and event.user_metadata.summary.data in summaries
    }
    cancelled = sum(event.timer_canceled_event_attributes.timer_id in timers for event in events)
    more_events, more_actions = AFTERWARDS
    share = 1 / len(DIALOG)
    return Cost((len(timers) + cancelled + more_events) * share, (len(timers) + more_actions) * share, 0)
