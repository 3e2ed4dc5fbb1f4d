"""Takes a booking: what, when, name, phone, in any order, early, late or corrected; «так» makes it one, once."""

from datetime import datetime, time

from domain.decisions import ORDER_NUMBER, Outcome, PlaceOrder
from domain.orders import OrderDraft
from flows.assistant.scene import Scene, Step
from flows.assistant.state import Enquiry, Phase, Question
from flows.rules.booking_wish import Booking
from flows.rules.consent import Consent

LONGEST_ANSWER = 120
LONGEST_WORDS = 80
KIND = "booking"


def opened(scene: Scene) -> Step:
    """Begin with what was told already, and ask for the rest."""
    heard, enquiry = scene.heard, scene.enquiry
    what = heard.subject
    if heard.booking is Booking.CALL:
        call = scene.words.say("call_subject")
        what = f"{call}: {what}" if what else call
    update = {"booking": True, "what": what} if heard.tapped != "book" else {"booking": True}
    return asking(scene, _with_facts(scene, enquiry.model_copy(update=update)), scene.greeting)


def asking(scene: Scene, enquiry: Enquiry, *before: str) -> Step:
    """Ask for what is still needed; with everything told, show it all and ask whether it is right."""
    question = enquiry.next_question
    shown = scene.words.summary(enquiry) if question is Question.CONFIRMATION else ""
    past = scene.words.say("time_past") if scene.heard.when and scene.heard.when.is_past else ""
    return scene.now_at(enquiry).ask(question, *before, past, shown)


def step(scene: Scene) -> Step | None:
    """Take what a turn tells an open booking; None where it tells nothing."""
    heard, enquiry = scene.heard, scene.enquiry
    told = _told(scene)
    if told != enquiry or (heard.when is not None and heard.when.is_past):
        return asking(scene, told)
    if enquiry.asked is Question.CONFIRMATION and not heard.aside:
        return _confirmed(scene)
    if enquiry.asked is Question.CHANGE and heard.slot:
        return scene.ask(Question(heard.slot))
    if enquiry.asked is Question.PHONE and any(sign.isdigit() for sign in heard.text) and not heard.aside:
        return scene.ask(Question.PHONE, scene.words.say("phone_invalid"), missed=True)
    return None if heard.aside else _missed(scene)


def _missed(scene: Scene) -> Step | None:
    """Nothing was told and nothing asked: the question again, but not to a long story."""
    if len(scene.heard.text) > LONGEST_ANSWER or scene.enquiry.asked is None:
        return None
    if scene.enquiry.asked is Question.CONFIRMATION:
        return scene.ask(Question.CONFIRMATION, scene.words.summary(scene.enquiry), missed=True)
    courteous = scene.heard.courtesy or scene.heard.greets or not scene.heard.text
    remark = "" if courteous or scene.senses.remarks else scene.words.say("not_understood")
    return scene.ask(scene.enquiry.asked, remark, missed=not courteous)


def _confirmed(scene: Scene) -> Step | None:
    heard, enquiry = scene.heard, scene.enquiry
    if heard.tapped == "yes" or (heard.consent is Consent.YES and not heard.tapped):
        return _place(scene)
    if heard.tapped == "change" or heard.consent is Consent.NO or heard.wants_other:
        if heard.slot:
            return scene.now_at(enquiry).ask(Question(heard.slot))
        return scene.ask(Question.CHANGE)
    return _missed(scene)


def _place(scene: Scene) -> Step:
    enquiry = scene.enquiry
    draft = OrderDraft(
        client_phone=enquiry.phone,
        delivery_address="",
        client_name=enquiry.name,
        comment=comment_of(enquiry),
        kind=KIND,
    )
    effect = PlaceOrder(kind="place_order", draft=draft)
    return scene.end("placed", Phase.DONE, Outcome.COMPLETED, effect, order_number=ORDER_NUMBER)


def comment_of(enquiry: Enquiry) -> str:
    """What and when for the shop: in the customer's words, and as a date where they are plain."""
    if enquiry.day and enquiry.hour:
        plain = f" [{datetime.combine(enquiry.day, enquiry.hour):%Y-%m-%d %H:%M}]"
    else:
        plain = f" [{enquiry.day:%Y-%m-%d}]" if enquiry.day else ""
    return f"{enquiry.what}; {enquiry.when_words}{plain}"


# --- facts ---------------------------------------------------------------------------------------------------------


def _told(scene: Scene) -> Enquiry:
    """The booking with what this turn tells."""
    enquiry = _with_facts(scene, scene.enquiry)
    if enquiry != scene.enquiry or scene.heard.tapped:
        return enquiry
    if (replaced := scene.heard.replaced) and replaced[0].casefold() in enquiry.what.casefold():
        return enquiry.model_copy(update={"what": replaced[1]})
    return _plain(scene, enquiry)


def _with_facts(scene: Scene, enquiry: Enquiry) -> Enquiry:
    """What rules know by its shape, asked for or not."""
    heard = scene.heard
    told = {"name": heard.name, "phone": heard.phone}
    if not enquiry.what and heard.subject and enquiry.asked is Question.WHAT and not heard.aside and heard.when:
        told["what"] = heard.subject
    what = told.get("what") or enquiry.what
    if what and heard.guests and heard.guests.casefold() not in what.casefold() and not heard.aside:
        told["what"] = f"{what} {heard.guests}"
    update = {field: value for field, value in told.items() if value}
    return _with_when(scene, enquiry.model_copy(update=update))


def _with_when(scene: Scene, enquiry: Enquiry) -> Enquiry:
    """A new day leaves the hour as it was; a new hour, the day."""
    when = scene.heard.when
    if when is None or when.is_past:
        return enquiry
    update: dict[str, object] = {}
    if when.day_words:
        update |= {"day_words": when.day_words, "day": when.day}
    if when.hour_words or (when.day and when.hour):
        update |= {"hour_words": when.hour_words, "hour": _in_reach(when.hour)}
    return enquiry.model_copy(update=update)


def _in_reach(hour: time | None) -> time | None:
    return hour.replace(second=0, microsecond=0) if hour else None


def _plain(scene: Scene, enquiry: Enquiry) -> Enquiry:
    """The whole text answers what was asked, if it is short, asks nothing and agrees to nothing."""
    heard = scene.heard
    text = heard.text.replace("\n", " ").strip(" .!")
    if (
        heard.aside
        or heard.consent is not None
        or heard.courtesy
        or heard.greets
        or not 2 <= len(text) <= LONGEST_ANSWER
    ):
        return enquiry
    match enquiry.asked:
        case Question.WHAT:
            return enquiry.model_copy(update={"what": heard.subject or text})
        case Question.HOUR if len(text) <= LONGEST_WORDS:
            return enquiry.model_copy(update={"hour_words": text})
        case Question.WHEN | Question.DAY if len(text) <= LONGEST_WORDS:
            return enquiry.model_copy(update={"day_words": text, "day": None})
        case Question.NAME if _is_name(text):
            return enquiry.model_copy(update={"name": text})
        case Question.CHANGE if not heard.slot:
            return enquiry.model_copy(update={"what": heard.subject or text})
        case _:
            return enquiry


def _is_name(text: str) -> bool:
    words = text.replace("'", "").replace("’", "").replace("ʼ", "").replace("-", " ").split()
    return 1 <= len(words) <= 4 and all(word.isalpha() for word in words)
