"""When a customer wants something: «завтра о 15», «у суботу ввечері»; in their words, and as a date where plain.

The library `dateparser` (1.5) was tried on the same table and reads too much of it wrongly («завтра о 15» at noon,
«20.12 о 14:00» on the 12th, «15 декабря в 10 утра» in 2110), so the few ways of naming an appointment are read here.
"""

import re
from datetime import date, datetime, time, timedelta
from typing import NamedTuple, TypeVar

from flows.rules.days import Day, find_days
from flows.rules.hours import Hour, find_hours, hour_alone
from flows.rules.loose import shape
from flows.rules.phone import all_phone_spans
from flows.rules.spoken import Spoken
from flows.rules.text import clean

_NEVER = shape(r"(?!)")
_SOON = shape(
    r"\bчерез (?:(?P<n>\d{1,2}|пів|пол|півтори|полторы?|дві|две|два|три|пару) ?)?"
    r"(?P<unit>годин\w*|час\w*|хвилин\w*|минут\w*)\b"
)
_WITH_A_YEAR = re.compile(r"\b(?:20\d\d-\d{1,2}-\d{1,2}|\d{1,2}[./]\d{1,2}[./](?:20)?\d\d)\b")
_HALVES = {
    "пив": 0.5,
    "пол": 0.5,
    "пивтори": 1.5,
    "полтори": 1.5,
    "полтор": 1.5,
    "дви": 2,
    "две": 2,
    "два": 2,
    "три": 3,
}
Named = TypeVar("Named", Day, Hour)


class When(NamedTuple):
    """A wish in time. Words without a date or a time are kept all the same."""

    day_words: str = ""
    day: date | None = None
    hour_words: str = ""
    hour: time | None = None
    spans: tuple[tuple[int, int], ...] = ()
    """Where in the cleaned text it stands."""
    is_past: bool = False
    """It has gone by already."""

    @property
    def words(self) -> str:
        """As the customer said it."""
        return " ".join(filter(None, (self.day_words, self.hour_words)))


def find_when(text: str, now: datetime, *, asked: bool = False) -> When | None:
    """The wish in a text; `now` is the time of the shop's clock. A correction counts, so the last day and time do.

    With `asked`, a bare «15» is an hour.
    """
    cleaned = _without_phones(clean(text))
    spoken = Spoken(cleaned)
    if soon := _soon(spoken, now):
        return soon
    days = find_days(spoken, now.date())
    hours = find_hours(spoken, [day.span for day in days])
    if not days and not hours:
        hour = hour_alone(cleaned) if asked else None
        hours = [hour] if hour else []
    if not days and not hours:
        return None
    return _told(cleaned, _last(days), _last(hours), days, hours, now)


def _told(text: str, day: Day | None, hour: Hour | None, days: list[Day], hours: list[Hour], now: datetime) -> When:
    spans = tuple(sorted([*(one.span for one in days), *(one.span for one in hours)]))
    on = day.on if day else None
    at = hour.at if hour else None
    if on == now.date() and at is not None and hour is not None and hour.bare and at < now.time() and at.hour < 12:
        at = at.replace(hour=at.hour + 12)
    past = on is not None and (on < now.date() or (on == now.date() and at is not None and at < now.time()))
    return When(_cut(text, day), on, _cut(text, hour), at, spans, past)


def _last(found: list[Named]) -> Named | None:
    """The one that stands last, a plain one before a vague one."""
    plain = [one for one in found if one[0] is not None]
    return max(plain or found, key=lambda one: one.span, default=None)


def _cut(text: str, found: Day | Hour | None) -> str:
    return text[found.span[0] : found.span[1]].replace("\n", " ") if found else ""


def _soon(spoken: Spoken, now: datetime) -> When | None:
    """«Через годину» is a day and a time at once."""
    for match, span in spoken.find(_SOON, _NEVER):
        word = match["n"] or "1"
        count = int(word) if word.isdecimal() else _HALVES.get(word)
        words = spoken.text[span[0] : span[1]]
        if count is None:
            return When(hour_words=words, spans=(span,))
        step = timedelta(hours=count) if match["unit"].startswith(("г", "ч")) else timedelta(minutes=count)
        then = now + step
        return When(words, then.date(), "", then.time().replace(second=0, microsecond=0), (span,))
    return None


def _without_phones(text: str) -> str:
    """Digits of a phone number are no date; the rest stays where it stands."""
    for start, end in all_phone_spans(text, "UA"):
        if not _WITH_A_YEAR.search(text[start:end]):
            text = f"{text[:start]}{'·' * (end - start)}{text[end:]}"
    return text
