"""Talks with a model that may use tools. What a tool may do is the flow's to say: a model only ever asks."""

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any, Generic, TypeVar

from domain.arguments import why_wrong
from domain.dialogue import SaidBefore
from domain.language import AskModel, Line, ModelAway, ModelReply, Speaker, Stop, Tool, ToolCall, ToolResult
from domain.model import Value
from flows.base import Need

MOST_ROUNDS = 6
"""Answers of the model in one turn; whoever still wants tools after them is done."""
MOST_CALLS = 8
"""Tool calls of one answer that are looked at."""
State = TypeVar("State", bound=Value)
Done = tuple[State, str]
"""The state after a tool was used, and what the model is told of it."""


class Refusal(Exception):
    """A tool will not do this; the text tells the model why."""


class Ability(Generic[State]):
    """A tool, and what it does to the dialog's state."""

    def __init__(
        self, tool: Tool, use: Callable[[State, Mapping[str, Any]], Generator[Need, Any, Done[State]] | Done[State]]
    ) -> None:
        self.tool = tool
        self.use = use


class Talk(Generic[State]):
    """How a talk with the model ended."""

    def __init__(self, state: State, text: str, away: str = "", used: tuple[str, ...] = ()) -> None:
        self.state = state
        self.text = text
        """The model's last words to the customer; empty: it found none."""
        self.away = away
        """Why there are none, where nobody answered."""
        self.used = used
        """The tools it used, in order."""


def lines_of(before: Sequence[SaidBefore], text: str) -> tuple[Line, ...]:
    """What was said, as the model sees it: it must begin with the customer, and they take turns."""
    said = [(Speaker.CUSTOMER if one.by == "customer" else Speaker.ASSISTANT, _named(one)) for one in before]
    said.append((Speaker.CUSTOMER, text))
    lines: list[Line] = []
    for by, words in said:
        if not words.strip() or (not lines and by is Speaker.ASSISTANT):
            continue
        if lines and lines[-1].by is by:
            lines[-1] = Line(by=by, text=f"{lines[-1].text}\n{words}")
        else:
            lines.append(Line(by=by, text=words))
    return tuple(lines)


def _named(one: SaidBefore) -> str:
    return f"(a person of the shop wrote) {one.text}" if one.by == "operator" else one.text


def converse(
    ask: AskModel, state: State, abilities: Callable[[State], Mapping[str, Ability[State]]]
) -> Generator[Need, Any, Talk[State]]:
    """Let the model answer, using what the state allows; `abilities` is asked anew after every change of the state."""
    lines, used = ask.lines, list[str]()
    for _ in range(MOST_ROUNDS):
        able = abilities(state)
        tools = tuple(one.tool for one in able.values())
        reply: ModelReply | ModelAway = yield ask.model_copy(update={"lines": lines, "tools": tools})
        if isinstance(reply, ModelAway):
            return Talk(state, "", reply.reason, tuple(used))
        if reply.stop is not Stop.TOOLS or not reply.calls:
            return _ended(state, reply, tuple(used))
        results = []
        for call in reply.calls[:MOST_CALLS]:
            state, result = yield from _use(state, call, able)
            used.append(call.name)
            results.append(result)
        results += [
            ToolResult(call_id=call.id, text="too many at once", failed=True) for call in reply.calls[MOST_CALLS:]
        ]
        lines = (
            *lines,
            reply.line,
            Line(by=Speaker.CUSTOMER, results=tuple(results)),
        )
    return Talk(state, "", "the model used tools without end", tuple(used))


def _ended(state: State, reply: ModelReply, used: tuple[str, ...]) -> Talk[State]:
    if reply.stop is Stop.REFUSED:
        return Talk(state, "", "the model refused to answer", used)
    if reply.stop is Stop.CUT or not reply.text.strip():
        return Talk(state, "", "the model's answer was cut off or empty", used)
    return Talk(state, reply.text.strip(), "", used)


def _use(
    state: State, call: ToolCall, able: Mapping[str, Ability[State]]
) -> Generator[Need, Any, tuple[State, ToolResult]]:
    ability = able.get(call.name)
    if ability is None:
        return state, ToolResult(call_id=call.id, text=f"there is no tool {call.name[:40]!r} now", failed=True)
    if wrong := why_wrong(ability.tool, call.arguments):
        return state, ToolResult(call_id=call.id, text=wrong, failed=True)
    try:
        using = ability.use(state, call.arguments)
        state, told = (yield from using) if isinstance(using, Generator) else using
    except Refusal as refusal:
        return state, ToolResult(call_id=call.id, text=str(refusal), failed=True)
    return state, ToolResult(call_id=call.id, text=told)
