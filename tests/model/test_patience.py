"""How long we wait for a model, how often we ask again, and what a turn may take."""

import pytest
from prometheus_client import Counter

from domain.failures import OutcomeUnknown
from domain.language import AskModel, Eyes, Line, ModelAway, ModelReply, Speaker, ToolResult
from domain.plans import Usage
from providers.model.anthropic import AnthropicModel
from providers.model.base import Picture
from providers.model.patient import NO_KEY, PatientModel
from providers.model.prices import Prices
from providers.model.script import Scripted
from providers.model.simulated import SimulatedModel
from runtime import metrics
from tests.model.asking import A_DRESS, NAMES, WISH, Clock, asks, bounds, patient, turn_of

OVERLOADED = Scripted(error=529)


def counted(counter: Counter, **labels: str) -> float:
    """A counter's value for the tests' shop."""
    return float(counter.labels(platform="telegram", account="shop", **labels)._value.get())


async def test_the_wait_that_was_asked_for(simulated: SimulatedModel, model: AnthropicModel) -> None:
    """A rate limit with its wait is waited for, to the second, and the customer gets an answer."""
    clock = Clock()
    simulated.play(Scripted(error=429, retry_after=7, times=1), Scripted(text="Так"))
    answer = await turn_of(patient(model, clock)).ask(asks())
    assert isinstance(answer, ModelReply)
    assert [7] == clock.slept


async def test_a_wait_beyond_the_turn(simulated: SimulatedModel, model: AnthropicModel) -> None:
    """Nobody waits for what comes too late: the flow goes on at once."""
    clock = Clock()
    simulated.play(Scripted(error=429, retry_after=60))
    turn = turn_of(patient(model, clock))
    answer = await turn.ask(asks())
    assert isinstance(answer, ModelAway)
    assert ("slow down" in answer.reason, [], 1) == (True, clock.slept, len(simulated.asked))
    assert answer.reason == turn.degraded


async def test_pauses_grow(simulated: SimulatedModel, model: AnthropicModel) -> None:
    """An overloaded model is asked again, ever more rarely."""
    clock = Clock()
    simulated.play(Scripted(error=529, times=3), Scripted(text="Так"))
    assert isinstance(await turn_of(patient(model, clock)).ask(asks()), ModelReply)
    first, second, third = clock.slept
    assert first * 1.1 < second
    assert second * 1.1 < third


async def test_retries_end(simulated: SimulatedModel, model: AnthropicModel) -> None:
    """A model that is down is asked four times, and then no more."""
    simulated.play(Scripted(error=500))
    assert isinstance(await turn_of(patient(model)).ask(asks()), ModelAway)
    assert 4 == len(simulated.asked)


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 413])
async def test_what_no_retry_mends(simulated: SimulatedModel, model: AnthropicModel, status: int) -> None:
    """The same question would be refused in the same way."""
    simulated.play(Scripted(error=status))
    assert isinstance(await turn_of(patient(model)).ask(asks()), ModelAway)
    assert 1 == len(simulated.asked)


@pytest.mark.parametrize("trouble", ["hang", "reset", "garbage", "empty"])
async def test_silence_and_nonsense_end_in_time(simulated: SimulatedModel, model: AnthropicModel, trouble: str) -> None:
    """Whatever the other side does, the turn has its answer: nobody is there."""
    simulated.play(Scripted(trouble=trouble))
    asking = PatientModel(model, NAMES, bounds(model_seconds_per_turn=1.0))
    turn = turn_of(asking)
    assert isinstance(await turn.ask(asks()), ModelAway)
    assert turn.ms < 1_500


async def test_a_hanging_connection_leaves_time_for_another() -> None:
    """The first attempt may not eat the whole turn; the last one may."""
    clock, given = Clock(), []

    class Hanging:
        async def reply(self, ask: AskModel, pictures: dict[str, Picture], *, within: float) -> ModelReply:
            given.append(within)
            clock.seconds += within
            raise OutcomeUnknown("nothing")

    turn = turn_of(patient(Hanging(), clock))
    assert isinstance(await turn.ask(asks()), ModelAway)
    assert 17.5 == given[0]
    assert 2 == len(given)
    assert clock.seconds <= 25.0


async def test_pictures_have_more_time(simulated: SimulatedModel, model: AnthropicModel) -> None:
    """A wait that a text does not have, a photo has."""
    simulated.play(Scripted(error=529, retry_after=30, times=1), Scripted(text="Так"))
    assert isinstance(await turn_of(patient(model)).ask(asks(eyes=Eyes.VISION)), ModelReply)


async def test_time_is_the_turns(simulated: SimulatedModel, model: AnthropicModel) -> None:
    """What tools and earlier questions took is gone for the next one."""
    clock = Clock()
    turn = turn_of(patient(model, clock))
    clock.seconds = 24.8
    assert ModelAway(reason="no time is left in this turn") == await turn.ask(asks())
    assert [] == simulated.asked


async def test_tokens_of_a_turn(simulated: SimulatedModel, model: AnthropicModel) -> None:
    """The second question gets what the first has left, the third nothing."""
    simulated.play(Scripted(text="Так", usage={"output_tokens": 60}))
    turn = turn_of(patient(model, model_tokens_per_turn=100))
    answers = [await turn.ask(asks(most_tokens=80)) for _ in range(3)]
    assert [80, 40] == [asked.body["max_tokens"] for asked in simulated.asked]
    assert ModelAway(reason="the turn has had its 100 tokens") == answers[2]


async def test_tool_rounds_of_a_turn(simulated: SimulatedModel, model: AnthropicModel) -> None:
    """A model that uses tools without end is stopped, whatever the flow lets it do."""
    simulated.play(*(Scripted(results=results, calls={"note_wish": A_DRESS}) for results in (None, "")))
    turn, ask = turn_of(patient(model, model_tool_rounds=2)), asks(tools=(WISH,))
    answer = await turn.ask(ask)
    while isinstance(answer, ModelReply):
        result = Line(by=Speaker.CUSTOMER, results=(ToolResult(call_id=answer.calls[0].id, text="noted"),))
        ask = ask.model_copy(update={"lines": (*ask.lines, answer.line, result)})
        answer = await turn.ask(ask)
    assert ModelAway(reason="the turn has had its 2 rounds of tools") == answer
    assert 3 == len(simulated.asked)


async def test_our_own_fault_is_not_the_models(simulated: SimulatedModel, model: AnthropicModel) -> None:
    """A flow that asks nonsense goes on degraded; the model is not blamed."""
    asking = patient(model, model_failures_until_away=1)
    assert isinstance(await turn_of(asking).ask(asks(lines=())), ModelAway)
    assert isinstance(await turn_of(asking).ask(asks()), ModelReply)


async def test_money_of_a_turn(simulated: SimulatedModel, model: AnthropicModel) -> None:
    """A question that could cost more than the turn may is not put."""
    turn = turn_of(patient(model, model_money_per_turn=0.001))
    assert isinstance(await turn.ask(asks()), ModelReply)
    assert ModelAway(reason="the turn would cost more than 0.001 dollars") == await turn.ask(asks("я" * 30_000))
    assert 1 == len(simulated.asked)


async def test_figures_are_summed(simulated: SimulatedModel, model: AnthropicModel) -> None:
    """Tokens and money of a turn are those of all its questions, and the dashboards see them."""
    before = counted(metrics.llm_tokens, kind="cached")
    usage = {"input_tokens": 1_000, "output_tokens": 100, "cache_read_input_tokens": 2_000}
    simulated.play(Scripted(text="Так", usage=usage | {"cache_creation_input_tokens": 0}))
    turn = turn_of(patient(model))
    for _ in range(2):
        await turn.ask(asks())
    assert Usage(input_tokens=2_000, output_tokens=200, cached_tokens=4_000) == turn.usage
    assert 2 * (100 + 50 + 20) == turn.cost
    assert (2, "claude-haiku-5-5", "") == (turn.asked, turn.model, turn.degraded)
    assert 4_000 == counted(metrics.llm_tokens, kind="cached") - before


async def test_a_degraded_turn_is_counted_once(simulated: SimulatedModel, model: AnthropicModel) -> None:
    """However many questions nobody answered."""
    before = counted(metrics.degraded_turns, flow="sales")
    simulated.play(OVERLOADED)
    turn = turn_of(patient(model, model_retries=0))
    for _ in range(3):
        await turn.ask(asks())
    assert 1 == counted(metrics.degraded_turns, flow="sales") - before


async def test_without_a_key() -> None:
    """Nobody is asked, and the reason says what to do."""
    assert ModelAway(reason=NO_KEY) == await turn_of(patient(None)).ask(asks())


def test_prices() -> None:
    """Dated names cost what the undated ones do; what nobody knows costs what the dearest one does."""
    prices = Prices(bounds(model_prices={"claude-haiku-5-5": (0.2, 1, 0)}).prices)
    million = Usage(input_tokens=1_000_000, output_tokens=1_000_000, cached_tokens=1_000_000)
    assert 1_200_000 == prices.cost("claude-haiku-5-5", million)
    assert 6_100_000 == prices.cost("claude-haiku-4-5-20251001", million)
    assert 12_100_000 == prices.cost("claude-sonnet-5-5", million)
    assert 61_000_000 == prices.cost("gpt-oss", million)
    assert 1 == prices.cost("claude-haiku-4-5", Usage(cached_tokens=1))
