"""Gathers a burst and takes the turn: decide, then do."""

import asyncio
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.common import Priority
from temporalio.exceptions import ActivityError

from workflows import patience
from workflows.burst import Burst, until
from workflows.effects import Effects

with workflow.unsafe.imports_passed_through():
    from contracts.conversation import (
        DELIVERY_QUEUE_PREFIX,
        Answered,
        Asked,
        ConversationState,
        OfferedPart,
        Opening,
        OutboxEntry,
        Waiting,
    )
    from contracts.delivery import Delivery, SendPart, Sent
    from contracts.dialog import Dialog, Phrase, TakeTurn
    from domain.conversation import Holder
    from domain.decisions import ORDER_NUMBER, Decision, Outcome
    from domain.identifiers import fairness_key, outbox_key
    from domain.messages import InboundMessage, Part
    from domain.news import CartLeft, News, OrderCancelled, PaymentDecided, PaymentExpired
    from policies import bursts, session_window


OFFERED_FOR = timedelta(seconds=3)
"""Who asked claims the offered parts in milliseconds; what nobody claimed by then is pushed."""


class Turns:
    """One burst, one turn, one answer."""

    def __init__(self, opening: Opening, state: ConversationState, burst: Burst, effects: Effects) -> None:
        self._opening = opening
        self._state = state
        self._effects = effects
        self._burst = burst
        self._askers: dict[str, Answered | None] = {}
        """Messages whose sender waits on the line, and what each is answered; None: not yet."""
        self._interim: asyncio.Task[Sent] | None = None
        self._meanwhile = ""
        """What the decision under way was told of an operator's time."""
        self._seizures = 0
        """How often operators took over in this run."""
        self._thinking: asyncio.Task[Decision] | None = None
        self._is_cut = False
        """An operator took over while it was being decided: nobody waits for that decision any more."""

    async def take_turn(self) -> None:
        """Answer the burst, or keep it for the operator who holds the conversation."""
        if not self._state.waiting:
            return  # the customer took back all there was
        # The number moves before any await: another message may arrive while we think.
        self._state.turn += 1
        self._interim = None
        self._burst.fix()
        if self._state.holder is Holder.OPERATOR:
            self._state.told_to_wait = False
            await self._effects.keep(tuple(item.message for item in self._take_burst()))
            return
        await self._start_over_if_stale()
        try:
            decision = await self._decide()
            if decision is not None:
                await self._carry_out(decision)
        except ActivityError as error:
            await self._apologise(error)
        self._state.told_to_wait = any(item.message.told_to_wait for item in self._state.waiting)
        await self._forget_for_good()

    async def take_news(self) -> None:
        """Take a turn on what happened instead of on what was said. Whoever holds the conversation, it is told."""
        state = self._state
        state.turn += 1
        self._interim = None
        self._burst.drop()
        news = state.news[0]
        try:
            decision = await workflow.execute_activity_method(
                Dialog.decide, self._turn_about((), news), summary=f"turn {state.turn}: {news.kind}",
                **patience.THINKING,
            )  # fmt: skip
            state.news.remove(news)
            await self._tell_news(news, decision)
        except ActivityError as error:
            if news in state.news:
                state.news.remove(news)
            self._effects.raise_flag(f"the customer could not be told ({news.kind}): {error.cause or error}")

    async def _tell_news(self, news: News, decision: Decision) -> None:
        """What a person decided is said in any case; what only the clock says, never past an operator."""
        state = self._state
        decided = isinstance(news, PaymentDecided | PaymentExpired | OrderCancelled)
        overtaken = isinstance(news, CartLeft) and (bool(state.operator) or bool(state.waiting))
        if overtaken:
            return
        if state.dialog_state is None and decision.state is not None:
            state.dialog += 1
            state.dialog_opened_at = workflow.now()
        await self._effects.carry_out(decision.effects)
        self._adopt(decision, 0)
        state.told_at = workflow.now()
        for number, part in enumerate(decision.parts):
            self._put_in_outbox(part, str(number), by_operator=decided)
        if decision.outcome is not None and decision.outcome is not Outcome.CHITCHAT:
            await self._effects.close_dialog(decision.outcome, workflow.now(), decision.state)

    def _take_burst(self) -> list[Waiting]:
        """Whoever asked hears that it is decided; the last of them is offered the reply."""
        taken = self._burst.take()
        for item in taken:
            if item.message.id in self._askers:
                self._askers[item.message.id] = Answered(decided=True)
        return taken

    async def _forget_for_good(self) -> None:
        """The turn may have written down what was taken back meanwhile."""
        taken_back, self._burst.taken_back = self._burst.taken_back, []
        for message_id in taken_back:
            await self._effects.forget(message_id)

    # --- deciding ----------------------------------------------------------------------------------------------

    async def _start_over_if_stale(self) -> None:
        """A dialog silent for too long starts over, even where no timer could say so in time."""
        state = self._state
        if state.dialog_state is None or state.payment is not None:  # whoever has paid is where they were
            return
        if session_window.is_stale(state.dialog_touched_at, state.waiting[0].at, state.rules):
            await self._effects.close_dialog(Outcome.EXPIRED, workflow.now())

    async def _decide(self) -> Decision | None:
        """Decide, anew for as long as the customer writes on and patience allows; None: nothing is left to answer."""
        interim_at = bursts.interim_at(self._burst.arrivals(), self._state.rules, workflow.now())
        superseded = 0
        while self._state.waiting:
            self._burst.fix()
            self._is_cut = False
            if self._state.operator and workflow.patched("leave-it-to-the-operator"):  # who came between two decisions
                await self._leave_to_the_operator()
                return None
            seizures, thinking = self._seizures, self._start_thinking()
            await self._think(thinking, superseded, interim_at - workflow.now())
            if self._is_cut:
                thinking.cancel()
                await _end_of(thinking)
                if not self._state.operator:  # came and went: what they said is not in the decision
                    continue
                await self._leave_to_the_operator()
                return None
            if not (self._burst.changed or self._burst.is_overtaken(superseded)):
                decision = await thinking
                if self._is_stale(seizures):
                    continue
                return decision
            superseded += not self._burst.changed
            await self._listen_again(thinking)
        return None

    def _is_stale(self, seizures: int) -> bool:
        """An operator came and went while we thought: what they said and left behind is not in the decision."""
        came_and_went = self._seizures != seizures and not self._state.operator
        return came_and_went and workflow.patched("think-again-after-an-operator")

    def _start_thinking(self) -> "asyncio.Task[Decision]":
        self._thinking = workflow.start_activity_method(
            Dialog.decide,
            self._turn_about(self._burst.heard()),
            summary=f"turn {self._state.turn}: decide",
            **patience.THINKING,
        )
        return self._thinking

    def _turn_about(self, messages: tuple[InboundMessage, ...], news: News | None = None) -> TakeTurn:
        state = self._state
        self._meanwhile = state.meanwhile
        return TakeTurn(
            flow=self._opening.flow,
            turn=state.turn,
            dialog=state.dialog + (state.dialog_state is None),
            messages=messages,
            state=state.dialog_state,
            rules=state.rules.digest(),
            news=news,
            route=state.route if news else "",
            order=state.order_id,
            meanwhile=state.meanwhile,
        )

    async def _think(self, thinking: "asyncio.Task[Decision]", superseded: int, interim_in: timedelta) -> None:
        """Wait for the decision or the next message; when it takes long, say "one moment" once."""

        def enough() -> bool:
            heard_more = self._burst.changed or self._burst.is_overtaken(superseded)
            return thinking.done() or heard_more or self._is_cut

        if self._interim is None and not await until(enough, interim_in, "interim"):
            self._say_one_moment(thinking)
        await workflow.wait_condition(enough)

    async def _listen_again(self, thinking: "asyncio.Task[Decision]") -> None:
        """Throw the decision away and let the newer message join the burst; nothing of it has gone out yet."""
        thinking.cancel()
        await self._burst.gather()
        await _end_of(thinking)

    async def _leave_to_the_operator(self) -> None:
        """They see what the customer wrote, also if nothing had been decided about it."""
        burst = self._take_burst()
        await self._silence_interim()
        await self._effects.keep(tuple(item.message for item in burst))

    def _say_one_moment(self, thinking: "asyncio.Task[Decision]") -> None:
        """Unless an earlier reply is still on its way: order matters more than courtesy."""
        on_the_line = self._state.told_to_wait or bool(self._askers)
        if on_the_line or self._state.outbox or self._state.operator or thinking.done():
            return
        address = self._opening.address
        key = outbox_key(address.conversation_id, self._state.epoch, self._state.turn, "interim")
        courtesy = SendPart(
            key=key,
            route=self._state.route,
            interim=True,
        )
        self._interim = workflow.start_activity_method(
            Delivery.send,
            courtesy,
            task_queue=DELIVERY_QUEUE_PREFIX + address.platform,
            summary=f"turn {self._state.turn}: interim message",
            priority=Priority(fairness_key=fairness_key(address.account)),  # its account's rate holds for it, too
            **patience.COURTESY,
        )

    def hush(self) -> None:
        """An operator took over: an interim message that has not gone yet never will, and nobody goes on thinking."""
        self._seizures += 1
        is_thinking = self._thinking is not None and not self._thinking.done()
        if is_thinking and workflow.patched("a-take-over-stops-the-thinking"):
            self._is_cut = True
        if self._interim is not None:
            self._interim.cancel()

    async def _silence_interim(self) -> None:
        """The answer begins: an interim message that has not gone yet never will, one under way lands first."""
        if self._interim is None:
            return
        self._interim.cancel()
        try:
            await self._interim
        except ActivityError:
            return

    # --- doing -------------------------------------------------------------------------------------------------

    async def _carry_out(self, decision: Decision) -> None:
        """Effects first, then the reply, then the books. From here on a new message waits for the next turn."""
        state = self._state
        if state.operator:  # taken over while we decided: the answer is the operator's now
            self._take_burst()
            await self._silence_interim()
            return
        if state.dialog_state is None and decision.outcome is not Outcome.CHITCHAT:
            state.dialog += 1
            state.dialog_opened_at = state.waiting[0].at
        await self._effects.carry_out(decision.effects)
        burst = self._take_burst()
        self._adopt(decision, len(burst))
        await self._silence_interim()
        self._reply(decision.parts, burst)
        if decision.outcome is not None and decision.outcome is not Outcome.CHITCHAT:
            await self._effects.close_dialog(decision.outcome, workflow.now(), decision.state)

    def _adopt(self, decision: Decision, messages: int) -> None:
        state = self._state
        if state.meanwhile == self._meanwhile:  # else an operator left a word after the decision was asked for
            state.meanwhile = ""
        state.dialog_state = decision.state
        state.dialog_touched_at = workflow.now()
        state.dialog_messages += messages
        if decision.phase:
            state.phase, state.waiting_for = decision.phase, decision.waiting_for
        if decision.rules is not None:
            state.rules = decision.rules
        if decision.follow_up_hours and not state.waiting:
            state.follow_up_at = workflow.now() + timedelta(hours=decision.follow_up_hours)

    def _reply(self, parts: tuple[Part, ...], burst: list[Waiting]) -> None:
        if self._state.operator:
            return  # taken over while we decided: the words are the operator's now
        first = burst[0] if burst else None
        asker = next((item.message.id for item in reversed(burst) if item.message.id in self._askers), None)
        hold_until = workflow.now() + OFFERED_FOR if asker and not self._state.outbox else None
        entries = []
        for number, part in enumerate(parts):
            text = part.text.replace(ORDER_NUMBER, self._state.order_id)
            words = part.model_copy(update={"text": text})
            entries.append(self._put_in_outbox(words, str(number), None if number else first, hold_until))
        if asker and hold_until:  # never past an earlier reply that is still on its way
            self._askers[asker] = Answered(parts=tuple(map(self._offered, entries)), decided=True)

    def _offered(self, entry: OutboxEntry) -> OfferedPart:
        key = outbox_key(self._opening.address.conversation_id, self._state.epoch, entry.turn, entry.name)
        part = entry.part or Part(text="")
        return OfferedPart(key=key, part=part, route=entry.route, turn=entry.turn, began=entry.began)

    def _put_in_outbox(
        self,
        part: Part,
        name: str,
        answers: Waiting | None = None,
        hold_until: datetime | None = None,
        *,
        by_operator: bool = False,
    ) -> OutboxEntry:
        entry = OutboxEntry(
            turn=self._state.turn,
            name=name,
            part=part,
            route=self._state.route,
            began=round(answers.message.received_at.timestamp(), 2) if answers else None,
            hold_until=hold_until,
            by_operator=by_operator,
        )
        self._state.outbox.append(entry)
        return entry

    async def answer(self, asked: Asked) -> Answered:
        """Wait for the reply to a message and offer it to who asked; what is not shown in time is pushed."""
        id, patience_left = asked.message.id, timedelta(seconds=asked.within)
        self._askers[id] = None
        await until(lambda: self._askers[id] is not None, patience_left, "answer on the line")
        answered = self._askers.pop(id)
        if answered is None:
            told_before, self._state.told_to_wait = self._state.told_to_wait, True
            return Answered(told_before=told_before)
        return answered

    async def _apologise(self, error: ActivityError) -> None:
        """The turn failed for good: the customer hears it, an operator sees it, the next message finds us ready."""
        burst = self._take_burst()
        self._effects.raise_flag(f"turn {self._state.turn} failed: {error.cause or error}")
        await self._silence_interim()
        await self.say("apology", answers=burst[0] if burst else None)

    async def say(self, phrase: str, answers: Waiting | None = None) -> None:
        """Send one of the flow's standing sentences."""
        wanted = Phrase(address=self._opening.address, flow=self._opening.flow, name=phrase)
        spoken = await workflow.execute_activity_method(
            Dialog.phrase, wanted, summary=f"turn {self._state.turn}: {phrase}", **patience.BOOKKEEPING
        )
        self._put_in_outbox(Part(text=spoken.text), phrase, answers)


async def _end_of(thinking: "asyncio.Task[Decision]") -> None:
    """Of a decision that was called off: nothing of it goes out, whatever it came to."""
    try:
        await thinking
    except ActivityError:
        return
