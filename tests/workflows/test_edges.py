"""Messages that arrive at the very moment a conversation is busy ending: its run, or itself."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from temporalio import workflow
from temporalio.client import WorkflowExecutionStatus
from temporalio.testing import WorkflowEnvironment

from domain.turn_taking import TurnTaking
from tests.workflows.harness import Chat, Shop, text, working

ONE_BY_ONE = TurnTaking(quiet_period=0, max_burst=1)
DAY = 24 * 3600


class Threshold:
    """Holds a workflow task, in the worker's own thread, at a step it takes only on its way out."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.go_on = threading.Event()
        self.gave_up = False

    def __call__(self) -> None:
        """The first who comes waits; the SDK calls a task of two seconds a deadlock."""
        if not self.reached.is_set():
            self.reached.set()
            self.gave_up = not self.go_on.wait(1.5)

    @asynccontextmanager
    async def standing_on_it(self) -> AsyncIterator[None]:
        """What happens in this block happens while the run, already decided, has not ended yet."""
        async with asyncio.timeout(20):
            while not self.reached.is_set():
                await asyncio.sleep(0.01)
        yield
        self.go_on.set()
        assert not self.gave_up, "it was over before the block was: this machine is too slow to tell anything"


@pytest.fixture
def threshold() -> Threshold:
    """Where a run is held."""
    return Threshold()


async def run_of(chat: Chat) -> str:
    """The conversation's latest run."""
    return (await chat.handle.describe()).run_id or ""


def told(shop: Shop, *texts: str) -> Callable[[], bool]:
    """Whether the customer has been told so many things."""
    return lambda: len(shop.said) >= len(texts)


async def test_a_message_that_meets_the_change_of_runs_is_answered_in_the_next(
    env: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch, threshold: Threshold
) -> None:
    """A long conversation hands over to its next run; what the customer writes at that moment is answered, once."""
    monkeypatch.setattr("policies.history.LONG_EVENTS", 30)
    hand_over = workflow.continue_as_new

    def held(*args: object, **more: object) -> None:
        threshold()
        hand_over(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(workflow, "continue_as_new", held)
    shop = Shop()
    async with working(env, shop):
        chat = Chat(env, shop, ONE_BY_ONE)
        written: list[str] = []
        while not threshold.reached.is_set():
            written.append(str(len(written)))
            await chat.write(written[-1])
            await chat.wait_until(lambda: told(shop, *written)() or threshold.reached.is_set())
        first = await run_of(chat)
        async with threshold.standing_on_it():
            doubled = text("late")
            await chat.write("meanwhile", doubled, doubled)
        written += ["meanwhile", "late"]
        await chat.wait_until(told(shop, *written))
        await chat.write("after", doubled)
        written.append("after")
        await chat.wait_until(told(shop, *written))
        await env.sleep(60)

        assert first != await run_of(chat)
        assert written == shop.said


async def test_a_message_that_comes_while_the_last_part_lands_is_carried_over(
    env: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before it hands over, a run lets the part under way land; what is written meanwhile is not forgotten."""
    monkeypatch.setattr("policies.history.LONG_EVENTS", 18)
    shop = Shop()
    shop.hold("send")
    async with working(env, shop):
        chat = Chat(env, shop, ONE_BY_ONE)
        await chat.write("0")
        await chat.wait_until(lambda: shop.entered["send"].is_set())
        first = await run_of(chat)
        await chat.write("1")
        async with asyncio.timeout(10):
            while 2 != (await chat.overview()).outbox:  # with its second reply in hand the run is long
                await asyncio.sleep(0.01)
        await chat.write("2", "3")
        assert (2, 2) == ((await chat.overview()).waiting_messages, len(shop.turns)), "no turn begins any more"
        shop.let_go("send")
        await chat.wait_until(told(shop, *"0123"))

        assert [*"0123"] == shop.said
        assert first != await run_of(chat)


async def test_a_message_that_meets_the_closing_conversation_is_answered(
    env: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch, threshold: Threshold
) -> None:
    """The customer comes back after a week, in the very moment in which nothing needs the conversation any more."""
    finished = workflow.all_handlers_finished

    def held() -> bool:
        threshold()
        return finished()

    monkeypatch.setattr(workflow, "all_handlers_finished", held)
    shop = Shop()
    async with working(env, shop):
        chat = Chat(env, shop, TurnTaking(quiet_period=0.5))
        await chat.write("привет")
        await chat.wait_until(told(shop, "привет"), skip=1)
        week = asyncio.create_task(env.sleep(8 * DAY))
        async with threshold.standing_on_it():
            await chat.write("я снова тут")
        await week
        await chat.wait_until(told(shop, "привет", "я снова тут"))
        await env.sleep(60)

        assert ["привет", "я снова тут"] == shop.said
        assert WorkflowExecutionStatus.RUNNING == (await chat.handle.describe()).status


async def test_a_message_that_comes_while_a_closing_conversation_sends_its_last_part(env: WorkflowEnvironment) -> None:
    """A conversation due to close still has a part to deliver; a customer who writes meanwhile keeps it open."""
    shop = Shop()
    shop.hold("send")
    async with working(env, shop):
        chat = Chat(env, shop, TurnTaking(quiet_period=0, dedupe_days=0.5 / DAY))
        await chat.write("привет")
        await chat.wait_until(lambda: shop.entered["send"].is_set())
        first = await run_of(chat)
        await env.sleep(1)  # nothing to skip: while a part is under way the clock goes as outside
        assert WorkflowExecutionStatus.RUNNING == (await chat.handle.describe()).status
        await chat.write("вы тут?")
        await chat.wait_until(lambda: len(shop.turns) == 2)
        shop.let_go("send")
        await chat.wait_until(told(shop, "привет", "вы тут?"))

        assert ["привет", "вы тут?"] == shop.said
        assert first == await run_of(chat)
