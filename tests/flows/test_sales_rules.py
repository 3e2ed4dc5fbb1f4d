"""The rules of the shop on what customers write: a table for every rule, and what must hold of any text."""

import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flows.rules import cities
from flows.rules.branches import find_branch
from flows.rules.cart_wish import detect_add_to_cart, find_place, find_removal, wants_cart
from flows.rules.cities import find_city
from flows.rules.colours import COLOURS, colour_name, find_colours
from flows.rules.complaint import detect_complaint
from flows.rules.consent import read_consent
from flows.rules.delivery_wish import detect_delivery_request
from flows.rules.discount import detect_haggling
from flows.rules.garments import GARMENTS, find_garment, garment_name
from flows.rules.language import language_of
from flows.rules.loose import LONGEST, clauses, loosen
from flows.rules.names import find_name
from flows.rules.opt_in import detect_opt_in
from flows.rules.opt_out import detect_opt_out
from flows.rules.payment_proof import PaymentProof, detect_payment_proof
from flows.rules.phone import find_phone_of, why_no_phone
from flows.rules.pieces import find_quantity
from flows.rules.prices import find_price_limit
from flows.rules.sizes import find_sizes
from flows.rules.text import clean
from flows.rules.topics import is_question
from flows.rules.wishes import find_wish, is_courtesy, wants_change

TABLES = Path(__file__).parent / "rules"
CITIES = Path(cities.__file__).with_name("cities.json")
SHOWN = re.compile(r"^\[(image|link)\] ?", re.IGNORECASE)
"""What a row of payment_proof.yaml may begin with: the burst holds a picture or a link."""


def _payment(text: str) -> str:
    shown = SHOWN.match(text)
    rest = SHOWN.sub("", text)
    kind = shown.group(1).lower() if shown else ""
    return str(detect_payment_proof(rest, has_image=kind == "image", has_url=kind == "link"))


def _phone(text: str) -> str:
    found = find_phone_of(clean(text), "UA")
    return str((found.problem or found.number) if found else why_no_phone(clean(text)))


def _branch(text: str) -> str:
    found = find_branch(text)
    return " ".join(filter(None, (found.kind, found.carrier, found.number))) if found else ""


def _removal(text: str) -> str:
    found = find_removal(text)
    return "" if found is None else "everything" if found.everything else str(found.place)


def _heard(rule: Callable[[str], bool]) -> Callable[[str], str]:
    return lambda text: "heard" if rule(text) else "nothing"


RULES: dict[str, Callable[[str], str]] = {
    "add_to_cart": _heard(detect_add_to_cart),
    "branch": _branch,
    "cart": _heard(wants_cart),
    "city": find_city,
    "colours": lambda text: ", ".join(find_colours(text)),
    "complaint": _heard(detect_complaint),
    "consent": lambda text: str(read_consent(clean(text), "uk") or ""),
    "change": _heard(lambda text: wants_change(clean(text), "uk")),
    "courtesy": _heard(lambda text: is_courtesy(clean(text), "uk")),
    "delivery": _heard(detect_delivery_request),
    "discount": _heard(detect_haggling),
    "garment": find_garment,
    "language": lambda text: language_of(text, "uk"),
    "name": find_name,
    "name_asked": lambda text: find_name(text, asked=True),
    "opt_in": _heard(detect_opt_in),
    "opt_out": _heard(detect_opt_out),
    "payment_proof": _payment,
    "phone": _phone,
    "place": lambda text: str(find_place(text) or ""),
    "price_limit": lambda text: str(find_price_limit(text) or ""),
    "question": _heard(lambda text: is_question(clean(text), "uk")),
    "quantity": lambda text: str(find_quantity(text) or ""),
    "removal": _removal,
    "sizes": lambda text: ", ".join(find_sizes(text)),
    "wish": lambda text: str(find_wish(clean(text), "uk") or ""),
}


def _table(rule: str) -> list[tuple[str, str]]:
    """The rows of a table, what is heard beside what is said."""
    content = yaml.load((TABLES / f"{rule}.yaml").read_text("utf-8"), Loader=yaml.BaseLoader)
    return [(expected, row) for expected, rows in content.items() for row in rows]


ROWS = [pytest.param(rule, expected, row, id=f"{rule}: {row}") for rule in RULES for expected, row in _table(rule)]


@pytest.mark.parametrize(("rule", "expected", "row"), ROWS)
def test_what_customers_write_is_heard(rule: str, expected: str, row: str) -> None:
    """Every row of every table: «скинула гроші», «в Харькове», «темно-синя», and what only sounds like it."""
    assert expected == RULES[rule](row)


@pytest.mark.parametrize("rule", sorted(RULES))
def test_every_rule_has_a_table_with_near_misses(rule: str) -> None:
    """At least forty spellings, no row twice, and more than one thing that can be heard."""
    rows = _table(rule)
    assert len({row for _, row in rows}) == len(rows) >= 40
    assert len({expected for expected, _ in rows}) > 1


LETTERS = st.text(
    st.sampled_from("абвгґдеєжзиіїйклмнопрстуфхцчшщьюяыэъё'’ʼ ABCxsml0123456789.,!?-–—/\n:;()+#№%₴🙂👍\u200b\u0301"),
    max_size=60,
)
WORDS = st.lists(st.sampled_from([row for rule in RULES for _, row in _table(rule)]), max_size=4).map(" ".join)
ANYTHING = st.one_of(st.text(max_size=80), LETTERS, WORDS)


@given(text=ANYTHING)
@settings(max_examples=150, deadline=None)
def test_no_text_is_too_strange(text: str) -> None:
    """Whatever a customer writes, every rule has an answer."""
    for rule in RULES.values():
        assert isinstance(rule(text), str)


@given(text=st.one_of(LETTERS, WORDS))
@example(text="ОПЛАТИЛА, ОСЬ ЧЕК")
@settings(max_examples=150, deadline=None)
def test_shouting_changes_nothing(text: str) -> None:
    """«ОПЛАТИЛА» is «оплатила»: caps lock is not understood otherwise."""
    for name, rule in RULES.items():
        assert rule(text.lower()).casefold() == rule(text.upper()).casefold(), name


FLOODS = [
    *[
        "а ",
        "не ",
        "до 1 ",
        "м. ",
        "x",
        "42-",
        "'",
        "shch",
        "https://",
        "темно-",
        "пара ",
        "скинула гроші ",
        "\n",
        "? ",
    ],
    *["не треба ", "отримувач ", "+380 ", "067 123 45 ", "відділення ", "нова пошта ", "вул. а", "покличте а б в г д "],
]


@pytest.mark.parametrize("piece", FLOODS)
def test_a_flood_is_read_only_so_far(piece: str) -> None:
    """Eight thousand characters of anything: what is read has an end, and so has the number of its pieces."""
    text = (piece * 8_000)[:8_000]
    assert len(loosen(text)) <= LONGEST
    assert len(clauses(text)) <= 100
    for name in RULES.keys() - READ_TO_THE_END:
        assert RULES[name](text[:LONGEST]) == RULES[name](text + " беру чорну М, у Львів, відділення 5"), name


READ_TO_THE_END = {"phone", "consent", "courtesy", "question"}
"""A number or a question mark may stand at the end of a long message; an answer that goes on and on is no answer."""


@pytest.mark.parametrize("piece", FLOODS)
def test_a_flood_is_read_at_once(piece: str) -> None:
    """No pattern goes over the same characters again and again."""
    began = time.process_time()
    for rule in RULES.values():
        rule((piece * 8_000)[:8_000])
    assert time.process_time() - began < 1


BIG = {
    "payment_proof": "none",
    "delivery": "nothing",
    "add_to_cart": "nothing",
    "cart": "nothing",
    "removal": "",
    "complaint": "nothing",
    "opt_out": "nothing",
    "wish": "",
}
"""The rules that turn the talk, with what each says when it hears nothing."""
SEVERAL_AT_ONCE = {"[image] Оплатила! Коли відправите?", "оплатила\nколи відправите?", "оплатила коли відправите"}
"""Rows that truly say two things."""
STOP = {"stop", "STOP", "стоп", "Стоп!"}
"""One word that both cancels and opts out: a flow asks about opting out first."""


@pytest.mark.parametrize("rule", BIG)
def test_what_one_rule_hears_no_other_claims(rule: str) -> None:
    """«Приберіть» puts nothing into the cart, «стоп розсилка» cancels no order."""
    rows = [row for expected, row in _table(rule) if expected != BIG[rule] and row not in SEVERAL_AT_ONCE | STOP]
    claimed = [(row, other) for row in rows for other in BIG if other != rule and RULES[other](row) != BIG[other]]
    assert [] == claimed


@pytest.mark.parametrize(
    ("key", "uk", "ru"),
    [
        ("black", "чорний", "чёрный"),
        ("dark_blue", "темно-синій", "тёмно-синий"),
        ("light_grey", "світло-сірий", "светло-серый"),
        ("nobody_knows", "nobody_knows", "nobody_knows"),
    ],
)
def test_a_colour_has_a_name(key: str, uk: str, ru: str) -> None:
    """What is heard can be said back in the customer's language."""
    assert (uk, ru) == (colour_name(key, "uk"), colour_name(key, "ru"))


@pytest.mark.parametrize("key", COLOURS)
@pytest.mark.parametrize("language", ["uk", "ru"])
def test_a_colour_is_heard_by_its_own_name(key: str, language: str) -> None:
    """«Світло-бузковий»: a name the shop writes leads back to its key, with a shade too."""
    assert (key,) == find_colours(colour_name(key, language))


@pytest.mark.parametrize("key", GARMENTS)
@pytest.mark.parametrize("language", ["uk", "ru"])
def test_a_garment_is_heard_by_its_own_name(key: str, language: str) -> None:
    """«Сукня» is a dress, and a dress is called «сукня»."""
    assert key == find_garment(garment_name(key, language))


@pytest.mark.parametrize("town", json.loads(CITIES.read_text("utf-8"))["cities"].items(), ids=lambda town: town[0])
def test_every_listed_town_is_found_by_all_its_names(town: tuple[str, list[str]]) -> None:
    """«Київ», «Киев», «м. Київ»: always the Ukrainian name."""
    name, others = town
    assert {name} == {find_city(written) for one in (name, *others) for written in (one, f"м. {one}", f"в {one}")}


@pytest.mark.parametrize(
    ("expected", "written"),
    [
        ("Нова Пошта, відділення 12", "Київ, Нова Пошта, відділення 12, Іваненко Марія 0671234567"),
        ("НП 5", "Харків НП 5"),
        ("вул. Івана Франка 12, кв 5", "Кур'єром на вул. Івана Франка 12, кв 5"),
        ("поштомат №4521", "Львів\nпоштомат №4521\n0671234567"),
    ],
)
def test_a_branch_is_kept_as_it_was_written(expected: str, written: str) -> None:
    """The parcel's label says what the customer said, without the name and the phone beside it."""
    found = find_branch(written)
    assert expected == (found and found.text)


def test_water_is_ordered_in_russian_as_before() -> None:
    """«Так» is "so" in Russian and "yes" in Ukrainian: only a Ukrainian shop hears it agree."""
    assert (None, "yes") == (read_consent("так"), read_consent("так", "uk"))
    assert (None, "person") == (find_wish("покличте людину"), find_wish("покличте людину", "uk"))


def test_a_region_nobody_described_is_a_mistake_of_ours() -> None:
    """Numbers of another country need a description first."""
    with pytest.raises(KeyError, match="XX"):
        find_phone_of("0671234567", "XX")


def test_only_no_proof_is_false() -> None:
    """`if detect_payment_proof(…)` asks whether anything speaks for a payment."""
    assert [True, True, False] == [bool(proof) for proof in PaymentProof]
