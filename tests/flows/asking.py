"""Lets a test speak to a flow that asks: its needs are answered from a table instead of a shop and a model."""

from collections.abc import Generator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from domain.decisions import FlowDecision, Outcome
from domain.dialogue import Dialogue, ReadDialogue, SaidBefore
from domain.knowledge import FindPassages, Passage
from domain.language import AskModel, ModelAway, ModelReply, Stop, ToolCall
from domain.media import SeenMedia
from domain.messages import InboundMessage, MessageKind
from domain.model import Value
from domain.news import News
from domain.shop import Shop
from flows.base import Senses, Turn
from flows.registry import flow

NOON = datetime(2026, 11, 21, 10, tzinfo=UTC)
"""A Saturday; in Kyiv it is noon."""
PICTURE = "[picture]"
TAP = "[tap] "
Answered = Mapping[str, Any] | str | None
"""What a model calls `answer` with; a text: why nobody answers; None: nobody was to be asked."""


def turn(lines: Sequence[str], shop: Shop, order: str = "", news: News | None = None) -> Turn:
    """One burst; «[picture]» is a photo, «[tap] yes» a tapped choice."""
    return Turn(
        messages=tuple(_message(str(number), line) for number, line in enumerate(lines)),
        now=NOON, shop=shop, order=order, news=news,
    )  # fmt: skip


def _message(id: str, line: str) -> InboundMessage:
    if line == PICTURE:
        return InboundMessage(id=id, kind=MessageKind.IMAGE, received_at=NOON)
    if line.startswith(TAP):
        return InboundMessage(id=id, received_at=NOON, text=line, choice=line.removeprefix(TAP))
    return InboundMessage(id=id, received_at=NOON, text=line)


def senses(lines: Sequence[str]) -> Senses:
    """What was looked at in it."""
    seen = SeenMedia(kind=MessageKind.IMAGE, media_id="m1", mime="image/jpeg")
    return Senses(media=tuple(seen for line in lines if line == PICTURE))


class Customer:
    """Speaks to the assistant as the workflow lets it: state through JSON, forgotten when the dialog ends."""

    def __init__(self, passages: Sequence[Passage] = (), shop: Shop | None = None) -> None:
        self.flow = flow("assistant")
        self.passages = tuple(passages)
        self.shop = shop or Shop(name="Кав'ярня «Ранок»")
        self.order = ""
        self.state: Value | None = None
        self.seen: Any = self.flow.opening_state()
        self.said: list[SaidBefore] = []
        self.asked: list[AskModel] = []
        self.looked_up: list[str] = []

    def say(self, *lines: str, model: Answered | Sequence[Answered] = None, news: News | None = None) -> FlowDecision:
        """Take one turn and keep what the workflow would keep."""
        before = self.flow.opening_state() if self.state is None else self.state
        told = list(model) if isinstance(model, list | tuple) else [model]
        step = self.flow.step(before, turn(lines, self.shop, self.order, news), senses(lines))
        after, decision = self._carried(step, told) if isinstance(step, Generator) else step
        stored = after.model_dump(mode="json", exclude_defaults=True)
        assert after == self.flow.state_model.model_validate(stored)
        self.seen = after
        self.state = after if decision.outcome in (None, Outcome.RESTARTED) else None
        self.said += [SaidBefore(by="customer", text=line) for line in lines]
        self.said += [SaidBefore(by="assistant", text=message.text) for message in decision.say]
        return decision

    def _carried(self, step: Generator[Any, Any, Any], told: list[Answered]) -> Any:
        answer: Any = None
        while True:
            try:
                need = step.send(answer)
            except StopIteration as end:
                return end.value
            answer = self._answer(need, told)

    def _answer(self, need: object, told: list[Answered]) -> Any:
        match need:
            case FindPassages(text=text, most=most):
                self.looked_up.append(text)
                return self.passages[:most]
            case ReadDialogue():
                return Dialogue(lines=tuple(self.said))
            case AskModel():
                self.asked.append(need)
                return _reply(told.pop(0) if told else None)
        raise AssertionError(f"nobody answers {need}")


def _reply(told: Answered) -> ModelReply | ModelAway:
    if told is None:
        raise AssertionError("the model was asked, and was not to be")
    if isinstance(told, str):
        return ModelAway(reason=told)
    call = ToolCall(id="1", name="answer", arguments=dict(told))
    return ModelReply(calls=(call,), stop=Stop.TOOLS)
