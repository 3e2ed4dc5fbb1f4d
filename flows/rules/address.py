"""Where to bring it: what in a text is an address, and whether it is one we can find."""

# ruff: noqa: SIM905 — word tables read better as running text than as quoted lists.

import re
from enum import StrEnum

from flows.rules.text import fold, words

SHORTEST, LONGEST = 5, 200


class AddressProblem(StrEnum):
    """Why a text is not an address."""

    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    NO_STREET = "no_street"
    NOT_AN_ADDRESS = "not_an_address"


_MARK = re.compile(
    r"\b(?:ул|улиц[аеуы]|просп\w*|пр-т|пр|пер|переул\w+|бульвар\w*|б-р|шоссе|тупик\w*|мкр|мкрн|мкрн?\w?"
    r"|микрорайон\w*|м-н|мк-н"
    r"|жилмассив\w*|ж/м|жм|ж/к|жк|дом|дому|д|кв|квартир\w+|корпус\w*|подъезд\w*|этаж\w*|домофон\w*|сел[оае]"
    r"|айыл\w*|көчө\w*"
    r"|кочо\w*|үй|рынок|рынк\w+|базар\w*|тц|трц|бц|цум|гум|школ\w+|больниц\w+|гостиниц\w+|отел\w+|хостел\w*"
    r"|кафе|ресторан\w*|аптек\w+"
    r"|поликлиник\w+|мечет\w+|угол|углу|пересечени\w+|напротив|рядом с|возле|район\w*|город\w*|street|st|avenue"
    r"|ave|apt|house|road"
    r"|бишкек\w*|ош|чуй|чүй|ахунбаева|манаса|токтогула|киевск\w+|московск\w+|ибраимова|боконбаева|жибек"
    r"|горького|юнусалиева|советск\w+"
    r"|айтматова|исанова|турусбекова|фрунзе|абдрахманова|логвиненко|панфилова|гоголя|баха|асанбай|тунгуч|джал"
    r"|аламедин\w*"
    r"|кок-жар|кудайберген|арча-бешик|ак-орго|восток-5)\b\.?"
)
_STREET_AND_HOUSE = re.compile(
    r"\b[^\W\d_]{2,40}(?:ская|ского|ской|ова|ева|ина|ого|аева|бека|бай)[ ,.]{1,3}(?:д(?:ом)?\.? ?)?\d"
)
_WORD_AND_HOUSE = re.compile(r"[^\W\d_]{3,40}[ ,.\-№/]{0,4}\d")
_PIECE = (
    r"(?:дома|дом|д|кв|квартиры|квартира|подъезд|под|этаж|эт|домофон|корпус|корп|офис|оф|блок|код|apt|apartment|flat"
    r"|house|үй)"
)
_FRAGMENT = re.compile(rf"({_PIECE})\b[ .:№#]{{0,3}}(\d[\w/\-]{{0,8}})|(\d{{1,4}})[ \-]?[йя]? ?({_PIECE})\b")
_BARE_PIECE = re.compile(rf"\b(?:{_PIECE}|улиц[аеуы]|ул|квартир\w+|дом)\b")
_FAMILIES = (
    {"дом", "дома", "д", "house", "үй"},
    {"кв", "квартира", "квартиры", "apt", "apartment", "flat"},
    {"подъезд", "под"},
    {"этаж", "эт"},
    {"корпус", "корп"},
    {"офис", "оф"},
    {"домофон", "код"},
    {"блок"},
)
_LEAD = frozenset(
    """
    номер     здравствуйте здравствуй привет салам саламатсызбы ассалам алейкум добрый день вечер утро доброе хочу хотел
    хотела хотели бы заказать закажу заказ можно нужно нужна надо мне нам воду воды вода водичку водички
    привезите доставьте доставку доставка доставки привезти доставить везите отправьте адрес адресу мой наш на
    по это вот пожалуйста живу живем я мы пишите запишите ой нет не да а и точнее вернее правильный неправильный
    другой другая новый теперь правильно лучше давайте тогда hello hi address my is нужен оформите оформить
    оформляйте ну тот измените изменить поменяйте поменять исправьте исправить смените замените неверный неверно
    ошибся ошиблась ошибка прошу питьевую питьевой ок хорошо будет to deliver please want order дарегим дарек
    пусть еще но добавьте добавь добавить допишите забыл забыла указать написать сказать передумал передумала
    make it s its but at should be wrong different
    """.split()
)
_TAIL = frozenset(
    """
    пожалуйста спасибо рахмат телефон тел номер и мой а звоните мне сотовый нужно надо please thanks плиз phone
    количество бутылей бутылок штук хочу закажу заказать привезите воду воды жду make it
    """.split()
)
_STOPPERS = frozenset(
    """
    не я мне меня мы вы вам вас ты что как какой какая какие зачем сейчас щас потом позже хочу хотел хотела
    хотим воду воде вода воды думаю цена дорого дешево минуту минутку подождите нужно нужна надо можно заказ
    заказать заказа оператор привет здравствуйте салам спасибо да нет ок ага угу ладно хорошо просто тест test
    hello how what why who the you адрес телефон номер другой другая другое та то тот те туда неправильная
    неправильный неверный блин очень вкусная плохо хуй бля сука дурак бот ничего знаю скажу понял ясно сколько
    когда почему где кто ну вот это хз лол ха хаха секунду секунда секундочку самовывоз старому прежнему
    прошлому тому больше меньше или либо вместо цифра цифры последняя чтобы
    было быть должно виду ввиду пусть еще есть
    только всего ровно хватит возьму беру буду примерно максимум минимум может итого штук штуки
    """.split()
)
_VERB = re.compile(
    r"(?:заказ|отмен|передум|работа|сказа|говор|сдач|сдела|привез|привоз|достав|хоч|спасиб|помен|измен|исправ|оформ|подтвержд|позвон"
    r"|забер|забра|подума|подожд|запис|остав|скаж|подня|ошиб"
    r"|просил|писал|указал|имел|набрал|введ|помп|кулер|стакан)"
)
_ORDINAL = re.compile(r"\d-(?:я|й|е)\b", re.IGNORECASE)
"""«1-я линия» tells nothing of «я»."""
_ONLY_A_TOWN = re.compile(r"(?:г\.? ?|город )?(?:бишкек|ош|каракол|токмок|bishkek|osh|кыргызстан)\W*")
_HOUSE_FIRST = re.compile(
    r"\d{1,4}\w?(?:/\d+)? (?!(?:янв|фев|март|апр|мая|июн|июл|авг|сен|окт|ноя|дек|числ|more))[^\W\d_]{4,}"
)
"""«7/6 Aaly Tokombaev», «4 горбольница»; not «23 ноября»."""
_BUILDING = re.compile(r"\b(?:литера?|корпус|блок)\W*$", re.IGNORECASE)
"""What a letter of its own may follow."""
_HOUSE_OF_A_STREET = re.compile(
    rf"((?!.{{0,60}}?(?:мкр|микро|м-н))[^\d,]*(?!{_PIECE}\b)\b[^\W\d_]{{3,}}[ ,.]{{1,3}})\d+[а-яa-z]?(?:/\d+)?(?!\w)",
    re.IGNORECASE,
)
_TAKEN_BACK = re.compile(
    r"\bне (?=[^,\n]{0,60}?\d)[^,\n]{1,60}?,? а (?=\S)|,? а не (?=[^,\n]{0,60}?\d)[^,\n]*"
    r"|\bnot (?=[^,\n]{0,60}?\d)[^,\n]{1,60}?,? but (?=\S)"
    r"|\bотмен(?:и|ите|ить|яйте) [^,\n]{1,60}, (?=(?:лучше |давайте )*(?:привез|вез|достав(?:ь|ьте)\b|на ))",
    re.IGNORECASE,
)
"""What a customer takes back: «не Киевская 120, а …», «…, а не Чуй 5»."""
_SPEAKS_OF_CALLING = re.compile(r"\bcall\b")
_KEYBOARD = ("йцук", "фыва", "ячсм", "ролд", "олдж", "цуке", "qwer", "asdf", "zxcv", "йфяц")
_EDGE = " ,;:.!+-–—\n\t\"'«»"


def find_address(text: str, *, asked: bool, doubted: bool = False) -> str:
    """The address a cleaned text holds ("" if none), phones and counts already cut out.

    Unasked, it must show a street and a house; asked, a name of a place is enough. Doubted (an address is known and
    nobody asked for another), a floor or a flat in the midst of talk is none: «чтобы подняли на 5 этаж».
    """
    lines = [line for line in text.splitlines() if line.strip(_EDGE)]
    pieces = [tidy(line) for line in lines]
    strong = [
        piece for piece in pieces if _is_strong(piece, asked=asked) and not (doubted and _is_piece_of_talk(piece))
    ]
    if not strong:
        named = (piece for piece in pieces if asked and is_plausible(piece))
        return next((piece for piece in named if not doubted or _HOUSE_FIRST.match(fold(piece))), "")
    first = pieces.index(strong[0])
    more = [
        piece
        for line, piece in zip(lines[first + 1 :], pieces[first + 1 :], strict=True)
        if piece and (is_fragment(piece) or piece in strong or line.strip(" ,;.").isdigit())
    ]
    lead = [piece for piece in pieces[:first] if asked and is_plausible(piece) and is_fragment(strong[0])]
    return ", ".join(dict.fromkeys([*lead, strong[0], *more]))


def check_address(address: str) -> AddressProblem | None:
    """What is wrong with an address, if anything."""
    if len(address) > LONGEST:
        return AddressProblem.TOO_LONG
    if is_fragment(address) or _ONLY_A_TOWN.fullmatch(fold(address)):
        return AddressProblem.NO_STREET
    return AddressProblem.TOO_SHORT if len(address) < SHORTEST else None


def why_no_address(text: str) -> AddressProblem:
    """What to tell a customer whose answer to «адрес?» holds none."""
    told = text.strip(_EDGE)
    if len(told) > LONGEST:
        return AddressProblem.TOO_LONG
    return AddressProblem.TOO_SHORT if 0 < len(told) < SHORTEST else AddressProblem.NOT_AN_ADDRESS


def as_corrected(text: str) -> str:
    """What is meant in a correction: «не Чуй 100, а Манаса 5», «квартира 7, а не 5»."""
    return _TAKEN_BACK.sub("", text)


def tidy(line: str) -> str:
    """A line without what people write around an address: «здравствуйте, мой адрес: …, спасибо»."""
    line = ", ".join(part for part in line.replace(" ,", ",").split(", ") if part.strip(_EDGE))
    while match := re.match(r"[\s,;:.!\-–—\"«'’]*([^\W_]+)[\s,;:.!\-–—]*", line):
        following = fold(line[match.end() :][:20])
        if fold(match.group(1)) not in _LEAD or following.startswith(("углу", "пересечени", "против")):
            break
        line = line[match.end() :]
    while match := re.search(r"(?<![^\W_])([^\W\d_]{1,15})[\s,;:.!\-–—(]*$", line[-40:]):
        if fold(match.group(1)) not in _TAIL or _BUILDING.search(line[: len(line) - len(line[-40:]) + match.start()]):
            break
        line = line[: len(line) - len(line[-40:]) + match.start()]
    return line.strip(_EDGE).rstrip("( ")


def _is_strong(piece: str, *, asked: bool) -> bool:
    folded = fold(piece[: LONGEST * 2])
    if sum(sign.isalpha() for sign in folded) < 3 and not is_fragment(piece):
        return False
    if not any(sign.isdigit() for sign in folded):
        return asked and _MARK.search(_BARE_PIECE.sub("", folded)) is not None and not is_chat(folded)
    if _MARK.search(folded) or _STREET_AND_HOUSE.search(folded):
        return True
    return asked and _WORD_AND_HOUSE.search(folded) is not None and not is_chat(folded)


def _is_piece_of_talk(piece: str) -> bool:
    folded = fold(piece[: LONGEST * 2])
    named = _STREET_AND_HOUSE.search(folded) or _MARK.search(_BARE_PIECE.sub("", folded))
    return not named and is_chat(folded)


def is_chat(text: str) -> bool:
    """Whether words of talk, never of an address, stand in it."""
    told = _ORDINAL.sub(" ", text[: LONGEST * 2])
    return any(word in _STOPPERS or _VERB.match(word) for word in words(told))


def is_talk(word: str) -> bool:
    """Whether a folded word belongs to what people say around an address, not to it."""
    return word in _LEAD or word in _TAIL or is_chat(word) or _ONLY_A_TOWN.fullmatch(word) is not None


def is_named_like_a_place(word: str) -> bool:
    """Whether a folded word is a street by its ending, or a word like «кв»; a town is too large for a house."""
    if _ONLY_A_TOWN.fullmatch(word):
        return False
    return any(shape.fullmatch(word) for shape in (_MARK, _BARE_PIECE)) or bool(_STREET_AND_HOUSE.match(f"{word} 1"))


def is_plausible(piece: str) -> bool:
    """Whether a piece without street or number may name a place: «Кызыл-Аскер, за мостом»."""
    folded = fold(piece)
    letters = sum(sign.isalpha() for sign in folded)
    if len(piece) < SHORTEST or letters < 4 or letters * 2 < len(piece) or is_chat(piece):
        return False
    garbage = any(row in folded for row in _KEYBOARD) or len(set(folded)) < 4 or "http" in folded
    garbage = garbage or _SPEAKS_OF_CALLING.search(folded) is not None
    return not garbage and re.search(r"[аеиоуыэюяaeiouyөү]", folded) is not None


def is_fragment(text: str) -> bool:
    """Whether it is only a part of an address: «кв 7», «3 подъезд»."""
    folded = fold(text[:LONGEST])
    return _FRAGMENT.search(folded) is not None and not _FRAGMENT.sub("", folded).strip(_EDGE)


def merge_address(known: str, fragment: str) -> str:
    """The known address with a part of it added or replaced: «кв 5» in it gives way to «кв 7»."""
    for match in _FRAGMENT.finditer(fold(fragment)):
        label, value = (match.group(1), match.group(2)) if match.group(1) else (match.group(4), match.group(3))
        family = next(names for names in _FAMILIES if label in names or len(names) == 1)
        shape = rf"\b({'|'.join(sorted(family, key=len, reverse=True))})\b([ .:№#]{{0,3}})\d[\w/\-]{{0,8}}"
        old = re.search(shape, known, re.IGNORECASE)
        house = _HOUSE_OF_A_STREET.match(known) if "дом" in family and not old else None
        if house:
            known = f"{house[1]}{value}{known[house.end() :]}"
        elif old:
            known = f"{known[: old.start()]}{old[1]}{old[2]}{value}{known[old.end() :]}"
        else:
            known = f"{known}, {label} {value}"
    return known
