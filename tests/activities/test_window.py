"""What may still be said to a customer who wrote long ago, and how long we wait where a platform asks for pauses."""

import dataclasses
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.delivery import Delivery
from contracts.delivery import PartState, SendPart, Sent
from domain.identifiers import Address
from domain.messages import InboundMessage, Part
from platforms.http import build_client
from platforms.registry import platforms
from platforms.simulation import Direction, Entry, Setting
from platforms.whatsapp.limits import BURST
from providers.records.accounts import Pauses
from providers.records.books import Books
from providers.records.outbox import Outbox
from providers.records.turnstile import Turnstile
from runtime.accounts import StatedAccounts
from tests.activities.conftest import Post, accounts_at, full

DAY = timedelta(hours=24)
LATE, IN_TIME = DAY + timedelta(hours=1), DAY - timedelta(hours=1)
TEMPLATE = {"template_name": "news", "template_language": "uk"}


@pytest.fixture
async def with_template(post: Post, base_url: str) -> AsyncIterator[Post]:
    """The same, where the shop's WhatsApp account has an approved template."""
    accounts = [
        account.model_copy(update={"options": TEMPLATE}) for account in await accounts_at(base_url, "token").all()
    ]
    async with build_client() as client:
        outbox, pauses = Outbox(post.pool, post.lease.holder), Pauses(post.pool)
        delivery = Delivery(
            StatedAccounts(accounts), platforms(client), outbox, pauses, Turnstile(post.pool), post.lease
        )
        yield dataclasses.replace(post, delivery=delivery)


async def wrote(post: Post, platform: str, ago: timedelta, id: str = "m1") -> None:
    """Customer 42 wrote so long ago; the platform knows it and so do our books."""
    at = datetime.now(UTC) - ago
    address = Address(platform=platform, account="main", contact="42")
    await Books(post.pool).log_inbound(address, [InboundMessage(id=id, received_at=at, text="привіт")], 1, "")
    post.world.show(Entry(platform=platform, contact="42", at=at, direction=Direction.IN, text="привіт"))


async def say(post: Post, platform: str, key: str = "k1", text: str = "Ваше замовлення\nготове", **fields: Any) -> Sent:
    """Carry out one attempt, as the worker would."""
    order = SendPart(key=full(key, platform), part=Part(text=text, **fields), route="")
    return await ActivityEnvironment().run(post.delivery.send, order)


def heard(post: Post, platform: str) -> list[str]:
    """What the customer was told."""
    return post.world.said_to(platform, "42")


@pytest.mark.parametrize("by_operator", [False, True], ids=["assistant", "operator"])
async def test_after_a_day_whatsapp_takes_nothing_free_form(post: Post, by_operator: bool) -> None:
    """Without a template the part is a dead letter that says why, and WhatsApp is not asked at all."""
    await wrote(post, "whatsapp", LATE)
    sent = await say(post, "whatsapp", by_operator=by_operator)
    (letter,) = await post.rows("SELECT * FROM dead_letters")

    assert (PartState.DEAD, True) == (sent.state, "24-hour window" in sent.reason)
    assert ("WHATSAPP_TEMPLATE_NAME" in letter["reason"], False) == (True, letter["outcome_unknown"])
    assert ([], []) == (heard(post, "whatsapp"), post.world.calls("whatsapp"))


@pytest.mark.parametrize("ago", [timedelta(days=1), timedelta(days=400), -DAY], ids=["late", "years", "tomorrow"])
async def test_a_wrong_clock_closes_no_window(post: Post, ago: timedelta) -> None:
    """A message delivered a day late is late; one stamped years ago, or tomorrow, came now: nobody delivers it so."""
    now = datetime.now(UTC)
    said = InboundMessage(id="m1", received_at=now, sent_at=now - ago - timedelta(hours=1), text="привіт")
    await Books(post.pool).log_inbound(Address(platform="whatsapp", account="main", contact="42"), [said], 1, "")
    post.world.show(Entry(platform="whatsapp", contact="42", at=now, direction=Direction.IN, text="привіт"))
    expected = PartState.DEAD if ago == DAY else PartState.SENT

    assert expected == (await say(post, "whatsapp")).state


async def test_after_a_day_whatsapp_takes_a_template(with_template: Post) -> None:
    """The template goes out with the words in it, on one line."""
    await wrote(with_template, "whatsapp", LATE)
    sent = await say(with_template, "whatsapp")

    assert (PartState.SENT, ["Ваше замовлення готове"]) == (sent.state, heard(with_template, "whatsapp"))
    assert [] == await with_template.rows("SELECT * FROM dead_letters")


@pytest.mark.parametrize("platform", ["whatsapp", "instagram"])
async def test_within_a_day_all_is_as_ever(with_template: Post, platform: str) -> None:
    """Line ends and all: no template, no tag."""
    await wrote(with_template, platform, IN_TIME)
    sent = await say(with_template, platform)

    assert (PartState.SENT, ["Ваше замовлення\nготове"]) == (sent.state, heard(with_template, platform))


@pytest.mark.parametrize("platform", ["whatsapp", "instagram"])
async def test_the_last_message_counts(with_template: Post, platform: str) -> None:
    """Whoever wrote a week ago and again today is answered as ever."""
    await wrote(with_template, platform, timedelta(days=7))
    await wrote(with_template, platform, timedelta(minutes=1), id="m2")
    await say(with_template, platform)

    assert ["Ваше замовлення\nготове"] == heard(with_template, platform)


async def test_after_a_day_instagram_takes_a_persons_words(post: Post) -> None:
    """An operator's reply carries the tag HUMAN_AGENT: the simulator would refuse it without."""
    await wrote(post, "instagram", LATE)
    sent = await say(post, "instagram", by_operator=True)

    assert (PartState.SENT, ["Ваше замовлення\nготове"]) == (sent.state, heard(post, "instagram"))


async def test_after_a_day_instagram_does_not_take_the_assistants(post: Post) -> None:
    """Meta allows the tag to people alone."""
    await wrote(post, "instagram", LATE)
    sent = await say(post, "instagram")
    (letter,) = await post.rows("SELECT * FROM dead_letters")

    assert (PartState.DEAD, True) == (sent.state, "24 hours" in letter["reason"])
    assert ([], []) == (heard(post, "instagram"), post.world.calls("instagram"))


async def test_after_a_week_instagram_takes_no_more(post: Post) -> None:
    """Instagram's own word makes a dead letter, too, once."""
    await wrote(post, "instagram", timedelta(days=8))
    sent = await say(post, "instagram", by_operator=True)

    assert (PartState.DEAD, True) == (sent.state, "allowed window" in sent.reason)


async def test_whether_the_window_is_open_is_asked_when_the_part_leaves(post: Post) -> None:
    """A dead letter that a person sends again, after the customer has written anew, goes out as it is."""
    await wrote(post, "whatsapp", LATE)
    await say(post, "whatsapp")
    await wrote(post, "whatsapp", timedelta(0), id="m2")
    await post.rows("UPDATE outbox SET state = 'pending' RETURNING key")
    again = SendPart(key=full("k1", "whatsapp"))
    sent = await ActivityEnvironment().run(post.delivery.send, again)

    assert (PartState.SENT, ["Ваше замовлення\nготове"]) == (sent.state, heard(post, "whatsapp"))


async def test_chat2desk_knows_no_window(post: Post) -> None:
    """What its messengers allow is Chat2Desk's own business."""
    at = datetime.now(UTC) - timedelta(days=30)
    address = Address(platform="chat2desk", account="main", contact="42")
    await Books(post.pool).log_inbound(address, [InboundMessage(id="m1", received_at=at, text="привіт")], 1, "")

    assert PartState.SENT == (await post.send("k1")).state


async def test_one_customer_too_often_on_whatsapp_is_waited_for_longer_and_longer(post: Post) -> None:
    """Meta asks for pauses of four times the length each; the part arrives when it may."""
    await _fill_the_pair(post)
    pauses = []
    for _ in range(4):
        with pytest.raises(ApplicationError, match="131056") as refusal:
            await say(post, "whatsapp", text="ще одне")
        pauses.append(refusal.value.next_retry_delay)
    calls = [call["outcome"] for call in post.world.calls("whatsapp")[BURST:]]
    post.world.faults.change(Setting(platform="whatsapp", rate=0))
    sent = await say(post, "whatsapp", text="ще одне")

    assert [timedelta(seconds=seconds) for seconds in (1, 4, 16, 64)] == pauses
    assert ["400"] * 4 == calls
    assert (PartState.SENT, "ще одне") == (sent.state, heard(post, "whatsapp")[-1])


async def _fill_the_pair(post: Post) -> None:
    """Somebody else of the same business has just written a great deal to this customer."""
    body = {"messaging_product": "whatsapp", "to": "42", "type": "text", "text": {"body": "."}}
    url, headers = f"{post.base_url}/whatsapp/v23.0/main/messages", {"Authorization": "Bearer token"}
    async with httpx.AsyncClient(headers=headers, trust_env=False) as client:
        answers = [(await client.post(url, json=body)).status_code for _ in range(BURST)]
    assert [200] * BURST == answers
