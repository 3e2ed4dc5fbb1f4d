"""Phone numbers as people in Kyrgyzstan and Ukraine write them; kept as +996XXXXXXXXX, +380XXXXXXXXX."""

import re
from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

import phonenumbers

from flows.rules.doors import stands_on_a_door
from flows.rules.text import fold


class PhoneProblem(StrEnum):
    """Why what was written is not a number we can call."""

    MISSING = "missing"
    TOO_SHORT = "too_short"
    FOREIGN = "foreign"
    INVALID = "invalid"


class Phone(NamedTuple):
    """A phone number, or something meant to be one, and where in the text it stands."""

    number: str
    problem: PhoneProblem | None
    span: tuple[int, int]


class _Window(NamedTuple):
    """A stretch of digit groups that is a number, and where in its run it stands."""

    number: str
    start: int
    end: int


class _Country(NamedTuple):
    """How its people write a number; the last group of a shape is the national part."""

    code: str
    written: re.Pattern[str]
    bare: re.Pattern[str]
    own_after_plus: tuple[str, ...]
    """What may stand after a plus in a number that is only mistyped, not foreign."""
    neighbours: tuple[str, ...]


_COUNTRIES = {
    "KG": _Country(
        code="996",
        written=re.compile(r"(?:(?:00|0|810|8)?9960?|80|8|0)([2-9]\d{8})"),
        bare=re.compile(r"[2-9]\d{8}"),
        own_after_plus=("996", "0", "5", "7 ", "8"),
        neighbours=("998", "992", "770", "777"),
    ),
    "UA": _Country(
        code="380",
        written=re.compile(r"(?:(?:00|810|8)?3800?|80|0)([3-9]\d{8})"),
        bare=re.compile(r"[3-9]\d{8}"),
        own_after_plus=("38", "0", "80"),
        neighbours=("375", "373", "482", "485", "486", "488", "420", "491", "996"),
    ),
}
_HOME = _COUNTRIES["KG"]

_RUN = re.compile(r"\+?[ ]?\(?\d(?:[ .\-‐‑‒–—−()/_]{0,3}\d)*")
_RUN_OVER_LINES = re.compile(r"\+?[ ]?\(?\d(?:[ .\-‐‑‒–—−()/_\n]{0,3}\d)*")
_RUN_OVER_MARKS = re.compile(
    r"(?<![\d,;])(?:\+?996|\+?380|0)\d{2,3}[,:;·•*] ?\d{2,6}(?:[,:;·•*\-] ?\d{2,6}){0,3}"
    r"(?!\d| ?(?:бут|шт|бак|бал|фут|пар))"
)
"""These part a number from a count more often than they part its digits, and prices from each other: only what begins
like a number and goes on in groups of two is read so, and only where nothing else is a number."""
_GROUP = re.compile(r"\d+")
_DOOR = re.compile(r"[1-9]\d{0,3}(?:[-–/][1-9]\d{0,2}){0,2}(?=\.?\s)")
"""A house or a flat that stands apart: «8», «12-70», «5/8»."""
_LETTER_FOR_ZERO = re.compile(r"(?<!\w)[oо](?=[ ]?\d{3})", re.IGNORECASE)
_REGRET = re.compile(r"\b(?:ой|ошиб\w*|точнее|вернее|исправ\w*|неправильн\w*|неверн\w*|не тот|sorry|wrong)\b")
_MOST_CHECKED = 64
"""Windows of one text that are looked up; a text with more is not a phone number but a flood."""
_MOST_GROUPS, _MOST_DIGITS = 16, 15
_FURTHEST_WORD = 40
"""Characters before a number in which a street or «кв» is looked for."""


def find_phone(text: str) -> Phone | None:
    """The Kyrgyz number in a cleaned text; see `find_phone_of`."""
    return _find(text, _HOME)


def find_phone_of(text: str, region: str = "UA") -> Phone | None:
    """The phone number in a cleaned text, if there is one: the first, or the last where the customer corrects it.

    Returns a `Phone` with a problem where something is plainly meant as a number (nine digits or a foreign code).
    Raises KeyError for a region whose way of writing nobody has described in `_COUNTRIES`.
    """
    return _find(text, _COUNTRIES[region])


def _find(text: str, country: _Country) -> Phone | None:
    text = _LETTER_FOR_ZERO.sub("0", text)
    found = list(islice(_found(text, _RUN, country), 8))
    valid = [phone for phone in found if phone.problem is None]
    for run in (_RUN_OVER_LINES, _RUN_OVER_MARKS):
        valid = valid or list(islice((phone for phone in _found(text, run, country) if phone.problem is None), 1))
    if not valid:
        return found[0] if found else None
    meant = [phone for phone in valid if not _is_denied(text, phone)] or valid
    return meant[-1] if _REGRET.search(fold(text)) or len(meant) < len(valid) else meant[0]


def why_no_phone(text: str) -> PhoneProblem:
    """What to tell a customer whose answer to «телефон?» holds no number."""
    digits = sum(sign.isdigit() for sign in text)
    if digits < 3:
        return PhoneProblem.MISSING
    return PhoneProblem.TOO_SHORT if digits < 9 else PhoneProblem.INVALID


def all_phone_spans(text: str, region: str = "KG") -> list[tuple[int, int]]:
    """Where numbers stand, valid or not, so that no digit of theirs is taken for a house or a count."""
    return [phone.span for phone in islice(_found(_LETTER_FOR_ZERO.sub("0", text), _RUN, _COUNTRIES[region]), 8)]


def _is_denied(text: str, phone: Phone) -> bool:
    return re.search(r"\b(?:не|вместо)\W{0,3}$", fold(text[max(0, phone.span[0] - 12) : phone.span[0]])) is not None


def _found(text: str, run_shape: re.Pattern[str], country: _Country) -> Iterator[Phone]:
    checked = 0
    for run in run_shape.finditer(text):
        if sum(sign.isdigit() for sign in run.group()) < 9 or checked > _MOST_CHECKED:
            continue
        checked += 1
        phone = _read_run(run, country)
        if phone is not None:
            yield phone


def _read_run(run: re.Match[str], country: _Country) -> Phone | None:
    groups = [group.span() for group in islice(_GROUP.finditer(run.group()), 200)]
    offset = run.start()
    whole = (offset, run.end())
    if run.group().startswith("+"):
        return _read_with_plus(run.group(), groups, whole, country)
    is_foreign = _looks_foreign(_digits(run.group(), groups), country)
    own = _behind_doors(run, groups, country) or _first_window(run.group(), groups, country.written, country.code)
    if own is None and not is_foreign:
        own = _first_window(run.group(), groups, country.bare, country.code)
    if own is not None:
        return Phone(own.number, None, (offset + own.start, offset + own.end))
    return Phone("", PhoneProblem.FOREIGN if is_foreign else PhoneProblem.INVALID, whole)


def _behind_doors(run: re.Match[str], groups: list[tuple[int, int]], country: _Country) -> _Window | None:
    """The number behind a house and a flat: «Киевская 8 0555 12 34 56» speaks of house 8."""
    before = run.string[max(0, run.start() - _FURTHEST_WORD) : run.start() + groups[0][0]]
    return _behind_door(run.group(), groups[:_MOST_GROUPS], country, doors=2) if stands_on_a_door(before) else None


def _behind_door(text: str, groups: list[tuple[int, int]], country: _Country, doors: int) -> _Window | None:
    """The number that begins right behind the door at the start; one that needs no guess («0555…») comes first."""
    door = _DOOR.match(text, groups[0][0]) if groups else None
    if door is None or door.group() == country.code or not doors:
        return None
    behind = [group for group in groups if group[0] >= door.end()]
    own = _window_here(text, behind, country.written, country.code) or _behind_door(text, behind, country, doors - 1)
    if own or _looks_foreign(_digits(text, behind), country) or _digits(text, groups).startswith(country.neighbours):
        return own
    return _window_here(text, behind, country.bare, country.code)


def _read_with_plus(text: str, groups: list[tuple[int, int]], whole: tuple[int, int], country: _Country) -> Phone:
    """A plus says where the number begins; only its end has to be found."""
    start = groups[0][0]
    for _, end in groups[:_MOST_GROUPS]:
        number = _national("".join(_GROUP.findall(text[start:end])), country.written, country.code)
        if number:
            return Phone(number, None, (whole[0], whole[0] + end))
    foreign = not text[start:].startswith(country.own_after_plus)
    foreign = foreign or _looks_foreign(_digits(text, groups), country)
    return Phone("", PhoneProblem.FOREIGN if foreign else PhoneProblem.INVALID, whole)


def _looks_foreign(digits: str, country: _Country) -> bool:
    return (len(digits) == 11 and digits[0] in "78") or (len(digits) > 9 and digits.startswith(country.neighbours))


def _digits(text: str, groups: list[tuple[int, int]]) -> str:
    return "".join(text[start:end] for start, end in groups)


def _first_window(text: str, groups: list[tuple[int, int]], shape: re.Pattern[str], code: str) -> _Window | None:
    """The first stretch of whole digit groups that is a number of this shape."""
    checked = islice(range(len(groups)), _MOST_CHECKED)
    return next(filter(None, (_window_here(text, groups[first:], shape, code) for first in checked)), None)


def _window_here(text: str, groups: list[tuple[int, int]], shape: re.Pattern[str], code: str) -> _Window | None:
    """The first group where it is a whole number, else the longest that begins with it: «0996 555 123 456»."""
    read = (window._replace(number=_national(window.number, shape, code)) for window in _windows(text, groups, shape))
    found = [window for window in read if window.number]
    alone = (window for window in found if window.end == groups[0][1])
    return next(alone, found[-1] if found else None)


def _windows(text: str, groups: list[tuple[int, int]], shape: re.Pattern[str]) -> Iterator[_Window]:
    """What begins with the first group and has this shape, its digits as they were written."""
    digits = ""
    for start, end in groups[:_MOST_GROUPS]:
        digits += text[start:end]
        if len(digits) > _MOST_DIGITS:
            return
        if shape.fullmatch(digits):
            yield _Window(digits, groups[0][0], end)


def _national(digits: str, shape: re.Pattern[str], code: str) -> str:
    match = shape.fullmatch(digits)
    return _valid(code, match.group(match.lastindex or 0)) if match else ""


@lru_cache(maxsize=1024)
def _valid(code: str, national: str) -> str:
    number = phonenumbers.parse(f"+{code}{national}")
    return f"+{code}{national}" if phonenumbers.is_valid_number(number) else ""
