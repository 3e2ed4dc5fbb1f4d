"""When and what customers want to book: tables of what they write, and what must hold of any text."""

from datetime import datetime
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.rules.booking_wish import find_booking, find_replaced, find_subject, named_slot
from flows.rules.english import find_english_name, is_english
from flows.rules.phone_abroad import find_any_phone
from flows.rules.text import clean
from flows.rules.when import find_when

TABLES = Path(__file__).parent / "rules"
SATURDAY = datetime(2026, 11, 21, 12)


def _when(text: str) -> str:
    found = find_when(text, SATURDAY)
    if found is None:
        return ""
    if found.is_past:
        return "past"
    hour = f"{found.hour:%H:%M}" if found.hour else "-"
    return "open" if found.day is None and found.hour is None else f"{found.day or '-'} {hour}"


def _rows(rule: str) -> list[tuple[str, str]]:
    content = yaml.load((TABLES / f"{rule}.yaml").read_text("utf-8"), Loader=yaml.BaseLoader)
    return [(expected, row) for expected, rows in content.items() for row in rows]


@pytest.mark.parametrize(("expected", "row"), _rows("when"))
def test_a_wish_in_time_is_heard(expected: str, row: str) -> None:
    """Every row of `when.yaml`."""
    assert expected == _when(row)


@pytest.mark.parametrize(("expected", "row"), _rows("booking"))
def test_a_wish_to_book_is_heard(expected: str, row: str) -> None:
    """Every row of `booking.yaml`."""
    assert expected == (find_booking(row) or "")


def test_the_customers_own_words_are_kept() -> None:
    """The shop reads what was said, not only what was understood."""
    found = find_when("Хочу на манікюр у Суботу ввечері, 0671234567", SATURDAY)
    assert found is not None
    assert ("у Суботу", "ввечері", "у Суботу ввечері") == (found.day_words, found.hour_words, found.words)


def test_a_bare_number_is_an_hour_where_it_was_asked_for() -> None:
    """«На коли?» — «15»."""
    found = find_when("15", SATURDAY, asked=True)
    assert found is not None
    assert "15:00:00" == str(found.hour)
    assert find_when("15", SATURDAY) is None


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("Хочу записатись на манікюр завтра о 15", "манікюр"),
        ("забронюйте столик на двох на п'ятницю на 19:00", "столик на двох"),
        ("Добрий день! Хочу записатися до лікаря Іваненка у суботу, мене звати Оля", "до лікаря Іваненка"),
        ("манікюр на завтра, запишіть", "манікюр"),
        ("book a table for 4 tomorrow at 7pm", "table for 4"),
        ("хочу записаться к вам на стрижку", "стрижку"),
        ("передзвоніть мені завтра", ""),
        ("хочу записатись", ""),
    ],
)
def test_what_a_booking_is_for(text: str, subject: str) -> None:
    """What is left without the verb, the time and the pleasantries."""
    found = find_when(text, SATURDAY)
    assert subject == find_subject(text, found.spans if found else ())


def test_corrections() -> None:
    """«Не манікюр, а педикюр»; «змініть час»."""
    assert ("манікюр", "педикюр") == find_replaced("не манікюр, а педикюр")
    assert find_replaced("манікюр") is None
    words = ("інший час", "телефон", "ім'я", "the service", "все")
    assert ["when", "phone", "name", "what", ""] == [named_slot(word) for word in words]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("How much is delivery?", True),
        ("hi", True),
        ("Привіт", False),
        ("ok", None),
        ("0671234567", None),
        ("Olena", None),
    ],
)
def test_english_is_told_from_the_rest(text: str, told: bool | None) -> None:
    """A name in Latin letters is no English."""
    assert told is is_english(text)


def test_names_and_numbers_of_guests() -> None:
    """Visitors come from elsewhere."""
    assert "John Smith" == find_english_name("Hello, my name is John Smith, tomorrow")
    numbers = ("+48 601 234 567", "067 123 45 67", "call +1 650 253 0000", "12345")
    assert ["+48601234567", "+380671234567", "+16502530000", ""] == [find_any_phone(clean(text)) for text in numbers]


ALL = [row for rule in ("when", "booking") for _, row in _rows(rule)]
TEXTS = st.one_of(st.text(max_size=80), st.lists(st.sampled_from(ALL), max_size=4).map(" ".join))


@given(text=TEXTS)
@settings(max_examples=200, deadline=None)
def test_no_text_is_too_strange(text: str) -> None:
    """Whatever a customer writes, every rule has an answer, and a span stands in the text."""
    found = find_when(text, SATURDAY, asked=True)
    spans = found.spans if found else ()
    assert all(0 <= start < end <= len(clean(text)) for start, end in spans)
    assert len(find_subject(text, spans)) <= 120
    find_booking(text)
    named_slot(text)
    find_replaced(text)
