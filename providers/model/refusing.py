"""What the Messages API refuses to be asked: the rules that a client of it may break without noticing."""

from collections.abc import Iterator
from typing import Any

MOST_MARKS = 4
ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
ALWAYS_THINKING = ("claude-opus-5-5", "claude-fable-5", "claude-mythos-5")
NOT_FORCED = ("claude-sonnet-5-5", *ALWAYS_THINKING)


def why_refused(body: Any) -> str:
    """Why the API would answer 400; empty: it would not."""
    if not isinstance(body, dict):
        return "the body is no object"
    return next(_reasons(body), "")


def _reasons(body: dict[str, Any]) -> Iterator[str]:
    for name in ("model", "max_tokens", "messages"):
        if not body.get(name):
            yield f"{name}: Field required"
    yield from _of_messages(body["messages"])
    yield from _of_model(body)
    tools = body.get("tools", [])
    forced = body.get("tool_choice", {}).get("name")
    if forced and forced not in [tool.get("name") for tool in tools]:
        yield f"tool_choice: Tool '{forced}' not found in provided tools"
    if any(tool.get("strict") and tool["input_schema"].get("additionalProperties") is not False for tool in tools):
        yield "tools: For 'object' type, 'additionalProperties' must be explicitly set to false"
    system = body["system"] if isinstance(body.get("system"), list) else []
    if sum("cache_control" in block for block in [*tools, *system]) > MOST_MARKS:
        yield f"A maximum of {MOST_MARKS} blocks with cache_control may be provided"
    if body.get("stream"):
        yield "stream: this simulation does not stream"


def _of_model(body: dict[str, Any]) -> Iterator[str]:
    model, thinking = body["model"], body.get("thinking", {}).get("type")
    if thinking == "disabled" and model.startswith(NOT_FORCED):
        yield '"thinking.type.disabled" is not supported for this model.'
    if thinking == "enabled" and "-5" in model:
        yield '"thinking.type.enabled" is not supported for this model.'
    if thinking == "between_tools" and not model.startswith("claude-sonnet-5-5"):
        yield '"thinking.type.between_tools" is not supported for this model.'
    if body.get("tool_choice", {}).get("type") in ("tool", "any") and model.startswith(NOT_FORCED):
        yield "tool_choice: forced tool use is not supported for this model."


def _of_messages(messages: list[dict[str, Any]]) -> Iterator[str]:
    if messages[0].get("role") != "user":
        yield "messages: first message must use the user role"
    if messages[-1].get("role") != "user":
        yield "messages: This model does not support assistant message prefill."
    called: set[str] = set()
    for number, message in enumerate(messages):
        blocks = message["content"] if isinstance(message.get("content"), list) else []
        results = {block["tool_use_id"] for block in blocks if block.get("type") == "tool_result"}
        if called != results:
            yield f"messages.{number}: `tool_use` ids and `tool_result` blocks do not match"
        called = {block["id"] for block in blocks if block.get("type") == "tool_use"}
        if any(block.get("type") == "text" and not block["text"].strip() for block in blocks):
            yield f"messages.{number}: text content blocks must contain non-whitespace text"
