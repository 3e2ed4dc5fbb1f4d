"""What kind of garment a text speaks of."""

import re

from flows.rules.loose import loosen, shape

_TABLE = r"""
suit: костюм|двійк[аиу]|двойк[аиу]: костюм: костюм: suit
tracksuit: спорт\w* костюм|спортивк: спортивний костюм: спортивный костюм: tracksuit
jumpsuit: комбінезон|комбинезон: комбінезон: комбинезон: jumpsuit
dress: сукн|сукен|сукон|платт|плат(?:ье|ья|ью|ьем|ьям|ьях|ьиц|ьишк)|сарафан: сукня: платье: dress
skirt: спідни|спідничк|юбк|юбок|юбочк: спідниця: юбка: skirt
shirt: сорочк|сорочок|рубашк|рубашек: сорочка: рубашка: shirt
blouse: блуз: блузка: блузка: blouse
tshirt: футболк|футболок|майк[аиуою]|майок|тішк|тишк: футболка: футболка: tshirt t-shirt тішотка
top: топ(?:ик|ік)?: топ: топ: top
bodysuit: боді|боди: боді: боди: bodysuit
sweater: светр|свитер|світер|джемпер|пуловер|вязан\w* кофт: светр: свитер: sweater
turtleneck: гольф|водолазк: гольф: водолазка: turtleneck
cardigan: кардиган|кофт: кардиган: кардиган: cardigan
hoodie: худ[іи]|толстовк: худі: худи: hoodie hudi
sweatshirt: світшот|свитшот|реглан|лонгслів|лонгслив: світшот: свитшот: sweatshirt
blazer: піджа[кч]|пиджа[кч]|жакет|блейзер: жакет: пиджак: blazer
trench: тренч|плащ: тренч: тренч: trench
coat: пальт: пальто: пальто: coat
puffer: пуховик|пухов[іи]к: пуховик: пуховик: puffer
jacket: куртк|курток|бомбер|вітровк|ветровк|косух: куртка: куртка: jacket
fur_coat: шуб|дублян|дублен: шуба: шуба: fur
vest: жилет|безрукавк: жилет: жилет: vest
jeans: джинс|джінс: джинси: джинсы: jeans
shorts: шорт: шорти: шорты: shorts
leggings: лосин|легінс|леггинс|легинс: легінси: леггинсы: leggings
trousers: штан|брюк|карго|палаццо|джогер|джоггер: штани: брюки: trousers pants
pyjamas: піжам|пижам: піжама: пижама: pyjamas pajamas
robe: халат: халат: халат: robe
swimsuit: купальник|купальнік: купальник: купальник: swimsuit bikini
underwear: білизн|бель[еёю]|бюстгальтер|трус[иыі]|ліфчик|лифчик: білизна: бельё: underwear lingerie
tights: колгот: колготки: колготки: tights
socks: шкарпет|носки|носков|носочк: шкарпетки: носки: socks
sneakers: кросівк|кроссовк|кросовк|кед[иыіа]|кедів: кросівки: кроссовки: sneakers
boots: черевик|чобот|чобіт|ботинк|сапог|ботильйон|ботильон|ботфорт|угг|уг[иі]: черевики: ботинки: boots
sandals: босоніж|босонож|сандал: босоніжки: босоножки: sandals
slippers: тапк|тапочк|капц|шльопанц|шлепанц|шлепк|крокс: тапочки: тапочки: slippers
shoes: туфл|взутт|обув|лофер|балетк|мокасин: взуття: обувь: shoes heels
bag: сумк|сумок|сумочк|рюкзак|клатч|шопер|шоппер: сумка: сумка: bag
belt: ремінь|ремен|ремн|пояс[аік]?: пояс: ремень: belt
hat: шапк|шапок|шапочк|берет|кепк|панам|капелюх: шапка: шапка: hat cap
scarf: шарф|хустк|платок|снуд: шарф: шарф: scarf
gloves: рукави[чц]|перчатк|варежк: рукавички: перчатки: gloves
"""


def _rows() -> list[tuple[str, str, str, str, list[str]]]:
    rows = (row.split(": ") for row in _TABLE.strip().splitlines())
    return [(key, stems.strip(), uk.strip(), ru.strip(), names.split()) for key, stems, uk, ru, names in rows]


GARMENTS = tuple(key for key, *_ in _rows())
_NAMES = {key: {"uk": uk, "ru": ru} for key, _, uk, ru, _ in _rows()}


def _pattern() -> re.Pattern[str]:
    groups = []
    for key, stems, _, _, names in _rows():
        words = "".join(f"|{re.escape(loosen(name))}\\w{{0,2}}" for name in names)
        groups.append(rf"(?P<{key}>(?:{stems})\w{{0,4}}{words})")
    return shape(rf"\b(?:{'|'.join([groups[1], groups[0], *groups[2:]])})\b")


GARMENTS = tuple(_NAMES)
"""Every kind of garment that is known, by its normal name."""
_GARMENT = _pattern()
WORD = rf"(?:{'|'.join(stems for _, stems, _, _, _ in _rows())})\w{{0,4}}"
"""Any garment in any ending, for the rules that only ask whether one is named."""
_NO_GARMENT = shape(r"\bплат(?:ить|ити|иж|їж|еж|і(?=ж)|ежк)\w*|\bтопов\w*")


def find_garment(text: str) -> str:
    """The first garment the text names ("" if none): «платтячко» and «сарафан» are a `dress`."""
    match = _GARMENT.search(_NO_GARMENT.sub(" ", loosen(text)))
    return next(key for key in _NAMES if match.group(key)) if match else ""


def garment_name(key: str, language: str) -> str:
    """How a kind of garment is called; a key nobody knows is returned as it is."""
    return _NAMES[key]["ru" if language == "ru" else "uk"] if key in _NAMES else key
