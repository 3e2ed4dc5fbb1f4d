"""Words without endings, in one spelling for both languages."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.records.shelves import one_slip_apart, slips
from providers.search.terms import as_tsvector, size_of, terms


@pytest.mark.parametrize("same", [
    "сукня сукні сукню сукнею суконь сукням плаття платье платья платьев сукенка",
    "чорний чорна чорне чорну чорної чорного чёрный черная чёрное чёрную",
    "синій синя синьої синий синяя синюю", "джинси джинсы джинсів джинсов джинсах",
    "сорочка сорочки сорочку сорочці сорочок рубашка рубашку рубашек", "худі худи худих hoodie",
    "футболка футболочка футболок футболку", "зелений зелена зелёный зелёную", "в'язаний в’язана вязаный вязаная",
    "повернення повернути повернень возврат вернуть", "розмір розміри розміру размер размеры размеров",
    "доставка доставки доставку доставляєте доставляете", "оплата оплатити оплатить платіж платёж",
    "джинсова джинсові джинсовий джинсовую", "спідниця спідниці спідницю спідниць юбка юбки юбку",
])  # fmt: skip
def test_one_thing_in_all_its_forms(same: str) -> None:
    """However a customer bends it, it is the same word."""
    assert 1 == len({term for word in same.split() for term in terms(word)}), {w: terms(w) for w in same.split()}


@pytest.mark.parametrize("different", [
    "сукня спідниця сорочка сумка штани джинси", "чорний червоний коричневий", "джинси джинсова", "міді міні максі",
    "шапка шарф шорти", "худі худий-светр светр",
])  # fmt: skip
def test_other_things_stay_apart(different: str) -> None:
    """Nobody who asks for a skirt means a shirt."""
    words = [tuple(terms(word)) for word in different.split()]
    assert len(words) == len(set(words)), words


def test_words_that_say_nothing_are_not_looked_for() -> None:
    """«Добрий день, покажіть, будь ласка, що у вас є» is no wish."""
    assert [] == terms("Добрий день, покажіть, будь ласка, що у вас є?")
    assert [] == terms("Здравствуйте, подскажите пожалуйста, есть?")


@pytest.mark.parametrize(("text", "size"), [
    ("M", "m"), ("м", "m"), ("ХЛ", "xl"), ("xl", "xl"), ("2XL", "xxl"), ("ХХЛ", "xxl"), ("42", "42"), ("42,5", "42.5"),
    ("S/M", "s/m"), ("One size", ""), ("універсальний", ""), ("", ""), ("27", "27"),
])  # fmt: skip
def test_sizes_in_one_spelling(text: str, size: str) -> None:
    """Cyrillic letters that look Latin are what people type."""
    assert size == size_of(text)


@pytest.mark.parametrize(("one", "other", "near"), [
    ("сукн", "сукн", True), ("пуховик", "пуховмк", True), ("пуховик", "пухвик", True), ("пуховик", "пуховвик", True),
    ("джинс", "дижнс", True), ("сумк", "сукн", False), ("пальт", "хальт", False), ("кардиган", "хардиган", True),
    ("пуховик", "пухавмк", False),
])  # fmt: skip
def test_one_slip_of_the_finger(one: str, other: str, near: bool) -> None:
    """One letter is forgiven, two are another word; short words must begin alike."""
    assert near == one_slip_apart(one, other)
    if near:
        assert set(slips(one)) & set(slips(other)), "they never meet in the index"


@given(st.text(), st.text())
def test_whatever_is_written_postgresql_can_read(title: str, text: str) -> None:
    """Nothing of a shop's texts can break out of the vector's quotes."""
    vector = as_tsvector([(title, "A"), (text, "D")], ["c:черн"])
    assert re.fullmatch(r"(?:'[^\W_]+':\d+[AD] )*'c:черн'", vector)
