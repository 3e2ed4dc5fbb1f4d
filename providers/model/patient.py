"""Waits for a model with patience, and with bounds: a turn's time, tokens, money and retries.

Whatever goes wrong ends in `ModelAway`, and the flow goes on by rules and templates.
"""

import asyncio
import random
import socket
import time
from collections.abc import Awaitable, Callable, Mapping
from os import getpid

import structlog
from prometheus_client import Counter

from domain.failures import EverturnError, OurFault, RateLimited, Transient, Unavailable
from domain.language import AskModel, Eyes, ModelAway, ModelReply
from domain.model import Value
from domain.plans import Usage
from providers.model.base import LanguageModel, Picture, SetupRefused
from providers.model.breaker import Admission, Breaker, Clock, Now
from providers.model.prices import Prices
from providers.records.model_state import ModelStates
from runtime import metrics
from runtime.model_settings import ModelSettings

NO_KEY = "ANTHROPIC_API_KEY is not set"
SHORTEST = 0.5
"""Seconds; with less left than this, nobody is asked."""
FIRST_TRY = 0.7
"""Of the time left: what one attempt may take while another may follow."""
ANOTHER_WORTH_IT = 10.0
"""Seconds; with less left than this, one attempt takes them all."""
FIRST_PAUSE = 0.4
LETTERS_A_TOKEN = 3
"""Fewer than in English, for customers write Cyrillic: an estimate that errs on the dear side."""
TOKENS_A_PICTURE = 1_600

Sleep = Callable[[float], Awaitable[None]]
log = structlog.get_logger()


class Whose(Value):
    """Whose turn it is, for metrics."""

    platform: str
    account: str
    flow: str


class PatientModel:
    """Asks the model on behalf of many turns at once."""

    def __init__(
        self,
        model: LanguageModel | None,
        names: Mapping[Eyes, str],
        settings: ModelSettings,
        states: ModelStates | None = None,
        *,
        clock: Clock = time.monotonic,
        now: Now | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._states = states
        self.model = model
        self.names = names
        self.settings = settings
        self.prices = Prices(settings.prices)
        self.clock, self.sleep = clock, sleep
        most, seconds = settings.model_failures_until_away, settings.model_away_seconds
        self.breakers = {eyes: Breaker(failures=most, seconds=seconds, clock=clock, now=now) for eyes in Eyes}
        self.worker = f"{getpid()}@{socket.gethostname()}"

    def turn(self, platform: str, account: str, flow: str) -> "ModelTurn":
        """Begin a turn: its time runs from now on."""
        return ModelTurn(self, Whose(platform=platform, account=account, flow=flow))

    async def note_away(self, eyes: Eyes, *, is_news: bool) -> None:
        """The model is called away: tell the log, once, and `/health`, with every probe that fails."""
        if absence := self.breakers[eyes].absence:
            if is_news:
                log.warning("model_away", eyes=eyes, reason=absence.reason, since=absence.since.isoformat())
            if self._states:
                await _told(self._states.away(self.worker, eyes, absence.since, absence.reason))

    async def close(self) -> None:
        """Let go of the connections."""
        if self.model:
            await self.model.close()

    async def note_back(self, eyes: Eyes) -> None:
        """The model is back."""
        log.info("model_back", eyes=eyes)
        if self._states:
            await _told(self._states.back(self.worker, eyes))


async def _told(telling: Awaitable[None]) -> None:
    """A customer's turn does not fail for a line on a health page."""
    try:
        await telling
    except Unavailable as error:
        log.warning("model_state_not_written", reason=str(error))


class ModelTurn:
    """What one turn asks of the model, and what that took."""

    def __init__(self, patient: PatientModel, whose: Whose) -> None:
        self._patient = patient
        self._whose = whose
        self._began = patient.clock()
        self._seconds = patient.settings.model_seconds_per_turn
        self.usage = Usage()
        self.cost = 0
        """Millionths of a dollar."""
        self.asked = 0
        """How many questions were put."""
        self.tool_rounds = 0
        """How many of them brought results of tools."""
        self.model = ""
        """Who answered last."""
        self.degraded = ""
        """Why the first question that nobody answered was not; empty: all were."""

    @property
    def ms(self) -> int:
        """How long the turn has been going on."""
        return round((self._patient.clock() - self._began) * 1000)

    async def ask(self, ask: AskModel, pictures: Mapping[str, Picture] | None = None) -> ModelReply | ModelAway:
        """The model's answer, or why there is none."""
        if ask.eyes is Eyes.VISION:
            self._seconds = max(self._seconds, self._patient.settings.model_seconds_per_turn_with_pictures)
        began = self._patient.clock()
        self.asked += 1
        self.tool_rounds += bool(ask.lines and ask.lines[-1].results)
        outcome = await self._answer(ask, pictures or {})
        if isinstance(outcome, ModelAway):
            return self._without(outcome)
        return self._with(outcome, ask.eyes, self._patient.clock() - began)

    async def _answer(self, ask: AskModel, pictures: Mapping[str, Picture]) -> ModelReply | ModelAway:
        if self._patient.model is None:
            return ModelAway(reason=NO_KEY)
        bounded = self._bounded(ask)
        if isinstance(bounded, ModelAway):
            return bounded
        for attempt in range(self._patient.settings.model_retries + 1):
            outcome = await self._attempt(self._patient.model, bounded, pictures)
            if not isinstance(outcome, EverturnError):
                return outcome
            wait = self._pause(outcome, attempt)
            if wait is None or self._patient.breakers[ask.eyes].absence:
                return ModelAway(reason=str(outcome))
            await self._patient.sleep(wait)
        raise AssertionError("the last attempt has no pause")

    async def _attempt(
        self, model: LanguageModel, ask: AskModel, pictures: Mapping[str, Picture]
    ) -> ModelReply | ModelAway | EverturnError:
        """One question, unless the model is away or the time is up."""
        breaker = self._patient.breakers[ask.eyes]
        if self._left() < SHORTEST:
            return ModelAway(reason="no time is left in this turn")
        if (admission := breaker.admit()) is Admission.NO:
            return ModelAway(reason=str(breaker.absence))
        try:
            reply = await model.reply(ask, pictures, within=self._share())
        except EverturnError as failure:
            await self._failed(failure, ask.eyes, admission)
            return failure
        except BaseException:
            # A question cancelled in the middle (the customer wrote on) must not keep the others out for ever.
            breaker.let_go(admission)
            raise
        if breaker.answered():
            await self._patient.note_back(ask.eyes)
        return reply

    async def _failed(self, failure: EverturnError, eyes: Eyes, admission: Admission) -> None:
        """A model that asks us to slow down is there, as long as a turn can wait for it."""
        breaker = self._patient.breakers[eyes]
        self._count(metrics.llm_failures, 1, kind_of(failure))
        wait = getattr(failure, "retry_after", None) or 0.0
        can_wait = isinstance(failure, RateLimited) and 0 < wait <= self._seconds
        was_away = breaker.absence is not None
        if can_wait or isinstance(failure, OurFault):
            breaker.let_go(admission)
        elif isinstance(failure, Transient | SetupRefused):
            if breaker.failed(str(failure), admission, at_once=isinstance(failure, SetupRefused), wait=wait):
                self._count(metrics.llm_failures, 0 if was_away else 1, "away")
                await self._patient.note_away(eyes, is_news=not was_away)
        elif breaker.answered():
            await self._patient.note_back(eyes)

    def _pause(self, failure: EverturnError, attempt: int) -> float | None:
        """Seconds until the next attempt; None: there is none, or it would come too late."""
        if not isinstance(failure, Transient) or attempt >= self._patient.settings.model_retries:
            return None
        growing = FIRST_PAUSE * 2**attempt * random.uniform(1.0, 1.25)  # noqa: S311 — spreads retries, keeps no secret
        wait = max(growing, failure.retry_after or 0.0)
        return wait if wait + SHORTEST <= self._left() else None

    def _bounded(self, ask: AskModel) -> AskModel | ModelAway:
        """The question with no more output than the turn has left, if the turn has anything left for it."""
        settings, price = self._patient.settings, self._patient.prices.of(self._patient.names[ask.eyes])
        if self.tool_rounds > settings.model_tool_rounds:
            return ModelAway(reason=f"the turn has had its {settings.model_tool_rounds} rounds of tools")
        tokens = min(ask.most_tokens, settings.model_tokens_per_turn - self.usage.output_tokens)
        if tokens <= 0:
            return ModelAway(reason=f"the turn has had its {settings.model_tokens_per_turn} tokens")
        if self.cost + estimated_tokens(ask) * price[0] + tokens * price[1] > settings.model_money_per_turn * 1_000_000:
            return ModelAway(reason=f"the turn would cost more than {settings.model_money_per_turn:g} dollars")
        return ask.model_copy(update={"most_tokens": tokens})

    def _share(self) -> float:
        left = self._left()
        return left * FIRST_TRY if left > ANOTHER_WORTH_IT else left

    def _left(self) -> float:
        return self._seconds - (self._patient.clock() - self._began)

    def _with(self, reply: ModelReply, eyes: Eyes, seconds: float) -> ModelReply:
        model = reply.model or self._patient.names[eyes]
        self.model = model
        self.usage = self.usage.plus(reply.usage)
        self.cost += self._patient.prices.cost(model, reply.usage)
        labels = {"platform": self._whose.platform, "account": self._whose.account, "kind": eyes.value}
        metrics.llm_latency_ms.labels(**labels).observe(seconds * 1000)
        for kind in ("input", "output", "cached"):
            self._count(metrics.llm_tokens, getattr(reply.usage, f"{kind}_tokens"), kind)
        return reply

    def _without(self, away: ModelAway) -> ModelAway:
        if not self.degraded:
            metrics.degraded_turns.labels(**self._whose.model_dump()).inc()
            log.warning("turn_degraded", **self._whose.model_dump(), reason=away.reason)
            self.degraded = away.reason
        return away

    def _count(self, counter: Counter, amount: int, kind: str) -> None:
        counter.labels(platform=self._whose.platform, account=self._whose.account, kind=kind).inc(amount)


def kind_of(failure: EverturnError) -> str:
    """A failure's name on the dashboard."""
    match failure:
        case RateLimited():
            return "rate_limited"
        case Transient():
            return "transient"
        case SetupRefused():
            return "setup"
        case OurFault():
            return "our_fault"
    return "rejected"


def estimated_tokens(ask: AskModel) -> int:
    """About how many tokens a question is."""
    letters = sum(map(len, ask.system)) + sum(len(tool.model_dump_json()) for tool in ask.tools)
    letters += sum(len(line.model_dump_json()) for line in ask.lines)
    return letters // LETTERS_A_TOKEN + TOKENS_A_PICTURE * sum(len(line.media_ids) for line in ask.lines)
