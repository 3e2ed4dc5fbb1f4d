"""Compares what a golden file expects with what was seen; pure: values in, differences out."""

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from pydantic import BaseModel

from commands.script_file import Expected, Standing
from domain.model import Value

Expectation = TypeVar("Expectation", Expected, Standing)
HARD_SPACES = re.compile(r"[\u00a0\u202f]")
"""Spaces that do not break, as money is written with."""


class Bubble(Value):
    """What a phone shows of ours."""

    text: str = ""
    choices: tuple[str, ...] = ()
    picture: str = ""


def not_seen(expected: Sequence[Expected] | None, bubbles: Sequence[Bubble]) -> list[str]:
    """What the phone should show and does not; pieces of text are looked for one after the other."""
    if expected is None:
        return [f"the phone should show nothing, and shows {_quoted(bubbles)}"] if bubbles else []
    differences, place = [], 0
    whole = shown(bubbles)
    for one in expected:
        if one.contains or one.matches:
            found = _found(one, whole, place)
            place = found if found is not None else place
            missing = found is None
        else:
            missing = not _holds(one, bubbles, whole)
        if missing:
            differences.append(f"the phone should show {_described(one)}; it shows {_quoted(bubbles)}")
    return differences


def shown(bubbles: Iterable[Bubble]) -> str:
    """All texts as one, with plain spaces."""
    return "\n".join(plain(bubble.text) for bubble in bubbles)


def plain(text: str) -> str:
    """With plain spaces only."""
    return HARD_SPACES.sub(" ", text)


def dialog(bubbles: Iterable[Bubble]) -> list[str]:
    """What is said, whatever the platform: choices written out are left out, as are seams between parts."""
    lines = [line for bubble in bubbles for line in plain(bubble.text).splitlines()]
    return [line for line in lines if line.strip() and not line.startswith("• ")]


def _found(one: Expected, whole: str, place: int) -> int | None:
    """Where the piece ends, at or after `place`."""
    if one.matches:
        match = re.compile(one.matches, re.IGNORECASE | re.DOTALL).search(whole, place)
        return match.end() if match else None
    at = whole.find(plain(one.contains), place)
    return at + len(one.contains) if at >= 0 else None


def _holds(one: Expected, bubbles: Sequence[Bubble], whole: str) -> bool:
    if one.exactly:
        return any(plain(one.exactly).strip() == plain(bubble.text).strip() for bubble in bubbles)
    if one.absent:
        return plain(one.absent).casefold() not in whole.casefold()
    if one.pictures is not None:
        return one.pictures == sum(bool(bubble.picture) for bubble in bubbles)
    offered = {title for bubble in bubbles for title in bubble.choices}
    return all(title in offered or f"• {title}" in whole for title in one.choices)


def _described(one: Expected) -> str:
    name, value = next(iter(one.model_dump(exclude_unset=True).items()))
    return f"{'nothing like' if name == 'absent' else name} {value!r}"


def _quoted(bubbles: Sequence[Bubble]) -> str:
    told = [
        " ".join(filter(None, [f"[{bubble.picture}]" if bubble.picture else "", bubble.text, *_titles(bubble)]))
        for bubble in bubbles
    ]
    return "\n    | ".join(["", *"\n".join(told).splitlines()]) if told else "nothing"


def _titles(bubble: Bubble) -> list[str]:
    return [f"[{title}]" for title in bubble.choices]


def differing(what: str, expected: BaseModel, actual: Mapping[str, Any]) -> list[str]:
    """The named fields that are otherwise."""
    return [
        f"{what}: {name} should be {_plainly(wanted)}, and is {_plainly(actual.get(name))}"
        for name, wanted in expected
        if name in expected.model_fields_set and not _same(name, wanted, actual.get(name))
    ]


def _same(name: str, wanted: Any, actual: Any) -> bool:
    if name == "note":
        return str(wanted) in str(actual or "")
    if isinstance(wanted, Decimal):  # JSON has money as text
        return actual is not None and wanted == Decimal(str(actual))
    if isinstance(wanted, tuple):
        return list(wanted) == list(actual or ())
    return bool(wanted == actual)


def _plainly(value: Any) -> str:
    return str(list(value)) if isinstance(value, tuple) else str(value)


def rows_differing(what: str, expected: Sequence[BaseModel] | None, actual: Sequence[Mapping[str, Any]]) -> list[str]:
    """All rows, in their order."""
    if expected is None:
        return []
    if len(expected) != len(actual):
        return [f"there should be {len(expected)} {what}, and there are {len(actual)}: {[dict(one) for one in actual]}"]
    return [
        difference
        for place, (one, row) in enumerate(zip(expected, actual, strict=True), start=1)
        for difference in differing(f"{what} {place}", one, row)
    ]


def in_order(what: str, pieces: Sequence[str], text: str) -> list[str]:
    """Pieces that should stand in a text one after the other."""
    place, whole = 0, plain(text)
    for piece in pieces:
        at = whole.find(plain(piece), place)
        if at < 0:
            return [f"{what} should hold {piece!r}"]
        place = at + len(piece)
    return []


def numbered(expected: Expectation, number: str) -> Expectation:
    """With the order's number where `{order}` stands."""
    told = expected.model_dump_json(exclude_unset=True).replace("{order}", number)
    return type(expected).model_validate_json(told)
