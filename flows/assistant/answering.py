"""Answers a question from the shop's own documents, by a model where one answers, else in the documents' own words.

Whatever the documents, the customer or the model say, nothing comes of it but words.
"""

import re
from collections.abc import Generator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from domain.arguments import why_wrong
from domain.dialogue import Dialogue, ReadDialogue
from domain.knowledge import FindPassages, Passage
from domain.language import AskModel, ModelAway, ModelReply, Tool
from flows.assistant.guard import is_grounded, named_sources
from flows.assistant.scene import Scene
from flows.assistant.sentences import NAMES
from flows.base import Need
from flows.conversing import lines_of
from flows.prompting import load_prompt
from flows.rules.tables import readable

MOST_PASSAGES = 4
LONGEST_QUESTION = 300
LONGEST_ANSWER = 1_200
LONGEST_QUOTE = 500
LEAST_FIT = 0.34
"""Without a model: what speaks of less than a third of the question is no answer to it."""
ROUNDS = 2
"""A model may look up once more, in better words than the customer's."""
_SENTENCE_END = re.compile(r"[.!?…](?=\s|\Z)|\n")


class Kind(StrEnum):
    """What became of a question."""

    ANSWERED = "answered"
    UNKNOWN = "unknown"
    TALK = "talk"
    """Small talk: nothing was asked that documents could say."""
    PERSON = "person"
    BOOKING = "booking"
    """The customer seems to want to book."""


class Answer(NamedTuple):
    """What to say to a question; sources are for operators."""

    kind: Kind
    text: str = ""
    sources: tuple[str, ...] = ()
    degraded: str = ""


LOOK_UP = "look_up"
ANSWER = Tool(
    name="answer",
    description="Your answer to the customer's last message.",
    schema_={
        "type": "object",
        "properties": {
            "kind": {
                "type": "string",
                "enum": [*(kind.value for kind in Kind), LOOK_UP],
                "description": "answered: the passages answer it; unknown: they do not; look_up: other words would find"
                " better passages; talk: small talk; person: they want a human; booking: they want to book",
            },
            "text": {
                "type": "string",
                "description": "answered: the answer to the customer; look_up: what to look up; else empty",
            },
            "sources": {
                "type": "array",
                "items": {"type": "integer"},
                "description": "the numbers of the passages the answer was taken from",
            },
        },
        "required": ["kind", "text", "sources"],
        "additionalProperties": False,
    },
)
Answering = Generator[Need, Any, Answer]


class Reader:
    """Reads the documents for customers."""

    def __init__(self, prompts: Path) -> None:
        self._rules = load_prompt("assistant_rules", folder=prompts)
        self._persona = load_prompt("assistant_persona", folder=prompts)
        self._situation = load_prompt("assistant_situation", frozenset({"language", "shop", "meanwhile"}), prompts)
        self._question = load_prompt("assistant_question", frozenset({"passages", "question"}), prompts)

    def answer(self, scene: Scene, question: str) -> Answering:
        """Answer it."""
        asked = question[:LONGEST_QUESTION]
        passages: tuple[Passage, ...] = yield FindPassages(text=asked, most=MOST_PASSAGES)
        dialogue: Dialogue = yield ReadDialogue(most=8, most_letters=2_000)
        for _ in range(ROUNDS):
            reply: ModelReply | ModelAway = yield self._asked(scene, dialogue, question, passages)
            told, why = _read(reply)
            if told is None:
                return _without_model(passages, why)
            if told["kind"] != LOOK_UP:
                return _judged(told, passages)
            more: tuple[Passage, ...] = yield FindPassages(text=told["text"][:LONGEST_QUESTION], most=MOST_PASSAGES)
            passages = tuple(dict.fromkeys((*passages, *more)))[: 2 * MOST_PASSAGES]
        return Answer(Kind.UNKNOWN)

    def _asked(self, scene: Scene, dialogue: Dialogue, question: str, passages: Sequence[Passage]) -> AskModel:
        situation = self._situation.tell(
            language=NAMES[scene.words.language],
            shop=scene.turn.shop.name or "unnamed",
            meanwhile=_harmless(scene.turn.meanwhile) or "nothing",
        )
        if dialogue.summary:
            situation = f"{situation}\n\n<earlier>{_harmless(dialogue.summary)}</earlier>"
        told = self._question.tell(passages=_marked(passages), question=_harmless(question))
        before = [line.model_copy(update={"text": _harmless(line.text)}) for line in dialogue.lines]
        prompts = (self._rules, self._situation, self._question)
        return AskModel(
            prompt="+".join(prompt.digest for prompt in prompts),
            system=(self._rules.tell(), scene.turn.shop.persona or self._persona.tell(), situation),
            lines=lines_of(before, told),
            tools=(ANSWER,),
            must_call=ANSWER.name,
            most_tokens=700,
        )


def _marked(passages: Sequence[Passage]) -> str:
    """Every passage in a block of its own, numbered; nothing in it can end the block."""
    blocks = (
        f'<passage number="{number}">\n{_harmless(" › ".join(filter(None, (one.title, one.section))))}\n'
        f"{_harmless(one.text)}\n</passage>"
        for number, one in enumerate(passages, 1)
    )
    return "\n".join(blocks) or "(nothing was found)"


def _harmless(text: str) -> str:
    return text.replace("<", "‹").replace(">", "›")


def _read(reply: ModelReply | ModelAway) -> tuple[Mapping[str, Any] | None, str]:
    """The model's answer, or why there is none."""
    if isinstance(reply, ModelAway):
        return None, reply.reason
    call = next((call for call in reply.calls if call.name == ANSWER.name), None)
    if call is None:
        return None, f"the model gave no answer ({reply.stop})"
    wrong = why_wrong(ANSWER, call.arguments)
    return (None, "the model's answer cannot be read") if wrong else (call.arguments, "")


def _judged(told: Mapping[str, Any], passages: Sequence[Passage]) -> Answer:
    """An answer is believed if it names its sources and says no number or address that they do not."""
    kind = Kind(told["kind"])
    if kind is not Kind.ANSWERED:
        return Answer(kind)
    text = told["text"].strip()
    sources = named_sources(told["sources"], passages)
    if not text or not sources or not is_grounded(text, sources):
        return Answer(Kind.UNKNOWN)
    return Answer(Kind.ANSWERED, shortened(text, LONGEST_ANSWER), tuple(map(named, sources)))


def _without_model(passages: Sequence[Passage], why: str) -> Answer:
    """The passage that fits best, as it stands; a template says around it whose words they are."""
    best = passages[0] if passages and passages[0].rank >= LEAST_FIT else None
    if best is None:
        return Answer(Kind.UNKNOWN, degraded=why)
    return Answer(Kind.ANSWERED, shortened(readable(best.text), LONGEST_QUOTE), (named(best),), why)


def named(passage: Passage) -> str:
    """A source as an operator finds it."""
    return " › ".join(filter(None, (passage.document, passage.section)))[:300]


def shortened(text: str, longest: int) -> str:
    """The text up to its last whole sentence."""
    text = text.strip()
    if len(text) <= longest:
        return text
    ends = [match.end() for match in _SENTENCE_END.finditer(text[:longest])]
    if ends and ends[-1] > longest // 4:
        return text[: ends[-1]].rstrip()
    return f"{text[: longest - 1].rsplit(maxsplit=1)[0]}…"
