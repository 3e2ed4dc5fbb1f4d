"""Bursts, caps, supersede and interim messages, as customers live them."""

from datetime import UTC, datetime, timedelta

from temporalio.testing import WorkflowEnvironment

from domain.messages import InboundMessage, MessageKind
from domain.turn_taking import TurnTaking
from tests.workflows.harness import Chat, Shop, text, working

RULES = TurnTaking(quiet_period=2, longest_wait=30, max_burst=10, interim_after=8)


async def test_three_quick_messages_get_one_reply(env: WorkflowEnvironment) -> None:
    """A customer who types in bursts is answered once."""
    shop = Shop()
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        await chat.write("Привіт", "є сукня?", "синя")
        await chat.wait_until(lambda: len(shop.said) == 1, skip=3)

        assert ["Привіт+є сукня?+синя"] == shop.said


async def test_three_pictures_are_as_much_as_is_looked_at_at_once(env: WorkflowEnvironment) -> None:
    """A shop may answer after so many pictures, and wait less long for a voice message, than for texts."""
    shop = Shop()
    rules = TurnTaking(
        quiet_period=20, max_burst_by_kind={MessageKind.IMAGE: 3}, longest_wait_by_kind={MessageKind.AUDIO: 5},
        interim_after=120,
    )  # fmt: skip
    async with working(env, shop):
        chat = Chat(env, shop, rules)
        await chat.write("ось", *(text(f"фото {number}", kind=MessageKind.IMAGE) for number in range(4)))
        await chat.wait_until(lambda: len(shop.said) == 1, skip=1)
        await chat.wait_until(lambda: len(shop.said) == 2, skip=30)
        await chat.write(text("голос", kind=MessageKind.AUDIO))
        await chat.wait_until(lambda: len(shop.said) == 3, skip=8)

    assert ["ось+фото 0+фото 1+фото 2", "фото 3", "голос"] == shop.said


async def test_a_doubled_webhook_is_answered_once(env: WorkflowEnvironment) -> None:
    """A platform that delivers a message twice does not make us answer twice, not even after the answer."""
    shop = Shop()
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        message = text("да")
        await chat.write(message, message)
        await chat.wait_until(lambda: len(shop.said) == 1, skip=3)
        await chat.write(message)
        await env.sleep(60)

        assert ["да"] == shop.said
        assert 2 == (await chat.overview()).duplicates


async def test_a_button_pressed_twice_is_told_from_the_same_answer_twice(env: WorkflowEnvironment) -> None:
    """Without ids of the platform's, when a message came to our door counts, however late its conversation hears it."""
    shop = Shop()
    began = datetime.now(UTC)

    def pressed(words: str, after: float) -> InboundMessage:
        return text(
            words, id=f"fingerprint of {words}", received_at=began + timedelta(seconds=after), dedupe_seconds=2.0,
            by_receipt=True,
        )  # fmt: skip

    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        await chat.write(pressed("3", 0), pressed("5", 10), pressed("3", 20))  # all at once: nobody worked meanwhile
        await chat.wait_until(lambda: bool(shop.said), skip=3)
        await chat.write(pressed("да", 30))
        await env.sleep(5)
        await chat.write(pressed("да", 30.5))
        await env.sleep(60)

        assert ["3+5+3", "да"] == shop.said
        assert 1 == (await chat.overview()).duplicates


async def test_a_later_message_joins_the_burst_while_we_think(env: WorkflowEnvironment) -> None:
    """A customer who writes on while the model thinks gets one answer to everything."""
    shop = Shop()
    shop.hold("decide")
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        await chat.write("две бутыли")
        await chat.wait_until(lambda: shop.entered["decide"].is_set(), skip=3)
        await chat.write("нет, три")
        await chat.wait_until(lambda: shop.cancelled_decisions == 1)
        shop.let_go("decide")
        await chat.wait_until(lambda: len(shop.said) == 1, skip=5)

        assert ["две бутыли+нет, три"] == shop.said
        assert 1 == (await chat.overview()).turn
