"""What a shop's plan lets its assistant do, and what each turn leaves in the ledger."""

import asyncio

import pytest
from temporalio.exceptions import ApplicationError

from domain.decisions import Decision, HandOff, Outcome
from domain.media import MediaProblem
from domain.messages import MessageKind
from domain.plans import MICRO, Feature, Plan, Tariff
from flows import common
from providers.records.outbox import Outbox
from tests.activities.thinking import QUESTION, Mind, message, turn_of
from tests.media.files import OGG, picture

CREDITS = Plan(
    name="small",
    credits_per_period=30 * MICRO,
    tariff=Tariff(
        reply=10 * MICRO, image=2 * MICRO, audio_second=0, thousand_input_tokens=0, thousand_output_tokens=0,
        thousand_cached_tokens=0,
    ),
)  # fmt: skip
"""Thirty credits a month: a reply costs ten, a picture two."""
NONE_LEFT = Plan(name="empty", messages_per_period=0)


def said(decision: Decision) -> list[str]:
    """The reply, part by part."""
    return [part.text for part in decision.parts]


async def test_an_unlimited_shop_leaves_no_trace_in_the_ledger(mind: Mind) -> None:
    """Nothing is counted, so nothing is written."""
    await mind.take("whatsapp", message("привет"), mind.photo(picture()))

    assert [] == await mind.ledger()
    assert [] == await mind.rows("SELECT * FROM purses")


async def test_a_plan_without_pictures_asks_for_words(mind: Mind) -> None:
    """The photo is not even fetched; the caption is read all the same."""
    await mind.set_up("whatsapp", CREDITS.model_copy(update={"features": frozenset({Feature.AUDIO})}), language="uk")
    photo = mind.photo(picture()).model_copy(update={"text": "є така?"})
    decision = await mind.take("whatsapp", photo)
    turn, senses = mind.probe.seen[0]

    assert [f"{common.words('uk').say('not_in_plan')}\n\n{QUESTION}"] == said(decision)
    assert ("є така?", [MediaProblem.NOT_IN_PLAN]) == (turn.text, [seen.problem for seen in senses.media])
    assert 0 == mind.street.count("/attachments/")
    assert [("grant", 30), ("reserve", 20), ("commit", 20)] == await mind.ledger(), "and it costs nothing"


# --- the ledger ----------------------------------------------------------------------------------------------------


async def test_a_turn_costs_what_it_used(mind: Mind) -> None:
    """Two pictures are looked at and one of them is broken: a reply and one picture are paid for."""
    await mind.set_up("whatsapp", CREDITS)
    await mind.take("whatsapp", message("вот"), mind.photo(picture()), mind.photo(picture()[:300]))

    assert [("grant", 30), ("reserve", 16), ("commit", 18)] == await mind.ledger()


async def test_a_turn_tried_again_is_paid_for_once(mind: Mind) -> None:
    """A worker dies right after it had paid; its successor decides the same turn for nothing."""
    await mind.set_up("whatsapp", CREDITS)
    hello = message("привет")
    first = await mind.take("whatsapp", hello)
    again = await mind.take("whatsapp", hello, attempt=2)

    assert first == again
    assert [("grant", 30), ("reserve", 20), ("commit", 20)] == await mind.ledger()


async def test_a_turn_that_failed_costs_nothing_and_its_next_attempt_its_price(mind: Mind) -> None:
    """A bug gives up after three tries; what was set aside for them comes back."""
    await mind.set_up("whatsapp", CREDITS)
    mind.probe.breaks = 1
    hello = message("привет")
    with pytest.raises(ApplicationError, match="unexpected ValueError"):
        await mind.take("whatsapp", hello)
    failed = await mind.ledger()
    await mind.take("whatsapp", hello, attempt=2)

    assert [("grant", 30), ("reserve", 20), ("give_back", 30)] == failed
    assert [*failed, ("reserve", 20), ("commit", 20)] == await mind.ledger()


async def test_a_superseded_turn_costs_nothing(mind: Mind) -> None:
    """The customer writes on while we think: the first turn is called off, the second one hears both and is paid."""
    await mind.set_up("whatsapp", CREDITS)
    mind.street.hold("/attachments/")
    photo, more = mind.photo(picture()), message("и ещё вопрос")
    environment = mind.environment()
    thinking = asyncio.create_task(environment.run(mind.dialog.decide, turn_of("whatsapp", photo)))
    while not mind.street.count("/attachments/"):
        await asyncio.sleep(0.01)
    held = await mind.ledger()
    environment.cancel()
    with pytest.raises(asyncio.CancelledError):
        await thinking
    called_off = await mind.ledger()
    mind.street.let_go("/attachments/")
    await mind.take("whatsapp", photo, more)

    assert [("grant", 30), ("reserve", 18)] == held
    assert [*held, ("give_back", 30)] == called_off
    assert [*called_off, ("reserve", 18), ("commit", 18)] == await mind.ledger()


async def test_a_turn_superseded_when_it_had_just_been_paid_costs_nothing(mind: Mind) -> None:
    """The customer's second line came with the model's last word: one reply goes out, and one is on the bill."""
    await mind.set_up("whatsapp", CREDITS)
    hello, more = message("привет"), message("и ещё вопрос")
    await mind.take("whatsapp", hello)
    await mind.take("whatsapp", hello, more)

    paid = [("reserve", 20), ("commit", 20)]
    assert [("grant", 30), *paid, ("refund", 30), *paid] == await mind.ledger()


async def test_a_turn_called_off_while_it_waits_for_its_purse_costs_nothing(mind: Mind) -> None:
    """However early the customer writes on, nothing stays set aside."""
    await mind.set_up("whatsapp", CREDITS)
    await mind.take("whatsapp", message("привет"))
    async with mind.pool.connection() as another, another.transaction():
        await another.execute("SELECT * FROM purses FOR UPDATE")
        environment = mind.environment()
        thinking = asyncio.create_task(environment.run(mind.dialog.decide, turn_of("whatsapp", message("ещё"))))
        await asyncio.sleep(0.2)
        environment.cancel()
        await asyncio.sleep(0.05)
    with pytest.raises(asyncio.CancelledError):
        await thinking

    assert [] == await mind.rows("SELECT * FROM credits WHERE held")
    assert [{"balance": 20 * MICRO}] == await mind.rows("SELECT balance FROM purses")


async def test_the_ledger_adds_up_whatever_happens(mind: Mind) -> None:
    """A turn taken, one tried again, one that broke, one too many: the purse holds what all movements come to."""
    await mind.set_up("whatsapp", CREDITS)
    hello = message("привет")
    for attempt in (1, 2):
        await mind.take("whatsapp", hello, attempt=attempt)
    mind.probe.breaks = 1
    with pytest.raises(ApplicationError):
        await mind.take("whatsapp", message("ой"), turn=2)
    turns = [await mind.take("whatsapp", message("ещё"), turn=number) for number in (3, 4, 5)]

    assert [{"sum": 0}] == await mind.rows("SELECT sum(amount)::bigint FROM credits")
    assert [{"balance": 0}] == await mind.rows("SELECT balance FROM purses")
    assert [False, False, True] == [bool(turn.effects) for turn in turns], "the last one found nothing left"
    assert [] == await mind.rows("SELECT * FROM credits WHERE held")


# --- a plan that is used up ----------------------------------------------------------------------------------------


async def test_customers_of_an_exhausted_plan_hear_the_shops_text(mind: Mind) -> None:
    """And the dialog stays where it stands, for when the plan has something left again."""
    await mind.set_up("whatsapp", NONE_LEFT, exhausted_text="Напишите нам завтра.")
    stands = {"times": 3}
    decision = await mind.take("whatsapp", mind.photo(picture()), state=stands)

    assert (["Напишите нам завтра."], stands, ()) == (said(decision), decision.state, decision.effects)
    assert ("", None) == (decision.phase, decision.outcome)
    assert [] == mind.probe.seen
    assert 0 == mind.street.count("/attachments/")
    assert ["image"] == [row["kind"] for row in await mind.rows("SELECT kind FROM message_logs")]


@pytest.mark.parametrize("language", ["uk", "en"])
async def test_without_such_a_text_a_person_is_asked_for(mind: Mind, language: str) -> None:
    """The customer hears that somebody will see it, in the account's language, and somebody does."""
    await mind.set_up("whatsapp", NONE_LEFT, language=language)
    stands = {"times": 3}
    decision = await mind.take("whatsapp", message("є хтось?"), state=stands)
    (effect,) = decision.effects

    assert isinstance(effect, HandOff)
    assert "messages" in effect.reason
    assert ([common.words(language).say("person_soon")], stands) == (said(decision), decision.state)


async def test_a_first_message_to_an_exhausted_shop_opens_no_dialog(mind: Mind) -> None:
    """Nothing was begun, so nothing is left to expire."""
    await mind.set_up("whatsapp", NONE_LEFT, exhausted_text="Напишите нам завтра.")
    decision = await mind.take("whatsapp", message("привет"))

    assert (Outcome.CHITCHAT, None) == (decision.outcome, decision.state)


async def test_the_text_of_an_exhausted_shop_is_heard_once_a_day(mind: Mind) -> None:
    """Who writes on need not hear it again with every message; tomorrow, or in other words, they do."""
    await mind.set_up("whatsapp", NONE_LEFT, exhausted_text="Напишите нам завтра.")
    first = await mind.take("whatsapp", message("привет"))
    to, (part,) = turn_of("whatsapp", message("привет")).address, first.parts
    outbox = Outbox(mind.pool, "here")
    await outbox.claim(f"{to.conversation_id}/e/1/0", to, "", part, 1)
    again = await mind.take("whatsapp", message("ау?"), turn=2)
    await mind.rows("UPDATE outbox SET created_at = now() - interval '25 hours' RETURNING key")
    tomorrow = await mind.take("whatsapp", message("а сегодня?"), turn=3)

    assert [["Напишите нам завтра."], [], ["Напишите нам завтра."]] == [said(one) for one in (first, again, tomorrow)]


async def test_an_operator_in_chat2desk_sees_who_was_told_to_wait(mind: Mind) -> None:
    """The hand-off of an exhausted plan opens the dialog there, as any hand-off does."""
    await mind.set_up("chat2desk", NONE_LEFT)
    decision = await mind.take("chat2desk", message("привет", route="telegram/1/2"))

    assert [True] == [part.open_to_operators for part in decision.parts]


async def test_a_voice_note_is_kept_from_a_plan_without_voice(mind: Mind) -> None:
    """As with pictures."""
    await mind.set_up("whatsapp", CREDITS.model_copy(update={"features": frozenset({Feature.IMAGE})}))
    decision = await mind.take("whatsapp", mind.photo(OGG, "audio/ogg", MessageKind.AUDIO))

    assert [f"{common.words('ru').say('not_in_plan')}\n\n{QUESTION}"] == said(decision)
