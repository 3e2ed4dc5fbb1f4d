"""How many pieces of a thing in a shop a customer wants; sizes, prices, phones and branches are no count."""

from flows.rules import colours, garments
from flows.rules.loose import loosen, one_of, shape
from flows.rules.numerals import NUMERALS_OF_THE_SHOP, read_numeral
from flows.rules.text import words

MOST = 99
_MOST_BEFORE_A_GARMENT = 20
"""«44 чорна» is a size; «2 чорні» is a count."""
_MOST_WORDS = 200

_UNIT = one_of("шт шт~ штук~ штуч~ одиниц~ единиц~ пари пару екземпляр~ комплект~ набор~ набір пцс х кс")
_THING = (
    rf"(?:{garments.WORD}|{colours.WORD}"
    r"|так(?:і|ие|их|у|ую)|однаков\w+|одинаков\w+|різн\w+|разн\w+|цих|этих|цієї|этой|(?:кс|х){0,3}[мл](?!\w))"
)
_TAKE = one_of(
    """
    мені мне нам беру берем беремо візьму возьму хочу давайте додайте добавьте замовляю заказываю ще еще тоді тогда
    кількість количество потрібно потрібні треба нужно надо покладіть положите тільки только буде будет
    десь нехай хай пусть всього всего разом будь_ласка пожалуйста саме
    """
)
_WITH_UNIT = shape(rf"(?<![\w.,+:/№#-])(\d{{1,2}})[ ]?{_UNIT}(?!\w)", r"(?<!\w)(?:х|кс)[ ]?(\d{1,2})(?!\w)")
_BEFORE_A_THING = shape(rf"(?<![\w.,+:/№#-])(\d{{1,2}}) (?={_THING}(?!\w))")
_ALONE = shape(
    r"(?:\A|[\n,;.!])[ ]?(\d)(?=[ ]?(?:\Z|[.!,\n]))",
    rf"\b{_TAKE}[ :\-]{{1,3}}(\d)(?=[ ]?(?:\Z|[.!,;\n]| (?:будь|пожалуйста|розмір|размер)))",
)
_NOT_A_COUNT = shape(
    "\\b"
    + one_of(
        """
        відд~ від отд~ поштомат~ почтомат~ нп пошт~ почт~ буд будинок дом кв квартира підїзд поверх етаж вул ул розмір~
        размер~ до після после через за о об по к номер н
        """
    )
    + r"[ .:№#]{0,3}\d{1,6}(?!\w)(?! ?шт)",
    r"\d{1,6}[ ]?(?:"
    + one_of(
        """
        грн гривен~ гривн~ см кг рок~ лет год годин~ год~ час часов часа хв хвилин~ мин минут~ дн~ день дней тижн~
        недел~ розмір~ размер~ тис~ тыс~ к
        """
    )
    + r"(?!\w)|[₴%]|-?(?:го|й|ий|ый|ій|а|я|у|е|ю)(?!\w))",
    r"\+?\d[\d ()\-]{6,24}\d",
    r"\b(?:пар[ау]|один|одну|одне|одно|два|дві|две) (?:слів|слов|питан|вопрос|хвилин|минут|момент|секунд|дн|день|дня"
    r"|годин|час|тижн|недел|раз|рок|год|місяц|месяц|слово)\w*",
    r"\b(?:вул|ул|вулиця|улица|просп|проспект|бульвар|провулок)\.? [^\W\d_]{2,20}(?:,? (?:буд|дом|д)\.?)?,? \d{1,4}",
)
_BOTH = frozenset(loosen("обидві обидва обоє обе оба").split())
_TAKES = shape(rf"{_TAKE}")
_IS_A_THING = shape(rf"(?:{_THING}|{_UNIT}|розмір\w*|размер\w*)")


def find_quantity(text: str) -> int | None:
    """The number of pieces a text speaks of, 1 to 99; None where it speaks of none."""
    loose = _NOT_A_COUNT.sub(" | ", loosen(text))
    for pattern, most in ((_WITH_UNIT, MOST), (_BEFORE_A_THING, _MOST_BEFORE_A_GARMENT), (_ALONE, MOST)):
        for match in pattern.finditer(loose):
            count = int(next(group for group in match.groups() if group))
            if 1 <= count <= most:
                return count
    return _in_words(loose)


def _in_words(loose: str) -> int | None:
    tokens = words(loose)[:_MOST_WORDS]
    for place, token in enumerate(tokens):
        if token in _BOTH:
            return 2
        numeral = read_numeral(tokens[place : place + 5], NUMERALS_OF_THE_SHOP)
        if numeral and 1 <= numeral.value <= MOST and _is_a_count(tokens, place, place + numeral.length):
            return numeral.value
    return None


def _is_a_count(tokens: list[str], start: int, end: int) -> bool:
    """A number in words stands alone, before a thing, or beside a word of taking."""
    led = start == 0 or _TAKES.fullmatch(tokens[start - 1]) is not None
    if end == len(tokens):
        return led
    return _IS_A_THING.fullmatch(tokens[end]) is not None or (start == 0 and _TAKES.fullmatch(tokens[end]) is not None)
