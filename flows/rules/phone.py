"""Phone numbers as people in Kyrgyzstan and Ukraine write them; kept as +996XXXXXXXXX, +380XXXXXXXXX."""

import re
from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

import phonenumbers

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


class _Country(NamedTuple):
    """How its people write a number; the last group of a shape is the national part."""

    code: str
    written: re.Pattern[str]
    bare: re.Pattern[str]
    own_after_plus: tuple[str, ...]
    """What may stand after a plus in a number that is only mistyped, not foreign."""
    neighbours: frozenset[str]


_COUNTRIES = {
    "KG": _Country(
        code="996",
        written=re.compile(r"(?:(?:00|810|8)?9960?|80|8|0)([2-9]\d{8})"),
        bare=re.compile(r"[2-9]\d{8}"),
        own_after_plus=("996", "0", "5", "7 ", "8"),
        neighbours=frozenset({"998", "992", "770", "777"}),
    ),
    "UA": _Country(
        code="380",
        written=re.compile(r"(?:(?:00|810|8)?3800?|80|0)([3-9]\d{8})"),
        bare=re.compile(r"[3-9]\d{8}"),
        own_after_plus=("38", "0", "80"),
        neighbours=frozenset({"375", "373", "482", "485", "486", "488", "420", "491", "996"}),
    ),
}
_HOME = _COUNTRIES["KG"]

_RUN = re.compile(r"\+?[ ]?\(?\d(?:[ .\-‐‑‒–—−()/_]{0,3}\d)*")
_RUN_OVER_LINES = re.compile(r"\+?[ ]?\(?\d(?:[ .\-‐‑‒–—−()/_\n]{0,3}\d)*")
_GROUP = re.compile(r"\d+")
_LETTER_FOR_ZERO = re.compile(r"(?<!\w)[oо](?=[ ]?\d{3})", re.IGNORECASE)
_REGRET = re.compile(r"\b(?:ой|ошиб\w*|точнее|вернее|исправ\w*|неправильн\w*|неверн\w*|не тот|sorry|wrong)\b")
_MOST_CHECKED = 64
"""Windows of one text that are looked up; a text with more is not a phone number but a flood."""
_MOST_GROUPS = 16


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
    if not valid and "\n" in text:
        valid = list(islice((phone for phone in _found(text, _RUN_OVER_LINES, country) if phone.problem is None), 1))
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
    digits = "".join(run.group()[start:end] for start, end in groups)
    offset = run.start()
    whole = (offset, run.end())
    if run.group().startswith("+"):
        return _read_with_plus(run.group(), groups, whole, country)
    own = _first_window(run.group(), groups, country.written, country.code)
    if own is None and not _looks_foreign(digits, country):
        own = _first_window(run.group(), groups, country.bare, country.code)
    if own is not None:
        return Phone(own[0], None, (offset + own[1], offset + own[2]))
    if _looks_foreign(digits, country):
        return Phone("", PhoneProblem.FOREIGN, whole)
    return Phone("", PhoneProblem.INVALID, whole)


def _read_with_plus(text: str, groups: list[tuple[int, int]], whole: tuple[int, int], country: _Country) -> Phone:
    """A plus says where the number begins; only its end has to be found."""
    start = groups[0][0]
    for _, end in groups[:_MOST_GROUPS]:
        number = _national("".join(_GROUP.findall(text[start:end])), country.written, country.code)
        if number:
            return Phone(number, None, (whole[0], whole[0] + end))
    foreign = not text[start:].startswith(country.own_after_plus)
    foreign = foreign or _looks_foreign("".join(_GROUP.findall(text)), country)
    return Phone("", PhoneProblem.FOREIGN if foreign else PhoneProblem.INVALID, whole)


def _looks_foreign(digits: str, country: _Country) -> bool:
    return (len(digits) == 11 and digits[0] in "78") or (len(digits) > 9 and digits[:3] in country.neighbours)


def _first_window(
    text: str, groups: list[tuple[int, int]], shape: re.Pattern[str], code: str
) -> tuple[str, int, int] | None:
    """The first stretch of whole digit groups that is a number of this shape."""
    checked = 0
    for first, (start, _) in enumerate(groups):
        digits = ""
        for group_start, end in groups[first : first + _MOST_GROUPS]:
            digits += text[group_start:end]
            if len(digits) > 15 or checked > _MOST_CHECKED:
                break
            if shape.fullmatch(digits):
                checked += 1
                number = _national(digits, shape, code)
                if number:
                    return number, start, end
    return None


def _national(digits: str, shape: re.Pattern[str], code: str) -> str:
    match = shape.fullmatch(digits)
    return _valid(code, match.group(match.lastindex or 0)) if match else ""


@lru_cache(maxsize=1024)
def _valid(code: str, national: str) -> str:
    number = phonenumbers.parse(f"+{code}{national}")
    return f"+{code}{national}" if phonenumbers.is_valid_number(number) else ""
