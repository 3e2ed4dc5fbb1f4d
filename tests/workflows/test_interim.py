"""The interim message, supersede bounds, and longest wait."""

import asyncio
from functools import partial

from temporalio.testing import WorkflowEnvironment

from contracts.conversation import TakeOver
from contracts.dialog import TakeTurn
from domain.decisions import Decision
from domain.messages import MessageKind, Part
from domain.turn_taking import TurnTaking
from tests.workflows.harness import Chat, Shop, echo_flow, refuse, text, working
from workflows.conversation import ConversationWorkflow

RULES = TurnTaking(quiet_period=0.3, longest_wait=30, max_burst=10, interim_after=0.3)


async def answered_slowly(chat: Chat) -> None:
    """A question, "one moment", and the answer; the shop holds its decision until then."""
    await chat.write("є сукня?")
    await chat.wait_until(lambda: chat.shop.said == ["<interim>"])
    chat.shop.let_go("decide")
    await chat.wait_until(lambda: len(chat.shop.said) == 2)


async def test_a_slow_answer_is_announced_once_and_before_it(env: WorkflowEnvironment) -> None:
    """A customer who waits long hears "one moment" once, and never after the answer."""
    shop = Shop()
    shop.hold("decide")
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        await answered_slowly(chat)

        assert ["<interim>", "є сукня?"] == shop.said


async def test_how_sends_are_ordered(env: WorkflowEnvironment) -> None:
    """What a platform allows an account a minute, it allows for everything we send, "one moment" too."""
    shop = Shop()
    shop.hold("decide")
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        await answered_slowly(chat)
        history = await chat.handle.fetch_history()

    planned = [event.activity_task_scheduled_event_attributes for event in history.events]
    sends = [one.priority.fairness_key for one in planned if one.activity_type.name == "send"]
    assert ["default", "default"] == sends
    waits = [one.retry_policy.maximum_interval.seconds for one in planned if one.activity_type.name == "send"]
    assert 5 == waits[-1], "a worker that dies over a part tried often before costs seconds, not ten minutes"


async def test_a_quick_answer_has_no_interim(env: WorkflowEnvironment) -> None:
    """A customer who is answered at once is not told to wait."""
    shop = Shop()
    async with working(env, shop):
        chat = Chat(env, shop, TurnTaking(quiet_period=1, interim_after=8))
        await chat.write("привет")
        await chat.wait_until(lambda: len(shop.said) == 1, skip=2)
        await env.sleep(60)

        assert ["привет"] == shop.said


async def test_one_interim_a_turn_however_often_it_is_decided_anew(env: WorkflowEnvironment) -> None:
    """Writing on while waiting does not bring a second "one moment"."""
    shop = Shop()
    shop.hold("decide")
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        await chat.write("раз")
        await chat.wait_until(lambda: shop.said == ["<interim>"])
        await chat.write("два")
        await chat.wait_until(lambda: shop.cancelled_decisions == 1)
        await chat.wait_until(lambda: len(shop.turns) == 2)
        await env.sleep(1)
        shop.let_go("decide")
        await chat.wait_until(lambda: len(shop.said) == 2)

        assert ["<interim>", "раз+два"] == shop.said


async def test_an_interim_that_could_not_go_yet_never_goes_after_the_answer(env: WorkflowEnvironment) -> None:
    """The "one moment" that got stuck does not arrive behind the answer."""
    shop = Shop()
    shop.hold("decide")
    shop.hold("interim")
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        await chat.write("привет")
        await chat.wait_until(lambda: shop.entered["interim"].is_set(), skip=3)
        shop.let_go("decide")
        await chat.wait_until(lambda: shop.said == ["привет"])
        shop.let_go("interim")
        await env.sleep(30)

        assert ["привет"] == shop.said


async def test_no_interim_after_an_operator_took_over(env: WorkflowEnvironment) -> None:
    """When a person has stepped in, the assistant does not say "one moment" behind their back."""
    shop = Shop()
    shop.hold("decide")
    async with working(env, shop):
        chat = Chat(env, shop, TurnTaking(quiet_period=0, interim_after=1))
        await chat.write("привет")
        await chat.wait_until(lambda: shop.entered["decide"].is_set())
        await chat.handle.execute_update(ConversationWorkflow.take_over, TakeOver(operator="Anna"))
        await asyncio.sleep(1.5)  # real time: the server skips none while an activity runs
        shop.let_go("decide")
        await env.sleep(30)

        assert [] == shop.said


async def test_a_customer_who_never_pauses_is_still_answered(env: WorkflowEnvironment) -> None:
    """Somebody who writes every second hears from us after the longest wait."""
    shop = Shop()
    async with working(env, shop):
        chat = Chat(env, shop, TurnTaking(quiet_period=5, longest_wait=8, max_burst=100))
        for number in range(12):
            await chat.write(str(number))
            await env.sleep(1)
        await chat.wait_until(lambda: len(shop.said) >= 1)

        assert shop.said[0].startswith("0+1+2+3")
        await chat.wait_until(lambda: "+".join(shop.said).split("+") == [str(n) for n in range(12)], skip=20)


async def test_a_full_burst_is_answered_without_waiting(env: WorkflowEnvironment) -> None:
    """Ten messages at once are one burst, and the eleventh is not lost."""
    shop = Shop()
    async with working(env, shop):
        chat = Chat(env, shop, TurnTaking(quiet_period=20, longest_wait=30, max_burst=3))
        await chat.write("1", "2", "3", "4")
        await chat.wait_until(lambda: len(shop.said) == 2, skip=60)

        assert ["1+2+3", "4"] == shop.said


async def test_nobody_is_starved_by_writing_on(env: WorkflowEnvironment) -> None:
    """However often a customer interrupts, the decision is thrown away three times at most."""
    shop = Shop()
    shop.hold("decide")
    async with working(env, shop):
        chat = Chat(env, shop, TurnTaking(quiet_period=0, longest_wait=300, interim_after=100))
        await chat.write("0")
        for number in range(1, 6):
            await chat.wait_until(partial(_turned, shop, min(number, 4)))
            await chat.write(str(number))
        await chat.wait_until(lambda: len(shop.turns) == 4)
        shop.let_go("decide")
        await chat.wait_until(lambda: len("+".join(shop.said).split("+")) == 6)

        assert 3 == shop.cancelled_decisions
        assert ["0", "1", "2", "3", "4", "5"] == "+".join(shop.said).split("+")


async def test_photos_get_their_own_quiet_period(env: WorkflowEnvironment) -> None:
    """A shop may wait longer after a photo, because people send several."""
    shop = Shop()
    rules = TurnTaking(quiet_period=1, quiet_period_by_kind={MessageKind.IMAGE: 20})
    async with working(env, shop):
        chat = Chat(env, shop, rules)
        await chat.write(text("фото", kind=MessageKind.IMAGE))
        await env.sleep(10)
        await chat.write("есть такая?")
        await chat.wait_until(lambda: len(shop.said) == 1, skip=30)

        assert ["фото+есть такая?"] == shop.said


async def test_a_message_after_the_first_part_waits_for_the_next_turn(env: WorkflowEnvironment) -> None:
    """Once the answer has begun it is finished, in order, and the new message gets its own."""
    shop = Shop(lambda turn: Decision(parts=tuple(Part(text=f"{turn.turn}.{n}") for n in range(3)), phase="details"))
    shop.hold("send")
    async with working(env, shop):
        chat = Chat(env, shop, TurnTaking(quiet_period=0.3))
        await chat.write("раз")
        await chat.wait_until(lambda: shop.entered["send"].is_set())
        await chat.write("два")
        await chat.wait_until(lambda: len(shop.turns) == 2)
        shop.let_go("send")
        await chat.wait_until(lambda: len(shop.said) == 6)

        assert ["1.0", "1.1", "1.2", "2.0", "2.1", "2.2"] == shop.said


async def test_a_failed_turn_is_apologised_for_and_the_next_message_is_answered(env: WorkflowEnvironment) -> None:
    """When we break, the customer hears it, an operator sees it, and the conversation goes on."""

    def broken_once(turn: TakeTurn) -> Decision:
        if turn.turn == 1:
            raise refuse("a bug")
        return echo_flow(turn)

    shop = Shop(broken_once)
    async with working(env, shop):
        chat = Chat(env, shop, TurnTaking(quiet_period=1))
        await chat.write("привет")
        await chat.wait_until(lambda: shop.said == ["<apology>"], skip=3)
        assert ("handoff",) == (await chat.overview()).attention
        await chat.write("вы тут?")
        await chat.wait_until(lambda: len(shop.said) == 2, skip=3)

        assert ["<apology>", "вы тут?"] == shop.said


def _turned(shop: Shop, turns: int) -> bool:
    return len(shop.turns) >= turns
