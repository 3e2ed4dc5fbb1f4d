"""The day a receipt names, however its bank writes it."""

import re
from datetime import date

_NUMERIC = re.compile(r"(?<!\d)(\d{1,2})[./\-](\d{1,2})[./\-](\d{4}|\d{2})(?!\d)")
_ISO = re.compile(r"(?<!\d)(\d{4})[./\-](\d{1,2})[./\-](\d{1,2})(?!\d)")
_WORDS = re.compile(r"(?<!\d)(\d{1,2})\s+([^\W\d]{3,})\.?,?\s+(\d{4})")
_MONTHS = (
    ("січ", "янв", "jan"), ("лют", "фев", "feb"), ("бер", "мар", "mar"), ("кві", "апр", "apr"), ("тра", "мая", "may"),
    ("чер", "июн", "jun"), ("лип", "июл", "jul"), ("сер", "авг", "aug"), ("вер", "сен", "sep"), ("жов", "окт", "oct"),
    ("лис", "ноя", "nov"), ("гру", "дек", "dec"),
)  # fmt: skip
"""How their names begin in Ukrainian, Russian and English."""


def day_of(text: str) -> date | None:
    """The day; None where the text names none, or none that there is."""
    if found := _ISO.search(text):
        return _day(*map(int, found.groups()))
    if found := _NUMERIC.search(text):
        day, month, year = map(int, found.groups())
        return _day(year if year > 99 else 2000 + year, month, day)
    if found := _WORDS.search(text):
        return _day(int(found[3]), _month(found[2]), int(found[1]))
    return None


def _month(word: str) -> int:
    begins = word.casefold()[:3]
    return next((number for number, names in enumerate(_MONTHS, 1) if begins in names), 0)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
