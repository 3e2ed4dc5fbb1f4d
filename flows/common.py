"""What every flow says alike, in the customer's language: about media that cannot be used, and about people."""

from collections.abc import Sequence

from domain.decisions import FlowDecision
from domain.media import MediaProblem, SeenMedia
from domain.messages import InboundMessage, MessageKind, OutboundMessage
from flows.wording import Wording, load_wording

NOT_SHOWN = "not_shown"
PERSON_SOON = "person_soon"
BOT, BOT_OF = "bot", "bot_of"
KEYS = {
    **dict.fromkeys([*(problem.value for problem in MediaProblem), NOT_SHOWN, PERSON_SOON, BOT], frozenset[str]()),
    BOT_OF: frozenset({"shop"}),
}
LANGUAGES = ("ru", "uk", "en")
_WORDS: dict[str, Wording] = {language: load_wording(f"common_{language}", KEYS) for language in LANGUAGES}


def words(language: str) -> Wording:
    """The common sentences in this language; one we do not speak is answered in English."""
    return _WORDS.get(language.lower().split("-")[0], _WORDS["en"])


def remarks(messages: Sequence[InboundMessage], seen: Sequence[SeenMedia], language: str) -> tuple[str, ...]:
    """What must be said about what cannot be used, each thing once."""
    problems = [one.problem.value for one in seen if one.problem is not None]
    if any(_is_not_shown(message) for message in messages):
        problems.append(NOT_SHOWN)
    return tuple(words(language).say(problem) for problem in dict.fromkeys(problems))


def _is_not_shown(message: InboundMessage) -> bool:
    return message.kind is MessageKind.OTHER and not message.text and not message.media


def with_remarks(decision: FlowDecision, said: tuple[str, ...]) -> FlowDecision:
    """The flow's reply with these remarks in front, in the same message."""
    if not said:
        return decision
    first, *more = decision.say or (OutboundMessage(text=""),)
    text = "\n\n".join(filter(None, [*said, first.text]))
    return decision.model_copy(update={"say": (first.model_copy(update={"text": text}), *more)})
