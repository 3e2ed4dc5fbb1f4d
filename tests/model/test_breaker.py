"""A model that does not answer is left alone for a while, and everybody is told."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import structlog.testing

from domain.language import Eyes, ModelAway, ModelReply
from providers.model.anthropic import AnthropicModel
from providers.model.breaker import Admission, Breaker
from providers.model.script import Scripted
from providers.model.simulated import SimulatedModel
from providers.records.model_state import ModelStates, model_part
from providers.records.pool import Pool, open_pool
from tests.model.asking import NOON, Clock, anthropic, asks, patient, turn_of

DOWN = Scripted(error=529)
AWAY = "the model is overloaded (HTTP 529, overloaded_error), since 12:03 UTC"


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    """An empty database."""
    opened = open_pool(database_url, size=2, name="test")
    await opened.open()
    yield opened
    await opened.close()


def breaker(clock: Clock) -> Breaker:
    """One that opens at the third failure, for thirty seconds."""
    return Breaker(failures=3, seconds=30, clock=clock, now=clock.now)


def test_failures_in_a_row_open_it() -> None:
    """An answer in between begins the row anew."""
    one = breaker(Clock())
    said = [
        one.failed("x", Admission.YES),
        one.failed("x", Admission.YES),
        one.answered(),
        one.failed("x", Admission.YES),
    ]
    assert [False, False, False, False] == said
    assert one.absence is None
    assert not one.failed("x", Admission.YES)
    assert one.failed("overloaded", Admission.YES)
    assert "overloaded, since 12:03 UTC" == str(one.absence)


def test_one_probe_at_a_time() -> None:
    """When the time has come one question goes out; the next one has to wait for what it finds."""
    clock = Clock()
    one = breaker(clock)
    one.failed("the key", Admission.YES, at_once=True)
    assert Admission.NO is one.admit()
    clock.seconds = 30
    assert [Admission.PROBE, Admission.NO] == [one.admit(), one.admit()]
    assert one.failed("still", Admission.PROBE)
    assert Admission.NO is one.admit()
    clock.seconds = 60
    assert Admission.PROBE is one.admit()
    one.let_go(Admission.PROBE)
    assert Admission.PROBE is one.admit()
    assert one.answered()
    assert [Admission.YES, Admission.YES] == [one.admit(), one.admit()]


def test_it_is_away_since_it_went() -> None:
    """A probe that fails does not make it a new absence, and the wait it asks for is kept to."""
    clock = Clock()
    one = breaker(clock)
    one.failed("x", Admission.YES, at_once=True, wait=90)
    clock.seconds = 60
    assert Admission.NO is one.admit()
    clock.seconds = 90
    assert one.failed("x", one.admit())
    assert one.absence is not None
    assert NOON == one.absence.since


async def test_nobody_waits_for_a_model_that_is_away(
    simulated: SimulatedModel, model: AnthropicModel, pool: Pool
) -> None:
    """After two failures nobody asks; `/health` says since when and why; one question finds out that it is back."""
    clock = Clock()
    asking = patient(model, clock, states=ModelStates(pool), model_failures_until_away=2, model_retries=0)
    simulated.play(DOWN)
    reasons = [await turn_of(asking).ask(asks()) for _ in range(4)]
    assert 2 == len(simulated.asked)
    assert ModelAway(reason=AWAY) == reasons[-1]
    assert AWAY == await model_part(pool)
    simulated.play(Scripted(text="Так"))
    clock.seconds += 15
    assert isinstance(await turn_of(asking).ask(asks()), ModelReply)
    assert "" == await model_part(pool)


async def test_retries_end_when_it_is_called_away(simulated: SimulatedModel, model: AnthropicModel) -> None:
    """A turn in the middle of its retries does not go on against better knowledge."""
    simulated.play(DOWN)
    assert isinstance(await turn_of(patient(model, model_failures_until_away=2)).ask(asks()), ModelAway)
    assert 2 == len(simulated.asked)


async def test_a_wrong_key_is_known_at_once(simulated: SimulatedModel, url: str, pool: Pool) -> None:
    """The first refusal is enough, and the health page says what to mend."""
    simulated.key = "right"
    wrong = anthropic(url, "wrong")
    await turn_of(patient(wrong, states=ModelStates(pool))).ask(asks())
    assert "correct ANTHROPIC_API_KEY" in await model_part(pool)
    await wrong.close()


async def test_eyes_fail_apart(simulated: SimulatedModel, model: AnthropicModel) -> None:
    """Photos that nobody looks at do not silence the model that reads."""
    asking = patient(model, model_failures_until_away=1)
    simulated.play(Scripted(error=529, times=1), Scripted(text="Так"))
    assert isinstance(await turn_of(asking).ask(asks(eyes=Eyes.VISION)), ModelAway)
    assert isinstance(await turn_of(asking).ask(asks()), ModelReply)


async def test_a_rate_limit_is_no_absence(simulated: SimulatedModel, model: AnthropicModel) -> None:
    """Fifty customers who are asked to wait a second wait a second; none of them is sent to the rules."""
    asking = patient(model, model_failures_until_away=1)
    simulated.play(Scripted(error=429, retry_after=1, times=3), Scripted(text="Так"))
    answers = await asyncio.gather(*(turn_of(asking).ask(asks()) for _ in range(3)))
    assert all(isinstance(answer, ModelReply) for answer in answers)


async def test_a_probe_that_is_given_up(simulated: SimulatedModel, model: AnthropicModel) -> None:
    """A customer who writes on in the middle of the probe does not keep the model away for ever."""
    clock = Clock()
    asking = patient(model, clock, model_failures_until_away=1, model_retries=0)
    simulated.play(DOWN)
    await turn_of(asking).ask(asks())
    clock.seconds += 15
    simulated.play(Scripted(trouble="hang", times=1), Scripted(text="Так"))
    probe = asyncio.create_task(turn_of(asking).ask(asks()))
    while not simulated.asked:
        await asyncio.sleep(0)
    assert isinstance(await turn_of(asking).ask(asks()), ModelAway)
    probe.cancel()
    with pytest.raises(asyncio.CancelledError):
        await probe
    assert isinstance(await turn_of(asking).ask(asks()), ModelReply)


async def test_the_books_may_be_away_too(model: AnthropicModel, simulated: SimulatedModel) -> None:
    """A health page that cannot be written costs no customer an answer."""
    nowhere = open_pool("postgresql://nobody@127.0.0.1:1/none", size=1, name="test")
    asking = patient(model, states=ModelStates(nowhere), model_failures_until_away=1)
    simulated.play(Scripted(error=529))
    answer = await turn_of(asking).ask(asks())
    assert isinstance(answer, ModelAway)
    assert "overloaded" in answer.reason


async def test_dead_workers_are_forgotten(pool: Pool) -> None:
    """What a worker said long ago, and never took back, is no news."""
    states = ModelStates(pool)
    await states.away("1@here", Eyes.TEXT, NOON, "long ago")
    async with pool.connection() as connection:
        await connection.execute("UPDATE model_state SET seen_at = now() - interval '1 hour'")
    assert ("", []) == (await model_part(pool), await states.troubles())
    await states.away("2@here", Eyes.TEXT, NOON, "overloaded")
    await states.away("3@here", Eyes.VISION, NOON, "overloaded")
    assert "overloaded, since 12:03 UTC (2 workers)" == await model_part(pool)


async def test_an_absence_is_news_once(simulated: SimulatedModel, model: AnthropicModel) -> None:
    """However many probes fail, the log says once that the model is away, and once that it is back."""
    clock = Clock()
    asking = patient(model, clock, model_failures_until_away=1, model_retries=0)
    simulated.play(Scripted(error=529, times=3), Scripted(text="Так"))
    with structlog.testing.capture_logs() as logged:
        for _ in range(5):
            await turn_of(asking).ask(asks())
            clock.seconds += 15
    said = [line["event"] for line in logged if line["event"].startswith("model_")]
    assert ["model_away", "model_back"] == said
