"""Writes a question in the words of the Messages API."""

import base64
from collections.abc import Iterable, Mapping
from typing import Any

from anthropic import transform_schema

from domain.failures import OurFault
from domain.language import AskModel, Line, Speaker, Tool
from providers.model.base import Picture
from providers.model.ways import Ways, ways_of

Block = dict[str, Any]
CACHED = {"type": "ephemeral"}
MOST_CACHED_BLOCKS = 3
"""The API takes four marks in all; the tools have one."""
PICTURES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
NO_PICTURE = "[a picture that cannot be shown]"
BEFORE_ALL = "[the conversation begins with us]"
"""The API wants the customer to speak first."""


def body_of(ask: AskModel, pictures: Mapping[str, Picture], model: str) -> dict[str, Any]:
    """The arguments of `messages.create`.

    Raises:
        OurFault: the question ends with the assistant's words, or a tool's schema is none the API could take.
    """
    ways = ways_of(model)
    body: dict[str, Any] = {"model": model, "max_tokens": ask.most_tokens, "messages": messages_of(ask, pictures)}
    if ask.system:
        body["system"] = list(system_of(ask.system))
    if ask.tools:
        body["tools"] = [tool_of(tool, cached=tool is ask.tools[-1]) for tool in ask.tools]
    if ways.thinking:
        body["thinking"] = ways.thinking
    if ways.effort:
        body["output_config"] = {"effort": ways.effort}
    return body | _forced(ask, ways, body)


def is_formatted(ask: AskModel, model: str) -> bool:
    """Whether the call that has to be made is asked for as an output format, and so comes back as text."""
    return bool(ask.must_call) and not ways_of(model).can_be_forced


def _forced(ask: AskModel, ways: Ways, body: dict[str, Any]) -> dict[str, Any]:
    if not ask.must_call:
        return {}
    tool = next((tool for tool in ask.tools if tool.name == ask.must_call), None)
    if tool is None:
        raise OurFault(f"the tool {ask.must_call!r} has to be called and is not offered")
    if ways.can_be_forced:
        return {"tool_choice": {"type": "tool", "name": ask.must_call, "disable_parallel_tool_use": True}}
    wanted = {"type": "json_schema", "schema": schema_of(tool)}
    return {"tool_choice": {"type": "none"}, "output_config": {**body.get("output_config", {}), "format": wanted}}


def system_of(texts: tuple[str, ...]) -> Iterable[Block]:
    """All but the last, least stable one are marked for the cache: the last marks, where there are too many."""
    first = max(0, len(texts) - 1 - MOST_CACHED_BLOCKS)
    for number, text in enumerate(texts):
        if text.strip():
            marked = first <= number < len(texts) - 1
            yield {"type": "text", "text": text} | ({"cache_control": CACHED} if marked else {})


def tool_of(tool: Tool, *, cached: bool) -> Block:
    """A strict tool: the API itself then keeps names and arguments to the schema."""
    block = {"name": tool.name, "description": tool.description, "input_schema": schema_of(tool), "strict": True}
    return block | ({"cache_control": CACHED} if cached else {})


def schema_of(tool: Tool) -> dict[str, Any]:
    """The schema without what the API's strict mode does not know; that goes into descriptions, and we check it."""
    try:
        return transform_schema(_spelled_out(dict(tool.schema_)))
    except (ValueError, TypeError, AttributeError, AssertionError) as error:
        raise OurFault(f"the schema of the tool {tool.name!r} cannot be used ({error})") from None


def _spelled_out(schema: Any) -> Any:
    """`"type": ["string", "null"]` is a short form that the strict mode does not know."""
    if isinstance(schema, list):
        return [_spelled_out(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {name: _spelled_out(value) for name, value in schema.items()}
    kinds = schema.get("type")
    if not isinstance(kinds, list):
        return schema
    described = {name: schema.pop(name) for name in ("description", "title") if name in schema}
    return {**described, "anyOf": [{**(schema if kind != "null" else {}), "type": kind} for kind in kinds]}


def messages_of(ask: AskModel, pictures: Mapping[str, Picture]) -> list[Block]:
    """The exchange, one message a speaker and turn."""
    messages: list[Block] = []
    for line in ask.lines:
        blocks = list(blocks_of(line, pictures))
        role = "user" if line.by is Speaker.CUSTOMER else "assistant"
        if blocks and messages and messages[-1]["role"] == role:
            messages[-1]["content"] += blocks
        elif blocks:
            messages.append({"role": role, "content": blocks})
    if not messages or messages[-1]["role"] != "user":
        raise OurFault("a question to the model ends with words of the customer's or a tool's result")
    if messages[0]["role"] != "user":
        messages.insert(0, {"role": "user", "content": [{"type": "text", "text": BEFORE_ALL}]})
    return messages


def blocks_of(line: Line, pictures: Mapping[str, Picture]) -> Iterable[Block]:
    """Results first, as the API wants them; texts of nothing but spaces are left out, for it refuses them."""
    for result in line.results:
        content = result.text or "-"
        failed = {"is_error": True} if result.failed else {}
        yield {"type": "tool_result", "tool_use_id": result.call_id, "content": content} | failed
    yield from line.kept
    for media_id in line.media_ids:
        yield picture_of(pictures.get(media_id))
    if line.text.strip():
        yield {"type": "text", "text": line.text}
    for call in line.calls:
        yield {"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments}


def picture_of(picture: Picture | None) -> Block:
    """A picture, or the word that there was one."""
    if picture is None or picture.mime not in PICTURES:
        return {"type": "text", "text": NO_PICTURE}
    content = base64.standard_b64encode(picture.content).decode()
    return {"type": "image", "source": {"type": "base64", "media_type": picture.mime, "data": content}}
