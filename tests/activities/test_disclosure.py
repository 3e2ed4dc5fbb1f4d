"""Where the account's law wants it, a customer is told that no person writes."""

from datetime import timedelta

import pytest

from domain.decisions import Decision, FlowDecision
from domain.identifiers import Address, outbox_key
from domain.messages import OutboundMessage
from flows import common, disclosure
from flows.registry import FLOWS
from providers.records.outbox import Outbox
from tests.activities.thinking import QUESTION, Mind, message

TOLD = common.words("ru").say(common.BOT_OF, shop="Светлица")
LAW = {"bot_disclosure": "eu", "shop_name": "Светлица"}


async def deliver(mind: Mind, decision: Decision, contact: str, turn: int = 1) -> None:
    """The reply goes out, as the worker's delivery would write it down."""
    to = Address(platform="whatsapp", account="main", contact=contact)
    outbox = Outbox(mind.pool, "1")
    key = outbox_key(to.conversation_id, "epoch", turn, 0)
    await outbox.claim(key, to, "", decision.parts[0], turn)
    await outbox.mark_sent(key, "")


def first_words(decision: Decision) -> str:
    """What the customer reads first."""
    return decision.parts[0].text.split("\n\n")[0]


async def test_the_first_reply_of_every_dialog_says_it(mind: Mind) -> None:
    """A customer reads it once in a dialog, and again when a new dialog begins; an undelivered reply told nobody."""
    await mind.set_up("whatsapp", options=LAW)
    lost = await mind.take("whatsapp", message("привет"), contact="told")
    first = await mind.take("whatsapp", message("есть кто?"), contact="told")
    await deliver(mind, first, "told")
    second = await mind.take("whatsapp", message("сколько стоит?"), contact="told", turn=2)
    another = await mind.take("whatsapp", message("здравствуйте"), contact="told", turn=3, dialog=2)

    assert [TOLD, TOLD, QUESTION, TOLD] == [first_words(one) for one in (lost, first, second, another)]
    assert f"{TOLD}\n\n{QUESTION}" == first.parts[0].text
    assert [1, 0, 2] == [one.parts[0].discloses for one in (first, second, another)]


async def test_so_many_days_hold_over_dialogs(mind: Mind) -> None:
    """With a number of days a customer is told once, until they have passed."""
    await mind.set_up("whatsapp", options=LAW | {"bot_disclosure": "30"})
    await deliver(mind, await mind.take("whatsapp", message("привет"), contact="days"), "days")
    soon = await mind.take("whatsapp", message("привет"), contact="days", turn=2, dialog=2)
    await mind.rows("UPDATE outbox SET updated_at = now() - interval '31 days' RETURNING 1 AS one")
    later = await mind.take("whatsapp", message("привет"), contact="days", turn=3, dialog=3)

    assert [QUESTION, TOLD] == [first_words(soon), first_words(later)]


async def test_where_no_law_wants_it_nothing_is_said(mind: Mind) -> None:
    """An account that says nothing of it answers as it always did."""
    await mind.set_up("whatsapp")
    assert [QUESTION] == [part.text for part in (await mind.take("whatsapp", message("привет"))).parts]


@pytest.mark.parametrize("flow", sorted(FLOWS))
async def test_every_flow_says_it(mind: Mind, flow: str) -> None:
    """Whatever dialog an account has, its first reply says it; nobody has to think of it in a flow."""
    await mind.set_up("whatsapp", options=LAW, language="en")
    decision = await mind.take("whatsapp", message("hello"), contact=f"in {flow}", flow=flow)
    assert common.words("en").say(common.BOT_OF, shop="Светлица") == first_words(decision)


async def test_in_the_shops_own_words(mind: Mind) -> None:
    """A shop may say it as it likes, in whatever language."""
    await mind.set_up("whatsapp", options=LAW | {"bot_disclosure_text": "Ihnen antwortet ein Programm."})
    assert "Ihnen antwortet ein Programm." == first_words(await mind.take("whatsapp", message("hallo"), contact="de"))


@pytest.mark.parametrize(
    ("text", "own", "language"),
    [
        ("hello, how much is it please", "", "en"), ("де ви знаходитесь?", "", "uk"), ("сколько это стоит", "", "ru"),
        ("40", "", "uk"), ("hello there, how are you", "uk", "uk"), ("", "de", "de"),
    ],
)  # fmt: skip
def test_it_is_said_in_the_customers_language(text: str, own: str, language: str) -> None:
    """The account's own language goes first, then the one the customer writes in."""
    assert language == disclosure.language_for([text], own, "uk")


def test_what_cannot_be_read_tells_rather_than_not() -> None:
    """A law that was spelt wrongly must not silence the assistant about itself."""
    assert [None, None] == [disclosure.rule_of(text) for text in ("", "Off")]
    assert {disclosure.Rule()} == {disclosure.rule_of(text) for text in ("eu", " EU ", "us-ca", "dialog", "eu-ai-act")}
    assert disclosure.Rule(every_dialog=False, again_after=timedelta(days=7)) == disclosure.rule_of("7")


def test_a_turn_without_a_reply_stays_without() -> None:
    """Nobody is written to only to be told who does not write."""
    silent = FlowDecision(say=(), phase="done")
    assert silent == disclosure.disclosed(silent, "a program")
    spoken = disclosure.disclosed(FlowDecision(say=(OutboundMessage(text="yes"),), phase=""), "a program")
    assert ("a program\n\nyes",) == tuple(one.text for one in spoken.say)
