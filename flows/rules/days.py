"""The day a customer names: «завтра», «у суботу», «15 грудня», "next Friday"; in their words, as a date where plain."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import NamedTuple

from flows.rules.loose import loosen, shape
from flows.rules.spoken import Spoken

Span = tuple[int, int]


class Day(NamedTuple):
    """A day as it was named; `on` is None where the words leave it open («на вихідних»)."""

    on: date | None
    span: Span


_MONTHS = (
    "січ~ янв~ jan january", "лют~ фев~ feb february", "берез~ март~ mar march", "квіт~ апр~ apr april",
    "трав~ мая май may", "черв~ июн~ jun june", "лип~ июл~ jul july", "серп~ авг~ aug august",
    "верес~ сент~ sep sept september", "жовт~ окт~ oct october", "листоп~ нояб~ nov november",
    "груд~ дека~ dec december",
)  # fmt: skip
_WEEKDAYS = (
    "понеділ~ понедел~ пн monday mon", "вівтор~ вторник~ вт tuesday tue", "серед[ауиі] сред[ауыі] ср wednesday wed",
    "четвер четверг[аує]? четвергом чт thursday thu", "п'ятниц~ пятниц~ пт friday fri",
    "субот~ суббот~ сб saturday sat", "неділ[яюі] воскресен~ нд вс sunday sun",
)  # fmt: skip
_NEXT = r"наступн\w+|следующ\w+|слідуюч\w+"
_THIS = r"цієї|цю|ця|цей|ц[еью]ого|найближч\w+|эту|этой|этот|эта|ближайш\w+"
_TENS = {"двадцят": 20, "двадцать": 20, "тридцят": 30, "тридцать": 30}
_ORDINALS = """
    перш~ перв~|друг~ втор~|трет~|четверт~|п'ят~ пят~|шост~ шест~|сьом~ седьм~|восьм~|дев'ят~ девят~|десят~
    |одинадцят~ одиннадцат~|дванадцят~ двенадцат~|тринадцят~ тринадцат~|чотирнадцят~ четырнадцат~|п'ятнадцят~ пятнадцат~
    |шістнадцят~ шестнадцат~|сімнадцят~ семнадцат~|вісімнадцят~ восемнадцат~|дев'ятнадцят~ девятнадцат~
    |двадцят~ двадцат~
"""


def _stems(row: str) -> str:
    return "|".join(word.replace("~", r"\w*") for word in row.split())


_LOOSE_MONTHS = [shape(_stems(row)) for row in _MONTHS]
_LOOSE_WEEKDAYS = [shape(_stems(row)) for row in _WEEKDAYS]
_LOOSE_ORDINALS = [shape(_stems(row)) for row in _ORDINALS.split("|")]
_MONTH = "|".join(_stems(" ".join(w for w in row.split() if not w.isascii())) for row in _MONTHS)
_MONTH_EN = "|".join(w for row in _MONTHS for w in row.split() if w.isascii())
_WEEKDAY = "|".join(_stems(" ".join(w for w in row.split() if not w.isascii())) for row in _WEEKDAYS)
_WEEKDAY_EN = "|".join(w for row in _WEEKDAYS for w in row.split() if w.isascii())
_ORDINAL = "|".join(_stems(row) for row in _ORDINALS.split("|"))
_NUMBER = r"\d{1,2}|один|одну|два|дві|две|три|чотири|четыре|п'ять|пять|кілька|пару|несколько"
_NUMBER_EN = r"\d{1,2}|a|an|one|two|three|four|five|a few|a couple of"
_AT = r"(?:(?:у|в|на|во|з|с|від|до|к|к[ао]|десь|где-то) )?"

_RELATIVE = {
    0: shape(rf"\b{_AT}(?:сьогодні|сегодня|сёдня|sogodni|segodnya)\b"),
    1: shape(rf"\b{_AT}(?:завтра|завтрашн\w+(?: день)?|zavtra)\b"),
    2: shape(rf"\b{_AT}(?:післязавтра|після завтра|послезавтра|после завтра|poslezavtra)\b"),
    -1: shape(r"\b(?:вчора|учора|вчера|позавчора|позавчера)\b"),
}
_RELATIVE_EN = {
    0: re.compile(r"\b(?:today|tonight|this (?:morning|afternoon|evening))\b"),
    1: re.compile(r"\b(?:tomorrow|tmrw|tmr)\b"),
    2: re.compile(r"\b(?:the )?day after tomorrow\b"),
    -1: re.compile(r"\byesterday\b"),
}
_FROM_TO = shape(rf"\b(?:з|с) \d{{1,2}}(?: (?:{_MONTH}))? (?:по|до) \d{{1,2}} (?:{_MONTH})\b")
_FROM_TO_EN = re.compile(rf"\bfrom \d{{1,2}}(?: (?:{_MONTH_EN}))? to \d{{1,2}} (?:{_MONTH_EN})\b")
_IN_DAYS = shape(
    rf"\bчерез (?:(?P<n>{_NUMBER}) )?(?P<unit>дн\w+|день|сутки|тижн\w*|тиждень|недел\w*|місяц\w*|месяц\w*)\b"
)
_IN_DAYS_EN = re.compile(rf"\bin (?P<n>{_NUMBER_EN}) (?P<unit>days?|weeks?|months?)\b")
_ON_WEEKDAY = shape(
    rf"\b{_AT}(?:(?P<next>{_NEXT})|(?P<this>{_THIS}))? ?(?P<day>{_WEEKDAY})(?: (?:(?P<after>наступн\w+|следующ\w+)"
    r" (?:тижн\w*|недел\w*)))?\b"
)
_ON_WEEKDAY_EN = re.compile(
    rf"\b(?:on |by )?(?:(?P<next>next)|(?P<this>this|coming))? ?(?P<day>{_WEEKDAY_EN})(?P<after>(?<!.))?\b"
)
_BY_MONTH = shape(rf"\b{_AT}(?P<d>\d{{1,2}})(?: ?-?(?:го|е|ого|ое))? (?P<m>{_MONTH})(?: (?P<y>20\d\d))?\b")
_BY_MONTH_WORD = shape(rf"\b{_AT}(?:(?P<ten>двадцять|двадцать|тридцять|тридцать) )?(?P<o>{_ORDINAL}) (?P<m>{_MONTH})\b")
_BY_MONTH_EN = re.compile(
    rf"\b(?:on )?(?:the )?(?:(?P<d>\d{{1,2}}) ?(?:st|nd|rd|th)?(?: of)? (?P<m>{_MONTH_EN})"
    rf"|(?P<m2>{_MONTH_EN}) (?P<d2>\d{{1,2}})(?: ?(?:st|nd|rd|th))?)(?:(?: ,)? (?P<y>20\d\d))?\b"
)
_NUMERIC = re.compile(r"(?<!\S)(?P<d>0?[1-9]|[12]\d|3[01])[./](?P<m>0?[1-9]|1[0-2])(?:[./](?P<y>20\d\d|\d\d))?(?!\S)")
_ISO = re.compile(r"(?<!\S)(?P<y>20\d\d)-(?P<m>\d{1,2})-(?P<d>\d{1,2})(?!\S)")
_OF_MONTH = shape(rf"\b{_AT}(?P<d>\d{{1,2}}) ?(?:-?го|числа|число|-?го числа|-?те)\b")
_OF_MONTH_EN = re.compile(r"\b(?:on )?the (?P<d>\d{1,2}) ?(?:st|nd|rd|th)\b(?! of)")
_VAGUE = shape(
    r"\b(?:на |в |у )?(?:наступн\w+|цьому|цього|этой|следующ\w+) (?:тижн\w*|недел\w*|місяц\w*|месяц\w*)\b",
    r"\b(?:на|у|в|по) (?:вихідн\w+|выходн\w+|будн\w+|буднях)\b",
    r"\b(?:в )?(?:найближч\w+|ближайш\w+) (?:час\w*|врем\w+|дн\w+|день|дні)\b",
    r"\b(?:коли завгодно|когда угодно|будь-який день|будь-коли|любой день|в любое время|якнайшвидше|як можна швидше"
    r"|как можно скорее|на днях|днями|коли (?:вам )?зручно|когда (?:вам )?удобно|все одно коли|без разницы когда)\b",
)
_VAGUE_EN = re.compile(
    r"\b(?:next (?:week|month)|this (?:week|weekend)|(?:on |at |over )?the weekend|any ?time|any day|asap"
    r"|as soon as possible|whenever (?:you like|suits you|is convenient))\b"
)
_NEVER = re.compile(r"(?!)")
_COUNTS = {"один": 1, "одну": 1, "a": 1, "an": 1, "one": 1, "два": 2, "дві": 2, "две": 2, "two": 2, "три": 3,
           "three": 3, "чотири": 4, "четыре": 4, "four": 4, "п'ять": 5, "пять": 5, "five": 5}  # fmt: skip
COUNTS = {loosen(word): count for word, count in _COUNTS.items()} | _COUNTS
_LONGEST_AHEAD = timedelta(days=330)
"""A day of the year that comes so late was meant as one that has just passed."""


def find_days(spoken: Spoken, today: date) -> list[Day]:
    """Every day that is named, the plainest way of naming it first."""
    found: list[Day] = []
    for loose, folded, read in _WAYS:
        for match, span in spoken.find(loose, folded):
            if any(span[0] < day.span[1] and day.span[0] < span[1] for day in found):
                continue
            found.append(Day(read(match, today), span))
    return found


def _in_days(match: re.Match[str], today: date) -> date | None:
    word = match["n"] or "один"
    count = int(word) if word.isdecimal() else COUNTS.get(word)
    if count is None or match["unit"].startswith(("м", "m")):
        return None
    days = 7 if match["unit"].startswith(("т", "нед", "w")) else 1
    return today + timedelta(days=count * days)


def _weekday(match: re.Match[str], today: date) -> date | None:
    number = _place(match["day"], _LOOSE_WEEKDAYS, _WEEKDAYS)
    if match["next"] or match["after"]:
        return today + timedelta(days=7 - today.weekday() + number)
    if match["this"] and number == today.weekday():
        return today
    return today + timedelta(days=(number - today.weekday() - 1) % 7 + 1)


def _by_month(match: re.Match[str], today: date) -> date | None:
    groups = match.groupdict()
    month = _place(groups["m"] or groups["m2"], _LOOSE_MONTHS, _MONTHS) + 1
    return coming(today, month, int(groups["d"] or groups["d2"]), groups["y"] or "")


def _by_month_word(match: re.Match[str], today: date) -> date | None:
    tens = 0 if not match["ten"] else 20 if match["ten"].startswith("д") else 30
    day = tens + _place(match["o"], _LOOSE_ORDINALS, ()) + 1
    return coming(today, _place(match["m"], _LOOSE_MONTHS, _MONTHS) + 1, day, "")


def _numeric(match: re.Match[str], today: date) -> date | None:
    return coming(today, int(match["m"]), int(match["d"]), match["y"] or "")


def _of_month(match: re.Match[str], today: date) -> date | None:
    """The 15th: of this month, or of the next one."""
    day = int(match["d"])
    if day >= today.day:
        return _date(today.year, today.month, day)
    return _date(today.year + today.month // 12, today.month % 12 + 1, day)


def coming(today: date, month: int, day: int, year: str) -> date | None:
    """The next such day; None where there is none, or where it has only just passed."""
    if year:
        return _date(int(year) if len(year) == 4 else 2000 + int(year), month, day)
    on = _date(today.year, month, day)
    if on is not None and on < today:
        on = _date(today.year + 1, month, day)
    return on if on is None or on - today < _LONGEST_AHEAD else None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _place(word: str, loose: list[re.Pattern[str]], table: tuple[str, ...]) -> int:
    """Which row of a table a word belongs to; «п'ятнадцятого» fits «п'ят…» too, and its own row stands later."""
    if word.isascii():
        return next(place for place, row in enumerate(table) if word in row.split())
    return max(place for place, row in enumerate(loose) if row.fullmatch(word))


def _shifted(days: int) -> Callable[[re.Match[str], date], date | None]:
    return lambda _, today: today + timedelta(days=days)


def _open(_: re.Match[str], today: date) -> date | None:
    return None


_WAYS: tuple[tuple[re.Pattern[str], re.Pattern[str], Callable[[re.Match[str], date], date | None]], ...] = (
    (_FROM_TO, _FROM_TO_EN, _open),
    (_NEVER, _ISO, _numeric),
    (_BY_MONTH, _BY_MONTH_EN, _by_month),
    (_BY_MONTH_WORD, _NEVER, _by_month_word),
    (_NEVER, _NUMERIC, _numeric),
    (_OF_MONTH, _OF_MONTH_EN, _of_month),
    *((_RELATIVE[days], _RELATIVE_EN[days], _shifted(days)) for days in (2, 1, 0, -1)),
    (_IN_DAYS, _IN_DAYS_EN, _in_days),
    (_ON_WEEKDAY, _ON_WEEKDAY_EN, _weekday),
    (_VAGUE, _VAGUE_EN, _open),
)
