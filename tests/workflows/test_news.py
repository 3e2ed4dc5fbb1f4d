"""News of messages: what operators write elsewhere, what customers take back or mend, and parts that fail late."""

import asyncio
from datetime import UTC, datetime, timedelta

from temporalio.client import WorkflowExecutionStatus
from temporalio.testing import WorkflowEnvironment

from contracts.conversation import ELSEWHERE, TASK_QUEUE
from domain.conversation import Attention, Holder
from domain.identifiers import edit_id
from domain.messages import Echo, ReceiptSeen, ReceiptState, Unsent
from domain.turn_taking import TurnTaking
from tests.workflows.harness import Chat, Shop, text, working

RULES = TurnTaking(quiet_period=1, interim_after=100)
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


async def test_an_operator_who_answers_on_the_platform_takes_over(env: WorkflowEnvironment) -> None:
    """Staff answer from their phone: from then on the assistant is silent, and the reply it had begun stays unsent."""
    shop = Shop()
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        shop.hold("send")
        await chat.write("привіт")
        await chat.wait_until(shop.entered["send"].is_set, skip=2)
        echo = Echo(address=chat.opening.address, message_id="e1", by_operator=True, text="Добрий день, це Олена")
        await chat.handle.signal("receive", echo)
        overview = await chat.overview()
        shop.let_go("send")
        await chat.write("а ціна?")
        await chat.wait_until(lambda: shop.kept == ["а ціна?"], skip=2)
    assert (Holder.OPERATOR, 1) == (overview.holder, len(shop.turns))


async def test_an_operator_may_begin_a_conversation(env: WorkflowEnvironment) -> None:
    """Staff write first: the customer's answer is theirs, not the assistant's; and some day the conversation closes."""
    shop = Shop()
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        echo = Echo(address=chat.opening.address, message_id="e1", by_operator=True, text="Ваше замовлення готове")
        await env.client.start_workflow(
            "ConversationWorkflow", chat.opening, id=chat.id, task_queue=TASK_QUEUE,
            start_signal="receive", start_signal_args=[echo],
        )  # fmt: skip
        await chat.write("дякую, коли заїхати?")
        await chat.wait_until(lambda: shop.kept == ["дякую, коли заїхати?"], skip=2)
        await env.sleep(timedelta(days=9))
        async with asyncio.timeout(10):
            while (await chat.handle.describe()).status is WorkflowExecutionStatus.RUNNING:
                await asyncio.sleep(0.05)
    assert [] == shop.said


async def test_a_message_taken_back_in_time_is_not_answered(env: WorkflowEnvironment) -> None:
    """The customer unsends one of two messages before the pause is over: only the other is answered."""
    shop = Shop()
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        await chat.write(text("ой не туди", id="m-wrong"), "скільки коштує?")
        await chat.handle.signal("receive", Unsent(address=chat.opening.address, message_id="m-wrong"))
        await chat.wait_until(lambda: bool(shop.said), skip=2)
        assert ["скільки коштує?"] == shop.said
        await chat.write(text("і це не туди", id="m-again"))
        await chat.handle.signal("receive", Unsent(address=chat.opening.address, message_id="m-again"))
        await chat.write("дякую")
        await chat.wait_until(lambda: len(shop.said) == 2, skip=2)
    assert ["скільки коштує?", "дякую"] == shop.said


async def test_a_message_taken_back_while_we_think_is_forgotten(env: WorkflowEnvironment) -> None:
    """The decision about an unsent message is thrown away, and what was written down about it, too."""
    shop = Shop()
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        shop.hold("decide")
        await chat.write(text("моя картка 4111", id="m-secret"))
        await chat.wait_until(shop.entered["decide"].is_set, skip=2)
        await chat.handle.signal("receive", Unsent(address=chat.opening.address, message_id="m-secret"))
        await chat.wait_until(lambda: shop.forgotten == ["m-secret"])
        shop.let_go("decide")
        await chat.write("привіт")
        await chat.wait_until(lambda: bool(shop.said), skip=2)
    assert (["привіт"], 1) == (shop.said, shop.cancelled_decisions)


async def test_one_of_two_taken_back_while_we_think(env: WorkflowEnvironment) -> None:
    """What remains of the burst is answered once, and nothing that came later is lost."""
    shop = Shop()
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        shop.hold("decide")
        await chat.write(text("а", id="m-a"), text("б", id="m-b"))
        await chat.wait_until(shop.entered["decide"].is_set, skip=2)
        await chat.handle.signal("receive", Unsent(address=chat.opening.address, message_id="m-a"))
        await chat.wait_until(lambda: len(shop.turns) == 2)
        shop.let_go("decide")
        await chat.wait_until(lambda: bool(shop.said), skip=2)
        await chat.write("в")
        await chat.wait_until(lambda: len(shop.said) == 2, skip=2)
    assert ["б", "в"] == shop.said


async def test_an_edited_message_counts_as_edited(env: WorkflowEnvironment) -> None:
    """ "2" corrected to "3" before the pause is over is "3"; corrected after the answer, it is said anew."""
    shop = Shop()
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        await chat.write(text("2", id="m1"), text("3", id=edit_id("m1", "1"), edits="m1"))
        await chat.wait_until(lambda: bool(shop.said), skip=2)
        await chat.write(text("4", id=edit_id("m1", "2"), edits="m1"))
        await chat.wait_until(lambda: len(shop.said) == 2, skip=2)
    assert ["3", "4"] == shop.said


async def test_a_take_back_may_overtake_its_message(env: WorkflowEnvironment) -> None:
    """Webhooks come in any order: what was taken back before it came is never answered."""
    shop = Shop()
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        await env.client.start_workflow(
            "ConversationWorkflow", chat.opening, id=chat.id, task_queue=TASK_QUEUE,
            start_signal="receive", start_signal_args=[Unsent(address=chat.opening.address, message_id="late")],
        )  # fmt: skip
        await chat.write(text("не туди", id="late"), "привіт")
        await chat.wait_until(lambda: bool(shop.said), skip=2)
    assert ["привіт"] == shop.said


async def test_an_edit_may_overtake_its_message(env: WorkflowEnvironment) -> None:
    """The correction counts, however late the first version comes."""
    shop = Shop()
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        await chat.write(text("Чуй 200", id=edit_id("own", "1"), edits="own"), text("Чуй 100", id="own"))
        await chat.wait_until(lambda: bool(shop.said), skip=2)
    assert ["Чуй 200"] == shop.said


async def test_what_is_overheard_is_kept_and_not_answered(env: WorkflowEnvironment) -> None:
    """Another app holds the thread on the platform; when it comes back to us, we answer again."""
    shop = Shop()
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        await chat.write(text("це до менеджера", overheard=True))
        await chat.wait_until(lambda: shop.kept == ["це до менеджера"], skip=2)
        overview = await chat.overview()
        await chat.write("а тепер до вас")
        await chat.wait_until(lambda: bool(shop.said), skip=2)
    assert (Holder.OPERATOR, ["а тепер до вас"]) == (overview.holder, shop.said)


async def test_an_operator_elsewhere_keeps_the_conversation(env: WorkflowEnvironment) -> None:
    """Somebody who answered from the platform's app is not thrown out by the customer's next message."""
    shop = Shop()
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        await chat.write("привіт")
        await chat.wait_until(lambda: bool(shop.said), skip=2)
        await chat.handle.signal("receive", Echo(address=chat.opening.address, message_id="e", by_operator=True))
        await chat.write("так?")
        await chat.wait_until(lambda: shop.kept == ["так?"], skip=2)
        overview = await chat.overview()
    assert (Holder.OPERATOR, ["привіт"]) == (overview.holder, shop.said)
    assert ELSEWHERE == "another app on the platform"


async def test_an_operator_who_left_is_not_waited_for_for_ever(env: WorkflowEnvironment) -> None:
    """Who writes every evening to a colleague that is gone finds the assistant the day after, not never."""
    shop = Shop()
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        await chat.write("привіт")
        await chat.wait_until(lambda: len(shop.said) == 1, skip=2)
        echo = Echo(address=chat.opening.address, message_id="e1", by_operator=True, text="Добрий день, це Олена")
        await chat.handle.signal("receive", echo)
        for evening in ("а ціна?", "ви тут?"):
            await chat.write(evening)
            await chat.wait_until(lambda: evening in shop.kept, skip=2)  # noqa: B023 — awaited in the loop
            await env.sleep(timedelta(hours=20))
        await chat.write("ау!")
        await chat.wait_until(lambda: len(shop.said) == 2, skip=2)
    assert (["а ціна?", "ви тут?"], "ау!") == (shop.kept, shop.said[-1])


async def test_an_operator_who_answers_again_is_waited_for_anew(env: WorkflowEnvironment) -> None:
    """The day counts from what the colleague left unanswered, not from what they answered."""
    shop = Shop()
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        for number in range(3):
            echo = Echo(address=chat.opening.address, message_id=f"e{number}", by_operator=True, text="Це Олена")
            await (chat.handle.signal("receive", echo) if number else chat.write("привіт"))
            await chat.write(f"питання {number}")
            await env.sleep(timedelta(hours=20))
        overview = await chat.overview()
    assert (Holder.OPERATOR, ["питання 1", "питання 2"]) == (overview.holder, shop.kept)


async def test_a_part_that_failed_late_asks_for_attention(env: WorkflowEnvironment) -> None:
    """WhatsApp took the part and told later that it did not arrive: a person sees it; when it arrives, no longer."""
    shop = Shop()
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        await chat.write("привіт")
        await chat.wait_until(lambda: bool(shop.keys), skip=2)
        failed = ReceiptSeen(
            address=chat.opening.address, message_id="w1", state=ReceiptState.FAILED, at=NOW,
            error="131026: undeliverable", key=shop.keys[0],
        )  # fmt: skip
        await chat.handle.signal("receive", failed)
        troubled = await chat.overview()
        arrived = failed.model_copy(update={"state": ReceiptState.SENT, "error": ""})
        await chat.handle.signal("receive", arrived)
        calm = await chat.overview()
    assert ((Attention.DEAD_LETTER,), "a part is dead: 131026: undeliverable") == (troubled.attention, troubled.note)
    assert () == calm.attention
