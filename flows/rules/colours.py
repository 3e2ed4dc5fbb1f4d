"""Colours, in every ending: «чорну», «черное», «темно-синя», «хакі», «black»."""

import re

from flows.rules.loose import loosen, shape

_ENDINGS = (
    r"(?:еньк|ист|уват|оват)?(?:ого|ому|ою|ої|ими|ій|ий|им|их|ым|ых|ый|ая|ое|ой|ую|ые|яя|ее|юю|ього|його|ьому|ому"
    r"|ньою|їй|а|у|е|і|я|ю|о|ої|є|ньо)"
)
_TABLE = """
black: чорн|черн: чорний: чёрный: black чорне
white: біл|бел: білий: белый: white
red: червон|красн: червоний: красный: red
burgundy: бордов|бургунд|марсал|винн: бордовий: бордовый: бордо марсала burgundy марсал
pink: рожев|розов|пудров|фуксі: рожевий: розовый: pink пудра пудру пудри пудрі фуксія фуксію фуксия фуксию рожове
orange: оранжев|помаранчев|теракотов|терракотов: помаранчевий: оранжевый: orange теракот терракот
yellow: жовт|желт|лимонн: жовтий: жёлтый: yellow
mustard: гірчичн|горчичн: гірчичний: горчичный: mustard гірчиця горчица
green: зелен|салатов|смарагдов|изумрудн|фісташков|фисташков|м'ятн|мятн: зелений: зелёный: green фісташка фисташка
olive: оливков: оливковий: оливковый: olive олива
khaki: хакі: хакі: хаки: хакі khaki хакі хакові
blue: син|індигов|васильков|волошков: синій: синий: blue індиго индиго
light_blue: блакитн|голуб|небесн: блакитний: голубой: небесно
electric: електрик: електрик: электрик: електрик електрику електріка electric электрика
turquoise: бірюзов|бирюзов: бірюзовий: бирюзовый: бірюза бирюза turquoise тіффані тиффани
purple: фіолетов|фиолетов|пурпурн: фіолетовий: фиолетовый: purple фіолет фиолет violet
lilac: бузков|сиренев|лілов|лилов|лавандов: бузковий: сиреневый: lilac лаванда лаванди лаванду
beige: бежев|тілесн|телесн|піщан|песочн|кремов: бежевий: бежевый: beige беж нюд nude капучино капучіно
milk: молочн|ванільн|ванильн: молочний: молочный: молоко milk ivory айворі айвори екрю экрю
brown: коричнев|шоколадн|каштанов|кавов|кофейн: коричневий: коричневый: brown шоколад мокко
camel: кемел|верблюж: кемел: кэмел: кемел кэмел camel кемел
grey: сір|сер|графітов|графитов|антрацитов: сірий: серый: grey gray графіт графит антрацит
silver: сріблян|сріблист|срібляст|срібн|серебрян|серебрист: сріблястий: серебристый: silver срібло серебро
gold: золот|золотист: золотий: золотой: gold золото
"""
_SHADES = {"dark": ("темн", "темно-", "тёмно-"), "light": ("світл|светл|блід|бледн", "світло-", "светло-")}
_ONLY_SIGNS = ("різнокольоров", "разноцветн")


def _rows() -> list[tuple[str, str, str, str, list[str]]]:
    rows = (row.split(": ") for row in _TABLE.strip().splitlines())
    return [(key, stems, uk.strip(), ru.strip(), names.split()) for key, stems, uk, ru, names in rows]


COLOURS = tuple(key for key, *_ in _rows())
_NAMES = {key: {"uk": uk, "ru": ru} for key, _, uk, ru, _ in _rows()}


def _pattern() -> re.Pattern[str]:
    """One pattern with a group for every colour; the stems are followed by an ending of an adjective."""
    groups = []
    for key, stems, _, _, names in _rows():
        words = "|".join(loosen(name) for name in names)
        groups.append(f"(?P<{key}>(?:{stems.strip()}){_ENDINGS}" + (f"|{words})" if words else ")"))
    shades = "|".join(stems for stems, _, _ in _SHADES.values())
    # The names of the groups are Latin and stay as they are: only Cyrillic letters are loosened.
    return shape(rf"\b(?:(?P<shade>{shades})(?:о|ий|а|е|ая|ое|у|ую|ый|ої|ою|ой)?[ \-]{{0,3}})?(?:{'|'.join(groups)})\b")


COLOURS = tuple(_NAMES)
"""Every colour that is known, by its normal name."""
WORD = rf"(?:{'|'.join(stems for _, stems, _, _, _ in _rows())}){_ENDINGS}"
"""Any colour in any ending, for the rules that only ask whether one is named."""
_COLOUR = _pattern()
_TOWN = shape(r" (?:церк[оа]?в|лиман|мор)")
"""«Біла Церква» is a town."""
_DENIED = shape(r"(?:\bне|\bкрім|\bкроме|\bтільки не|\bтолько не) \Z")


def find_colours(text: str) -> tuple[str, ...]:
    """The colours a text names, in its order, each once; a denied one («не чорну») is left out."""
    loose = loosen(text)
    found = (_key(match) for match in _COLOUR.finditer(loose) if _is_meant(loose, match))
    return tuple(dict.fromkeys(found))


def _is_meant(loose: str, match: re.Match[str]) -> bool:
    before = loose[max(0, match.start() - 14) : match.start()]
    return not _DENIED.search(before) and not _TOWN.match(loose, match.end())


def _key(match: re.Match[str]) -> str:
    key = next(name for name in _NAMES if match.group(name))
    if not match.group("shade"):
        return key
    shade = "dark" if match.group("shade") == "темн" else "light"
    return key if key.startswith(shade) else f"{shade}_{key}"


def colour_name(key: str, language: str) -> str:
    """How a colour is called: `dark_blue` is «темно-синій»; a key nobody knows is returned as it is."""
    column = "ru" if language == "ru" else "uk"
    if key in _NAMES:
        return _NAMES[key][column]
    shade, _, base = key.partition("_")
    if shade in _SHADES and base in _NAMES:
        return _SHADES[shade][1 if column == "uk" else 2] + _NAMES[base][column]
    return key
