"""Who receives the parcel: a name among phones, towns and branches."""

import json
import re
from functools import lru_cache
from itertools import islice, pairwise
from pathlib import Path

from flows.rules.cities import find_city
from flows.rules.loose import LONGEST, loosen, shape
from flows.rules.text import clean

_FILE = Path(__file__).with_name("first_names.json")
_MARKER = shape(
    r"\b(?:отримувач\w{0,3}|одержувач\w{0,3}|получател\w{0,2}|мене звати|меня зовут|мене звуть|звати мене|звуть|зовут"
    r"|на ім'я|на имя|піб|фіо|фио|ім'я та прізвище|ім'я|имя|прізвище|фамилия|прізвище та ім'я|фамилия и имя"
    r"|імя і прізвище|отримає|отримуватиме|отримувати буде|забирати буде|забиратиме|забере|получать будет|получит"
    r"|заберет|я) ?[:–—-]? ?"
)
_WORD = re.compile(r"[^\W\d_]+(?:['’ʼ`-][^\W\d_]+)*")
_SEGMENT = re.compile(r"[\n,;.!?()+\d:№#/]+")
_SURNAME = shape(
    r"(?:енко|єнко|чук|щук|юк|ук|ськ(?:ий|а|ої|ому|ого|ая|ой)|цьк(?:ий|а|ая)|зьк(?:ий|а|ая)|ска(?:я)?|ский|цкий|цкая"
    r"|ів|їв|ова|ова|єва|ева|ов|ев|ін|іна|ин|ина|ко|ик|як|ич|ець|ан|ян|аш|ак|уха|юра|ун|ай|ій|дзе|швілі|швили|ло|ра"
    r"|ль|ла|да)\Z"
)
_PATRONYMIC = shape(r"\w{2,20}(?:ович|евич|йович|івна|ївна|овна|евна|ічна|ична|ович(?:у|а)|івні|овне)")
_STOP = frozenset(
    loosen(
        """
        я ми ви ти він вона воно вони і й та а але або чи це ця цей ці той так ні да нет не на у в до з із за від по
        для про мені мне мене меня вам вас дякую спасибо будь ласка пожалуйста привіт привет вітаю добрий день вечір
        доброго ранку добрый вечер утро здравствуйте хочу беру треба нужно надо потрібно можна можно дайте давайте
        замовляю заказываю замовлення заказ розмір размер колір цвет сукня платье відділення отделение відд отд нова
        новая пошта почта новою поштою укрпошта поштомат місто город вул вулиця ул улица буд будинок дом кв квартира
        область обл район номер телефон тел отримувач получатель адреса адрес доставка оплата ок добре хорошо чекаю
        жду мій моя мой звати зовут ім'я имя прізвище фамилия піб фио завтра сьогодні сегодня коли когда скільки
        сколько що что як как де где є есть буде будет грн сума кошик чек скрін ще еще дуже очень вже уже теж тоже
        нас наш ваша ваш всім всем кур'єр курьер готова готовий щось оплатила оплатив якщо если подумаю просто
        тільки только потім потом зараз сейчас тут там інша інший другая другой людина оператор менеджер
        """
    ).split()
)
_LEAD = frozenset(loosen("це это буде будет так да запишіть запишите пишіть пишите отримає получит на добре").split())
"""What may stand before the name in an answer."""
_MOST_SEGMENTS = 40


@lru_cache(maxsize=1)
def _first_names() -> frozenset[str]:
    return frozenset(loosen(name) for name in json.loads(_FILE.read_text("utf-8")))


def is_first_name(word: str) -> bool:
    """Whether a word is a first name we know, in any letters."""
    return loosen(word) in _first_names()


def find_name(text: str, *, asked: bool = False) -> str:
    """The recipient a text names, each word with a capital ("" if none): «Отримувач іваненко марія».

    Without a word like «отримувач», at least one first name must be known and nothing else may stand beside it; where
    the name was `asked` for, any two or three words that are no talk are believed.
    """
    for segment in islice(_SEGMENT.split(clean(text[:LONGEST])), _MOST_SEGMENTS):
        marked, rest = _after_marker(segment)
        name = _read(rest, marked=marked, asked=asked)
        if name:
            return name
    return _after_a_line_break(text)


def _after_marker(segment: str) -> tuple[bool, str]:
    """What follows «отримувач», as it was written."""
    words = list(_WORD.finditer(segment))
    for place, word in enumerate(words[:12]):
        for length in (4, 3, 2, 1):
            taken = words[place : place + length]
            if len(taken) == length and _MARKER.fullmatch(loosen(segment[word.start() : taken[-1].end()])):
                return True, segment[taken[-1].end() :]
    return False, segment


def _after_a_line_break(text: str) -> str:
    """«Отримувач:» ends a segment of its own; the name stands in the next."""
    segments = [segment.strip() for segment in _SEGMENT.split(clean(text[:LONGEST]))[:_MOST_SEGMENTS]]
    filled = [segment for segment in segments if segment]
    for before, after in pairwise(filled):
        marked, rest = _after_marker(before)
        if marked and not rest.strip():
            return _read(after, marked=True, asked=False)
    return ""


def _read(segment: str, *, marked: bool, asked: bool) -> str:
    words = [word.group() for word in islice(_WORD.finditer(segment), 8)]
    while words and (loosen(words[0]) in _LEAD or (marked and loosen(words[0]) in _STOP)):
        words.pop(0)
    if marked:
        words = _until_talk(words)
    loose = [loosen(word) for word in words]
    if not 1 <= len(words) <= 3 or any(word in _STOP or len(word) < 2 for word in loose):
        return ""
    if not _is_name(loose, marked=marked, asked=asked):
        return ""
    return " ".join("-".join(part.capitalize() for part in word.split("-")) for word in words)


def _until_talk(words: list[str]) -> list[str]:
    """The name ends where talk begins; three words at most."""
    kept: list[str] = []
    for word in words[:3]:
        if loosen(word) in _STOP:
            break
        kept.append(word)
    return kept


def _is_name(loose: list[str], *, marked: bool, asked: bool) -> bool:
    known = any(word in _first_names() for word in loose)
    if not known and find_city(" ".join(loose)):
        return False
    if marked:
        return known or (len(loose) > 1 and any(_SURNAME.search(word) for word in loose))
    if len(loose) == 1:
        return asked and known
    if asked:
        return known or any(_SURNAME.search(word) for word in loose)
    others = [word for word in loose if word not in _first_names()]
    return known and all(_SURNAME.search(word) or _PATRONYMIC.fullmatch(word) for word in others)
