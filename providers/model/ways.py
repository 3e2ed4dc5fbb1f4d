"""What differs between the models of one vendor: how they answer without thinking first, how a tool is forced."""

from typing import Any

from domain.model import Value


class Ways(Value):
    """How a model wants to be asked."""

    thinking: dict[str, Any] | None = None
    """What keeps a short answer from being thought over first; None: nothing has to be said, or nothing can be."""
    effort: str = ""
    """Where thinking cannot be switched off: how much of it."""
    can_be_forced: bool = False
    """Whether it takes a `tool_choice` that names a tool. Else a structured answer is asked for as an output format."""


_SILENT = {"type": "disabled"}
_WAYS = {
    "claude-haiku-5-5": Ways(thinking=_SILENT, can_be_forced=True),
    "claude-sonnet-5-5": Ways(thinking={"type": "between_tools"}),
    "claude-sonnet-5": Ways(thinking=_SILENT, can_be_forced=True),
    "claude-opus-5-5": Ways(effort="low"),
    "claude-opus-5": Ways(thinking=_SILENT, can_be_forced=True),
    "claude-fable-5": Ways(effort="low"),
    "claude-mythos-": Ways(effort="low"),
    "claude-haiku-4": Ways(can_be_forced=True),
    "claude-sonnet-4": Ways(can_be_forced=True),
    "claude-opus-4": Ways(can_be_forced=True),
}


def ways_of(model: str) -> Ways:
    """By the longest beginning of its name that is known; a model nobody knows is asked with what every model takes."""
    known = [name for name in _WAYS if model.startswith(name)]
    return _WAYS[max(known, key=len)] if known else Ways()
