"""Orders of water, as customers tell them: transcripts, and everything nobody thought of."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.decisions import HandOff, Outcome, PlaceOrder
from domain.news import OrderCancelled
from domain.orders import OrderDraft
from flows.base import Senses, Turn
from flows.rules.consent import read_consent
from flows.rules.text import clean
from flows.water_order.state import Slot, WaterOrder
from tests.flows.talk import MEDIA, NOON, Customer

TRANSCRIPTS = Path(__file__).parent / "transcripts"
STORIES = [
    pytest.param(story["turns"], id=f"{file.stem}: {story['story']}")
    for file in sorted(TRANSCRIPTS.glob("*.yaml"))
    for story in yaml.safe_load(file.read_text("utf-8"))
]


@pytest.mark.parametrize("turns", STORIES)
def test_a_customer_is_understood(turns: list[dict[str, Any]]) -> None:
    """Every story in `transcripts/`."""
    customer = Customer()
    for row in turns:
        _check(customer, row)


def _check(customer: Customer, row: dict[str, Any]) -> None:
    lines = row["say"] if isinstance(row["say"], list) else [row["say"]]
    decision = customer.say(*lines)
    said = "\n".join(message.text for message in decision.say)
    place = f"after {lines}: {said}"
    assert row.get("phase", decision.phase) == decision.phase, place
    assert row.get("waiting", "") == decision.waiting_for, place
    assert row.get("outcome") == decision.outcome, place
    for slot, value in row.get("slots", {}).items():
        assert value == getattr(customer.seen, slot), place
    if "effect" in row:
        assert [row["effect"]] == [effect.kind for effect in decision.effects], place
    for part in row.get("hears", []):
        assert part in said, place
    for part in row.get("never", []):
        assert part not in said, place


def test_the_order_holds_what_was_confirmed() -> None:
    """«Да» to the summary makes exactly the order that was shown."""
    customer = Customer()
    shown = customer.say("Ахунбаева 12 кв 5, 0555 12 34 56, 3 бутыли")
    assert ["Да", "Нет"] == [choice.title for choice in shown.say[-1].choices]
    draft = OrderDraft(client_phone="+996555123456", delivery_address="Ахунбаева 12 кв 5", bottles_count=3)
    assert (PlaceOrder(kind="place_order", draft=draft),) == customer.say("да").effects


def test_operators_learn_why_without_personal_details() -> None:
    """«Позовите человека» at the phone question."""
    customer = Customer()
    customer.say("Чуй 100")
    effect = customer.say("оператор").effects[0]
    assert isinstance(effect, HandOff)
    assert "phone" in effect.reason
    assert "Чуй" not in effect.reason


def test_the_standing_sentences_are_there() -> None:
    """Apology, "one moment" and "nobody came"."""
    flow = Customer().flow
    assert all([flow.apology(), flow.interim(), flow.nobody_came()])


ANSWERS = [
    "да",
    "нет",
    "ага",
    "Чуй 100",
    "Ахунбаева 12 кв 5",
    "кв 7",
    "0555123456",
    "+7 916 123 45 67",
    "3",
    "5 бутылок",
    "сто",
    "адрес другой",
    "телефон неправильный",
    "не 3, а 5 бутылок",
    "сначала",
    "отмена",
    "оператор",
    "спасибо",
    "сколько стоит?",
    "да нет",
    MEDIA,
    "{order_number}",
    "ул. {address} 5",
    "Ахунбаева 12, 0555 12 34 56, 3 бутыли",
    "дом 5",
    "-",
    "+",
    "№",
    "1 2 3",
    "не",
    "а?",
    "да, но 6 бутылок",
    "вода",
    "👍🏽",
]
LINE = st.one_of(st.sampled_from(ANSWERS), st.sampled_from(ANSWERS), st.text(max_size=60))
BURSTS = st.lists(st.lists(LINE, min_size=1, max_size=4), min_size=1, max_size=12)


@settings(max_examples=300, deadline=None)
@given(bursts=BURSTS)
def test_nobody_is_left_without_a_word(bursts: list[list[str]]) -> None:
    """Whatever is said: an answer, never an error, and an order only after «да» to a summary."""
    customer = Customer()
    shown: tuple[str, str, int] | None = None
    for burst in bursts:
        decision = customer.say(*burst)
        assert all(message.text.strip() for message in decision.say)
        assert decision.say
        order = next((effect.draft for effect in decision.effects if isinstance(effect, PlaceOrder)), None)
        if order is not None:
            assert shown == (order.delivery_address, order.client_phone, order.bottles_count)
            assert any(read_consent(clean(line)) for line in [*burst, "\n".join(burst)])
        seen = customer.seen
        shown = (seen.address, seen.phone, seen.bottles) if decision.waiting_for == "confirmation" else None
        if shown is not None:
            assert 5 <= len(seen.address) <= 200
            assert len(seen.phone) == 13
            assert 1 <= seen.bottles <= 50


def test_a_cancelled_order_is_told_and_disturbs_nothing() -> None:
    """A person cancelled it: the customer hears it, and an order that is open meanwhile stays as it stands."""
    flow = Customer().flow
    news = OrderCancelled(kind="order_cancelled", order="7", reason="Нет машины.")
    turn = Turn(messages=(), now=NOON, news=news)
    for state, outcome in ((WaterOrder(), Outcome.CHITCHAT), (WaterOrder(address="Чуй 100", asked=Slot.PHONE), None)):
        after, decision = flow.step(state, turn, Senses())
        assert (state, outcome) == (after, decision.outcome)
        assert ["Заказ № 7 отменён. Нет машины."] == [message.text for message in decision.say]
