"""What a flow asks a language model, and what comes back: an answer, calls of tools, or nobody."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Literal

from pydantic import Field

from domain.model import Value
from domain.plans import Usage


class Eyes(StrEnum):
    """Which model is asked: the fast one for text, or the stronger one for pictures."""

    TEXT = "text"
    VISION = "vision"


class Speaker(StrEnum):
    """Who says a line to the model."""

    CUSTOMER = "customer"
    ASSISTANT = "assistant"


class Tool(Value):
    """Something the model may ask the flow to do."""

    name: str = Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")
    description: str
    schema_: Mapping[str, Any]
    """JSON schema of the arguments, strict: every object names all its properties as required and takes no others."""


class ToolCall(Value):
    """The model asks for a tool. The arguments are the model's own words: nothing in them is checked yet."""

    id: str
    name: str
    arguments: dict[str, Any]


class ToolResult(Value):
    """What a tool came back with."""

    call_id: str
    text: str
    failed: bool = False


class Line(Value):
    """One message of the exchange with the model; results come with a line of the customer's."""

    by: Speaker
    text: str = ""
    media_ids: tuple[str, ...] = ()
    """Pictures by reference; whoever asks the provider brings their bytes."""
    calls: tuple[ToolCall, ...] = ()
    results: tuple[ToolResult, ...] = ()
    kept: tuple[dict[str, Any], ...] = ()
    """The provider's own blocks (a model's thinking), sent back as they came; `ModelReply.line` brings them."""


class AskModel(Value):
    """What a flow wants to know from a model."""

    kind: Literal["ask_model"] = "ask_model"
    prompt: str = ""
    """Digest of the prompt files behind `system`."""
    eyes: Eyes = Eyes.TEXT
    system: tuple[str, ...] = ()
    """From the most stable to the least; all but the last are cached."""
    lines: tuple[Line, ...]
    tools: tuple[Tool, ...] = ()
    must_call: str = ""
    """A tool that has to be called: a structured answer. Empty: the model chooses."""
    most_tokens: int = Field(default=1024, ge=1)


class Stop(StrEnum):
    """Why the model stopped."""

    END = "end"
    TOOLS = "tools"
    """It waits for the results of its calls."""
    CUT = "cut"
    """The answer reached its most tokens; calls that were cut off are left out."""
    REFUSED = "refused"
    """The model will not say anything to this."""


class ModelReply(Value):
    """What the model said."""

    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    stop: Stop
    usage: Usage = Usage()
    """Tokens only."""
    model: str = ""
    kept: tuple[dict[str, Any], ...] = ()
    """The provider's own blocks, for `Line.kept`."""

    @property
    def line(self) -> Line:
        """The reply as the next line of the exchange: what results of tools answer to."""
        return Line(by=Speaker.ASSISTANT, text=self.text, calls=self.calls, kept=self.kept)


class ModelAway(Value):
    """Nobody answers: no key, down past the retries, or over a bound of the turn. The flow goes on degraded."""

    reason: str
