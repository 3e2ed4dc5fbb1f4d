"""What else customers talk about while they order."""

import re
from enum import StrEnum

from flows.rules.loose import clauses
from flows.rules.text import fold


class Topic(StrEnum):
    """A subject that has an answer of its own in the prompts."""

    STATUS = "status"
    PRICE = "price"
    WHEN = "when"
    PAYMENT = "payment"
    AREA = "area"
    WATER = "water"
    WHO = "who"
    NO_PHONE = "no_phone"
    COMPLAINT = "complaint"
    LATER = "later"
    THANKS = "thanks"
    QUESTION = "question"


_SHAPES = (
    (Topic.STATUS, r"\bгде (?:мой |наш |моя |наша )?(?:заказ|вода|курьер|водитель)|\bстатус\b|\bеще не привез"
                   r"|\bне привезли"),
    (Topic.PRICE, r"\b(?:цен[аыуе]|стоит|стоимост\w*|почем|сколько (?:будет )?(?:стоит|стоят|с меня|сом|выйдет"
                  r"|денег)|прайс|скидк\w+"
                  r"|акци[яюи]|price|cost|how much|канча|баасы)\b|\bдорог(?:о|ая|ие)\b"),
    (Topic.WHEN, r"\b(?:когда|во сколько|через сколько|как скоро|как быстро|как долго|сегодня|завтра|срочно"
                 r"|время доставки"
                 r"|доставк\w+ сегодня|качан|when|how long|режим|график|до скольки|со скольки|выходны\w+"
        r"|(?:как|вы|когда) работаете|работаете (?:ли|сегодня|завтра))\b"),
    (Topic.PAYMENT, r"\b(?:оплат\w+|оплачива\w+|наличн\w+|картой|карту|карта|перевод\w*|элсом|elsom|мбанк|mbank"
                    r"|qr|чек|сдач[аиу]"
                    r"|pay|cash|card|төлө\w*)\b"),
    (Topic.AREA, r"\b(?:доставляете|возите|привозите ли|доставка есть|есть доставка|работаете в)\b"),
    (Topic.WATER, r"\b(?:как\w+ вод\w+|сколько литр\w*|литраж|объем\w*|помп\w+|кулер\w*|залог\w*|тар[аеуы]"
                  r"|газ\w*|обмен\w*"
                  r"|пуст(?:ые|ую|ая)|сертификат\w*|минерал\w*)\b"),
    (Topic.WHO, r"\b(?:бот|робот|кто (?:вы|ты|это)|(?:вы|ты) кто|как вас зовут|bot|нейросеть)\b"),
    (Topic.NO_PHONE, r"\b(?:нет (?:телефона|номера)|без (?:телефона|номера)|зачем (?:вам )?(?:телефон|номер"
                     r"|мой)|не (?:дам|скажу|хочу дава\w+)"
                     r"(?: вам)? ?(?:телефон|номер)?)\b"),
    (Topic.COMPLAINT, r"\b(?:жалоб\w+|ужас\w*|безобраз\w+|обман\w*|плох\w+|отвратительн\w+|достали|тупо\w*"
                      r"|верните деньги|грязн\w+)\b"),
    (Topic.LATER, r"\b(?:сейчас|щас|ща|минут\w+|минуточк\w+|секунд\w+|подожд\w+|погод\w+|позже|потом|wait|азыр)\b"),
    (Topic.THANKS, r"\b(?:спасибо|спс|благодар\w+|рахмат|thanks|thank you|thx)\b"),
)  # fmt: skip
_TABLE = tuple((topic, re.compile(shape)) for topic, shape in _SHAPES)
_ASKING = (
    r"(?:сколько|когда|во сколько|почем|какая|какой|какие|кто|где|зачем|почему|есть ли|можно ли|канча|качан"
    r"|how|when|what)"
)
_CLAUSE = re.compile(
    r"(?<=[?!\n])|(?<=\bда[.,])[ ]|(?<=\bнет[.,])[ ]|(?<=\bок[.,])[ ]|(?<=\w\w\w\w\.)[ ]|(?<=\d\.)[ ]"
    rf"|[,;]? (?=(?:а |и |но )?{_ASKING}\b)",
    re.IGNORECASE,
)
_BEGINS_ASKING = re.compile(rf"\W*(?:а |и |но |скажите |подскажите |пожалуйста |извините )*,? ?{_ASKING}\b")
_REQUEST = re.compile(r"\b(?:можно|можете|могли бы|могу|хочу|хотел|заказ|привез|достав)\w*\b")
_MONEY_OR_TIME = re.compile(r"\b(?:сколько|цен[аыу]|стоит|когда|почем|price|канча)\b")
_LONGEST = 2_000
_MOST_TOPICS = 2


def find_topics(text: str) -> list[Topic]:
    """The subjects of a cleaned text, at most two; any other question is QUESTION."""
    folded = fold(text[:_LONGEST])
    topics = [topic for topic, shape in _TABLE if shape.search(folded)][:_MOST_TOPICS]
    if len(topics) > 1 and Topic.THANKS in topics:
        topics.remove(Topic.THANKS)
    return topics or ([Topic.QUESTION] if is_question(text) else [])


def split_questions(text: str) -> tuple[str, str]:
    """What a customer tells, and what they ask: «Чуй 100. Когда привезёте?» holds one of each.

    «Можно две бутыли на Чуй 100?» is an order, politely put, and stays with what is told.
    """
    told: list[str] = []
    asked: list[str] = []
    for clause in _CLAUSE.split(text[:_LONGEST]):
        statement, question = _divide(clause)
        told.append(statement.strip(" \n"))
        asked.append(question.strip(" \n"))
    return "\n".join(filter(None, [*told, text[_LONGEST:]])), "\n".join(filter(None, asked))


def is_question(text: str, language: str = "ru") -> bool:
    """Whether a cleaned text asks something; with "uk", in Ukrainian too, in any of its clauses."""
    if language == "uk" and any(clause.asks for clause in clauses(text)):
        return True
    return text.rstrip(" \n").endswith("?") or _BEGINS_ASKING.match(fold(text[:200])) is not None


def _divide(clause: str) -> tuple[str, str]:
    """«6 бутылей, пустые заберёте?» tells before its last comma and asks after it."""
    if not is_question(clause) or _is_polite_order(clause):
        return clause, ""
    head, _, tail = clause.rpartition(",")
    if head and not is_question(head) and not any(sign.isdigit() for sign in tail):
        return head, tail
    return "", clause


def _is_polite_order(clause: str) -> bool:
    folded = fold(clause)
    has_digit = any(sign.isdigit() for sign in folded)
    if _MONEY_OR_TIME.search(folded):
        return False
    return _REQUEST.search(folded) is not None or (has_digit and not any(shape.search(folded) for _, shape in _TABLE))
