"""What a turn may use under its account's plan, and what it used in the end.

A turn opens, and then closes with what it really used or is abandoned. The unlimited plan costs no look at any
database. Give each *attempt that hears other messages* a turn key of its own (a superseded turn is decided anew with
more messages): a turn key is paid for once.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Protocol

import structlog

from domain.failures import EverturnError
from domain.messages import InboundMessage, MessageKind
from domain.model import Value
from domain.plans import Plan, Usage, as_credits
from providers.records.credits import Credits, Exhausted, RunningLow, Settled
from runtime import metrics
from runtime.accounts import Account

SWEEP_SECONDS = 300.0
"""How often reservations of dead turns are looked for."""
EXPECTED = Usage(replies=1)
"""Set aside for any turn, beside its messages and media; what is not used comes back."""
EXPECTED_AUDIO_SECONDS = 30.0

log = structlog.get_logger()


class Plans(Protocol):
    """Knows plans by name (`providers/records/directory.py`)."""

    async def plan(self, name: str) -> Plan:
        """The plan."""
        ...


class Allowance(Value):
    """What a turn may do."""

    kinds: frozenset[MessageKind]
    """The kinds of message the assistant may take in; for others the customer is asked to say it in words."""
    exhausted: str = ""
    """What is used up ("credits" or "messages"); empty: the turn may be taken."""
    text: str = ""
    """What the customer hears where it is used up; empty: a person is asked for."""
    settled: bool = False
    """An earlier attempt at this turn was paid for already; this one is free."""


class Tab:
    """One attempt at a turn: opened, then closed with what it used, or abandoned. Methods may raise `Unavailable`.

    Of a turn that is attempted twice at the same time (its worker stood still and was taken for dead) each attempt has
    a tab of its own, and both write on the same rows: that one of them is abandoned must not make the other one free.
    """

    def __init__(self, credits: Credits, plans: Plans, account: Account, turn_key: str) -> None:
        self._credits = credits
        self._plans = plans
        self._account = account
        self._key = turn_key
        self._plan: Plan | None = None
        self._refunded = 0
        """What decisions about this turn that were thrown away had cost, and were counted for."""

    async def open(self, messages: Sequence[InboundMessage]) -> Allowance:
        """May this turn be taken, and with what? Sets aside what it will probably use."""
        plan = await self._plans.plan(self._account.plan)
        allowance = Allowance(kinds=plan.kinds())
        # Before it is set aside: a turn called off in the middle of that is abandoned, and gives back what was written.
        self._plan = plan
        if plan.is_metered:
            estimate = expected(messages, allowance.kinds)
            owner = self._account.platform, self._account.account
            found = await self._credits.reserve(*owner, self._key, estimate, _now())
            if isinstance(found, Exhausted):
                self._plan = None
                return self._refused(allowance, found)
            self._refunded = found.refunded
            allowance = allowance.model_copy(update={"settled": found.settled})
        return allowance

    def _refused(self, allowance: Allowance, found: Exhausted) -> Allowance:
        account = self._account
        metrics.turns_exhausted.labels(account.platform, account.account).inc()
        log.warning("plan_exhausted", platform=account.platform, account=account.account, what=found.what)
        _warn(found.warning)
        return allowance.model_copy(update={"exhausted": found.what, "text": account.exhausted_text})

    async def close(self, usage: Usage) -> Settled | None:
        """The turn is over: pay for what it used. None: nothing counts it."""
        plan, self._plan = self._plan, None
        if plan is None:
            return None
        if not plan.is_metered:
            _count(self._account, plan.tariff.cost(usage, self._account.platform))
            return None
        settled = await self._credits.commit(self._key, usage, _now())
        if settled is not None and settled.fresh:
            _count(self._account, max(0, settled.cost - self._refunded))
            _warn(settled.warning)
        return settled

    async def abandon(self) -> None:
        """The turn came to nothing: give back what was set aside."""
        plan, self._plan = self._plan, None
        if plan is not None and plan.is_metered:
            await self._credits.give_back(self._key, _now())


class Budget:
    """What turns may use, and what comes back of those that died."""

    def __init__(self, credits: Credits, plans: Plans) -> None:
        self._credits = credits
        self._plans = plans

    def tab(self, account: Account, turn_key: str) -> Tab:
        """For one attempt at this turn."""
        return Tab(self._credits, self._plans, account, turn_key)

    async def keep(self) -> None:
        """Give back what dead turns had set aside, every few minutes for as long as this runs."""
        while True:
            try:
                if stale := await self._credits.expire_stale(_now()):
                    log.warning("stale_reservations_given_back", turns=stale)
            except EverturnError as error:
                log.warning("stale_reservations_not_looked_for", reason=str(error))
            await asyncio.sleep(SWEEP_SECONDS)


def expected(messages: Sequence[InboundMessage], kinds: frozenset[MessageKind]) -> Usage:
    """What a turn about these messages will probably use; kinds it may not take in cost nothing."""
    heard = Counter(message.kind for message in messages if message.kind in kinds)
    media = Usage(
        messages=len(messages),
        images=heard[MessageKind.IMAGE],
        audio_seconds=heard[MessageKind.AUDIO] * EXPECTED_AUDIO_SECONDS,
    )
    return EXPECTED.plus(media)


def _count(account: Account, cost: int) -> None:
    metrics.credits_spent.labels(account.platform, account.account).inc(float(as_credits(cost)))


def _warn(warning: RunningLow | None) -> None:
    """The shop hears of it through the log, the metric (its alert) and the account's page."""
    if warning is None:
        return
    metrics.credits_warnings.labels(warning.platform, warning.account).inc()
    log.warning("plan_running_low", platform=warning.platform, account=warning.account, what=warning.what,
                credits=float(as_credits(warning.balance)), messages=warning.messages_left,
                period_ends=warning.period_ends.isoformat())  # fmt: skip


def _now() -> datetime:
    return datetime.now(UTC)
