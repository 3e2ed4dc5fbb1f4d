"""Senders who wait on the line for the reply (ManyChat's response mode)."""

import asyncio

from temporalio.testing import WorkflowEnvironment

from contracts.conversation import Answered, TakeOver
from domain.turn_taking import TurnTaking
from tests.workflows.harness import Chat, Shop, ask, text, working
from workflows.conversation import ConversationWorkflow

RULES = TurnTaking(quiet_period=1, interim_after=3)


def texts(answered: Answered) -> list[str]:
    return [offered.part.text for offered in answered.parts]


async def test_the_reply_is_offered_to_who_asked(env: WorkflowEnvironment) -> None:
    """The customer's platform waits: it gets the reply, and what it does not show within seconds is pushed."""
    shop = Shop()
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        answered = await ask(chat, text("привіт"))
        assert (["привіт"], True, []) == (texts(answered), answered.decided, shop.said)
        await chat.wait_until(lambda: bool(shop.said), skip=4)
    assert [answered.parts[0].key] == shop.keys


async def test_three_quick_questions_are_answered_once(env: WorkflowEnvironment) -> None:
    """Each of three webhooks waits; the last one shows the reply to all three."""
    shop = Shop()
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        answers = await asyncio.gather(*(ask(chat, text(word, id=word)) for word in ("а", "б", "в")))
        assert 1 == len(shop.turns)
    offered = [texts(answered) for answered in answers]
    assert ([True] * 3, 1) == ([one.decided for one in answers], sum(map(bool, offered)))


async def test_a_slow_reply_is_pushed(env: WorkflowEnvironment) -> None:
    """Not yet: the asker says "one moment" itself, nobody says it twice, and the reply comes when it is ready."""
    shop = Shop()
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        shop.hold("decide")
        answered = await ask(chat, text("складне питання"), within=2)
        assert Answered() == answered
        await chat.wait_until(shop.entered["decide"].is_set, skip=10)
        shop.let_go("decide")
        await chat.wait_until(lambda: bool(shop.said))
    assert ["складне питання"] == shop.said


async def test_the_same_question_twice_is_heard_once(env: WorkflowEnvironment) -> None:
    """A repeated webhook gets an empty answer at once."""
    shop = Shop()
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        await ask(chat, text("привіт", id="m1"))
        again = await ask(chat, text("привіт", id="m1"))
    assert (Answered(decided=True), 1) == (again, len(shop.turns))


async def test_who_asks_while_an_operator_holds_hears_nothing(env: WorkflowEnvironment) -> None:
    """The operator will answer: the platform shows nothing now, and nobody says "one moment"."""
    shop = Shop()
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        await chat.write("привіт")
        await chat.wait_until(lambda: bool(shop.said), skip=2)
        await chat.handle.execute_update(ConversationWorkflow.take_over, TakeOver(operator="Олена"))
        answered = await ask(chat, text("є хтось?"))
    assert (Answered(decided=True), ["привіт"]) == (answered, shop.said)


async def test_a_reply_never_overtakes_the_one_before(env: WorkflowEnvironment) -> None:
    """While an earlier part is still on its way, the next reply waits its turn and is pushed behind it."""
    shop = Shop()
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        shop.hold("send")
        await chat.write("перше")
        await chat.wait_until(shop.entered["send"].is_set, skip=2)
        answered = await ask(chat, text("друге"))
        shop.let_go("send")
        await chat.wait_until(lambda: len(shop.said) == 2)
    assert (Answered(decided=True), ["перше", "друге"]) == (answered, shop.said)


async def test_who_was_told_to_wait_is_not_told_again(env: WorkflowEnvironment) -> None:
    """Three messages while a question is thought about: "one moment" is shown for the first of them only."""
    shop = Shop()
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        shop.hold("decide")
        first = await ask(chat, text("складне питання", id="m1"), within=2)
        second = await ask(chat, text("ви тут?", id="m2"), within=2)
        assert (Answered(), Answered(told_before=True)) == (first, second)
        shop.let_go("decide")
        await chat.wait_until(lambda: bool(shop.said), skip=3)
        shop.hold("decide")
        assert Answered() == await ask(chat, text("ще одне питання", id="m3"), within=2)
        shop.let_go("decide")


async def test_a_message_that_was_answered_one_moment_elsewhere_needs_none(env: WorkflowEnvironment) -> None:
    """While Temporal was away the customer was told to wait: the conversation does not say it a second time."""
    shop = Shop()
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        shop.hold("decide")
        await chat.write(text("складне питання", id="m1", told_to_wait=True))
        await chat.wait_until(shop.entered["decide"].is_set, skip=2)
        await env.sleep(RULES.interim_after * 2)
        shop.let_go("decide")
        await chat.wait_until(lambda: bool(shop.said))
    assert ["складне питання"] == shop.said
