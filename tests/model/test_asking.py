"""What is asked over the wire, and what comes back: our client before a server that refuses what the real one does."""

import base64

import pytest

from domain.failures import OurFault
from domain.language import Eyes, Line, Speaker, Stop, ToolCall, ToolResult
from providers.model.anthropic import AnthropicModel
from providers.model.base import Picture
from providers.model.request import NO_PICTURE
from providers.model.script import Scripted
from providers.model.simulated import SimulatedModel
from tests.model.asking import A_DRESS, WISH, asks

PICTURE = Picture(mime="image/png", content=b"\x89PNG a dress")


async def test_a_plain_answer(simulated: SimulatedModel, model: AnthropicModel) -> None:
    """A customer asks, the fast model answers, and its own figures come with the answer."""
    usage = {"input_tokens": 20, "output_tokens": 7, "cache_read_input_tokens": 300, "cache_creation_input_tokens": 4}
    simulated.play(Scripted(when="сукн", text="Так, є!", usage=usage))
    reply = await model.reply(asks(most_tokens=50), {}, within=5)
    assert ("Так, є!", Stop.END, "claude-haiku-5-5") == (reply.text, reply.stop, reply.model)
    assert (24, 7, 300) == (reply.usage.input_tokens, reply.usage.output_tokens, reply.usage.cached_tokens)
    assert 50 == simulated.asked[0].body["max_tokens"]
    assert {"type": "disabled"} == simulated.asked[0].body["thinking"]


async def test_a_tool_is_used_and_its_result_comes_back(simulated: SimulatedModel, model: AnthropicModel) -> None:
    """The model asks for a tool, hears what came of it, and answers."""
    simulated.play(
        Scripted(tool="note_wish", text="Хвилинку", calls=({"name": "note_wish", "arguments": A_DRESS},)),
        Scripted(results="noted", text="Записала"),
    )
    ask = asks(tools=(WISH,))
    first = await model.reply(ask, {}, within=5)
    assert (Stop.TOOLS, "note_wish", A_DRESS) == (first.stop, first.calls[0].name, first.calls[0].arguments)
    result = Line(by=Speaker.CUSTOMER, results=(ToolResult(call_id=first.calls[0].id, text="noted", failed=True),))
    second = await model.reply(ask.model_copy(update={"lines": (*ask.lines, first.line, result)}), {}, within=5)
    assert (Stop.END, "Записала") == (second.stop, second.text)
    assert "noted" == simulated.asked[1].results
    assert simulated.asked[1].blocks[0]["is_error"]


async def test_tools_are_strict(simulated: SimulatedModel, model: AnthropicModel) -> None:
    """What the strict mode does not know is said in words; what it knows it keeps."""
    await model.reply(asks(tools=(WISH,)), {}, within=5)
    tool = simulated.asked[0].body["tools"][0]
    sizes = [{"description": "{maxLength: 3}", "type": "string"}, {"type": "null"}]
    assert tool["strict"]
    assert False is tool["input_schema"]["additionalProperties"]
    assert {"anyOf": sizes} == tool["input_schema"]["properties"]["size"]


async def test_stable_prompts_are_cached(simulated: SimulatedModel, model: AnthropicModel) -> None:
    """All of the system prompt but its last part is marked, and so are the tools; the second question reads them."""
    ask = asks(system=("Rules of the house.", "The shop's persona.", "Now: greeting."), tools=(WISH,))
    first, second = [await model.reply(ask, {}, within=5) for _ in range(2)]
    body = simulated.asked[0].body
    mark = {"type": "ephemeral"}
    assert [mark, mark, None] == [block.get("cache_control") for block in body["system"]]
    assert mark == body["tools"][-1]["cache_control"]
    assert 0 == first.usage.cached_tokens
    assert second.usage.cached_tokens > 0
    total = first.usage.input_tokens
    assert total == second.usage.input_tokens + second.usage.cached_tokens


async def test_no_more_marks_than_the_api_takes(simulated: SimulatedModel, model: AnthropicModel) -> None:
    """A system prompt of many parts marks its last stable ones."""
    await model.reply(asks(system=tuple("abcdefg"), tools=(WISH,)), {}, within=5)
    marks = ["cache_control" in block for block in simulated.asked[0].body["system"]]
    assert [False, False, False, True, True, True, False] == marks


async def test_pictures_are_sent_to_the_model_with_eyes(simulated: SimulatedModel, model: AnthropicModel) -> None:
    """A photo goes as bytes to the stronger model; one that is gone leaves a word behind."""
    line = Line(by=Speaker.CUSTOMER, text="Є така?", media_ids=("here", "gone"))
    await model.reply(asks(lines=(line,), eyes=Eyes.VISION), {"here": PICTURE}, within=5)
    body, (shown, gone, text) = simulated.asked[0].body, simulated.asked[0].blocks
    assert ("claude-sonnet-5-5", {"type": "between_tools"}) == (body["model"], body["thinking"])
    assert ("image/png", PICTURE.content) == (shown["source"]["media_type"], base64.b64decode(shown["source"]["data"]))
    assert [NO_PICTURE, "Є така?"] == [gone["text"], text["text"]]


@pytest.mark.parametrize("eyes", list(Eyes))
async def test_a_structured_answer(simulated: SimulatedModel, model: AnthropicModel, eyes: Eyes) -> None:
    """One model is made to call the tool, the other to answer in its form: the flow sees the same call."""
    simulated.play(Scripted(calls={"note_wish": A_DRESS}))
    reply = await model.reply(asks(tools=(WISH,), must_call="note_wish", eyes=eyes), {}, within=5)
    assert (Stop.TOOLS, "", "note_wish", A_DRESS) == (
        reply.stop,
        reply.text,
        reply.calls[0].name,
        reply.calls[0].arguments,
    )
    assert (eyes is Eyes.TEXT) == (simulated.asked[0].must_call == "note_wish")


async def test_speakers_take_turns(simulated: SimulatedModel, model: AnthropicModel) -> None:
    """Messages one after another become one; a conversation that we began is one the API takes too."""
    said = [
        (Speaker.ASSISTANT, "Добрий день!"),
        (Speaker.CUSTOMER, "Добрий"),
        (Speaker.CUSTOMER, " "),
        (Speaker.CUSTOMER, "Є?"),
    ]
    await model.reply(asks(lines=tuple(Line(by=by, text=text) for by, text in said)), {}, within=5)
    messages = simulated.asked[0].body["messages"]
    assert ["user", "assistant", "user"] == [message["role"] for message in messages]
    assert ["Добрий", "Є?"] == [block["text"] for block in messages[-1]["content"]]


async def test_thoughts_go_back_as_they_came(simulated: SimulatedModel, model: AnthropicModel) -> None:
    """A model that thinks between tools finds its thoughts where it left them."""
    thought = {"type": "thinking", "thinking": "", "signature": "x"}
    call = ToolCall(id="toolu_1", name="note_wish", arguments=A_DRESS)
    lines = (
        Line(by=Speaker.CUSTOMER, text="Сукню"),
        Line(by=Speaker.ASSISTANT, calls=(call,), kept=(thought,)),
        Line(by=Speaker.CUSTOMER, results=(ToolResult(call_id="toolu_1", text=""),)),
    )
    await model.reply(asks(lines=lines, tools=(WISH,)), {}, within=5)
    assert ["thinking", "tool_use"] == [block["type"] for block in simulated.asked[0].body["messages"][1]["content"]]


@pytest.mark.parametrize(
    "broken",
    [
        {"lines": ()},
        {"lines": (Line(by=Speaker.ASSISTANT, text="Так"),)},
        {"must_call": "note_wish"},
        {"tools": (WISH.model_copy(update={"schema_": {"properties": {}}}),)},
    ],
)
async def test_questions_nobody_can_ask(model: AnthropicModel, broken: dict[str, object]) -> None:
    """A flow's mistake is called ours, before anything is sent."""
    with pytest.raises(OurFault):
        await model.reply(asks(**broken), {}, within=5)
