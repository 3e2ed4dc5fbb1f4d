"""An operator takes over at every moment a conversation waits: never a further part of ours, never a lost order."""

import asyncio

from temporalio.testing import WorkflowEnvironment

from contracts.conversation import Release, TakeOver
from contracts.dialog import TakeTurn
from domain.conversation import Attention, Holder
from domain.decisions import AskPaymentDecision, Decision, Effect, HandOff, Outcome, PlaceOrder
from domain.messages import Part
from domain.news import CartLeft
from domain.orders import OrderDraft
from domain.turn_taking import TurnTaking
from tests.workflows.harness import Chat, Shop, working
from workflows.conversation import ConversationWorkflow

RULES = TurnTaking(quiet_period=1, interim_after=100)
ORDER = PlaceOrder(kind="place_order", draft=OrderDraft(client_phone="+380671234567", delivery_address="Львів, 12"))
PROOF = AskPaymentDecision(kind="ask_payment_decision")
TWO_PARTS = (Part(text="раз"), Part(text="два"))


async def take_over(chat: Chat) -> None:
    """Олена takes over."""
    await chat.handle.execute_update(ConversationWorkflow.take_over, TakeOver(operator="Олена"))


def deciding(*effects: Effect, outcome: Outcome | None = None) -> Shop:
    """A shop whose assistant says two parts and does these things."""

    def script(turn: TakeTurn) -> Decision:
        state = None if outcome else {"n": turn.turn}
        return Decision(parts=TWO_PARTS, phase="x", state=state, effects=effects, outcome=outcome)

    return Shop(script)


async def nothing_more_is_said(chat: Chat, shop: Shop, said: list[str]) -> None:
    """However long one waits; and the operator holds the conversation."""
    await chat.env.sleep(60)
    overview = await chat.overview()
    assert said == shop.said
    assert (Holder.OPERATOR, "Олена", 0) == (overview.holder, overview.operator, overview.outbox)


async def test_while_the_customer_still_types(env: WorkflowEnvironment) -> None:
    """Taken over before the pause is over: the assistant is not even asked, and the words are kept."""
    shop = deciding()
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        await chat.write("привіт")
        await take_over(chat)
        await chat.wait_until(lambda: shop.kept == ["привіт"], skip=2)
        await nothing_more_is_said(chat, shop, [])
        assert [] == shop.turns


async def taken_over_in_mid_thought(chat: Chat, shop: Shop, words: str) -> None:
    """A customer wrote, and the operator came while it was being decided."""
    shop.hold("decide")
    await chat.write(words)
    await chat.wait_until(shop.entered["decide"].is_set, skip=2)
    await take_over(chat)


async def test_while_the_assistant_decides(env: WorkflowEnvironment) -> None:
    """The decision comes too late: nothing of it is said, and nothing of it is done."""
    shop = deciding(ORDER)
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        await taken_over_in_mid_thought(chat, shop, "так")
        shop.let_go("decide")
        await nothing_more_is_said(chat, shop, [])
        assert {} == shop.orders


async def test_nobody_goes_on_thinking_about_what_an_operator_answers(env: WorkflowEnvironment) -> None:
    """The model's words would be thrown away, and paid for: it is called off, and the customer's lines are kept."""
    shop = deciding()
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        await taken_over_in_mid_thought(chat, shop, "привіт")
        await chat.wait_until(lambda: shop.kept == ["привіт"])
        shop.let_go("decide")
        await chat.write("є хтось?")
        await chat.wait_until(lambda: shop.kept == ["привіт", "є хтось?"], skip=2)
        await nothing_more_is_said(chat, shop, [])
        assert (1, 1) == (shop.cancelled_decisions, len(shop.turns))
        await chat.handle.execute_update(ConversationWorkflow.release, Release())
        await chat.write("дякую")
        await chat.wait_until(lambda: shop.said == ["раз", "два"], skip=2)


async def test_an_operator_who_came_and_went_costs_no_answer(env: WorkflowEnvironment) -> None:
    """Taken over and given back while it was being decided: it is decided anew, with what the operator left behind."""
    shop = deciding()
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        await taken_over_in_mid_thought(chat, shop, "привіт")
        await chat.handle.execute_update(ConversationWorkflow.release, Release(summary="узгодили ціну"))
        await chat.write("то що?")
        shop.let_go("decide")
        await chat.wait_until(lambda: shop.said == ["раз", "два"], skip=2)
        assert "узгодили ціну" == shop.turns[-1].meanwhile


async def test_while_the_order_is_placed(env: WorkflowEnvironment) -> None:
    """The order stands, once; the words about it are the operator's."""
    shop = deciding(ORDER, outcome=Outcome.COMPLETED)
    shop.hold("place_order")
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        await chat.write("так")
        await chat.wait_until(shop.entered["place_order"].is_set, skip=2)
        await take_over(chat)
        shop.let_go("place_order")
        await nothing_more_is_said(chat, shop, [])
        overview = await chat.overview()
        assert (1, "1") == (len(shop.orders), overview.order_id)
        assert [Outcome.COMPLETED] == [one.outcome for one in shop.outcomes]


async def test_while_the_payment_is_opened(env: WorkflowEnvironment) -> None:
    """The proof lies before a person all the same; «дякую, перевіримо» is not said any more."""
    shop = deciding(PROOF)
    shop.hold("open_payment")
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        await chat.write("ось чек")
        await chat.wait_until(shop.entered["open_payment"].is_set, skip=2)
        await take_over(chat)
        shop.let_go("open_payment")
        await nothing_more_is_said(chat, shop, [])
        overview = await chat.overview()
        assert Attention.PAYMENT in overview.attention
        assert overview.payment is not None
        assert "1" == overview.payment.id


async def test_with_a_hand_off_in_the_same_decision(env: WorkflowEnvironment) -> None:
    """The assistant asks for a person when one is here already: the one who is here stays."""
    hand_off = HandOff(kind="hand_off", reason="large order")
    shop = deciding(ORDER, hand_off)
    shop.hold("place_order")
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        await chat.write("так")
        await chat.wait_until(shop.entered["place_order"].is_set, skip=2)
        await take_over(chat)
        shop.let_go("place_order")
        await nothing_more_is_said(chat, shop, [])


async def test_while_the_first_part_is_under_way(env: WorkflowEnvironment) -> None:
    """It may still land, or be called back; the second never leaves."""
    shop = deciding()
    shop.hold("send")
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        await chat.write("привіт")
        await chat.wait_until(shop.entered["send"].is_set, skip=2)
        await take_over(chat)
        shop.let_go("send")
        await env.sleep(60)
        assert "два" not in shop.said


async def test_between_two_parts(env: WorkflowEnvironment) -> None:
    """The first part is on the phone, the second under way: it is called back."""
    shop = deciding()
    async with working(env, shop):
        chat = Chat(env, shop, RULES)

        def hold_the_second(order: object) -> None:
            del order
            shop.hold("send")

        shop.after_send = hold_the_second
        await chat.write("привіт")
        await chat.wait_until(lambda: shop.said == ["раз"] and shop.entered["send"].is_set(), skip=2)
        await take_over(chat)
        await chat.wait_until(lambda: shop.cancelled_sends == 1)
        shop.let_go("send")
        await nothing_more_is_said(chat, shop, ["раз"])
        assert 1 == len(shop.withdrawn)  # its row waits for nothing any more


async def test_while_the_dialog_is_written_down(env: WorkflowEnvironment) -> None:
    """The books are closed once, whoever holds the conversation."""
    shop = deciding(ORDER, outcome=Outcome.COMPLETED)
    shop.hold("close_dialog")
    shop.hold("send")
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        await chat.write("так")
        await chat.wait_until(lambda: shop.entered["close_dialog"].is_set() and shop.entered["send"].is_set(), skip=2)
        await take_over(chat)
        shop.let_go("close_dialog")
        shop.let_go("send")
        await env.sleep(60)
        assert "два" not in shop.said
        assert ([Outcome.COMPLETED], 1) == ([one.outcome for one in shop.outcomes], len(shop.orders))


async def test_while_a_left_cart_is_thought_about(env: WorkflowEnvironment) -> None:
    """The clock's own words never pass an operator who came meanwhile."""

    def script(turn: TakeTurn) -> Decision:
        words = "кошик чекає" if isinstance(turn.news, CartLeft) else "додала"
        hours = 0.0 if turn.news else 3.0
        return Decision(parts=(Part(text=words),), phase="cart", state={"n": turn.turn}, follow_up_hours=hours)

    shop = Shop(script)
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        await chat.write("беру")
        await chat.wait_until(lambda: shop.said == ["додала"], skip=2)
        shop.hold("decide")
        await env.sleep(3 * 3600 - 30)
        passing = asyncio.create_task(env.sleep(60))
        await chat.wait_until(lambda: len(shop.turns) == 2)
        await take_over(chat)
        shop.let_go("decide")
        await passing
        await nothing_more_is_said(chat, shop, ["додала"])


async def test_a_summary_reaches_the_next_turn(env: WorkflowEnvironment) -> None:
    """Whoever gives the conversation back says what happened; the assistant hears it once."""
    shop = deciding()
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        await chat.write("привіт")
        await chat.wait_until(lambda: len(shop.said) == 2, skip=2)
        await take_over(chat)
        released = Release(operator="Олена", summary="хоче синю")
        await chat.handle.execute_update(ConversationWorkflow.release, released)
        await chat.write("то є?")
        await chat.wait_until(lambda: len(shop.said) == 4, skip=2)
        await chat.write("а ще?")
        await chat.wait_until(lambda: len(shop.said) == 6, skip=2)
        assert ["", "хоче синю", ""] == [turn.meanwhile for turn in shop.turns]


async def test_who_came_and_went_while_the_assistant_decided_is_heard(env: WorkflowEnvironment) -> None:
    """What was decided before is thrown away: the assistant thinks again, and knows what the operator left behind."""
    shop = deciding(ORDER)
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        await taken_over_in_mid_thought(chat, shop, "так")
        released = Release(operator="Олена", summary="хоче синю")
        await chat.handle.execute_update(ConversationWorkflow.release, released)
        shop.let_go("decide")
        await chat.wait_until(lambda: len(shop.said) == 2, skip=2)
        await chat.write("а ще?")
        await chat.wait_until(lambda: len(shop.said) == 4, skip=2)
        assert (["", "хоче синю", ""], 2) == ([turn.meanwhile for turn in shop.turns], len(shop.orders))


async def test_a_summary_left_while_the_order_is_placed_is_heard(env: WorkflowEnvironment) -> None:
    """The decision stands, for its order is being placed; the next turn knows what the operator left behind."""
    shop = deciding(ORDER)
    shop.hold("place_order")
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        await chat.write("так")
        await chat.wait_until(shop.entered["place_order"].is_set, skip=2)
        await take_over(chat)
        released = Release(operator="Олена", summary="хоче синю")
        await chat.handle.execute_update(ConversationWorkflow.release, released)
        shop.let_go("place_order")
        await chat.wait_until(lambda: len(shop.said) == 2, skip=2)
        shop.script = lambda turn: Decision(parts=(Part(text="далі"),), phase="x", state={"n": turn.turn})
        await chat.write("то є?")
        await chat.wait_until(lambda: len(shop.said) == 3, skip=2)
        assert ["", "хоче синю"] == [turn.meanwhile for turn in shop.turns]
