"""Decides turns: records the burst, runs the flow's pure step, fits the reply to the platform."""

import time
from collections.abc import Mapping
from typing import Any

import structlog
from temporalio import activity

from activities.beating import beating
from activities.failures import as_application_error
from contracts import dialog as contract
from contracts.dialog import Phrase, Spoken, TakeTurn
from domain.decisions import Decision, FlowDecision, HandOff, Outcome
from domain.failures import OurFault
from domain.messages import Part
from flows.base import Flow, Senses, Turn
from flows.registry import flow as find_flow
from platforms.base import Platform
from platforms.text import fit
from providers.records.books import Books
from runtime import metrics
from runtime.accounts import Accounts

log = structlog.get_logger()


class Dialog(contract.Dialog):
    """Thinks; changes nothing that matters twice."""

    def __init__(self, accounts: Accounts, platforms: Mapping[str, Platform], books: Books) -> None:
        self._accounts = accounts
        self._platforms = platforms
        self._books = books

    @activity.defn(name="decide")
    async def decide(self, turn: TakeTurn) -> Decision:
        """Decide one turn.

        Raises:
            ApplicationError: Transient ones are retried; a bug gives up after three tries.
        """
        labels = {"platform": turn.address.platform, "account": turn.address.account}
        with metrics.pending_bursts.labels(**labels).track_inprogress():
            async with beating():
                try:
                    return await self._decide(turn)
                except Exception as error:
                    attempt = activity.info().attempt
                    log.warning("turn_not_decided", conversation=turn.address.conversation_id, turn=turn.turn,
                                attempt=attempt, error=type(error).__name__, exc_info=attempt == 1)  # fmt: skip
                    raise as_application_error(error, attempt) from error

    async def _decide(self, turn: TakeTurn) -> Decision:
        began = time.perf_counter()
        flow = find_flow(turn.flow)
        state = flow.opening_state() if turn.state is None else flow.state_model.model_validate(turn.state)
        await self._books.log_inbound(turn.address, turn.messages, turn.turn, "")
        new_state, chosen = flow.step(state, _as_turn(turn), Senses())
        decision = await self._fit(turn, new_state, chosen)
        self._measure(turn, decision, (time.perf_counter() - began) * 1000)
        return decision

    async def _fit(self, turn: TakeTurn, state: Any, chosen: FlowDecision) -> Decision:
        """The flow's decision, fit for the platform and small enough for a history."""
        fields: dict[str, Any] = {"parts": self._parts(turn, chosen), "phase": chosen.phase}
        if chosen.outcome in (None, Outcome.RESTARTED):  # who starts over is in a new dialog at once
            fields["state"] = state.model_dump(mode="json", exclude_defaults=True)
        optional = {"waiting_for": chosen.waiting_for, "effects": chosen.effects, "outcome": chosen.outcome}
        fields |= {name: value for name, value in optional.items() if value}
        account = await self._accounts.find(turn.address.platform, turn.address.account)
        if account is not None and account.turn_taking.digest() != turn.rules:
            fields["rules"] = account.turn_taking
        return Decision(**fields)

    def _parts(self, turn: TakeTurn, chosen: FlowDecision) -> tuple[Part, ...]:
        abilities = self._platforms[turn.address.platform].abilities(turn.messages[-1].route)
        parts = [part for message in chosen.say for part in fit(message, abilities)]
        if parts and any(isinstance(effect, HandOff) for effect in chosen.effects):
            parts[-1] = parts[-1].model_copy(update={"open_to_operators": True})
        return tuple(parts)

    def _measure(self, turn: TakeTurn, decision: Decision, milliseconds: float) -> None:
        labels = {"platform": turn.address.platform, "account": turn.address.account}
        metrics.burst_size.labels(**labels).set(len(turn.messages))
        idle = activity.info().started_time - turn.messages[-1].received_at
        metrics.burst_idle_seconds.labels(**labels).set(max(0.0, idle.total_seconds()))
        metrics.responses_generated.labels(**labels, flow=turn.flow).inc()
        log.info("turn_decided", conversation=turn.address.conversation_id, turn=turn.turn, messages=len(turn.messages),
                 parts=len(decision.parts), phase=decision.phase, ms=round(milliseconds, 1))  # fmt: skip

    @activity.defn(name="phrase")
    async def phrase(self, wanted: Phrase) -> Spoken:
        """One of the flow's standing sentences, by its name."""
        flow = await self._flow_or_the_accounts(wanted)
        if wanted.name == "apology":
            address = wanted.address
            metrics.conversations_failed.labels(address.platform, address.account, wanted.flow).inc()
            log.error("turn_failed", conversation=address.conversation_id)
        sentences = {"apology": flow.apology, "interim": flow.interim, "nobody_came": flow.nobody_came}
        return Spoken(text=sentences[wanted.name]())

    async def _flow_or_the_accounts(self, wanted: Phrase) -> Flow[Any]:
        """A flow that a deploy took away leaves conversations behind that must still hear an apology."""
        try:
            return find_flow(wanted.flow)
        except OurFault:
            return find_flow((await self._accounts.default(wanted.address.platform)).flow)


def _as_turn(turn: TakeTurn) -> Turn:
    name = next((message.name for message in reversed(turn.messages) if message.name), "")
    return Turn(messages=turn.messages, now=activity.info().scheduled_time, customer_name=name, dialog=turn.dialog)
