"""The conversations whose histories we keep: each must replay on every later build."""

from collections.abc import Awaitable, Callable

from temporalio.testing import WorkflowEnvironment

from contracts.conversation import OperatorReply, Release, Resend, TakeOver
from contracts.delivery import PartState, SendPart, Sent
from contracts.dialog import TakeTurn
from domain.decisions import ORDER_NUMBER, Decision, HandOff, Outcome, PlaceOrder
from domain.identifiers import edit_id
from domain.messages import Echo, Part, ReceiptSeen, ReceiptState, Unsent
from domain.orders import OrderDraft
from domain.turn_taking import TurnTaking
from tests.workflows.harness import Chat, Shop, ask, echo_flow, refuse, text, working
from workflows.conversation import ConversationWorkflow

Scenario = Callable[[WorkflowEnvironment], Awaitable[Chat]]
RULES = TurnTaking(quiet_period=0.5, interim_after=0.2)
DRAFT = OrderDraft(client_phone="+996555123456", delivery_address="Чуй 1", bottles_count=2)


def shop_flow(turn: TakeTurn) -> Decision:
    """«да» orders, «оператор» hands off, «сбой» breaks, anything else is echoed."""
    words = turn.messages[-1].text
    if words == "да":
        order = PlaceOrder(kind="place_order", draft=DRAFT)
        parts = (Part(text="принято"), Part(text=f"№{ORDER_NUMBER}"))
        return Decision(parts=parts, phase="done", outcome=Outcome.COMPLETED, effects=(order,))
    if words == "оператор":
        effect = HandOff(kind="hand_off", reason="asked for a person")
        return Decision(parts=(Part(text="зову"),), phase="handed_off", outcome=Outcome.HANDED_OFF, effects=(effect,))
    if words == "сбой":
        raise refuse("a bug")
    return echo_flow(turn)


async def order(env: WorkflowEnvironment) -> Chat:
    """A dialog that ends in an order, a doubled webhook, and a week of silence until the conversation closes."""
    shop = Shop(shop_flow)
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        doubled = text("вода")
        await chat.write(doubled, doubled)
        await chat.wait_until(lambda: len(shop.said) == 1, skip=1)
        await chat.write("да")
        await chat.wait_until(lambda: len(shop.outcomes) == 1, skip=1)
        await env.sleep(8 * 24 * 3600)
    return chat


async def slow_and_superseded(env: WorkflowEnvironment) -> Chat:
    """The interim message, a decision thrown away for a newer message, and a dialog that expires."""
    shop = Shop(shop_flow)
    shop.hold("decide")
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        await chat.write("раз")
        await chat.wait_until(lambda: shop.said == ["<interim>"])
        await chat.write("два")
        await chat.wait_until(lambda: shop.cancelled_decisions == 1)
        shop.let_go("decide")
        await chat.wait_until(lambda: len(shop.said) == 2)
        await chat.wait_until(lambda: len(shop.outcomes) == 1, skip=25 * 3600)
    return chat


async def people(env: WorkflowEnvironment) -> Chat:
    """Hand-off and nobody comes; a failed turn; a take-over, a reply and a release; a dead letter sent again."""
    shop = Shop(shop_flow)
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        await chat.write("оператор")
        await chat.wait_until(lambda: len(shop.said) == 1, skip=1)
        await chat.wait_until(lambda: "<nobody_came>" in shop.said, skip=31 * 60)
        await chat.write("сбой")
        await chat.wait_until(lambda: "<apology>" in shop.said, skip=1)
        await chat.handle.execute_update(ConversationWorkflow.take_over, TakeOver(operator="Anna"))
        await chat.handle.execute_update(ConversationWorkflow.operator_reply, OperatorReply(text="это Анна"))
        await chat.write("спасибо")
        await chat.wait_until(lambda: shop.kept == ["спасибо"], skip=1)
        await chat.handle.execute_update(ConversationWorkflow.release, Release())
        shop.sending = _dead
        await chat.write("привет")
        await chat.wait_until(lambda: len(shop.turns) == 3, skip=1)
        shop.sending = None
        await chat.handle.signal(ConversationWorkflow.resend, Resend(key="a-key"))
        await chat.wait_until(lambda: "again:a-key" in shop.said)
    return chat


async def news(env: WorkflowEnvironment) -> Chat:
    """Somebody asks on the line; a message is edited, one is taken back; a part fails late; staff answer elsewhere."""
    shop = Shop(shop_flow)
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        await ask(chat, text("привет", id="own-1"))
        await chat.wait_until(lambda: len(shop.said) == 1, skip=4)
        await chat.write(text("2", id="own-2"), text("3", id=edit_id("own-2", "1"), edits="own-2"))
        await chat.wait_until(lambda: len(shop.said) == 2, skip=1)
        to = chat.opening.address
        shop.hold("decide")
        await chat.write(text("не туда", id="own-3"))
        await chat.wait_until(shop.entered["decide"].is_set, skip=1)
        await chat.handle.signal("receive", Unsent(address=to, message_id="own-3"))
        await chat.wait_until(lambda: shop.forgotten == ["own-3"])
        shop.let_go("decide")
        failed = ReceiptSeen(address=to, message_id="w", state=ReceiptState.FAILED, error="131026", key=shop.keys[0])
        await chat.handle.signal("receive", failed)
        await chat.handle.signal("receive", Echo(address=to, message_id="e1", by_operator=True))
        await chat.write("спасибо")
        await chat.wait_until(lambda: shop.kept == ["спасибо"], skip=1)
    return chat


def _dead(_: SendPart) -> Sent:
    return Sent(state=PartState.DEAD, reason="blocked")


SCENARIOS: dict[str, Scenario] = {
    "order": order,
    "slow_and_superseded": slow_and_superseded,
    "people": people,
    "news": news,
}
