"""Answers from the shop's documents and takes bookings: rules where the meaning is plain, a model where it is not."""

from pathlib import Path
from typing import assert_never

from domain.decisions import HandOff, Outcome
from domain.news import CartLeft, News, OrderCancelled, PaymentDecided, PaymentExpired
from flows.assistant import booking, talking
from flows.assistant.answering import Reader
from flows.assistant.hearing import hear
from flows.assistant.scene import Scene, Step
from flows.assistant.sentences import LANGUAGES, Words
from flows.assistant.state import WHEN, Enquiry, Phase
from flows.base import Asking, Senses, Turn
from flows.rules.booking_wish import Booking
from flows.rules.consent import Consent
from flows.rules.english import is_english
from flows.rules.language import language_of
from flows.rules.wishes import Wish
from flows.wording import PROMPTS


class AssistantFlow:
    """Knows what the shop's documents know, says so when it does not, and writes bookings down."""

    name = "assistant"
    language = "uk"
    state_model = Enquiry
    first_phase: str = Phase.GREETING

    def __init__(self, prompts: Path = PROMPTS) -> None:
        self._words = {language: Words(language, prompts) for language in LANGUAGES}
        self._reader = Reader(prompts)

    def opening_state(self) -> Enquiry:
        """Nothing known, nothing asked."""
        return Enquiry()

    def apology(self) -> str:
        """What the customer hears when a turn failed for good."""
        return self._words[self.language].say("apology")

    def interim(self) -> str:
        """What the customer hears when the answer takes long."""
        return self._words[self.language].say("interim")

    def nobody_came(self) -> str:
        """What a handed-off customer hears when no operator came in time."""
        return self._words[self.language].say("nobody_came")

    def step(self, state: Enquiry, turn: Turn, senses: Senses) -> Asking[Enquiry]:
        """Take one turn."""
        enquiry = self._in_their_language(state, turn)
        scene = Scene(enquiry, turn, hear(turn, enquiry, senses), senses, self._words[enquiry.language])
        if turn.news is not None:
            return _hear_news(scene, turn.news)
        if ended := _people(scene) or _pictures(scene):
            return ended
        if ended := _booking(scene):
            return (yield from talking.beside(scene, self._reader, ended))
        scene = scene.now_at(_remembered(scene))
        if ended := _pleasantries(scene):
            return ended
        question = scene.heard.aside if scene.enquiry.booking else scene.heard.text
        return (yield from talking.answer(scene, self._reader, question or scene.heard.text))

    def _in_their_language(self, enquiry: Enquiry, turn: Turn) -> Enquiry:
        """The shop's language, or the one the customer writes in; a word too short to tell changes nothing."""
        wanted = turn.shop.language.lower()[:2]
        if wanted in self._words:
            return enquiry.model_copy(update={"language": wanted})
        before = enquiry.language or self.language
        english = is_english(turn.text)
        if english or (english is None and before == "en"):
            return enquiry.model_copy(update={"language": "en"})
        spoken = language_of(turn.text, "ru" if before == "ru" else "uk")
        return enquiry.model_copy(update={"language": spoken})


def _people(scene: Scene) -> Step | None:
    """Wishes that end the assistant's work, whatever else is said."""
    heard, enquiry = scene.heard, scene.enquiry
    if heard.wish is Wish.PERSON or heard.tapped == "person":
        return scene.pass_on("handed_off", f"the customer asks for a person ({enquiry.phase})")
    if heard.complains:
        shown = f", with {heard.pictures} photos" if heard.pictures else ""
        return scene.pass_on("complaint_passed_on", f"a complaint{shown}")
    if heard.opts_out:
        quiet = scene.now_at(enquiry.without_booking().model_copy(update={"opted_out": True}))
        return quiet.say(scene.words.say("opted_out"), wants_messages=False)
    if not enquiry.booking and heard.booking is Booking.CHANGE:
        order = f" № {scene.turn.order}" if scene.turn.order else ""
        return scene.pass_on("booking_passed_on", f"the customer wants to change or cancel a booking{order}")
    return _ways_out(scene)


def _ways_out(scene: Scene) -> Step | None:
    heard, enquiry = scene.heard, scene.enquiry
    if heard.wish is Wish.CANCEL or (enquiry.booking and heard.booking is Booking.CHANGE and heard.when is None):
        if enquiry.booking:
            return scene.end("cancelled", Phase.CANCELLED, Outcome.CANCELLED)
        return scene.say(scene.words.say("nothing_open"))
    if heard.wish is Wish.START_OVER and enquiry.greeted:
        fresh = Enquiry(language=enquiry.language, greeted=True, opted_out=enquiry.opted_out)
        return scene.now_at(fresh).say(scene.words.say("restarted"), outcome=Outcome.RESTARTED)
    return None


def _pictures(scene: Scene) -> Step | None:
    """Nobody looks at pictures here: it is said, and a person offered; words beside them are answered as ever."""
    if not scene.heard.pictures or scene.heard.text:
        return None
    return scene.say(scene.greeting, scene.words.say("picture_unseen"), choices=("person",))


def _booking(scene: Scene) -> Step | None:
    """A booking that is open goes on; a wish to book opens one."""
    if scene.enquiry.booking:
        return booking.step(scene)
    if scene.heard.tapped == "book":
        return booking.opened(scene)
    if scene.heard.booking in (Booking.VISIT, Booking.CALL) or _is_whole(scene):
        return booking.opened(scene.now_at(scene.enquiry.without_booking()))
    return None


def _is_whole(scene: Scene) -> bool:
    """Whatever verb it is put in: an hour, a day and a phone number make a booking."""
    heard = scene.heard
    when = heard.when
    told = when is not None and not when.is_past and when.day is not None and when.hour is not None
    return told and bool(heard.phone and heard.subject) and not heard.question


def _remembered(scene: Scene) -> Enquiry:
    """Who the customer is stays known; a day they spoke of counts for a booking only in the very next turn."""
    heard, enquiry = scene.heard, scene.enquiry
    known = {name: told for name, told in (("name", heard.name), ("phone", heard.phone)) if told}
    if enquiry.booking or heard.consent is not None:
        return enquiry
    when = dict.fromkeys(WHEN) | {"day_words": "", "hour_words": ""}
    if heard.when is not None and not heard.when.is_past:
        when |= {name: getattr(heard.when, name) for name in WHEN}
    return enquiry.model_copy(update=known | when)


def _pleasantries(scene: Scene) -> Step | None:
    """What needs no document: a greeting, thanks, a bare «так», a bare number, nothing at all."""
    heard, words = scene.heard, scene.words
    if scene.enquiry.booking:
        return None
    offered = {choice.id for choice in scene.enquiry.menu}
    if heard.consent is Consent.YES and offered:
        if "book" in offered:
            return booking.opened(scene)
        return scene.pass_on("handed_off", "the customer takes the offer of a person")
    if heard.greets or not heard.text:
        return scene.say(scene.greeting, words.say("ask_me"))
    if heard.courtesy or heard.consent in (Consent.YES, Consent.NO):
        said = words.say("thanks") if scene.enquiry.greeted or scene.turn.order else words.say("ask_me")
        return _goodbye(scene, scene.greeting if not scene.turn.order else "", said)
    if heard.phone and not heard.aside and len(heard.text) < 40:
        return scene.say(scene.greeting, words.say("phone_noted"), choices=("book", "person"))
    return None


def _goodbye(scene: Scene, *said: str) -> Step:
    """Thanks before anything was opened opens nothing."""
    opened = scene.enquiry.greeted
    return scene.say(*said) if opened else scene.say(*said, outcome=Outcome.CHITCHAT)


def _hear_news(scene: Scene, news: News) -> Step:
    """Payments are asked for by other flows; an account whose flow was changed meanwhile still tells of them."""
    words = scene.words
    match news:
        case PaymentDecided(approved=True, order=order):
            return scene.say(words.say("payment_approved", order=order))
        case PaymentDecided(order=order, reason=reason):
            return scene.say(words.say("payment_refused", order=order, reason=reason), choices=("person",))
        case PaymentExpired(order=order):
            effect = HandOff(kind="hand_off", reason=f"nobody decided about the payment of order {order}")
            return scene.say(words.say("payment_expired", order=order), effects=(effect,))
        case OrderCancelled(order=order, reason=reason):
            outcome = None if scene.enquiry.greeted else Outcome.CHITCHAT
            return scene.say(words.say("order_cancelled", order=order, reason=reason).strip(), outcome=outcome)
        case CartLeft():
            _, decision = scene.say()
            return scene.enquiry, decision.model_copy(update={"say": ()})
        case never:
            assert_never(never)
