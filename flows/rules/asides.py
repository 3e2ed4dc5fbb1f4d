"""Numbers that are neither a house nor a count: hours, litres and sums, said beside an order of water."""

import re

from flows.rules.text import fold

_DAY = r"(?:на )?(?:послезавтра|завтра|сегодня|утром|вечером|днем|после обеда|tomorrow|today)"
_HOUR = r"\d{1,2}(?:[:.]\d{2})?"
_PART_OF_DAY = r"(?:час(?:а|ов|ам|у|ик\w*)?|утра|вечера|дня|ночи|мин(?:ут\w*)?|am|pm|hours?|o'clock|саат\w*)"
_WHEN = re.compile(
    rf"(?<!\w)(?:"
    rf"{_DAY}(?: (?:утром|вечером|днем))?(?:,? (?:в|к|до|после|с|около|часов в|часам к|at|by|after) {_HOUR}"
    rf"(?: ?{_PART_OF_DAY})?)?"
    rf"|с {_HOUR} до {_HOUR}(?: ?{_PART_OF_DAY})?(?! ?(?:мкр|микр|м-н|дом|кв|эт|под))"
    rf"|(?:(?:в|к|до|после|через|с|около|на|at|by|after) )?{_HOUR}(?: ?[-–] ?{_HOUR})? ?{_PART_OF_DAY}"
    rf"|(?:до|после|через|около|after|by) {_HOUR}(?: ?ч)?(?=\s*(?:$|[.,!;)\n]))"
    rf"|^(?:(?:да|нет|ок|хорошо),? )?к {_HOUR}(?: ?ч)?(?=\s*(?:$|[.,!;)\n]))"
    rf")(?!\w)",
    re.MULTILINE,
)
_HOW_MUCH = re.compile(
    r"(?<!\w)(?:(?:по|за|в) )?\d{1,5}(?:[.,]\d{1,2})?(?:[ -]?(?:литр\w*|сом\w*|руб\w*|liters?|litres?|som)"
    r"|(?<=\b19)[ -]?л|(?<=\b18[.,]9)[ -]?л|(?<=\b20)[ -]?л|(?<=\b10)[ -]?л|(?<=\b5)[ -]?л)(?!\w)"
)


def find_asides(text: str) -> list[tuple[int, int]]:
    """Where hours, litres and sums stand in a cleaned text: «на завтра к 10 утра», «по 19 литров», «за 200 сом»."""
    folded = fold(text)
    return sorted(match.span() for shape in (_WHEN, _HOW_MUCH) for match in shape.finditer(folded))
