"""A script for the simulated model: which question gets which answer, error or silence."""

import re
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, field_validator

from domain.model import Value

Trouble = Literal["", "garbage", "hang", "reset", "empty"]


class ScriptedCall(Value):
    """A tool the model calls."""

    name: str
    arguments: Any = Field(default_factory=dict)


class Asked(Value):
    """One question as it came over the wire."""

    body: dict[str, Any]
    headers: dict[str, str] = {}
    answered_by: int | None = None
    """The number of the scripted answer; None: the one for everything else."""

    @property
    def blocks(self) -> list[dict[str, Any]]:
        """The last message's content."""
        messages = self.body.get("messages") or [{}]
        content = messages[-1].get("content", [])
        return content if isinstance(content, list) else [{"type": "text", "text": content}]

    @property
    def said(self) -> str:
        """What the customer said last, before all the results of tools."""
        for message in reversed(self.body.get("messages", [])):
            content = message.get("content", [])
            blocks = content if isinstance(content, list) else [{"type": "text", "text": content}]
            texts = [block["text"] for block in blocks if block.get("type") == "text"]
            if message.get("role") == "user" and texts:
                return "\n".join(texts)
        return ""

    @property
    def results(self) -> str:
        """What tools came back with, if that is what this question brings."""
        return "\n".join(str(block.get("content")) for block in self.blocks if block.get("type") == "tool_result")

    @property
    def system(self) -> str:
        """The whole system prompt."""
        system = self.body.get("system", "")
        return system if isinstance(system, str) else "\n\n".join(block.get("text", "") for block in system)

    @property
    def tools(self) -> list[str]:
        """The names of the tools on offer."""
        return [tool.get("name", "") for tool in self.body.get("tools", [])]

    @property
    def pictures(self) -> int:
        """How many pictures the last message shows."""
        return sum(block.get("type") == "image" for block in self.blocks)

    @property
    def must_call(self) -> str:
        """The tool it has to call."""
        return str(self.body.get("tool_choice", {}).get("name", ""))

    @property
    def is_formatted(self) -> bool:
        """Whether the answer has to be JSON of a given schema."""
        return "format" in (self.body.get("output_config") or {})


class Scripted(Value):
    """One line of the script. All of its conditions have to hold; the first line whose conditions do is played."""

    when: str = ""
    """A regular expression, looked for in the customer's last text."""
    results: str | None = None
    """One looked for in the results of tools; None: the question brings none."""
    system: str = ""
    """One looked for in the system prompt."""
    tool: str = ""
    """A tool that has to be on offer."""
    pictures: bool | None = None
    """Whether it has to show a picture."""
    times: int | None = Field(default=None, ge=1)
    """How often this line is played; None: always."""

    text: str = ""
    calls: tuple[ScriptedCall, ...] = ()
    stop: str = ""
    """The stop reason; empty: what fits the answer."""
    error: int = 0
    """An HTTP status instead of an answer."""
    error_type: str = ""
    retry_after: float | None = None
    trouble: Trouble = ""
    delay: float = 0.0
    """Seconds before all of this."""
    usage: Mapping[str, int] = {}
    """Instead of the simulated figures, in the API's own words."""

    @field_validator("calls", mode="before")
    @classmethod
    def _short(cls, calls: Any) -> Any:
        """`{search: {text: dress}}` is the short form of one call."""
        if isinstance(calls, Mapping):
            return tuple({"name": name, "arguments": arguments} for name, arguments in calls.items())
        return calls

    def fits(self, asked: Asked) -> bool:
        """Whether this line answers the question; how often it was played is not asked here."""
        brings = bool(asked.results)
        if brings != (self.results is not None) or (brings and not found(self.results or "", asked.results)):
            return False
        if self.pictures is not None and self.pictures != bool(asked.pictures):
            return False
        is_offered = not self.tool or self.tool in asked.tools
        return is_offered and found(self.when, asked.said) and found(self.system, asked.system)


def found(pattern: str, text: str) -> bool:
    """Whether a pattern is found, in whatever case it is written."""
    return re.search(pattern, text, re.IGNORECASE | re.DOTALL) is not None
