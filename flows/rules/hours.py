"""The time of day a customer names: «о 15», «о пів на четверту», "3pm"; in their words, and as a time where plain."""

import re
from datetime import time
from typing import NamedTuple

from flows.rules.loose import loosen, shape
from flows.rules.spoken import Spoken

Span = tuple[int, int]


class Hour(NamedTuple):
    """A time as it was named; `at` is None where the words leave it open («після 18», «ввечері»)."""

    at: time | None
    span: Span
    bare: bool = False
    """Without a word that says which half of the day: «о 3»."""


_HOURS = """
    один час першу першій первого|два другу другій две второго|три третю третій третьего
    |чотири четверту четвертій четыре четвертого|п'ять п'яту п'ятій пять пятого|шість шосту шостій шесть шестого
    |сім сьому сьомій семь седьмого|вісім восьму восьмій восемь восьмого|дев'ять дев'яту дев'ятій девять девятого
    |десять десяту десятій десятого|одинадцять одинадцяту одинадцятій одиннадцать одиннадцатого
    |дванадцять дванадцяту дванадцятій двенадцать двенадцатого
"""
_HOUR_NAMES = {loosen(word): hour for hour, row in enumerate(_HOURS.split("|"), 1) for word in row.split()}
_NAME = "|".join(sorted(_HOUR_NAMES, key=len, reverse=True))
_DIGITS = r"(?P<h>[01]?\d|2[0-4])(?:[:.-](?P<m>[0-5]\d)|(?= |$))"
_UNIT = r"(?: (?:годин\w*|год|ч|час\w*|г)\b)"
_EARLY, _LATE = r"ранку|утра|ранечку|ночі|ночи", r"дня|вечора|вечера|пополудні|по обіді|після обіду"
_HALF_DAY = rf"(?: (?:(?P<early>{_EARLY})|(?P<late>{_LATE}))\b)"
_SOMEBODY = (
    r"(?! (?:осіб|особи|осо\w*|люд\w*|чолов\w*|челов\w*|персон\w*|гост\w*|міс\w*|мест\w*|дн\w*|тижн\w*|недел\w*"
    r"|штук\w*|шт|грн|гр)\b)"
)
_OPEN = r"після|пiсля|после|до|від|от|з|с|не раніше|не раньше|не пізніше|не позже|близько|около|десь|між|между|біля"

_BETWEEN = r"(?:[01]?\d|2[0-4])(?:[:.][0-5]\d)?(?: (?:год\w*|час\w*|ранку|утра|дня|вечора|вечера))?"
_RANGE = shape(rf"\b(?:з|с|від|от|між|между) {_BETWEEN} (?:до|по|та|і|и) {_BETWEEN}(?!\S)")
_RANGE_EN = re.compile(
    r"\b(?:between|from) \d{1,2}(?::\d\d)?(?: ?[ap] ?m)? (?:and|to|till|until) \d{1,2}(?::\d\d)?(?: ?[ap] ?m)?\b"
)
_LOOSELY = shape(
    rf"\b(?:{_OPEN}) (?:(?:о|об|в) )?(?:[01]?\d|2[0-4])(?:[:.][0-5]\d)?(?:{_UNIT}|(?= |$))(?! (?:до|по)\b){_SOMEBODY}",
    r"\b(?:після|после|до) (?:обід\w*|обед\w*|полудн\w*|роботи|работы|вечора|вечера)\b",
)
_LOOSELY_EN = re.compile(
    r"\b(?:after|before|around|about|by|until|till) \d{1,2}(?::\d\d)?(?: ?[ap] ?m)?\b"
    r"|\b(?:after|before) (?:noon|lunch|work|midday)\b"
)
_PLAIN = shape(
    rf"\b(?:на |о |об |в |у )?{_DIGITS}{_UNIT}?{_HALF_DAY}",
    rf"\b(?:о|об|в|у|к) {_DIGITS.replace('?P<h>', '?P<h2>').replace('?P<m>', '?P<m2>')}{_UNIT}?{_SOMEBODY}",
    r"\b(?:на |о |об |в |у )?(?P<h3>[01]?\d|2[0-4])[:-](?P<m3>[0-5]\d)(?!\S)",
    rf"\b(?:на |о |об |в |у )?(?P<h4>[01]?\d|2[0-4]){_UNIT}",
    r"(?<!\S)(?:на |о |об |в |у )?(?P<h5>[01]?\d|2[0-3])\.(?P<m5>[0-5]\d)(?!\S)",
)
_WITH_A_DAY = shape(rf"\A на (?P<h>[01]?\d|2[0-4])(?= |$)(?! і?з? ?\d){_SOMEBODY}")
"""«На завтра на 15»: only right behind a day is «на 15» a time and not a number of guests."""
_PLAIN_EN = re.compile(
    r"\b(?:at )?(?P<h>1[0-2]|0?[1-9])(?::(?P<m>[0-5]\d))? ?(?P<half>[ap])(?: ?m| . m)\b"
    r"|\bat (?P<h2>[01]?\d|2[0-4])(?:[:.](?P<m2>[0-5]\d))?(?: o ?'?clock)?(?!\S)"
    r"|\b(?P<h3>1[0-2]|[1-9]) o ?'? ?clock\b"
)
_NAMED = shape(
    rf"\b(?:о|об|в|у|на) (?P<name>{_NAME})(?: (?:годин\w*|час\w*))?(?:{_HALF_DAY})?"
    r"(?! (?:дн\w*|субот\w*|особ\w*|людей))\b"
)
_HALF_PAST = shape(
    rf"\b(?:о |об |в |у )?(?:пів на|пів|половин[іиу] (?:на )?|половине|пол) ?(?P<name>{_NAME})(?:{_HALF_DAY})?\b"
)
_NOON = shape(r"\b(?:опівдні|в полдень|о 12 дня|рівно опівдні)\b")
_NOON_EN = re.compile(r"\b(?:at )?(?:noon|midday)\b")
_PART = shape(
    r"\b(?:зранку|вранці|уранці|ранком|з ранку|утром|с утра|на ранок|на утро|рано|вдень|удень|днем|днём|в обід|в обед"
    r"|на обід|на обед|ввечері|увечері|вечером|на вечір|на вечер|під вечір|под вечер|пізно|по обіді"
    r"|(?:в|во) (?:перш|друг|перв|втор)\w+ половин\w+(?: дня)?)\b"
)
_PART_EN = re.compile(r"\b(?:in the )?(?:morning|afternoon|evening)\b|\btonight\b|\bat lunch(?:time)?\b")
_NEVER = re.compile(r"(?!)")
_AFTERNOON_FROM = 8
"""«О 3» is three in the afternoon: nobody is open at night."""


def find_hours(spoken: Spoken, days: list[Span]) -> list[Hour]:
    """Every time of day that is named outside of the days that are; what is exact first."""
    found: list[Hour] = []
    for number, (loose, folded) in enumerate(_WAYS):
        for match, span in spoken.find(loose, folded):
            if not any(span[0] < end and start < span[1] for start, end in (*days, *(one.span for one in found))):
                found.append(_read(number, match, span))
    return found or _behind_a_day(spoken, days)


def _behind_a_day(spoken: Spoken, days: list[Span]) -> list[Hour]:
    for _, end in days:
        rest = Spoken(spoken.text[end:])
        if match := _WITH_A_DAY.match(f" {rest.loose}"):
            start = spoken.text.index(match["h"], end)
            begin = spoken.text.rfind("на", end, start)
            hour = int(match["h"])
            return [Hour(_time(_awake(hour), 0), (max(begin, end), start + len(match["h"])), hour < 12)]
    return []


def hour_alone(text: str) -> Hour | None:
    """A bare «15» or «15.30», where the question was what time."""
    match = re.fullmatch(r"\W*(?P<h>[01]?\d|2[0-4])(?:[:.\- ](?P<m>[0-5]\d))?\W*", text)
    return (
        Hour(_time(_awake(int(match["h"])), int(match["m"] or 0)), match.span(), int(match["h"]) < 12)
        if match
        else None
    )


def _read(number: int, match: re.Match[str], span: Span) -> Hour:
    if _WAYS[number][0] in (_RANGE, _LOOSELY, _PART):
        return Hour(None, span)
    if _WAYS[number][0] is _NOON:
        return Hour(time(12), span)
    groups = {name: said for name, said in match.groupdict().items() if said}
    minute = int(next((groups[name] for name in groups if name in {"m", "m2", "m3", "m5"}), "0"))
    if "name" in groups:
        hour = _HOUR_NAMES[groups["name"]]
        if _WAYS[number][0] is _HALF_PAST:
            hour, minute = (hour - 1) or 12, 30
    else:
        hour = int(next(groups[name] for name in groups if name.startswith("h") and name != "half"))
    return _in_its_half(hour, minute, groups, span)


def _in_its_half(hour: int, minute: int, groups: dict[str, str], span: Span) -> Hour:
    if "early" in groups or groups.get("half") == "a":
        return Hour(_time(hour % 12 if hour == 12 else hour, minute), span)
    if "late" in groups or groups.get("half") == "p":
        return Hour(_time(hour + 12 if hour < 12 else hour, minute), span)
    return Hour(_time(_awake(hour), minute), span, bare=hour < 12)


def _awake(hour: int) -> int:
    return hour + 12 if 0 < hour < _AFTERNOON_FROM else hour


def _time(hour: int, minute: int) -> time | None:
    return time(hour % 24, minute) if hour <= 24 else None


_WAYS = (
    (_RANGE, _RANGE_EN),
    (_HALF_PAST, _NEVER),
    (_LOOSELY, _LOOSELY_EN),
    (_NOON, _NOON_EN),
    (_PLAIN, _PLAIN_EN),
    (_NAMED, _NEVER),
    (_PART, _PART_EN),
)
