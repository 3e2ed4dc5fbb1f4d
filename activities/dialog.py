"""Decides turns: records the burst, takes media in, runs the flow's pure step, fits the reply to the platform."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from temporalio import activity

from activities.beating import beating
from activities.budget import Allowance, Budget
from activities.courtesies import Courtesies
from activities.disclosure import Disclosure, marked
from activities.failures import as_application_error
from activities.gallery import Gallery
from activities.inquiry import Inquiry, Sources
from contracts import dialog as contract
from contracts.dialog import Phrase, Spoken, TakeTurn
from domain.decisions import Decision, FlowDecision, HandOff, Outcome
from domain.failures import OurFault, Unavailable
from domain.media import MediaProblem, SeenMedia
from domain.messages import InboundMessage, MessageKind, OutboundMessage, Part
from domain.news import CartLeft
from domain.plans import Usage
from domain.shop import Shop
from flows import common
from flows.base import Flow, Senses, Turn
from flows.disclosure import disclosed
from flows.registry import flow as find_flow
from platforms.base import Platform
from platforms.text import fit
from providers.records.books import Books
from runtime import metrics
from runtime.accounts import Account, Accounts

LOOK_WITHIN = 45.0
"""Seconds all media of a turn may take; a turn has ninety in all."""

SAID_AGAIN_AFTER_HOURS = 24
"""How often a customer of an exhausted shop hears its text."""

EVERYTHING = Allowance(kinds=frozenset(MessageKind))
"""News cost nothing: the shop itself brought them."""

log = structlog.get_logger()


class Dialog(contract.Dialog):
    """Thinks; changes nothing that matters twice."""

    def __init__(
        self,
        accounts: Accounts,
        platforms: Mapping[str, Platform],
        books: Books,
        gallery: Gallery,
        budget: Budget,
        sources: Sources,
    ) -> None:
        self._accounts = accounts
        self._platforms = platforms
        self._books = books
        self._gallery = gallery
        self._budget = budget
        self._sources = sources
        self._courtesies = Courtesies(platforms)
        self._disclosure = Disclosure(sources.disclosures)

    @activity.defn(name="decide")
    async def decide(self, turn: TakeTurn) -> Decision:
        """Decide one turn.

        Raises:
            ApplicationError: Transient ones are retried; a bug gives up after three tries.
        """
        turn = turn.asked_by(activity.info().workflow_id or "")
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
        account = await self._account(turn)
        if turn.news is not None:
            chosen, state, usage = await self._step(account, turn, EVERYTHING)
        else:
            await self._books.log_inbound(turn.address, turn.messages, turn.turn, "")
            async with self._courtesies.shown(account, turn):
                chosen, state, usage = await self._within_budget(account, turn)
            if chosen.phase:
                with suppress(Unavailable):  # for people who look; nobody decides anew for it
                    await self._books.note_phase(turn.address, turn.messages, chosen.phase)
        told = await self._disclosure.due(account, turn, chosen)
        decision = self._fit(account, turn, state, disclosed(chosen, told) if told else chosen)
        if told:
            decision = marked(decision, turn.dialog)
        self._measure(turn, decision, chosen.sources, usage, (time.perf_counter() - began) * 1000)
        return decision

    async def _account(self, turn: TakeTurn) -> Account:
        """A removed account leaves conversations behind, which are decided as the platform's default would."""
        address = turn.address
        found = await self._accounts.find(address.platform, address.account)
        return found or await self._accounts.default(address.platform)

    # --- the budget --------------------------------------------------------------------------------------------

    async def _within_budget(self, account: Account, turn: TakeTurn) -> tuple[FlowDecision, Any, Usage]:
        """Take the turn if the account's plan still has one; pay for what it really used, or give it back."""
        tab = self._budget.tab(account, _turn_key(turn))
        try:
            allowance = await tab.open(turn.messages)
            if allowance.exhausted:
                return *await self._exhausted(account, turn, allowance), Usage()
            chosen, state, usage = await self._step(account, turn, allowance)
        except BaseException:
            await asyncio.shield(tab.abandon())
            raise
        await asyncio.shield(tab.close(usage))
        return chosen, state, usage

    async def _exhausted(self, account: Account, turn: TakeTurn, allowance: Allowance) -> tuple[FlowDecision, Any]:
        """The shop's polite text, once a day, or a person; the dialog stays where it stands."""
        words = common.words(account.language or find_flow(turn.flow).language)
        effects = () if allowance.text else (HandOff(kind="hand_off", reason=f"the plan's {allowance.exhausted}"),)
        said = OutboundMessage(text=allowance.text or words.say(common.PERSON_SOON))
        outcome = Outcome.CHITCHAT if turn.state is None else None
        heard = bool(allowance.text) and await self._has_heard(turn, said)
        return FlowDecision(say=() if heard else (said,), phase="", effects=effects, outcome=outcome), turn.state

    async def _has_heard(self, turn: TakeTurn, said: OutboundMessage) -> bool:
        """Whether the customer was told the same within the last day: who writes on need not hear it again."""
        first = next(iter(fit(said, self._platforms[turn.address.platform].abilities(turn.messages[-1].route))), None)
        since = datetime.now(UTC) - timedelta(hours=SAID_AGAIN_AFTER_HOURS)
        return first is not None and await self._books.has_said(turn.address, first.text, since)

    # --- the step ----------------------------------------------------------------------------------------------

    async def _step(self, account: Account, turn: TakeTurn, allowance: Allowance) -> tuple[FlowDecision, Any, Usage]:
        flow = find_flow(turn.flow)
        seen, name = await asyncio.gather(self._look(account, turn, allowance), self._courtesies.name_of(account, turn))
        media = tuple(one for of_message in seen for one in of_message)
        remarks = common.remarks(turn.messages, media, account.language or flow.language)
        heard = Turn(
            messages=tuple(map(_with_speech, turn.messages, seen)),
            now=activity.info().scheduled_time,
            customer_name=name,
            dialog=turn.dialog,
            news=turn.news,
            shop=Shop.of(account.name, account.language, account.options),
            order=turn.order,
            opted_out=isinstance(turn.news, CartLeft) and await self._books.has_opted_out(turn.address),
            meanwhile=turn.meanwhile,
        )
        state = flow.opening_state() if turn.state is None else flow.state_model.model_validate(turn.state)
        inquiry = Inquiry(self._sources, account, turn)
        new_state, chosen = await inquiry.carried(flow.step(state, heard, Senses(media=media, remarks=remarks)))
        if chosen.wants_messages is not None:
            await self._books.note_wish(turn.address, wants_messages=chosen.wants_messages)
        await inquiry.write_down(_turn_key(turn), chosen, datetime.now(UTC))
        usage = _usage(turn, media, chosen).plus(inquiry.usage)
        return common.with_remarks(chosen, remarks), new_state.model_dump(mode="json", exclude_defaults=True), usage

    async def _look(self, account: Account, turn: TakeTurn, allowance: Allowance) -> list[tuple[SeenMedia, ...]]:
        """Every message's media, all at once: the longest of them is all we wait for."""
        looking = (self._look_at(account, turn, message, allowance) for message in turn.messages)
        return list(await asyncio.gather(*looking))

    async def _look_at(
        self, account: Account, turn: TakeTurn, message: InboundMessage, allowance: Allowance
    ) -> tuple[SeenMedia, ...]:
        """What does not come while the turn can still be taken, does not come: the customer hears it."""
        try:
            async with asyncio.timeout(LOOK_WITHIN):
                return await self._gallery.take_in(account, turn.address, message, allowed=allowance.kinds)
        except TimeoutError:
            late = (media.kind or message.kind for media in message.media)
            return tuple(SeenMedia(kind=kind, problem=MediaProblem.TOO_SLOW) for kind in late)

    def _fit(self, account: Account, turn: TakeTurn, state: Any, chosen: FlowDecision) -> Decision:
        """The flow's decision, fit for the platform and small enough for a history."""
        fields: dict[str, Any] = {"parts": self._parts(turn, chosen), "phase": chosen.phase}
        if chosen.outcome in (None, Outcome.RESTARTED):  # who starts over is in a new dialog at once
            fields["state"] = state
        optional = {
            "waiting_for": chosen.waiting_for, "effects": chosen.effects, "outcome": chosen.outcome,
            "follow_up_hours": chosen.follow_up_hours,
        }  # fmt: skip
        fields |= {name: value for name, value in optional.items() if value}
        if account.account == turn.address.account and account.turn_taking.digest() != turn.rules:
            fields["rules"] = account.turn_taking
        return Decision(**fields)

    def _parts(self, turn: TakeTurn, chosen: FlowDecision) -> tuple[Part, ...]:
        route = turn.messages[-1].route if turn.messages else turn.route
        abilities = self._platforms[turn.address.platform].abilities(route)
        parts = [part for message in chosen.say for part in fit(message, abilities)]
        if parts and any(isinstance(effect, HandOff) for effect in chosen.effects):
            parts[-1] = parts[-1].model_copy(update={"open_to_operators": True})
        return tuple(parts)

    def _measure(
        self, turn: TakeTurn, decision: Decision, sources: tuple[str, ...], usage: Usage, milliseconds: float
    ) -> None:
        labels = {"platform": turn.address.platform, "account": turn.address.account}
        metrics.burst_size.labels(**labels).set(len(turn.messages))
        if turn.messages:
            idle = activity.info().started_time - turn.messages[-1].received_at
            metrics.burst_idle_seconds.labels(**labels).set(max(0.0, idle.total_seconds()))
        metrics.responses_generated.labels(**labels, flow=turn.flow).inc()
        log.info("turn_decided", conversation=turn.address.conversation_id, turn=turn.turn, messages=len(turn.messages),
                 parts=len(decision.parts), phase=decision.phase, sources=list(sources), images=usage.images,
                 tokens=usage.input_tokens + usage.output_tokens + usage.cached_tokens,
                 ms=round(milliseconds, 1))  # fmt: skip

    # --- standing sentences ------------------------------------------------------------------------------------

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


def _turn_key(turn: TakeTurn) -> str:
    """What a turn is paid under: each decision of it has a number of its own, the activity's, which its attempts share.

    A superseded one's is smaller than its successor's: `providers/records/superseded.py`.
    """
    info = activity.info()
    return f"{turn.conversation}/{info.workflow_run_id}/{turn.turn}/d{info.activity_id}"


def _with_speech(message: InboundMessage, seen: tuple[SeenMedia, ...]) -> InboundMessage:
    """A voice note counts as what was heard in it."""
    said = "\n".join(filter(None, [message.text, *(one.text for one in seen)]))
    return message if said == message.text else message.model_copy(update={"text": said})


def _usage(turn: TakeTurn, media: tuple[SeenMedia, ...], chosen: FlowDecision) -> Usage:
    used = [one for one in media if one.problem is None]
    return Usage(
        messages=len(turn.messages),
        replies=1 if chosen.say else 0,
        images=sum(one.kind is MessageKind.IMAGE for one in used),
        audio_seconds=sum(one.seconds or 0.0 for one in used),
    )
