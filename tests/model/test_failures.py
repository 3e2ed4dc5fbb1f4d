"""Everything that can go wrong with one question, each with a name of its own."""

import httpx2
import pytest
from anthropic import RateLimitError

from domain.failures import EverturnError, OutcomeUnknown, RateLimited, Rejected, Transient, Unavailable
from domain.language import Eyes, Stop
from providers.model.anthropic import AnthropicModel
from providers.model.base import SetupRefused
from providers.model.failing import failure_of
from providers.model.script import Scripted
from providers.model.simulated import SimulatedModel
from providers.servers.ports import any_free
from tests.model.asking import A_DRESS, WISH, anthropic, asks


@pytest.mark.parametrize(
    ("played", "expected"),
    [
        (Scripted(error=400), Rejected),
        (Scripted(error=401), SetupRefused),
        (Scripted(error=402), SetupRefused),
        (Scripted(error=403), SetupRefused),
        (Scripted(error=404), SetupRefused),
        (Scripted(error=408), Transient),
        (Scripted(error=413), Rejected),
        (Scripted(error=418), Rejected),
        (Scripted(error=429), RateLimited),
        (Scripted(error=429, error_type="billing_error"), SetupRefused),
        (Scripted(error=500), Transient),
        (Scripted(error=503, error_type="overloaded_error"), Transient),
        (Scripted(error=529), Transient),
        (Scripted(trouble="garbage"), Transient),
        (Scripted(trouble="empty"), Transient),
        (Scripted(text=" "), Transient),
        (Scripted(trouble="reset"), OutcomeUnknown),
        (Scripted(trouble="hang"), OutcomeUnknown),
    ],
)
async def test_every_failure_has_a_name(
    simulated: SimulatedModel, model: AnthropicModel, played: Scripted, expected: type[EverturnError]
) -> None:
    """Who can mend it is said by the type; the text names no key and none of the customer's words."""
    simulated.play(played)
    with pytest.raises(expected) as failure:
        await model.reply(asks("секрет"), {}, within=0.6 if played.trouble == "hang" else 5)
    assert expected is type(failure.value)
    assert "секрет" not in str(failure.value)
    assert 1 == len(simulated.asked)


@pytest.mark.parametrize(
    ("said", "expected"),
    [({"retry-after": "7"}, 7), ({"retry-after-ms": "1500"}, 1.5), ({"retry-after": "soon"}, None), ({}, None)],
)
async def test_the_wait_it_asks_for(said: dict[str, str], expected: float | None) -> None:
    """In whatever unit the API says it."""
    response = httpx2.Response(429, headers=said, request=httpx2.Request("POST", "http://x"))
    failure = failure_of(RateLimitError("", response=response, body=None))
    assert isinstance(failure, RateLimited)
    assert expected == failure.retry_after


async def test_a_wrong_key_says_what_to_mend(simulated: SimulatedModel, url: str) -> None:
    """The reason is one that a health page can show."""
    simulated.key = "right"
    wrong = anthropic(url, "wrong")
    with pytest.raises(SetupRefused, match="correct ANTHROPIC_API_KEY"):
        await wrong.reply(asks(), {}, within=5)
    await wrong.close()


async def test_nobody_listens() -> None:
    """Nothing left this machine."""
    model = anthropic(f"http://127.0.0.1:{any_free('127.0.0.1')}")
    with pytest.raises(Unavailable):
        await model.reply(asks(), {}, within=5)
    await model.close()


@pytest.mark.parametrize(
    ("stop", "expected", "text", "calls"),
    [
        ("max_tokens", Stop.CUT, "Так", 0),
        ("model_context_window_exceeded", Stop.CUT, "Так", 0),
        ("pause_turn", Stop.CUT, "Так", 0),
        ("refusal", Stop.REFUSED, "", 0),
        ("a_word_of_tomorrow", Stop.TOOLS, "Так", 1),
        ("end_turn", Stop.TOOLS, "Так", 1),
        ("stop_sequence", Stop.TOOLS, "Так", 1),
    ],
)
async def test_why_it_stopped(
    simulated: SimulatedModel, model: AnthropicModel, stop: str, expected: Stop, text: str, calls: int
) -> None:
    """A call that was cut off in the middle is never made; an unknown reason is read by what the answer holds."""
    simulated.play(Scripted(text="Так", calls={"note_wish": A_DRESS}, stop=stop))
    reply = await model.reply(asks(tools=(WISH,)), {}, within=5)
    assert (expected, text, calls) == (reply.stop, reply.text, len(reply.calls))


async def test_a_cut_structured_answer_is_no_answer(simulated: SimulatedModel, model: AnthropicModel) -> None:
    """Half an object is not shown to a customer as text."""
    simulated.play(Scripted(text='{"garment": "dr', stop="max_tokens"))
    reply = await model.reply(asks(tools=(WISH,), must_call="note_wish", eyes=Eyes.VISION), {}, within=5)
    assert (Stop.CUT, "", ()) == (reply.stop, reply.text, reply.calls)


async def test_a_structured_answer_that_is_none(simulated: SimulatedModel, model: AnthropicModel) -> None:
    """Words where a form was asked for: it may do better when asked again."""
    simulated.play(Scripted(text="a dress"))
    with pytest.raises(Transient, match="structured"):
        await model.reply(asks(tools=(WISH,), must_call="note_wish", eyes=Eyes.VISION), {}, within=5)


@pytest.mark.parametrize("arguments", [{"garment": "spaceship"}, {}, [], "dress", None])
async def test_calls_come_through_as_they_are(
    simulated: SimulatedModel, model: AnthropicModel, arguments: object
) -> None:
    """An unknown tool and wrong arguments are the flow's to answer: the model layer neither hides nor mends them."""
    simulated.play(Scripted(calls=({"name": "fly", "arguments": arguments},)))
    reply = await model.reply(asks(tools=(WISH,)), {}, within=5)
    passed = arguments if isinstance(arguments, dict) else {"": arguments}
    assert ("fly", passed) == (reply.calls[0].name, reply.calls[0].arguments)
