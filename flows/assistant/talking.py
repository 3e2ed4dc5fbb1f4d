"""Tells a customer what became of a question; an open booking asks on behind the answer."""

from typing import Any, assert_never

from domain.decisions import AskAttention
from flows.assistant.answering import Answer, Answering, Kind, Reader
from flows.assistant.scene import Scene, Step, Taking
from flows.assistant.state import Question

ASKED_TWICE = 2
OUT_OF_ANSWERS = 3
"""Without a model, a third question in a row that nothing answers goes to a person."""


def answer(scene: Scene, reader: Reader, question: str) -> Taking:
    """Answer a question, and let a booking go on."""
    found: Answer = yield from _answered(scene, reader, question)
    return told(scene, found)


def _answered(scene: Scene, reader: Reader, question: str) -> Answering:
    return (yield from reader.answer(scene, question))


def beside(scene: Scene, reader: Reader, ended: Step) -> Taking:
    """The booking goes on, and what was asked beside it is answered: «завтра о 15, а скільки коштує?»."""
    enquiry, decision = ended
    if not scene.heard.aside or decision.outcome or decision.effects or scene.heard.tapped:
        return ended
    found: Answer = yield from _answered(scene, reader, scene.heard.aside)
    if found.kind not in (Kind.ANSWERED, Kind.UNKNOWN):
        return ended
    text = _worded(scene, found) if found.kind is Kind.ANSWERED else scene.words.say("unknown")
    first, *more = decision.say
    rest = first.text.removeprefix(scene.greeting).lstrip()
    greeting = scene.greeting if rest != first.text else ""
    said = first.model_copy(update={"text": "\n\n".join(filter(None, (greeting, text, rest)))})
    also = {"sources": found.sources, "degraded": found.degraded, "unanswered": found.kind is Kind.UNKNOWN}
    return enquiry, decision.model_copy(update={"say": (said, *more), **also})


def told(scene: Scene, found: Answer) -> Step:
    """The turn's end."""
    match found.kind:
        case Kind.ANSWERED:
            return _say_answer(scene, found)
        case Kind.UNKNOWN:
            return _say_unknown(scene, found)
        case Kind.TALK:
            return _on(scene, scene.words.say("small_talk"))
        case Kind.BOOKING if not scene.enquiry.booking:
            return scene.say(scene.greeting, scene.words.say("booking_offered"), choices=("book", "person"))
        case Kind.BOOKING:
            return _on(scene, scene.words.say("not_understood"))
        case Kind.PERSON:
            return _on(scene, scene.words.say("offer_person"), choices=("person",))
        case never:
            assert_never(never)


def _say_answer(scene: Scene, found: Answer) -> Step:
    known = scene.now_at(scene.enquiry.model_copy(update={"unanswered": 0}))
    return _on(known, _worded(scene, found), sources=found.sources, degraded=found.degraded)


def _worded(scene: Scene, found: Answer) -> str:
    """A model's words, or the documents' own between marks."""
    return scene.words.say("from_documents", text=found.text) if found.degraded else found.text


def _say_unknown(scene: Scene, found: Answer) -> Step:
    """Says so and offers a person; asked twice, somebody is told; without a model, somebody comes sooner."""
    count = scene.enquiry.unanswered + 1
    after = scene.now_at(scene.enquiry.model_copy(update={"unanswered": min(count, 99)}))
    also: dict[str, Any] = {"degraded": found.degraded, "unanswered": True}
    if found.degraded and count >= OUT_OF_ANSWERS:
        return after.pass_on("unknown_passed_on", "questions that the documents do not answer", **also)
    if count == ASKED_TWICE:
        effect = AskAttention(kind="ask_attention", reason="asked twice what the documents do not answer")
        return _on(after, scene.words.say("unknown_shown"), choices=("person",), effects=(effect,), **also)
    return _on(after, scene.words.say("unknown"), choices=("person",), **also)


def _on(scene: Scene, text: str, choices: tuple[str, ...] = (), **also: Any) -> Step:
    """Says it; behind it an open booking asks its question again."""
    enquiry = scene.enquiry
    question = scene.words.question(enquiry.asked or Question.WHAT) if enquiry.booking else ""
    standing = tuple(choice.id for choice in scene.words.menu(enquiry.asked)) if enquiry.asked else ()
    return scene.say(scene.greeting, text, question, choices=(*standing, *choices), **also)
