"""A conversation: everything between one customer and us on one platform account; one workflow, many runs."""

import asyncio
from typing import assert_never

from temporalio import workflow

from workflows.burst import Burst
from workflows.card import Card
from workflows.courier import Courier
from workflows.effects import Effects
from workflows.payments import PaymentDesk
from workflows.silence import Silence
from workflows.turns import Turns

with workflow.unsafe.imports_passed_through():
    from datetime import timedelta

    from contracts.conversation import (
        ELSEWHERE,
        Answered,
        Asked,
        ConversationState,
        DecidePayment,
        Heard,
        Opening,
        OperatorReply,
        OutboxEntry,
        Overview,
        PageRequest,
        PaymentDecision,
        Release,
        Resend,
        TakeOver,
        TranscriptLine,
        TranscriptPage,
        Waiting,
    )
    from domain.conversation import Attention, Holder
    from domain.decisions import Outcome
    from domain.messages import Echo, InboundMessage, Part, ReceiptSeen, Unsent
    from domain.news import CartLeft, OrderCancelled
    from policies import dedupe, history, session_window
    from policies.session_window import Due


@workflow.defn(name="ConversationWorkflow")
class ConversationWorkflow:
    """Hears messages, gathers bursts, takes turns, sends parts, and watches the silence between them."""

    @workflow.init
    def __init__(self, opening: Opening) -> None:
        # Handlers of buffered signals run before run(): everything they touch stands here already.
        self._opening = opening
        self._state = opening.carried or ConversationState(rules=opening.rules, phase=opening.phase)
        self._state.epoch = self._state.epoch or workflow.info().first_execution_run_id[:8]
        self._card = Card(opening, self._state)
        self._courier = Courier(opening, self._state, self._card)
        self._payments = PaymentDesk(opening, self._state)
        self._effects = Effects(opening, self._state, self._payments)
        self._burst = Burst(self._state)
        self._turns = Turns(opening, self._state, self._burst, self._effects)
        self._silence = Silence(self._state)
        self._errands: list[asyncio.Task[None]] = []

    @workflow.run
    async def run(self, opening: Opening) -> None:
        """Live until nothing needs this conversation any more."""
        self._errands = [asyncio.create_task(self._courier.run()), asyncio.create_task(self._silence.run())]
        while await self._something_comes():
            if self._state.news:
                await self._turns.take_news()
            else:
                await self._burst.gather()
                await self._turns.take_turn()
            await self._carry_over_if_long()
        await workflow.wait_condition(workflow.all_handlers_finished)

    async def _something_comes(self) -> bool:
        """Rest until there is something to answer (True) or the conversation is over (False)."""
        while True:
            self._card.show()
            await workflow.wait_condition(self._is_woken)
            self._look_after_errands()
            await self._payments.write_down()
            if self._state.waiting or self._state.news:
                return True
            if self._silence.is_over and await self._act_on_silence():
                return False
            await self._carry_over_if_long()

    def _is_woken(self) -> bool:
        return bool(
            self._state.waiting
            or self._state.news
            or self._state.settled
            or self._silence.is_over
            or self._history_is_long()
            or any(errand.done() for errand in self._errands)
        )

    def _look_after_errands(self) -> None:
        """An errand never ends by itself; if a bug ended one, fail the workflow task so that it is seen and retried."""
        for errand in self._errands:
            if errand.done():
                errand.result()

    # --- silence -----------------------------------------------------------------------------------------------

    async def _act_on_silence(self) -> bool:
        """Do what the silence leads to; True when the conversation is over."""
        due = self._silence.take()
        match due:
            case None:
                return False
            case Due.DIALOG_OVER:
                await self._effects.close_dialog(Outcome.EXPIRED, workflow.now())
                self._state.phase = self._opening.phase
            case Due.NOBODY_CAME | Due.OPERATOR_LEFT:
                await self._go_on_without(due)
            case Due.FOLLOW_UP:
                self._mention_the_cart()
            case Due.PAYMENT_URGENT:
                await self._payments.grow_urgent()
            case Due.PAYMENT_EXPIRED:
                self._payments.expire()
            case Due.CLOSE:
                # A message that arrives while the last parts leave keeps the conversation open.
                await workflow.wait_condition(lambda: not self._state.outbox or bool(self._state.waiting))
                state = self._state
                return not (state.waiting or state.news or state.settled or state.kept_open)
            case never:
                assert_never(never)
        return False

    async def _go_on_without(self, due: Due) -> None:
        """The assistant helps again; where nobody came at all, the customer hears it and the case rises."""
        self._hold(Holder.ASSISTANT)
        if due is Due.NOBODY_CAME:
            self._effects.raise_flag(f"nobody came in time: {self._state.note}")
            await self._turns.say("nobody_came")

    def _mention_the_cart(self) -> None:
        self._state.follow_up_at = None
        if self._state.holder is Holder.ASSISTANT and self._state.dialog_state is not None:
            self._state.news.append(CartLeft(kind="cart_left"))

    def _hold(self, holder: Holder, operator: str = "") -> None:
        state = self._state
        if state.operator and not operator:
            state.meanwhile = "An operator held the conversation and gave it back."
        state.holder = holder
        state.operator = operator
        state.operator_at = workflow.now() if operator else None
        state.unheard_since = None
        state.handed_off_at = None
        state.kept_open = self._must_be_kept_open()

    def _must_be_kept_open(self) -> bool:
        """An operator who speaks after a long silence is not closed upon: the answer would find the assistant."""
        state = self._state
        if state.operator_at is None or state.last_message_at is None:
            return False
        heard_or_told = max(state.last_message_at, state.told_at or state.last_message_at)
        late = session_window.outlasts(state.operator_at, heard_or_told, state.rules)
        return late and workflow.patched("kept-open-for-an-operator")

    # --- long lives --------------------------------------------------------------------------------------------

    def _history_is_long(self) -> bool:
        info = workflow.info()
        return history.is_long(
            info.get_current_history_length(),
            info.get_current_history_size(),
            most=self._opening.long_events,
            suggested=info.is_continue_as_new_suggested(),
            carried=self._state.letters_waiting(),
        )

    async def _carry_over_if_long(self) -> None:
        """Continue as new between turns, with every waiting message and unsent part in hand."""
        if not self._history_is_long():
            return
        await self._courier.call_back()
        await workflow.wait_condition(workflow.all_handlers_finished)
        # No await between here and the end of this run: whatever came until now is in the state.
        fresh = {"carried": self._state, "long_events": history.LONG_EVENTS}
        workflow.continue_as_new(self._opening.model_copy(update=fresh))

    # --- what others say to us ---------------------------------------------------------------------------------

    @workflow.signal
    def receive(self, heard: Heard) -> None:
        """A customer's message, or news of one. Synchronous on purpose: it is noted whole or not at all."""
        match heard:
            case InboundMessage():
                self._hear(heard)
            case Echo():
                self._hear_operator(heard)
            case Unsent():
                self._forget(heard)
            case ReceiptSeen():
                self._courier.note_receipt(heard)
            case never:
                assert_never(never)

    def _forget(self, unsent: Unsent) -> None:
        """The customer took a message back; should it come after its take-back, it is known already."""
        state, now = self._state, workflow.now()
        dedupe.remember(state.seen, unsent.message_id, now, timedelta(days=state.rules.dedupe_days))
        state.last_message_at = state.last_message_at or now
        self._burst.forget(unsent.message_id)

    def _hear_operator(self, echo: Echo) -> None:
        """An operator answered in the platform's own app: from now on the conversation is theirs."""
        state, now = self._state, workflow.now()
        if dedupe.is_duplicate(state.seen, f"echo/{echo.message_id}", now):
            return  # delivered again, perhaps long after the conversation was given back
        dedupe.remember(state.seen, f"echo/{echo.message_id}", now, timedelta(days=state.rules.dedupe_days))
        self._seize(ELSEWHERE)
        state.last_message_at = state.last_message_at or now
        state.jot(TranscriptLine(at=now, turn=state.turn, direction="operator", id=echo.message_id))

    def _hear(self, message: InboundMessage) -> bool:
        """Note a message; False: it has been heard before."""
        state, now = self._state, workflow.now()
        since = message.received_at if message.by_receipt else now
        if dedupe.is_duplicate(state.seen, message.id, since):
            state.duplicates += 1
            self._count_duplicate()
            return False
        keep = (
            timedelta(days=state.rules.dedupe_days)
            if message.dedupe_seconds is None
            else timedelta(seconds=message.dedupe_seconds)
        )
        dedupe.remember(state.seen, message.id, since, keep)
        if message.edits:  # the first version may be slower than its correction
            dedupe.remember(state.seen, message.edits, now, keep)
        self._follow_the_thread(message)
        if state.operator_at and state.unheard_since is None and workflow.patched("operator-who-left"):
            state.unheard_since = now
        self._burst.replace(message)
        state.waiting.append(Waiting(message=message, at=now))
        state.last_message_at = now
        state.told_to_wait = state.told_to_wait or message.told_to_wait
        state.follow_up_at = None
        state.route = message.route or state.route
        state.name = message.name or state.name
        state.jot(TranscriptLine(at=now, turn=state.turn + 1, direction="in", id=message.id))
        return True

    def _follow_the_thread(self, message: InboundMessage) -> None:
        """Who holds the thread on the platform may answer; when it comes back to us, so do we."""
        if message.overheard:
            self._seize(ELSEWHERE)
        elif self._state.operator == ELSEWHERE and self._state.thread_elsewhere:
            self._hold(Holder.ASSISTANT)
        self._state.thread_elsewhere = message.overheard

    def _count_duplicate(self) -> None:
        address = self._opening.address
        labels = {"platform": address.platform, "account": address.account}
        workflow.metric_meter().with_additional_attributes(labels).create_counter("messages_duplicate").add(1)

    @workflow.update
    async def ask(self, asked: Asked) -> Answered:
        """Hear a message and offer the reply to its sender, who waits on the line."""
        if not self._hear(asked.message):
            return Answered(decided=True)
        return await self._turns.answer(asked)

    @workflow.signal
    def resend(self, letter: Resend) -> None:
        """Send a dead letter again, behind whatever waits already."""
        self._state.outbox.append(OutboxEntry(turn=self._state.turn, name=letter.key, part=None, route=""))
        self._begin_to_watch()

    @workflow.signal
    def letter_dropped(self, letter: Resend) -> None:
        """A person gave a dead letter up."""
        self._courier.settle(letter.key)
        self._card.show()

    @workflow.signal
    def order_cancelled(self, news: OrderCancelled) -> None:
        """A person cancelled an order; the customer hears it once, however often we are told."""
        state, now, key = self._state, workflow.now(), f"cancelled/{news.order}"
        if dedupe.is_duplicate(state.seen, key, now):
            return
        dedupe.remember(state.seen, key, now, timedelta(days=state.rules.dedupe_days))
        state.news.append(news)
        self._begin_to_watch()

    def _begin_to_watch(self) -> None:
        """A conversation that no message opened closes like any other: its silence begins now."""
        if self._state.last_message_at is None and workflow.patched("silence-without-a-message"):
            self._state.last_message_at = workflow.now()

    @workflow.query
    def overview(self) -> Overview:
        """The conversation at a glance."""
        return self._card.overview()

    @workflow.query
    def transcript_page(self, page: PageRequest) -> TranscriptPage:
        """The latest lines, or those before a given one, by reference."""
        lines = self._state.transcript
        end = len(lines) if page.before is None else max(0, min(page.before, len(lines)))
        return TranscriptPage(lines=tuple(lines[max(0, end - page.limit) : end]), total=len(lines))

    @workflow.update
    def take_over(self, request: TakeOver) -> Overview:
        """An operator seizes the conversation: nothing more of the assistant's leaves."""
        self._seize(request.operator)
        return self._card.overview()

    @workflow.update
    def release(self, request: Release) -> Overview:
        """The operator gives the conversation back to the assistant, with a word about what happened meanwhile."""
        self._hold(Holder.ASSISTANT)
        self._state.meanwhile = request.summary or self._state.meanwhile
        self._clear(Attention.HANDOFF)
        return self._card.overview()

    @workflow.update
    def operator_reply(self, reply: OperatorReply) -> Overview:
        """An operator writes to the customer, and holds the conversation from then on.

        Temporal knows a wish that comes again within a run only: here it is known for as long as a message is.
        """
        state, now, wish = self._state, workflow.now(), f"reply/{reply.key}"
        if reply.key and dedupe.is_duplicate(state.seen, wish, now):
            return self._card.overview()
        if reply.key:
            dedupe.remember(state.seen, wish, now, timedelta(days=state.rules.dedupe_days))
        self._seize(reply.operator)
        for part in reply.parts or (Part(text=reply.text),):
            state.replies += 1
            state.outbox.append(
                OutboxEntry(
                    turn=state.turn,
                    name=f"op-{state.replies}",
                    part=part.model_copy(update={"by_operator": True, "operator": reply.operator}),
                    route=state.route,
                    by_operator=True,
                )
            )
        return self._card.overview()

    @workflow.update
    def decide_payment(self, decision: DecidePayment) -> PaymentDecision:
        """An operator says whether a payment proof is good; the customer hears it in the next turn."""
        decided = self._payments.decide(decision)
        self._card.show()
        return decided

    def _seize(self, operator: str) -> None:
        self._courier.withdraw()
        self._turns.hush()
        self._hold(Holder.OPERATOR, operator or "operator")
        self._clear(Attention.HANDOFF)

    def _clear(self, attention: Attention) -> None:
        self._state.attention = tuple(item for item in self._state.attention if item is not attention)
        self._state.note = "" if not self._state.attention else self._state.note
        self._card.show()
