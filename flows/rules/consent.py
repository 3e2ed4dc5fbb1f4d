"""«Да» and «Нет» in their many spellings: Russian, Kyrgyz, English, signs."""

# ruff: noqa: SIM905 — word tables read better as running text than as quoted lists.

import re
from enum import StrEnum

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
_MAY_FOLLOW_NOT = _YES | {"все", "так", "то", "совсем", "очень", "надо", "нужно", "а", "т"}
_NEUTRAL = frozenset(
    """
    все всё это ну вот пожалуйста спасибо рахмат чоң большое тогда заказ заказа так и а о жду ждем ждём
    привозите везите доставляйте привезите доставьте буду будем дома скорее быстрее побыстрее мой же бы уж то is
    it that s all please thanks thank you данные ой эх мне нас вас вам здравствуйте здравствуй привет добрый
    день вечер утро очень благодарю рады рад рада я мы
    """.split()
)
_SIGNS_YES = "👍👌✅✔☑🆗💯🤝"
_SIGNS_NO = "👎❌✖🚫🙅⛔"
_EXACT = {"+": Consent.YES, "++": Consent.YES, "+++": Consent.YES, "-": Consent.NO, "--": Consent.NO, "—": Consent.NO,
          "–": Consent.NO, "−": Consent.NO}  # fmt: skip
_SET_PHRASES = ((re.compile(r"\bтак и есть\b|\bтак точно\b|\bчто надо\b"), "верно"),)
_LONGEST_ANSWER = 300


def read_consent(text: str) -> Consent | None:
    """What a cleaned text answers; None where it does not answer at all."""
    folded = fold(text[:_LONGEST_ANSWER]).strip(" .!,\n")
    if folded in _EXACT:
        return _EXACT[folded]
    for phrase, meaning in _SET_PHRASES:
        folded = phrase.sub(meaning, folded)
    signs_yes = any(sign in folded for sign in _SIGNS_YES)
    signs_no = any(sign in folded for sign in _SIGNS_NO)
    yes, no, rest = _count(words(folded))
    return _judge(yes=yes or signs_yes, no=no or signs_no, rest=rest or len(text) > _LONGEST_ANSWER)


def _judge(*, yes: bool, no: bool, rest: bool) -> Consent | None:
    if not yes and not no:
        return None
    if (yes and no) or rest:
        return Consent.UNCLEAR
    return Consent.YES if yes else Consent.NO


def _count(tokens: list[str]) -> tuple[bool, bool, bool]:
    """Whether the words agree, whether they refuse, whether they say anything else."""
    yes = no = rest = False
    place = 0
    while place < len(tokens):
        token, following = tokens[place], tokens[place + 1 : place + 2]
        place += 1
        if following == ["эмес"]:
            no, place = True, place + 1
        elif token in {"не", "not"}:
            no, place = True, _after_not(tokens, place)
        elif token in _NO:
            no = True
        elif token in _YES or re.fullmatch(r"(?:да+)+|а+га+|у+гу+|о+оба+", token):
            yes = True
        elif token not in _NEUTRAL:
            rest = True
    return yes, no, rest


def _after_not(tokens: list[str], place: int) -> int:
    """«Не всё верно» refuses as a whole: what «не» speaks of agrees to nothing."""
    for _ in range(2):
        if place < len(tokens) and tokens[place] in _MAY_FOLLOW_NOT:
            place += 1
    return place
