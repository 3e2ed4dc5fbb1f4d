"""Whether a number that comes next stands on a door: «Киевская 8», «кв 70»; not «тел 8», «давайте 8»."""

# ruff: noqa: SIM905 — word tables read better as running text than as quoted lists.

import re

from flows.rules.address import is_named_like_a_place, is_talk
from flows.rules.names import is_first_name
from flows.rules.text import fold, words

_WORD_BEFORE = re.compile(r"(?<![^\W_])([^\W\d_]{1,30})(-|[ .№#]{1,4}|[ ]?,[ ]?)\Z")
_SAME_BREATH = re.compile(r"[\d,;\n]")
_FAR_ENOUGH = 40
_OF_A_PHONE = re.compile(
    r"тел|телефон\w*|номер\w*|моб|мобил\w*|мобільн\w*|сот|сотов\w+|сотк\w|контакт\w*|(?:по|пере)?дзв[оі]н\w*|\w*звон\w*"
    r"|зателефонуйте|набер(?:и|ите|іть)|в[ао]т+с[ао]п+\w*|вайбер\w*|телеграм+\w*|whats?app|wa|viber|telegram|tel|mob"
    r"|mobile|cell|number|call|чалыңыз|чалгыла"
)
_OF_A_COUNT = re.compile(r"бут|бутыл\w*|баклаж\w*|бал+он\w*|шт|штук\w*|вод(?:а|ы|е|у|ой)|л|литр\w*|бөтөлкө\w*|bottles?")
_OTHER_TALK = frozenset(
    """
    или либо або чи або вместо замість кроме мою моего моему наша ваш личный рабочий домашний второй запасной основной
    правильней неправильно неверно примерно приблизительно около то максимум минимум всего итого может наверное
    мій моя мого мені наш ось це цей так ні дякую привіт вітаю добрий доброго дня запишіть отримувач отримувача
    одержувач получатель получателя имя имени менин бул is it this that me or мама мамы папа папы муж мужа жена жены
    брат брата сестра сестры сын сына дочь дочери сосед соседка курьер клиент
    """.split()
)
_KYRGYZ_NAMES = frozenset(
    """
    абдылда азамат азиз айбек айгерим айгуль айгүл айдай айжан айзада айнура айпери айсулуу акылбек алтынай
    асель асел бакыт бегимай бектур бермет болот гулзат гулнара гульнара гүлнара данияр динара жазгуль жамиля жаныл
    замира каныкей кубат кубан кундуз максат медер мээрим назгуль нургуль нурбек нурлан нурсултан руслан
    сабина салтанат санжар талант тилек улан урмат чолпон чынара элдияр эльвира эльмира эмир эрлан
    """.split()
)
"""Names that are common in Bishkek and missing among `first_names.json`, which serves the shop."""


def stands_on_a_door(before: str) -> bool:
    """Whether the number that follows this text is a house or a flat.

    Behind a comma only a plain street or «кв» leads to one: «Айгуль, 8 0555 12 34 56» is a name and a phone number.
    """
    folded = fold(before[-_FAR_ENOUGH:])
    match = _WORD_BEFORE.search(folded)
    if match is None:
        return False
    word, sign = match.groups()
    return is_named_like_a_place(word) or ("," not in sign and not _leads_elsewhere(word, folded))


def _leads_elsewhere(word: str, folded: str) -> bool:
    """Whether the word is talk or a name, or a phone is spoken of: «тел жены 8 0555 12 34 56»."""
    if is_talk(word) or word in _OTHER_TALK or _OF_A_COUNT.fullmatch(word):
        return True
    if word in _KYRGYZ_NAMES or is_first_name(word):
        return True
    return any(_OF_A_PHONE.fullmatch(spoken) for spoken in words(_SAME_BREATH.split(folded)[-1]))
