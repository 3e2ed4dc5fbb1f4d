"""A day of silence, continue-as-new, take-over, hand-off, orders."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from functools import partial

import pytest
from temporalio.client import WorkflowExecutionStatus
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from contracts.conversation import TASK_QUEUE, OperatorReply, Release, Resend, TakeOver
from contracts.delivery import PartState, SendPart, Sent
from contracts.dialog import TakeTurn
from contracts.search_attributes import ATTENTION
from domain.decisions import ORDER_NUMBER, Decision, HandOff, Outcome, PlaceOrder
from domain.messages import Part
from domain.orders import OrderDraft
from domain.turn_taking import TurnTaking
from tests.workflows.harness import Chat, Shop, echo_flow, text, working
from workflows.conversation import ConversationWorkflow

QUICK = TurnTaking(quiet_period=0.5)
DAY = 24 * 3600
DRAFT = OrderDraft(client_phone="+996555123456", delivery_address="Чуй 1", bottles_count=2)


def ordering(turn: TakeTurn) -> Decision:
    """«да» places the order, anything else goes on."""
    if turn.messages[-1].text != "да":
        return Decision(parts=(Part(text="?"),), phase="confirm", state={"s": 1}, waiting_for="confirmation")
    return Decision(
        parts=(Part(text=f"№{ORDER_NUMBER}"),), phase="done", outcome=Outcome.COMPLETED,
        effects=(PlaceOrder(kind="place_order", draft=DRAFT),),
    )  # fmt: skip


async def test_an_unfinished_dialog_starts_over_after_a_day_of_silence(env: WorkflowEnvironment) -> None:
    """A customer who comes back the day after is greeted anew, and the shop knows where they left."""
    shop = Shop(ordering)
    async with working(env, shop):
        chat = Chat(env, shop, QUICK)
        await chat.write("хочу воды")
        await chat.wait_until(lambda: len(shop.said) == 1, skip=1)
        await env.sleep(DAY - 3600)
        assert [] == shop.outcomes
        await chat.wait_until(lambda: len(shop.outcomes) == 1, skip=2 * 3600)
        await chat.write("я тут")
        await chat.wait_until(lambda: len(shop.turns) == 2, skip=1)

        assert (Outcome.EXPIRED, "confirmation", 1) == (
            shop.outcomes[0].outcome, shop.outcomes[0].waiting_for, shop.outcomes[0].messages,
        )  # fmt: skip
        assert (None, 2) == (shop.turns[1].state, shop.turns[1].dialog)


@pytest.mark.parametrize(("ttl_hours", "dedupe_days"), [(24, 1), (240, 7)])
async def test_no_conversation_closes_over_an_open_dialog(
    env: WorkflowEnvironment, ttl_hours: int, dedupe_days: int
) -> None:
    """A shop that gives its customers ten days, or remembers for one: the dialog lasts as long, and is counted."""
    shop = Shop(ordering)
    async with working(env, shop):
        chat = Chat(env, shop, TurnTaking(quiet_period=0.5, dialog_ttl_hours=ttl_hours, dedupe_days=dedupe_days))
        await chat.write("хочу воды")
        await chat.wait_until(lambda: len(shop.said) == 1, skip=1)
        await env.sleep(ttl_hours * 3600 - 3600)
        assert WorkflowExecutionStatus.RUNNING == (await chat.handle.describe()).status
        assert [] == shop.outcomes
        await chat.wait_until(lambda: len(shop.outcomes) == 1, skip=2 * 3600)
        await env.sleep(DAY)

        assert Outcome.EXPIRED == shop.outcomes[0].outcome
        assert WorkflowExecutionStatus.COMPLETED == (await chat.handle.describe()).status


async def test_silence_counts_from_the_last_message(env: WorkflowEnvironment) -> None:
    """Writing within the day keeps the dialog where it stands."""
    shop = Shop(ordering)
    async with working(env, shop):
        chat = Chat(env, shop, QUICK)
        for count in range(1, 4):
            await chat.write("хочу воды")
            await chat.wait_until(partial(_said, shop, count), skip=1)
            await env.sleep(DAY * 0.8)

        assert [] == shop.outcomes
        assert {"s": 1} == shop.turns[2].state


async def test_a_conversation_closes_when_nothing_needs_it(env: WorkflowEnvironment) -> None:
    """After a week without a word nothing runs any more; the next message starts afresh."""
    shop = Shop(ordering)
    async with working(env, shop):
        chat = Chat(env, shop, QUICK)
        await chat.write("да")
        await chat.wait_until(lambda: len(shop.said) == 1, skip=1)
        first = (await chat.handle.describe()).run_id
        await env.sleep(8 * DAY)
        assert WorkflowExecutionStatus.COMPLETED == (await chat.handle.describe()).status
        await chat.write("да")
        await chat.wait_until(lambda: len(shop.said) == 2, skip=1)

        assert first != (await chat.handle.describe()).run_id
        assert 2 == len(shop.orders), "the second conversation's order has a key of its own"


async def test_one_order_and_its_number(env: WorkflowEnvironment) -> None:
    """«Да» places one order and the customer is told its number; «да» again is a new dialog, not a second row."""
    shop = Shop(ordering)
    async with working(env, shop):
        chat = Chat(env, shop, QUICK)
        message = text("да")
        await chat.write("вода", message, message)
        await chat.wait_until(lambda: len(shop.outcomes) == 1, skip=2)

        assert ["№1"] == shop.said
        assert 1 == len(shop.orders)
        assert "1" == (await chat.overview()).order_id


async def test_continue_as_new_loses_nothing(env: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch) -> None:
    """A very long conversation goes on: messages in order, each answered once, doubles still known."""
    monkeypatch.setattr("policies.history.LONG_EVENTS", 60)
    shop = Shop()
    async with working(env, shop):
        chat = Chat(env, shop, TurnTaking(quiet_period=0, max_burst=1))
        run = None
        messages = [text(str(number)) for number in range(60)]
        for message in messages:
            await chat.write(message)
            run = run or (await chat.handle.describe()).run_id
        await chat.wait_until(lambda: len(shop.said) >= 60)
        await chat.write(*messages[:5])
        await env.sleep(30)

        assert [str(number) for number in range(60)] == shop.said
        assert run != (await chat.handle.describe()).run_id
        assert {"n": 59} == shop.turns[59].state


async def test_continue_as_new_keeps_a_part_that_waits_for_its_retry(
    env: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reply that cannot be sent yet survives the change of runs and goes out once, before what came later."""
    monkeypatch.setattr("policies.history.LONG_EVENTS", 60)
    monkeypatch.setattr("policies.history.CALL_BACK_GRACE", timedelta(seconds=0.2))
    shop = Shop()
    shop.hold("send")
    async with working(env, shop):
        chat = Chat(env, shop, TurnTaking(quiet_period=0, max_burst=1))
        await chat.write("0")
        await chat.wait_until(lambda: shop.entered["send"].is_set())
        run = (await chat.handle.describe()).run_id
        for number in range(1, 12):
            await chat.write(str(number))
            await chat.wait_until(partial(_turned, shop, number + 1))
        async with asyncio.timeout(20):
            while (await chat.handle.describe()).run_id == run:
                await asyncio.sleep(0.05)
        shop.let_go("send")
        await chat.wait_until(lambda: len(shop.said) == 12)

        assert [str(number) for number in range(12)] == shop.said


async def test_a_backlog_too_large_to_carry_is_answered_first(
    env: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Megabytes that came while our worker was away do not poison the conversation: they are answered, turn by turn."""
    monkeypatch.setattr("policies.history.LONG_EVENTS", 10)
    monkeypatch.setattr("policies.history.MOST_CARRIED_LETTERS", 50)
    shop = Shop()
    chat = Chat(env, shop, TurnTaking(quiet_period=0, max_burst=3))
    messages = [f"{number:02}" + "я" * 8 for number in range(30)]
    await chat.write(*messages)
    run = (await chat.handle.describe()).run_id
    async with working(env, shop):
        await chat.wait_until(partial(_said, shop, 10))

        assert messages == "+".join(shop.said).split("+")
        await chat.write("ещё")
        await chat.wait_until(partial(_said, shop, 11))
        assert run != (await chat.handle.describe()).run_id, "and the history was still cut when that became possible"


async def test_nothing_more_leaves_after_a_take_over(env: WorkflowEnvironment) -> None:
    """When an operator steps in, not even the rest of a reply already begun goes out."""
    shop = Shop(lambda turn: Decision(parts=tuple(Part(text=f"part {n}") for n in range(3)), phase="details"))
    shop.hold("send")
    async with working(env, shop):
        chat = Chat(env, shop, QUICK)
        await chat.write("привет")
        await chat.wait_until(lambda: shop.entered["send"].is_set(), skip=1)
        await chat.handle.execute_update(ConversationWorkflow.take_over, TakeOver(operator="Anna"))
        shop.let_go("send")
        await chat.handle.execute_update(ConversationWorkflow.operator_reply, OperatorReply(text="это Анна"))
        await chat.wait_until(lambda: "это Анна" in shop.said)
        await chat.write("спасибо")
        await chat.wait_until(lambda: shop.kept == ["спасибо"], skip=2)
        await chat.handle.execute_update(ConversationWorkflow.release, Release())
        await chat.write("ещё вопрос")
        await chat.wait_until(lambda: len(shop.turns) == 2, skip=2)

        assert [] == [said for said in shop.said[: shop.said.index("это Анна")] if said in ("part 1", "part 2")]


def _away(_: SendPart) -> Sent:
    raise ApplicationError("the platform is away")


@pytest.mark.parametrize(
    "is_stuck", [False, True], ids=["shortly before it closes", "while its last part cannot leave"]
)
async def test_a_conversation_does_not_close_on_top_of_an_operator(env: WorkflowEnvironment, is_stuck: bool) -> None:
    """Staff write to somebody who was silent for a week: the answer is theirs, and some day it closes all the same."""
    shop = Shop()
    async with working(env, shop):
        chat = Chat(env, shop, QUICK)
        await chat.write("привет")
        await chat.wait_until(lambda: len(shop.said) == 1, skip=1)
        await env.sleep(timedelta(days=6, hours=23, minutes=58))
        if is_stuck:
            shop.sending = _away
            await chat.handle.signal(ConversationWorkflow.resend, Resend(key="k"))
            await env.sleep(timedelta(minutes=3))
        reply = OperatorReply(text="это Анна")
        await chat.handle.execute_update(ConversationWorkflow.operator_reply, reply)
        shop.sending = None
        await chat.wait_until(lambda: "это Анна" in shop.said, skip=3 * 3600)
        await chat.write("спасибо")
        await chat.wait_until(lambda: shop.kept == ["спасибо"], skip=2)
        assert 1 == len(shop.turns)
        await env.sleep(timedelta(days=9))
        async with asyncio.timeout(10):
            while (await chat.handle.describe()).status is WorkflowExecutionStatus.RUNNING:
                await asyncio.sleep(0.05)


async def test_the_same_wish_in_the_next_run_is_the_same_reply(env: WorkflowEnvironment) -> None:
    """The answer to an operator's reply was lost, and they press again: the customer reads it once."""
    shop = Shop()
    async with working(env, shop):
        chat = Chat(env, shop, QUICK)
        chat.opening = chat.opening.model_copy(update={"long_events": 30})
        await chat.write("привет")
        await chat.wait_until(lambda: len(shop.said) == 1, skip=1)
        first = (await chat.handle.describe()).run_id
        reply = OperatorReply(text="это Анна", key="reply/k")
        await chat.handle.execute_update(ConversationWorkflow.operator_reply, reply, id="reply/k")
        await chat.wait_until(lambda: "это Анна" in shop.said)
        async with asyncio.timeout(20):
            while first == (await chat.handle.describe()).run_id:
                await chat.handle.signal(ConversationWorkflow.letter_dropped, Resend(key="none"))
                await asyncio.sleep(0.05)  # a signal that meets the end of a run puts it off
        again = 0
        while not again:  # an update that meets the very end of a run is never answered by this server
            with suppress(TimeoutError):
                async with asyncio.timeout(3):
                    overview = await chat.handle.execute_update(
                        ConversationWorkflow.operator_reply, reply, id="reply/k"
                    )
                    again += overview.operator == reply.operator
        await chat.write("дякую")
        await chat.wait_until(lambda: shop.kept == ["дякую"], skip=2)
    assert 1 == shop.said.count("это Анна")


async def test_a_person_who_does_not_come_is_not_waited_for_for_ever(env: WorkflowEnvironment) -> None:
    """Handed off and nobody there: after a while the customer hears it and the assistant answers again."""

    def flow(turn: TakeTurn) -> Decision:
        if turn.messages[-1].text == "оператор":
            effects = (HandOff(kind="hand_off", reason="asked for a person"),)
            return Decision(parts=(Part(text="зову"),), phase="handed_off", outcome=Outcome.HANDED_OFF, effects=effects)
        return echo_flow(turn)

    shop = Shop(flow)
    async with working(env, shop):
        chat = Chat(env, shop, QUICK)
        await chat.write("оператор")
        await chat.wait_until(lambda: shop.said == ["зову"], skip=1)
        assert ("operator", ("handoff",)) == ((await chat.overview()).holder, (await chat.overview()).attention)
        await chat.write("ау")
        await chat.wait_until(lambda: shop.kept == ["ау"], skip=2)
        await chat.wait_until(lambda: "<nobody_came>" in shop.said, skip=31 * 60)
        await chat.write("хочу воды")
        await chat.wait_until(lambda: len(shop.said) == 3, skip=2)

        assert ["зову", "<nobody_came>", "хочу воды"] == shop.said


async def test_a_dead_letter_asks_for_attention_and_can_be_sent_again(env: WorkflowEnvironment) -> None:
    """What could not be delivered is seen by a person and goes out when they say so."""
    keys: list[str] = []

    def sending(order: SendPart) -> Sent:
        keys.append(order.key)
        dead = order.part is not None
        return Sent(state=PartState.DEAD, reason="blocked") if dead else Sent(state=PartState.SENT)

    shop = Shop(lambda turn: Decision(parts=(Part(text="раз"), Part(text="два")), phase="details"))
    shop.sending = sending
    async with working(env, shop):
        chat = Chat(env, shop, QUICK)
        await chat.write("привет")
        await chat.wait_until(lambda: len(keys) == 2, skip=2)
        await _attention(chat, ("dead_letter",))
        assert "dead_letter" == (await chat.handle.describe()).typed_search_attributes.get(ATTENTION)
        await chat.handle.signal(ConversationWorkflow.resend, Resend(key=keys[0]))
        await chat.wait_until(lambda: shop.said == [f"again:{keys[0]}"])
        assert ("dead_letter",) == (await chat.overview()).attention
        await chat.handle.signal(ConversationWorkflow.letter_dropped, Resend(key=keys[1]))

        await _attention(chat, ())


async def test_a_conversation_that_only_a_letter_opened_closes(env: WorkflowEnvironment) -> None:
    """Its customer had been silent for a week when the token was mended: it is over some day all the same."""
    shop = Shop()
    async with working(env, shop):
        chat = Chat(env, shop, QUICK)
        await env.client.start_workflow(
            "ConversationWorkflow", chat.opening, id=chat.id, task_queue=TASK_QUEUE,
            start_signal="resend", start_signal_args=[Resend(key="k")],
        )  # fmt: skip
        await chat.wait_until(lambda: shop.said == ["again:k"])
        await env.sleep(timedelta(days=9))
        async with asyncio.timeout(10):
            while (await chat.handle.describe()).status is WorkflowExecutionStatus.RUNNING:
                await asyncio.sleep(0.05)


async def _attention(chat: Chat, wanted: tuple[str, ...]) -> None:
    async with asyncio.timeout(10):
        while wanted != (await chat.overview()).attention:
            await asyncio.sleep(0.02)


async def test_doubles_are_known_when_the_worker_cached_nothing(env: WorkflowEnvironment) -> None:
    """A conversation that is replayed from its history for every task behaves the same."""
    shop = Shop(ordering)
    async with working(env, shop, cached=0):
        chat = Chat(env, shop, QUICK)
        message = text("вода")
        await chat.write(message)
        await chat.wait_until(lambda: len(shop.said) == 1, skip=1)
        await chat.write(message, "да")
        await chat.wait_until(lambda: len(shop.orders) == 1, skip=1)
        await chat.wait_until(lambda: len(shop.outcomes) == 1 and len(shop.said) == 2)

        assert ["?", "№1"] == shop.said


def _said(shop: Shop, times: int) -> bool:
    return len(shop.said) == times


def _turned(shop: Shop, turns: int) -> bool:
    return len(shop.turns) >= turns
