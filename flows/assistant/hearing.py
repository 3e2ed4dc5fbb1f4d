"""Reads a burst with every rule of the assistant, once."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from domain.messages import MessageKind
from domain.model import Value
from flows.assistant.state import Enquiry, Question
from flows.base import Senses, Turn
from flows.rules.booking_wish import (
    Booking,
    find_booking,
    find_guests,
    find_replaced,
    find_subject,
    named_slot,
    wants_other,
)
from flows.rules.complaint import detect_complaint
from flows.rules.consent import Consent, read_consent
from flows.rules.english import (
    complains_in_english,
    find_english_name,
    greets_in_english,
    opts_out_in_english,
    wants_person_in_english,
)
from flows.rules.loose import loosen, shape
from flows.rules.names import find_name
from flows.rules.opt_out import detect_opt_out
from flows.rules.phone_abroad import find_any_phone
from flows.rules.text import clean
from flows.rules.topics import is_question
from flows.rules.when import When, find_when
from flows.rules.wishes import Wish, find_wish, is_courtesy

_GREETINGS = (
    "привіт",
    "привет",
    "вітаю",
    "здраст",
    "здравств",
    "хай",
    "доброго",
    "добрий",
    "добрый",
    "доброе",
    "салют",
)
_GREETING_WORDS = tuple(map(loosen, _GREETINGS))
_AS_SOON_AS = shape(r"\W*(?:(?:як|как) (?:тільки|только|найшвидше|можна|можно)|(?:коли|когда) \w+)\b")
"""Begins as a question does and answers one: «як тільки буде місце», «коли вам зручно»."""
_TIMES = (Question.WHEN, Question.HOUR, Question.NAME, Question.CONFIRMATION, Question.CHANGE)
"""Where «ні, на 16» is an hour: after the time was told, until the phone is asked for."""
_SENTENCES = re.compile(r"(?<=[.!?\n])\s*|,\s+(?=(?:а|і|и|але|но|and|but|also|ще|еще)\s)", re.IGNORECASE)


class Heard(Value):
    """What the rules heard in a burst."""

    text: str
    tapped: str = ""
    wish: Wish | None = None
    consent: Consent | None = None
    complains: bool = False
    opts_out: bool = False
    greets: bool = False
    courtesy: bool = False
    question: bool = False
    aside: str = ""
    """What is asked beside what is told: «завтра о 15, а скільки коштує?»."""
    booking: Booking | None = None
    guests: str = ""
    """For how many."""
    subject: str = ""
    """What a booking would be for, if this were its answer."""
    replaced: tuple[str, str] | None = None
    wants_other: bool = False
    slot: str = ""
    when: When | None = None
    name: str = ""
    phone: str = ""
    pictures: int = 0


def hear(turn: Turn, enquiry: Enquiry, senses: Senses) -> Heard:
    """Apply every rule to the burst, in the light of what was asked last."""
    text = clean(turn.text)
    when = find_when(text, now_of_the_shop(turn), asked=enquiry.asked in _TIMES)
    booking = find_booking(text)
    phone = find_any_phone(text)
    return Heard(
        text=text,
        tapped=_tapped(turn, enquiry, text),
        wish=_wish(text, booking, when),
        consent=read_consent(text, "ru" if enquiry.language == "ru" else "uk"),
        complains=detect_complaint(text) or complains_in_english(text),
        opts_out=detect_opt_out(text) or opts_out_in_english(text),
        greets=_greets(text),
        courtesy=is_courtesy(text, "uk"),
        question=_asks(text),
        aside=_aside(text, when, phone),
        booking=booking,
        guests=find_guests(text),
        subject=find_subject(text, _spans(text, when)),
        replaced=find_replaced(text),
        wants_other=wants_other(text),
        slot=named_slot(text),
        when=when,
        name=_name(text, enquiry),
        phone=phone,
        pictures=sum(one.problem is None and one.kind is not MessageKind.AUDIO for one in senses.media),
    )


def now_of_the_shop(turn: Turn) -> datetime:
    """The turn's time by the shop's clock."""
    try:
        return turn.now.astimezone(ZoneInfo(turn.shop.timezone))
    except (ZoneInfoNotFoundError, ValueError):
        return turn.now


def _wish(text: str, booking: Booking | None, when: When | None) -> Wish | None:
    """«Передзвоніть мені» asks for a person; «передзвоніть завтра» makes an appointment."""
    wish = find_wish(text, "uk")
    if wish is None and wants_person_in_english(text):
        wish = Wish.PERSON
    calls_later = booking is Booking.CALL and when is not None
    return None if wish is Wish.PERSON and calls_later else wish


def _name(text: str, enquiry: Enquiry) -> str:
    """The name; a first name alone counts wherever it stands by itself: «Оля, 0671234567»."""
    asked = find_name(text, asked=True)
    believed = enquiry.asked is Question.NAME or " " not in asked
    return (asked if believed else "") or find_name(text) or find_english_name(text)


def _asks(text: str) -> bool:
    if "?" not in text and _AS_SOON_AS.match(loosen(text)):
        return False
    return is_question(text, "uk")


def _greets(text: str) -> bool:
    words = loosen(text).strip(" .!?)\n").split()
    return greets_in_english(text) or (0 < len(words) <= 3 and words[0].startswith(_GREETING_WORDS))


def _spans(text: str, when: When | None) -> tuple[tuple[int, int], ...]:
    """Where a time and a phone number stand: they are not what a booking is for."""
    digits = tuple(match.span() for match in re.finditer(r"\+?\d[\d ()\-]{7,}\d", text))
    return (*(when.spans if when else ()), *digits)


def _aside(text: str, when: When | None, phone: str) -> str:
    """The sentences that ask, and tell neither a time nor a number nor a wish to book."""
    if when is None and not phone and find_booking(text) is None:
        return text if _asks(text) else ""
    asked, position = [], 0
    for sentence in _SENTENCES.split(text):
        start = text.index(sentence, position)
        position = start + len(sentence)
        told = any(start < end and begin < position for begin, end in _spans(text, when))
        if sentence.strip() and _asks(sentence) and not told and find_booking(sentence) is None:
            asked.append(sentence.strip())
    return " ".join(asked)


def _tapped(turn: Turn, enquiry: Enquiry, text: str) -> str:
    """A tap counts, whatever menu it came from; a title counts for the last menu alone."""
    if tapped := next((message.choice for message in reversed(turn.messages) if message.choice), ""):
        return tapped
    said = text.casefold().strip(" .!")
    return next((choice.id for choice in enquiry.menu if choice.title.casefold() == said), "")
