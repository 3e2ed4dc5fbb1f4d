"""Looks over a model's answer before a customer reads it: it names its sources, and no number they do not."""

import re
from collections.abc import Iterable, Sequence

from domain.knowledge import Passage

_NUMBER = re.compile(r"\d+(?:[ \u00a0\u202f]\d{3})*(?:[.,]\d+)?")
_PLACE = re.compile(
    r"(?:https?://|www\.)\S+|[\w.+-]+@[\w-]+\.\w+|\b[\w-]+\.(?:com|ua|org|net|me|ru|info|shop|store|io)\b\S*"
)


def named_sources(numbers: Iterable[int], passages: Sequence[Passage]) -> tuple[Passage, ...]:
    """The passages that an answer names, of those that were given."""
    return tuple(passages[number - 1] for number in dict.fromkeys(numbers) if 0 < number <= len(passages))


def is_grounded(text: str, sources: Iterable[Passage]) -> bool:
    """Whether every number and every address in the answer stands in its sources."""
    told = " ".join(f"{one.title} {one.section} {one.text}" for one in sources)
    places = all(place.rstrip(".,;:!?)").casefold() in told.casefold() for place in _PLACE.findall(text))
    return places and numbers_in(_PLACE.sub(" ", text)) <= numbers_in(told)


def numbers_in(text: str) -> set[str]:
    """The numbers of a text in one spelling: 09:00 holds 9, «1 500,00» is 1500."""
    return {_plain(re.sub(r"[ \u00a0\u202f]", "", match.group())) for match in _NUMBER.finditer(text)} - {"0"}


def _plain(digits: str) -> str:
    whole, _, pennies = digits.replace(",", ".").partition(".")
    whole = whole.lstrip("0") or "0"
    return f"{whole}.{pennies}" if pennies.strip("0") else whole
