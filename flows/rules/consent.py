"""«Да» and «Нет» in their many spellings: Russian, Kyrgyz, English, signs; Ukrainian beside Russian where asked."""

# ruff: noqa: SIM905 — word tables read better as running text than as quoted lists.

import re
from enum import StrEnum
from typing import NamedTuple

from flows.rules.text import fold, words


class Consent(StrEnum):
    """What a customer answers to "is this right?"."""

    YES = "yes"
    NO = "no"
    UNCLEAR = "unclear"
    """Something was agreed to or refused, and something else was said that may change it."""


_YES = frozenset(
    """
    да даа дада д ага агаа агась угу угуу ок окк окей океи оки окич ладно конечно верно правильно подтверждаю
    подтверждено подтвердить подтверждаем согласен согласна согласны хорошо хор давайте давай оформляйте
    оформляй оформить оформляем оформите оформи заказываю заказываем точно естественно разумеется безусловно
    нормально норм супер отлично идеально плюс подходит пойдет годится именно ооба оба макул туура болот ok okay
    okey okk yes yeah yea yep yup ya y sure da correct right confirm confirmed good fine agree ooba хочу жакшы
    поехали
    """.split()
)
_NO = frozenset(
    """
    нет неа нету нее неет не нит н жок жокк минус неверно неправильно никак no nope nah n net wrong incorrect
    jok ноу not
    """.split()
)
_MAY_FOLLOW_NOT = frozenset({"все", "так", "то", "совсем", "очень", "надо", "нужно", "а", "т"})
_NEUTRAL = frozenset(
    """
    все всё это ну вот пожалуйста спасибо рахмат чоң большое тогда заказ заказа так и а о жду ждем ждём
    привозите везите доставляйте привезите доставьте буду будем дома скорее быстрее побыстрее мой же бы уж то is
    it that s all please thanks thank you данные ой эх мне нас вас вам здравствуйте здравствуй привет добрый
    день вечер утро очень благодарю рады рад рада я мы
    """.split()
)
_UKRAINIAN_YES = _YES | frozenset(
    """
    так тааак тааа таак авжеж звичайно звісно певна певен вірно правильно підтверджую підтверджено підтвердити
    підтверджуємо згодна згоден згодні добре гаразд давайте оформлюйте оформлюємо оформіть оформляємо замовляю
    замовляємо точно природно безперечно чудово супер відмінно ідеально підходить підійде годиться саме еге егеж ага
    йой-так погоджуюсь погоджуюся норм нормально дякую-так поїхали кльово клас tak хорошо беру забираю
    вєрно канєшно канєшна конєшно харашо нармально давайтє акей
    """.split()
)
_UKRAINIAN_NO = _NO | frozenset(
    "ні нє нєа неа нііі невірно неправильно хибно ніт ніі нііі ніц ніяк ni відмовляюсь".split()
)
_UKRAINIAN_NEUTRAL = _NEUTRAL - {"так"} | frozenset(
    """
    все усе це цe ну ось будь ласка дякую спасибі велике щиро тоді замовлення і й та чекаю чекаємо відправляйте
    відправте надсилайте надішліть буду швидше мені нам вас вам вітаю привіт добрий день вечір ранок доброго дня дуже
    рада радий я ми вже уже прошу бо то ж же дуже всьо всі ана
    """.split()
)
_SIGNS_YES = "👍👌✅✔☑🆗💯🤝"
_SIGNS_NO = "👎❌✖🚫🙅⛔"
_EXACT = {"+": Consent.YES, "++": Consent.YES, "+++": Consent.YES, "-": Consent.NO, "--": Consent.NO, "—": Consent.NO,
          "–": Consent.NO, "−": Consent.NO}  # fmt: skip
_SET_PHRASES = (
    (re.compile(r"\bтак и есть\b|\bтак точно\b|\bчто надо\b"), "верно"),
    (re.compile(r"\b(?:больше ничего|ничего больше)(?: мне)?(?: не (?:надо|нужно|хочу))?\b"), ""),
)
_UKRAINIAN_PHRASES = (
    (re.compile(r"\bтак і є\b|\bтак точно\b|\bсаме так\b|\bбуло б (?:добре|чудово)\b|\bчому б ні\b"), "вірно"),
    (re.compile(r"\bне так\b|\bтак не\b"), "ні"),
)
_LONGEST_ANSWER = 300


class _Words(NamedTuple):
    """What agrees, what refuses and what says nothing of its own."""

    yes: frozenset[str]
    no: frozenset[str]
    neutral: frozenset[str]
    long: re.Pattern[str]
    """Agreement with a letter held down or a word said twice."""
    after_not: frozenset[str]
    """What «не» takes with it: «не всё» and «не треба» refuse as a whole."""


_RUSSIAN = _Words(_YES, _NO, _NEUTRAL, re.compile(r"(?:да+)+|а+га+|у+гу+|о+оба+"), _MAY_FOLLOW_NOT | _YES)
_UKRAINIAN_AFTER_NOT = frozenset(
    {"треба", "потрібно", "потрібна", "потрібен", "дуже", "зовсім", "нужна", "нужен", "хочу"}
)
_UKRAINIAN = _Words(
    _UKRAINIAN_YES,
    _UKRAINIAN_NO,
    _UKRAINIAN_NEUTRAL,
    re.compile(r"(?:да+)+|(?:та+к)+|а+га+|у+гу+|о+оба+"),
    _UKRAINIAN_AFTER_NOT | _MAY_FOLLOW_NOT | _UKRAINIAN_YES,
)


def read_consent(text: str, language: str = "ru") -> Consent | None:
    """What a cleaned text answers; None where it does not answer at all.

    With "uk", Ukrainian counts beside Russian: «так» agrees there, and is only "so" in Russian.
    """
    folded = fold(text[:_LONGEST_ANSWER]).strip(" .!,\n")
    if folded in _EXACT:
        return _EXACT[folded]
    ukrainian = language == "uk"
    for phrase, meaning in (*_SET_PHRASES, *(_UKRAINIAN_PHRASES if ukrainian else ())):
        folded = phrase.sub(meaning, folded)
    signs_yes = any(sign in folded for sign in _SIGNS_YES)
    signs_no = any(sign in folded for sign in _SIGNS_NO)
    yes, no, rest = _count(words(folded), _UKRAINIAN if ukrainian else _RUSSIAN)
    return _judge(yes=yes or signs_yes, no=no or signs_no, rest=rest or len(text) > _LONGEST_ANSWER)


def _judge(*, yes: bool, no: bool, rest: bool) -> Consent | None:
    if not yes and not no:
        return None
    if (yes and no) or rest:
        return Consent.UNCLEAR
    return Consent.YES if yes else Consent.NO


def _count(tokens: list[str], known: _Words) -> tuple[bool, bool, bool]:
    """Whether the words agree, whether they refuse, whether they say anything else."""
    yes = no = rest = False
    place = 0
    while place < len(tokens):
        token, following = tokens[place], tokens[place + 1 : place + 2]
        place += 1
        if following == ["эмес"]:
            no, place = True, place + 1
        elif token in {"не", "not"}:
            no, place = True, _after_not(tokens, place, known)
        elif token in known.no:
            no = True
        elif token in known.yes or known.long.fullmatch(token):
            yes = True
        elif token not in known.neutral:
            rest = True
    return yes, no, rest


def _after_not(tokens: list[str], place: int, known: _Words) -> int:
    """«Не всё верно» refuses as a whole: what «не» speaks of agrees to nothing."""
    for _ in range(2):
        if place < len(tokens) and tokens[place] in known.after_not:
            place += 1
    return place
