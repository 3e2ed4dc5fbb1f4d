"""What a customer may want at any step: a person, to cancel, to start over, to change an answer."""

# ruff: noqa: SIM905 — word tables read better as running text than as quoted lists.

import re
from enum import StrEnum

from flows.rules.text import fold, words


class Wish(StrEnum):
    """A wish that ends the dialog as it is."""

    PERSON = "person"
    CANCEL = "cancel"
    START_OVER = "start_over"


_LONGEST_WISH = 400
_PERSON_NOUN = re.compile(
    r"\b(?:оператор\w*|менеджер\w*|консультант\w*|администратор\w*|сотрудник\w*|специалист\w*|диспетчер\w*"
    r"|operator|manager"
    r"|human|жив(?:ой|ого|ым|ому)(?: человек\w*)?|человек(?:а|ом|у)?|person|someone|адам)\b"
)
_PERSON_VERB = re.compile(
    r"\b(?:позов\w+|позвать|соедин\w+|переключ\w+|свяж\w+|связать\w*|дай\w*|хочу|хотел\w*|нужен|нужна|нужно"
    r"|надо|можно|поговорить"
    r"|пообщаться|переведи\w*|переведите|пригласи\w*|подключи\w*|пусть|please|want|need|talk|speak|call|менен"
    r"|керек|чакыр\w*)\b"
)
_CALL_ME = re.compile(
    r"\b(?:(?:пере)?звоните мне|позвоните(?: мне)?(?: пожалуйста)?$|перезвоните|наберите меня|call me|not a bot"
    r"|не бот\w*)\b"
)
_NOT_A_WISH = re.compile(r"\b(?:спрос\w+|без|не надо|не нужен|не нужно|не зови\w*|вы|ты|для|на|у нас|нас)\b")
_CANCEL = re.compile(
    r"\b(?:отмен(?:а|ить|ите|и|яю|яем|яйте|им)|отменя\w+|передумал[аи]?|отбой|cancel|стоп|stop|жокко чыгар\w*"
    r"|керек эмес|айныдым"
    r"|(?:я )?не (?:буду|хочу|будем|хотим) (?:(?:ничего|больше|уже) )?(?:заказ\w*|воду|воды|оформля\w*)"
    r"|аннулир\w+|отказ\w*)\b"
)
_CANCEL_WHOLE = re.compile(
    r"(?:нет|все|ой|да)?\W*(?:мне |нам |уже |больше |ничего |пока |вода |воды |воду |заказ )*(?:не надо"
    r"|не нужно|не нужна|не хочу"
    r"|не хотим|забудьте|quit|exit)(?: ничего| уже| воды| вода| заказ| спасибо| больше| пока|\W)*"
)
_NOT_CANCEL = re.compile(r"\b(?:не (?:надо )?отмен\w+|не стоп|стоп линия)\b")
_START_OVER = re.compile(
    r"\b(?:заново|(?:начать|начн\w+|начни\w*|давай\w*|все|опять|снова) (?:с ?начала|по новой)|с самого начала"
    r"|по новой|сброс\w*|restart|start over|start again|reset|башынан|кайра башта\w*|новый заказ|другой заказ)\b"
)
_START_OVER_WHOLE = re.compile(r"\W*(?:с ?начала|начать|start|старт|меню|menu)\W*")

_SLOT_WORDS = (
    (
        "address",
        re.compile(r"\b(?:адрес\w*|улиц\w+|номер\w* (?:дом\w*|квартир\w*)|address|дарег\w*|дом|квартир[ауы])\b"),
    ),
    ("phone", re.compile(r"\b(?:телефон\w*|тел|номер\w*|сотов\w+|phone|number)\b")),
    ("bottles", re.compile(r"\b(?:бут[а-я]{2,9}|баклаж\w+|количеств\w*|кол-во|штук\w*|bottles?|amount|санын?)\b")),
)
_CHANGE = re.compile(
    r"\b(?:друг(?:ой|ая|ое|ие|ого|ую)|неправ\w+|неверн\w+|не (?:тот|та|то|те|такой|правильн\w+|верн\w+|столько"
    r"|сюда)|помен\w+|менять"
    r"|измен\w+|исправ\w+|ошиб\w+|замен\w+|смен\w+|перепут\w+|поправ\w+|попутал\w*|опечат\w+|вместо|башка"
    r"|туура эмес|wrong"
    r"|change|different|new|нов(?:ый|ая|ое)|стар(?:ый|ая|ое)|ой|точнее|вернее|добав\w+|уточн\w+)\b|\bне\b.{1,60}\bа\b"
)
_COURTESY = frozenset(
    """
    спасибо спс пасиб пасибо благодарю рахмат чоң большое огромное ок окей оки ok okay хорошо хорошего дня
    вечера доброго ладно понятно поняла понял ясно жду ждем ждём да ага угу до свидания пока всего удачи отлично
    супер класс здорово пожалуйста и вам вас тоже взаимно thanks thank you thx bye good great всё все очень
    приятно договорились принято рахматов жакшы макул ооба досвидания добро ну вот это вы мы я
    """.split()
)


def find_wish(text: str) -> Wish | None:
    """The wish in a cleaned text; a long story is not searched beyond its first lines."""
    folded = fold(text[:_LONGEST_WISH])
    if _wants_person(folded):
        return Wish.PERSON
    if _START_OVER.search(folded) or _START_OVER_WHOLE.fullmatch(folded):
        return Wish.START_OVER
    if _NOT_CANCEL.search(folded):
        return None
    if _CANCEL_WHOLE.fullmatch(folded) or (_CANCEL.search(folded) and len(words(folded)) <= 12):
        return Wish.CANCEL
    return None


def _wants_person(folded: str) -> bool:
    """A person named alone, or named with a verb of asking; not «вы менеджер?», not «спросить менеджера»."""
    if _CALL_ME.search(folded):
        return True
    for line in folded.splitlines():
        if _PERSON_NOUN.search(line) and not _NOT_A_WISH.search(line):
            short = len(words(line)) <= 3 and not any(sign.isdigit() for sign in line)
            if short or _PERSON_VERB.search(line):
                return True
    return False


def named_slot(text: str) -> str:
    """The slot a cleaned text speaks of: "address", "phone", "bottles" or none of them ("")."""
    folded = fold(text[:_LONGEST_WISH])
    return next((slot for slot, shape in _SLOT_WORDS if shape.search(folded)), "")


def wants_change(text: str) -> bool:
    """Whether the customer says that something told before is wrong."""
    return _CHANGE.search(fold(text[:_LONGEST_WISH])) is not None


def is_courtesy(text: str) -> bool:
    """Whether nothing but thanks, "ok" and goodbyes (or signs without words) was said."""
    return all(word in _COURTESY for word in words(text[:_LONGEST_WISH])) and len(text) < _LONGEST_WISH
