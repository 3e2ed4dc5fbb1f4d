"""Whether a customer wants to come or to be called: «хочу записатись», «забронюйте столик», "call me back tomorrow"."""

# ruff: noqa: SIM905 — word tables read better as running text than as quoted lists.

import re
from collections.abc import Iterable
from enum import StrEnum

from flows.rules.loose import loosen, shape
from flows.rules.spoken import Spoken
from flows.rules.text import clean
from flows.rules.wishes import wants_change

Span = tuple[int, int]


class Booking(StrEnum):
    """What is wanted of a booking."""

    VISIT = "visit"
    """A place, a table, an appointment."""
    CALL = "call"
    """To be called back."""
    CHANGE = "change"
    """Another day for a booking that was made before, or none at all."""


_VISIT = shape(
    r"\b(?:записат\w*|записатис\w|запишіть|запиши|запишите|записуйте|записывайте|запишусь|запишуся|записуюсь"
    r"|хочу (?:на )?запис\w{0,2}|хотіла? б запис\w*|на запис|запис\w{0,2} (?:на|до|к)|потрібен запис|нужна запись)\b",
    r"\b(?:забронюй\w*|забронюв\w+|бронюй\w*|бронюв\w+|забронируй\w*|забронирова\w+|бронируй\w*|бронирова\w+"
    r"|(?:потрібна|нужна|хочу|зробіть|сделайте) бронь|зарезерв\w+|резервуй\w*|заброньов\w+|замовити стол\w+"
    r"|заказать стол\w+|замовте стол\w+|закажите стол\w+)\b",
)
_VISIT_EN = re.compile(
    r"\b(?:(?:to |can i |i )?(?:book|reserve)(?! ?(?:ing|ings|s)\b)|make an? (?:appointment|reservation|booking)"
    r"|(?:need|want|like|get|have|schedule) an? (?:appointment|reservation|booking)|sign (?:me )?up|schedule a visit)\b"
)
_TABLE = shape(r"\b(?:столик|стіл|стол) на (?:\d|двох|трьох|двоих|троих|чотирьох|четверых|завтра|сьогодні|сегодня)")
_TABLE_EN = re.compile(r"\ba table for (?:\d|two|three|four|five|six)\b")
_CALL = shape(
    r"\b(?:передзвон\w+|перезвон\w+|перетелефон\w+|зателефон\w+|подзвон\w+|позвон\w+|наберіть|наберите)\b",
    r"\b(?:чекаю|жду) (?:на )?(?:дзвін\w+|звон\w+)\b",
)
_CALL_EN = re.compile(r"\b(?:call me(?: back)?|give me a (?:call|ring)|phone me|ring me)\b")
_CHANGE = shape(
    r"\b(?:перенес\w+|перенест\w*|перенос\w*|перезапиш\w*|перезапис\w+|скасу\w+|відмін\w+|отмен\w+|змін\w+|измен\w+)"
    r" (?:\w+ ){0,3}(?:запис\w*|мене на|меня на|брон\w*|візит\w*|визит\w*|резерв\w*|зустріч\w*|встреч\w*)\b",
    r"\b(?:запис\w*|брон\w*|візит|визит) (?:\w+ ){0,2}(?:перенес\w+|перенест\w*|скасу\w+|відмін\w+|отмен\w+)\b",
)
_GUESTS = shape(
    r"\bна (?:двох|трьох|чотирьох|п'ятьох|шістьох|двоих|троих|четверых|пятерых|шестерых|одного|одну|самого)\b"
    r"(?: (?:осіб|людей|человек|персон|гостей))?",
    r"\b(?:на )?(?:\d{1,3}|дві|две|три|чотири|четыре)"
    r" (?:осіб|особи|людей|людини|человека?|персони?|персон|гостей|гостя)\b",
    r"\bнас (?:буде |будет )?(?:\d{1,3}|двоє|троє|четверо|двое|трое|п'ятеро|пятеро)\b",
)
_GUESTS_EN = re.compile(
    r"\b(?:for )?(?:\d{1,3}|two|three|four|five|six) (?:people|persons|guests)\b|\bfor (?:two|three|four)\b"
)
_OWN_NUMBER = re.compile(
    r"(?:(?:мій|мой|my) )?(?:номер\w*|телефон\w*|тел|phone|number)(?: (?:телефон\w*|number))?[ :–—-]{0,3}(?=☎)",
    re.IGNORECASE,
)
_CHANGE_EN = re.compile(
    r"\b(?:cancel|move|change|reschedule)\b(?: \w+){0,3} (?:booking|appointment|reservation|visit|table)\b"
    r"|\breschedule\b"
)
_ASKS_ABOUT = shape(
    r"\b(?:як|как|скільки|сколько|чому|почему|навіщо|зачем|чи (?:треба|потрібно|обов'язково)|нужно ли|надо ли|якщо|если"
    r"|можу не|без) (?:\w+ ){0,4}(?:запис\w*|брон\w*|забронюв\w*|забронир\w*|резерв\w*|дзвон\w*|звон\w*|перезв\w*)",
    r"\b(?:вже|уже|була|был\w?|є|есть) (?:запис\w*|бронь)\b",
    r"\bне (?:треба |надо |нужно |потрібно |хочу |буду )?(?:запис\w*|брон\w*|передзв\w*|перезв\w*|дзвон\w*|звон\w*)",
)
_ASKS_ABOUT_EN = re.compile(
    r"\b(?:how|why|do i (?:have|need) to|must i|should i|if|without)\b(?: \w+){0,4} (?:book|reserve|call)\w*"
    r"|\b(?:don'?t|do not|don t) (?:book|reserve|call)\b"
)
_FILLERS = frozenset(
    loosen(word)
    for word in """
    хочу хотів хотіла хотел хотела хотілося б бы би можна можно можете могли прошу будь ласка пожалуйста мене мені меня
    мне нам нас і й и а або та ну так да добрий доброго дня день вечір вечора ранку добрый вечер утро привіт привет
    вітаю здравствуйте здрастуйте дякую спасибо сьогодні потрібно треба нужно надо ще еще я ми мы на в у для до к вам
    вас ко please hi hello hey i d would like to want can could you me for a an the and at on need my in we us is it
    thanks мій мой телефон тел phone number звати звуть зовут меня name ім'я имя
    """.split()
)
_KEPT_IN_FRONT = frozenset(loosen(word) for word in ("до", "к"))
_OTHER = shape(r"\b(?:краще|лучше|не (?:тоді|тогда))\b")
_INSTEAD = re.compile(r"\bне (?P<old>[^,.;\n]{2,60}),? (?:а|но|but) (?:на |до )?(?P<new>[^,.;\n]{2,60})", re.IGNORECASE)
_SLOTS = {
    "when": (
        shape(r"\b(?:час|часу|дат[аиуе]|день|дня|годин\w|коли|врем[яе]\w*|когда)\b"),
        r"\b(?:time|date|day|when|hour)\b",
    ),
    "name": (shape(r"\b(?:ім'я|ім'ям|імен\w*|имя|имени|прізвищ\w+|фамили\w)\b"), r"\b(?:name|surname)\b"),
    "phone": (shape(r"\b(?:телефон\w*|номер\w*|тел)\b"), r"\b(?:phone|number)\b"),
    "what": (shape(r"\b(?:послуг\w|услуг\w|що саме|процедур\w|на що|столик\w*)\b"), r"\b(?:service|what)\b"),
}
_NAMED = re.compile(
    r"(?:мене|меня|моє|мое|my)? ?(?:звати|звуть|зовут|ім['’ʼ]я|имя|name is|name)\b.*|\bi am \w+", re.IGNORECASE
)
_SEGMENT = re.compile(r"[\n,;.!?()+·☎]+|\s[-–—]\s")
_WORD = re.compile(r"\w+(?:['’ʼ`-]\w+)*")
LONGEST_SUBJECT = 120
SHORTEST_PHONE = 7


def find_booking(text: str) -> Booking | None:
    """What the burst wants of a booking; «скільки коштує запис?» asks about one, and wants none."""
    spoken = Spoken(clean(text))
    wants = (
        (Booking.CHANGE, _CHANGE, _CHANGE_EN),
        (Booking.VISIT, _VISIT, _VISIT_EN),
        (Booking.VISIT, _TABLE, _TABLE_EN),
        (Booking.CALL, _CALL, _CALL_EN),
    )
    heard = next((kind for kind, *shapes in wants if _says(spoken, *shapes)), None)
    if heard in (Booking.VISIT, Booking.CALL) and _says(spoken, _ASKS_ABOUT, _ASKS_ABOUT_EN):
        return None
    return heard


def _says(spoken: Spoken, loose: re.Pattern[str], folded: re.Pattern[str]) -> bool:
    return next(spoken.find(loose, folded), None) is not None


def find_subject(text: str, spans: Iterable[Span] = ()) -> str:
    """What the booking is for, in the customer's words: what is left without the verb, the time and the pleasantries.

    `spans` of the cleaned text are told elsewhere (a time, a phone number) and are left out.
    """
    cleaned = clean(text)
    verbs = [span for shapes in ((_VISIT, _VISIT_EN), (_CALL, _CALL_EN)) for _, span in Spoken(cleaned).find(*shapes)]
    rest = cleaned
    for start, end in spans:
        is_phone = sum(sign.isdigit() for sign in rest[start:end]) >= SHORTEST_PHONE
        rest = f"{rest[:start]}{('☎' if is_phone else '·') * (end - start)}{rest[end:]}"
    for start, end in verbs:  # marked by a sign that no segment ends at
        rest = f"{rest[:start]}{'¦' * (end - start)}{rest[end:]}"
    pieces = [piece for piece in _SEGMENT.split(_NAMED.sub("", _OWN_NUMBER.sub("", rest))) if piece.strip()]
    ordered = sorted(pieces, key=lambda piece: "¦" not in piece)
    subject = next(filter(None, map(_subject_of, ordered)), "")[:LONGEST_SUBJECT]
    guests = find_guests(text)
    return guests if subject and subject in guests else subject


def find_guests(text: str) -> str:
    """For how many, in the customer's words: «на двох», «4 особи», "for 2 people"; "" if it is not said."""
    cleaned = clean(text)
    span = next((span for _, span in Spoken(cleaned).find(_GUESTS, _GUESTS_EN)), None)
    return cleaned[span[0] : span[1]] if span else ""


def _subject_of(piece: str) -> str:
    """Behind the verb, or in front of it where nothing stands behind."""
    before, _, behind = piece.rpartition("¦")
    return _trimmed(behind) or _trimmed(before.replace("¦", " "))


def _trimmed(text: str) -> str:
    words = list(_WORD.finditer(text))
    while words and _is_filler(words[-1].group()):
        words.pop()
    while words and _is_filler(words[0].group()):
        if loosen(words[0].group()) in _KEPT_IN_FRONT and len(words) > 1 and not _is_filler(words[1].group()):
            break
        words.pop(0)
    return text[words[0].start() : words[-1].end()] if words else ""


def _is_filler(word: str) -> bool:
    return loosen(word) in _FILLERS


def wants_other(text: str) -> bool:
    """«Змініть», «інший час», «краще о 16»: something told before is to be otherwise."""
    return wants_change(text, "uk") or _OTHER.search(Spoken(clean(text)).loose) is not None


def find_replaced(text: str) -> tuple[str, str] | None:
    """«Не манікюр, а педикюр»: what is to go, and what is to come."""
    found = _INSTEAD.search(clean(text)[:300])
    return (found["old"].strip(), found["new"].strip(" !.")) if found else None


def named_slot(text: str) -> str:
    """Which of the booking's facts a text speaks of: "when", "name", "phone", "what" or none of them ("")."""
    spoken = Spoken(clean(text))
    for slot, (loose, folded) in _SLOTS.items():
        if loose.search(spoken.loose) or re.search(folded, spoken.folded):
            return slot
    return ""
