"""Sizes as customers write them: «М», «эмка», «XXL», «44», «42-44», «38 розмір», «one size»."""

import re
from collections.abc import Iterator

from flows.rules import colours, garments
from flows.rules.loose import LONGEST, loosen, one_of, shape
from flows.rules.text import clean, fold

ONE_SIZE = "ONE SIZE"
_LOWEST, _HIGHEST = 36, 64
_LOWEST_SAID = 24
"""Jeans are counted in inches: «28 розмір»."""

_SPOKEN = shape(
    r"\b(?:(?P<XS>(?:ікс|икс)[ -]?(?:еск|ес)\w{0,2})|(?P<XXL>(?:(?:ікс|икс)[ -]?){2}(?:ель|елк|ельк)\w{0,2})"
    r"|(?P<XL>(?:ікс|икс)[ -]?(?:ель|елк|ельк)\w{0,2}|хл[ьк]к\w{1,2}|хельк\w{1,2})|(?P<S>еск(?:а|и|у|ою|ой)|есочк\w)"
    r"|(?P<M>емк(?:а|и|у|ою|ой)|емочк\w)|(?P<L>ельк(?:а|и|у|ою|ой)|елочк\w))\b"
)
_ALONE = shape(
    r"(?:(?:розмір|размер|мій|мой|а|ну|тоді|тогда|давайте|можна|можно) )*"
    r"(?:(?P<S>ес)|(?P<M>ем)|(?P<L>ель)|(?P<XS>ікс ?ес)|(?P<XL>ікс ?ель|хель)|(?P<XXL>ікс ?ікс ?ель))"
    r"(?: (?:будь ласка|пожалуйста|є|есть|розмір|размер))*"
)
"""A letter by its name is a size only where hardly anything else is said: «ем», «розмір ель»."""
_ONE_SIZE = shape(
    "\\b"
    + one_of(
        """
        оне_сизе уан_сайз ван_сайз вансайз уансайз універсал універсальн~ универсал универсальн~ єдиний_розмір
        единый_размер
        """
    )
    + "\\b"
)
_LOOKALIKE = str.maketrans("хсмл", "xsml")
_LETTER = r"(?:[xх]{1,4}[sс]|[2-5][ ]?[xх][lл]|[xх]{1,5}[lл]|[sс]|[mм]|[lл])"
_LETTERS = re.compile(rf"(?<![\w+'’.-])({_LETTER})(?:[ ]?[-–—/][ ]?({_LETTER}))?(?![\w'’])")
_WORD = r"(?:розмір\w{0,3}|розм|размер\w{0,3}|разм|р-р|рр|р|size|сайз|rozmir\w?|razmer\w?)"
_NUMBER = re.compile(
    rf"(?:(?<!\w)(?P<before>{_WORD})[ .:№\-–—]{{0,3}})?(?<![\w.,+#№/-])(?P<low>[2-6]\d)"
    rf"(?:[ ]?[-–—/][ ]?(?P<high>[3-6]\d))?(?:-?(?:й|го|ій|ий|ый|му|ого|ому))?(?![\w%])(?![.,:]\d)"
    rf"(?:[ .]{{0,2}}(?P<after>{_WORD})(?!\w))?"
)
_SEGMENT = re.compile(r"[\n,;.!?()]")
_THING = rf"(?:{garments.WORD}|{colours.WORD})"
_BEFORE = one_of(
    """
    мій мой моя мені мне беру візьму возьму хочу ношу або или чи и та є есть мене меня треба нужен нужна нужно потрібен
    потрібна потрібно давайте тоді тогда буде будет також тоже ще еще цю эту цей этот підійде подойдет зазвичай обычно
    на_мене на_меня
    """
)
_AFTER = one_of(
    """
    є есть буде будет підійде подойдет в_наявності в_наличии ще_є еще_есть треба нужен нужно або или чи и та залишив~
    осталс~ остал~ мені мне беру будь_ласка пожалуйста
    """
)
_FRIENDLY_BEFORE = shape(rf"\b(?:{_BEFORE}|{_THING}) \Z")
_FRIENDLY_AFTER = shape(rf" (?:{_AFTER}|{colours.WORD})(?!\w)")
_SIZE_BEFORE = re.compile(rf"(?<!\w){_WORD}[ .:№\-–—]{{0,3}}\Z")
_SIZE_AFTER = re.compile(rf"[ \-]{{0,2}}{_WORD}(?!\w)")
_JOINED = r"(?: |, ?| і | и | та | або | или | чи |/)"
_BETWEEN = re.compile(rf"(?<!\w){_LETTER}{_JOINED}\Z")
_BETWEEN_AFTER = re.compile(rf"{_JOINED}{_LETTER}(?!\w)")
_ABBREVIATES = re.compile(r"\.[ ]?[^\W\d_]")
"""«м. Дніпро», «с. Гора»."""


_MEASURES = re.compile(r"(?:\d\d|[.,]\d|\d(?! )) ?\Z")
"""«15 м», «1,5 м», «5м» are lengths; «2 М» is two of a size."""


def find_sizes(text: str) -> tuple[str, ...]:
    """The sizes a text names, in its order, each once, as XS…5XL, «44», «42-44» or ONE SIZE."""
    plain = fold(clean(text[:LONGEST]))
    loose = loosen(text)
    found = [*_letters(plain), *_numbers(plain)]
    found += [(match.start(), match.lastgroup or "") for match in _SPOKEN.finditer(loose)]
    if alone := _ALONE.fullmatch(loose.strip(" .,!?)")):
        found.append((0, alone.lastgroup or ""))
    if _ONE_SIZE.search(loose):
        found.append((len(plain), ONE_SIZE))
    return tuple(dict.fromkeys(size for _, size in sorted(found, key=lambda one: one[0])))


def _letters(plain: str) -> Iterator[tuple[int, str]]:
    for match in _LETTERS.finditer(plain):
        first, second = _latin(match.group(1)), _latin(match.group(2) or "")
        if second or len(match.group(1)) > 1 or _is_a_size(plain, match):
            yield match.start(), f"{first}-{second}" if second else first


def _latin(written: str) -> str:
    """«ХХЛ», «2хл» and «XXL» are one size."""
    size = written.translate(_LOOKALIKE).replace(" ", "").upper()
    many = size.count("X")
    if size.endswith("S") and many > 1:
        return "XXS"
    return {"2XL": "XXL"}.get(size, f"{many}XL" if many > 2 else size)


def _is_a_size(plain: str, match: re.Match[str]) -> bool:
    """A single letter: «м» is also "m. Dnipro" and «с» is also "with", so something near must say that it is a size."""
    before, after = plain[max(0, match.start() - 40) : match.start()], plain[match.end() : match.end() + 40]
    if _ABBREVIATES.match(after) or _MEASURES.search(before):
        return False
    if (
        _SIZE_BEFORE.search(before)
        or _SIZE_AFTER.match(after)
        or _BETWEEN.search(before)
        or _BETWEEN_AFTER.match(after)
    ):
        return True
    if match.group(1).isascii() or not re.match(r"[ ]?\w", after):
        return True
    return _is_friendly(before, after, either=match.group(1) in "мл")


def _is_friendly(before: str, after: str, *, either: bool) -> bool:
    """Whether what stands beside a number or a letter speaks of sizes: «чорну 46», «46 є?»."""
    if _FRIENDLY_AFTER.match(" " + loosen(after)):
        return True
    return either and _FRIENDLY_BEFORE.search(loosen(before) + " ") is not None


def _numbers(plain: str) -> Iterator[tuple[int, str]]:
    for match in _NUMBER.finditer(plain):
        low, high = int(match.group("low")), int(match.group("high") or 0)
        said = bool(match.group("before") or match.group("after"))
        if high:
            if _LOWEST <= low < high <= _HIGHEST and high - low in {1, 2, 4}:
                yield match.start("low"), f"{low}-{high}"
        elif (said and _LOWEST_SAID <= low <= _HIGHEST) or (low >= _LOWEST and _stands_for_a_size(plain, match)):
            yield match.start("low"), str(low)


def _stands_for_a_size(plain: str, match: re.Match[str]) -> bool:
    before = _SEGMENT.split(plain[max(0, match.start() - 60) : match.start()])[-1]
    after = _SEGMENT.split(plain[match.end() : match.end() + 60])[0]
    ends = not after.strip()
    if ends and not before.strip():
        return True
    return len(before.split()) <= 6 and _is_friendly(before, after, either=ends)
