"""Reads what the Messages API answered, whatever it is, into a reply of ours."""

from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from domain.failures import Transient
from domain.language import ModelReply, Stop, ToolCall
from domain.plans import Usage

THOUGHTS = frozenset({"thinking", "redacted_thinking"})
_OBJECT = TypeAdapter(dict[str, Any])
_STOPS = {
    "refusal": Stop.REFUSED,
    "max_tokens": Stop.CUT,
    "model_context_window_exceeded": Stop.CUT,
    "pause_turn": Stop.CUT,
}
"""Any other reason is one to read the answer: an end, a tool, or a word that only a newer API knows."""


class _Usage(BaseModel):
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None


class _Answer(BaseModel):
    content: list[dict[str, Any]] | None = None
    stop_reason: str | None = None
    usage: _Usage = _Usage()
    model: str = ""


def read_reply(body: bytes, must_call: str = "") -> ModelReply:
    """The reply; `must_call`: its text is the arguments of this tool.

    Raises:
        Transient: nothing one could use; asked again, the model may do better.
    """
    try:
        answer = _Answer.model_validate_json(body)
    except ValidationError:
        raise Transient("the model's answer is malformed") from None
    if answer.content is None:
        raise Transient("the model's answer has no content")
    stop = _STOPS.get(answer.stop_reason or "")
    reply = ModelReply(stop=stop or Stop.END, usage=_used(answer.usage), model=answer.model)
    if stop is Stop.REFUSED:
        return reply
    return _with_content(reply, answer.content, must_call)


def _with_content(reply: ModelReply, content: list[dict[str, Any]], must_call: str) -> ModelReply:
    """A cut answer keeps its text; its calls may lack an end, so none of them is made."""
    text = "\n".join(filter(None, (_text(block) for block in content)))
    calls = tuple(_call(block) for block in content if block.get("type") == "tool_use")
    kept = tuple(block for block in content if block.get("type") in THOUGHTS)
    if reply.stop is Stop.CUT:
        return reply.model_copy(update={"text": "" if must_call else text})
    if must_call and not calls:
        text, calls = "", (_formatted(text, must_call),)
    if not text and not calls:
        raise Transient("the model's answer is empty")
    stop = Stop.TOOLS if calls else Stop.END
    return reply.model_copy(update={"text": text, "calls": calls, "stop": stop, "kept": kept})


def _text(block: dict[str, Any]) -> str:
    text = block.get("text") if block.get("type") == "text" else ""
    return text.strip() if isinstance(text, str) else ""


def _call(block: dict[str, Any]) -> ToolCall:
    """Arguments that are no object are kept as what no strict schema takes, so that the tool's check names them."""
    arguments = block.get("input")
    return ToolCall(
        id=str(block.get("id", "")),
        name=str(block.get("name", "")),
        arguments=arguments if isinstance(arguments, dict) else {"": arguments},
    )


def _formatted(text: str, must_call: str) -> ToolCall:
    try:
        return ToolCall(id=f"formatted_{must_call}", name=must_call, arguments=_OBJECT.validate_json(text))
    except ValidationError:
        raise Transient("the model's structured answer is malformed") from None


def _used(usage: _Usage) -> Usage:
    """What was written to the cache was read first: it counts as input."""
    return Usage(
        input_tokens=max(0, usage.input_tokens + (usage.cache_creation_input_tokens or 0)),
        output_tokens=max(0, usage.output_tokens),
        cached_tokens=max(0, usage.cache_read_input_tokens or 0),
    )
