"""How many bottles: digits or words, with everything else that is a number told apart."""

import re
from collections.abc import Iterator
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

from flows.rules.doors import stands_on_a_door
from flows.rules.numerals import FRACTIONS, NUMERALS, ONLY_WITH_A_UNIT, read_numeral
from flows.rules.text import fold

FEWEST, MOST = 1, 50
_HIDDEN = "·"


class QuantityProblem(StrEnum):
    """Why a number is not a number of bottles we can bring."""

    TOO_FEW = "too_few"
    TOO_MANY = "too_many"
    NOT_WHOLE = "not_whole"
    SEVERAL = "several"


class Quantity(NamedTuple):
    """A number of bottles (0 where it has a problem) and where in the text it stands."""

    bottles: int
    problem: QuantityProblem | None
    spans: tuple[tuple[int, int], ...]


class _Mention(NamedTuple):
    value: int
    whole: bool
    has_unit: bool
    denied: bool
    foreign: bool
    span: tuple[int, int]


_NUMBER = re.compile(r"(?<![\w])(?<!\d[.,:/])(\d+)(?:[.,](\d+)(?!\d))?|[^\W\d_]+")
_ENDING = r"(?:-?(?:ти|х|и|е|мя)(?!\w))?"
_UNIT_AFTER = re.compile(
    _ENDING
    + r"[ ]?(?:[-*xх][ ]?)?(?:[^\W\d_]{2,20}(?:ых|их|ые|ие|ую|ой|ный)[ ])?(?:19[ -]?л[^\W\d_]{0,12}[ ])?"
    + r"(?:бут|бтл|баклаж|балл?он|б[өо]т[өо]лк|емкост|шт(?!\w)|шт\.|штук|штуч|bottle|botl|pcs|даана|вод[ыу]|суу)\w*\.?"
)
_UNIT_BEFORE = re.compile(
    r"(?:бут[^\W\d_]{1,9}|баклаж[^\W\d_]{1,6}|количеств[^\W\d_]{1,3}|кол-во|штук|bottles|quantity)"
    r"[ :=\-–—]{0,3}(?:нужно|надо|будет|давайте|мне|пусть)?[ :=\-–—]{0,3}\Z"
)
_FOREIGN_AFTER = re.compile(
    r"[ ]?(?:-?[йяго]{1,2}(?!\w)|л(?!\w)|литр|сом|руб|с(?!\w)|час|ч(?!\w)|мин"
    r"|январ|феврал|марта(?!\w)|апрел|мая(?!\w)|июн|июл|август|сентябр|октябр|ноябр|декабр|числ"
    r"|утра(?!\w)|вечера(?!\w)|ночи(?!\w)|дн(?!\w)|дне|день|дня|этаж"
    r"|эт(?!\w)|подъезд"
    r"|кв(?!\w)|квартир|мкр|микрор|м-н|%|процент|км|м(?!\w)|метр|год|лет|раз(?!\w)|человек|вопрос|:\d|am(?!\w)|pm(?!\w)"
    r"|[абгд](?!\w)|в(?!\w|[ ][^\W\d_]{3})|саат|кабат|недел|месяц|минут|секунд|слов)"
)
_FOREIGN_BEFORE = re.compile(
    r"(?<!\w)(?:дом|д|кв|квартира|ул|улица|подъезд|этаж|эт|корп|корпус|офис|оф|блок|стр|строение|код|домофон|мкр|мкрн"
    r"|микрорайон|[№#]|в|к|до|после|через|по|за|с|apt|apartment|flat|floor|house|үй|at|by|after|номер|цифр[аы]"
    r"|(?:мой|у меня|меня) заказ)[ .,:№#]{0,3}\Z"
)
_DOOR_BEFORE = re.compile(
    r"(?<!\w)(?:дом|д|кв|квартира|ул|улица|подъезд|этаж|эт|корп|корпус|офис|оф|apt|apartment|house)[ .,:№#]{0,3}\Z"
)
_DENIED = re.compile(r"(?<!\w)(?:не|вместо|отмените|уберите|not|instead of)[ ]{0,2}\Z")
_SECOND_THOUGHT = re.compile(
    r"(?<!\w)(?:а|нет|ой|точнее|вернее|лучше|хотя|ошиб\w*|исправ\w*|давайте|пусть|actually)(?!\w)"
)
_VAGUE = re.compile(r"(?<!\w)(?:или|либо|от|or)(?!\w)")
_EITHER = re.compile(
    _ENDING + r"(?:\+|[ ,\n]{1,2}(?:или|либо|же|до|or|to)[ ](?:(?:лучше|даже|можно|может|все-таки|все|от)[ ]){0,2})"
)
_DASH = re.compile(_ENDING + r"([ ]?)[-–—−]([ ]?)")
_TURN = re.compile(
    r"[ ,.!…\n\-–—]{1,4}(?:(?:а|нет|не|ой|точнее|вернее|лучше|хотя|ошиб\w*|исправ\w*|давайте|пусть|будет|тогда|уж"
    r"|actually|no)[ ,.!…\n]{1,3}){1,4}"
)
"""Words between two numbers that take the first one back."""
_AND = re.compile(r"(?:[ ,.;\n](?:и|плюс|еще)(?: еще)?[ ]|\+[ ]?)\Z")
_ALSO = re.compile(r"(?:[ ,.;\n](?:и|плюс|еще|а)(?: еще)?[ ]|[+,][ ]?)\Z")
_PLACE_AFTER = re.compile(r"[ ](?:в|во|на|для|домой|мне|нам|себе|маме|соседк\w*|соседям|туда|сюда)(?!\w)")
_END_AFTER = re.compile(_ENDING + r"[ ]?(?:\Z|[.,!;)\n]|пожалуйста|спасибо)")
_MORE_BEFORE = re.compile(
    r"(?:(?<!\w)(?:еще|добав\w*|прибав\w*|плюс|больше на|дагы|кошу\w*|add|another)(?: (?:мне|нам|пожалуйста))?|\+) ?\Z"
)
_LESS_BEFORE = re.compile(r"(?<!\w)(?:минус|меньше на|убав\w*) ?\Z")
_ONLY_LESS = re.compile(r"[-−]\d{1,2}\W*")
_ON_TOP = re.compile(r"(?<!\w)на \Z")
_BEFORE_A_BARE_ONE = re.compile(r"\W*(?:(?:да|и|но|ну|а|нет|давайте|можно|пожалуйста)\W+)*(?:\w+ )?(?:\w+ )?\W?\Z")
_BEHIND_A_BARE_ONE = re.compile(r"\W*(?:пожалуйста|спасибо|больше|меньше)?\W*\Z")
_LONGEST_READ = 2_000
"""Characters that are searched: nobody hides a number of bottles behind a thousand words."""


def find_quantity(text: str, *, asked: bool) -> Quantity | None:
    """The number of bottles a cleaned text speaks of.

    Unasked, only a number with a unit counts («3 бутыли»); asked, a bare one does too.
    """
    folded = fold(text[:_LONGEST_READ])
    mentions = [mention for mention in _mentions(folded) if mention.has_unit or not mention.foreign]
    if not asked and not any(mention.has_unit for mention in mentions):
        return None
    meant = [mention for mention in mentions if not mention.denied]
    pool = _counted(folded, meant) or meant
    if not pool:
        return _one_bottle(folded) if asked and not mentions else None
    spans = tuple(mention.span for mention in mentions if mention.has_unit or mention in pool or mention.denied)
    return _judge(_chosen(folded, pool), spans)


def find_change(text: str, known: int, *, asked: bool) -> Quantity | None:
    """The number of bottles that an addition to those known makes; None where nothing is added or taken away."""
    folded = fold(text[:_LONGEST_READ])
    told = list(_mentions(folded)) if known else []
    bare = [mention for mention in told if asked and not mention.foreign and _stands_alone(folded, mention)]
    mentions = [mention for mention in told if mention.has_unit] or bare
    if len(mentions) != 1 or mentions[0].denied or not mentions[0].whole:
        return None
    sign = _sign(folded, mentions[0])
    value = known + sign * abs(mentions[0].value)
    return _judge(mentions[0]._replace(value=value), (mentions[0].span,)) if sign else None


def _sign(folded: str, mention: _Mention) -> int:
    """1 for «ещё 2», -1 for «на одну меньше», 0 where a number stands for itself."""
    before, after = _before(folded, mention.span[0]), folded[mention.span[1] :].lstrip()
    on_top = _ON_TOP.search(before) is not None
    if _LESS_BEFORE.search(before) or _ONLY_LESS.fullmatch(folded) or (on_top and after.startswith("меньше")):
        return -1
    return 1 if _MORE_BEFORE.search(before) or (on_top and after.startswith("больше")) else 0


def _stands_alone(folded: str, mention: _Mention) -> bool:
    before, behind = folded[: mention.span[0]], folded[mention.span[1] :]
    return _BEFORE_A_BARE_ONE.match(before) is not None and _BEHIND_A_BARE_ONE.match(behind) is not None


def _counted(folded: str, meant: list[_Mention]) -> list[_Mention]:
    """Those with a unit, and the bare ones beside them that share it: «2 или 3 бутылки», «3 бутылки, нет, 5»."""
    beside = [pair for pair in pairwise(meant) if pair[0].has_unit != pair[1].has_unit]
    sharing = {mention for pair in beside if _shares_a_unit(folded, *pair) for mention in pair}
    return [mention for mention in meant if mention.has_unit or mention in sharing]


def _shares_a_unit(folded: str, one: _Mention, other: _Mention) -> bool:
    between = folded[one.span[1] : other.span[0]]
    if _EITHER.fullmatch(between) or _is_range(folded, one, other) or _is_added(folded, one, other):
        return True
    ends = _END_AFTER.match(folded, other.span[1]) is not None
    return one.has_unit and ends and _TURN.fullmatch(between) is not None and bool(_SECOND_THOUGHT.search(between))


def _is_range(folded: str, one: _Mention, other: _Mention) -> bool:
    """«3-4 бутылки», «две три бутылки»; not «Чуй 12-3 бутылки», not «Чуй 2 - 3 бутылки»."""
    between = folded[one.span[1] : other.span[0]]
    if between == " " and folded[one.span[0] : one.span[1]].isalpha():
        return other.value == one.value + 1
    dash = _DASH.fullmatch(between)
    if dash is None or one.value >= other.value:
        return False
    return dash.groups() == ("", "") or one.has_unit or not stands_on_a_door(folded[: one.span[0]])


def _is_added(folded: str, one: _Mention, other: _Mention) -> bool:
    """«2 бутылки домой и 3 в офис», «2 бутылки и ещё одну»; not «2 бутылки и 3 помпы»."""
    between = folded[one.span[1] : other.span[0]]
    if not one.has_unit or other.value > MOST:
        return False
    if _PLACE_AFTER.match(folded, other.span[1]):
        return _ALSO.search(between) is not None
    return (other.has_unit or _END_AFTER.match(folded, other.span[1]) is not None) and _AND.search(between) is not None


def _chosen(folded: str, pool: list[_Mention]) -> _Mention | None:
    """The one that is meant; None where there are several and nothing says which."""
    if any(_is_added(folded, one, other) for one, other in pairwise(pool)):
        return None
    if len({(mention.value, mention.whole) for mention in pool}) == 1:
        return pool[-1]
    between = folded[pool[0].span[1] : pool[-1].span[0]]
    at_last = folded[pool[-2].span[1] : pool[-1].span[0]]
    if _VAGUE.search(at_last) is None and (_SECOND_THOUGHT.search(between) or "\n" in between):
        return pool[-1]
    return None


def _judge(mention: _Mention | None, spans: tuple[tuple[int, int], ...]) -> Quantity:
    if mention is None:
        return Quantity(0, QuantityProblem.SEVERAL, spans)
    if not mention.whole:
        return Quantity(0, QuantityProblem.NOT_WHOLE, spans)
    if mention.value < FEWEST:
        return Quantity(0, QuantityProblem.TOO_FEW, spans)
    if mention.value > MOST:
        return Quantity(0, QuantityProblem.TOO_MANY, spans)
    return Quantity(mention.value, None, spans)


def _one_bottle(folded: str) -> Quantity | None:
    """«Бутылку» or «штуку» alone, as an answer, is one."""
    alone = re.fullmatch(r"\W*(?:бутылку|бутылка|бутыль|бутылочку|штуку|штучку|баклажку)\W*", folded)
    return Quantity(1, None, ((0, len(folded)),)) if alone else None


def _mentions(folded: str) -> Iterator[_Mention]:
    skip_to = 0
    for match in _NUMBER.finditer(folded):
        if match.start() < skip_to:
            continue
        # What an earlier number took («3 бутыли») is hidden from the next one («2 помпы»).
        seen = _HIDDEN * skip_to + folded[skip_to:] if skip_to else folded
        mention = _number(seen, match) if match.group(1) else _word(seen, match)
        if mention is not None:
            skip_to = mention.span[1]
            yield mention


def _number(folded: str, match: re.Match[str]) -> _Mention:
    rest = match.group(2) or ""
    before = folded[max(0, match.start() - 3) : match.start()]
    value = int(match.group(1)[:12])
    if re.search(r"(?:^|(?<![\d·])[ \n])[-−]$", before) and not _UNIT_BEFORE.search(_before(folded, match.start())):
        value = -value
    if re.search(r"(?<!\w)минус $", _before(folded, match.start())):
        value = -value
    return _mention(folded, match.start(), match.end(), value, whole=not rest.strip("0"))


def _word(folded: str, match: re.Match[str]) -> _Mention | None:
    first = match.group()
    if first in FRACTIONS or (first.startswith("пол") and first[3:].startswith("бут")):
        return _mention(folded, match.start(), match.end(), 0, whole=False)
    if first not in NUMERALS:
        return None
    tail = list(re.finditer(r"[^\W_]+", folded[match.start() : match.start() + 80]))
    numeral = read_numeral([word.group() for word in tail])
    if numeral is None:
        return None
    mention = _mention(folded, match.start(), match.start() + tail[numeral.length - 1].end(), numeral.value, whole=True)
    alone = folded.strip(" .!,\n") == first
    return mention if mention.has_unit or alone or first not in ONLY_WITH_A_UNIT or numeral.length > 1 else None


def _mention(folded: str, start: int, end: int, value: int, *, whole: bool) -> _Mention:
    before, after = _before(folded, start), folded[end : end + 60]
    unit = _UNIT_AFTER.match(after)
    glued = re.match(r"[^\W\d_]", after) is not None and unit is None and re.match(_ENDING + r"(?!\w)", after) is None
    foreign = glued or bool(_FOREIGN_AFTER.match(after) or _FOREIGN_BEFORE.search(before))
    if unit and _DOOR_BEFORE.search(before) and re.match(r"[ :=\-–—]{0,3}\d", after[unit.end() :]):
        unit, foreign = None, True  # «кв 12 бутылей 3»
    leading = _UNIT_BEFORE.search(before) if not foreign else None
    span = (start - len(leading.group()) if leading else start, end + (unit.end() if unit else 0))
    denied = _DENIED.search(before) is not None
    return _Mention(value, whole, bool(unit or leading), denied, foreign and unit is None, span)


def _before(folded: str, start: int) -> str:
    return folded[max(0, start - 40) : start]
