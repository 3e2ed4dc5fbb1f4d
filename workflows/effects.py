"""Carries out what a decision does in the world, each act under a key that makes it happen once."""

from datetime import datetime
from typing import Any, assert_never

from temporalio import workflow
from temporalio.exceptions import ActivityError

from workflows import patience
from workflows.payments import PaymentDesk

with workflow.unsafe.imports_passed_through():
    from contracts.conversation import ConversationState, Opening
    from contracts.records import CloseDialog, KeepMessages, NewOrder, Orders, Records
    from domain.conversation import Attention, Holder
    from domain.decisions import AskAttention, AskPaymentDecision, Effect, HandOff, Outcome, PlaceOrder
    from domain.identifiers import order_key
    from domain.messages import InboundMessage, Unsent

DialogState = dict[str, Any] | None


class Effects:
    """The conversation's hands."""

    def __init__(self, opening: Opening, state: ConversationState, payments: PaymentDesk) -> None:
        self._address = opening.address
        self._flow = opening.flow
        self._state = state
        self._payments = payments

    async def carry_out(self, effects: tuple[Effect, ...]) -> None:
        """Do them in the order the flow named them."""
        for effect in effects:
            match effect:
                case PlaceOrder():
                    await self._place_order(effect)
                case HandOff():
                    self.ask_for_a_person(effect.reason)
                case AskPaymentDecision():
                    await self._payments.open(effect)
                case AskAttention():
                    self.raise_flag(effect.reason)
                case never:
                    assert_never(never)

    async def _place_order(self, effect: PlaceOrder) -> None:
        state = self._state
        new = NewOrder(
            address=self._address,
            key=order_key(self._address.conversation_id, state.epoch, state.dialog, state.turn),
            flow=self._flow,
            draft=effect.draft,
        )
        placed = await workflow.execute_activity_method(
            Orders.place_order, new, summary=f"turn {state.turn}: place the order", **patience.BOOKKEEPING
        )
        state.order_id = placed.number
        state.orders += 1
        if placed.shortage:
            self.raise_flag(f"order {placed.number} is short of stock: {placed.shortage}")

    def ask_for_a_person(self, reason: str) -> None:
        """The assistant gives up and asks for an operator, who becomes the holder; one who is here already stays."""
        state = self._state
        if state.operator:
            self.raise_flag(reason)
            return
        state.holder = Holder.OPERATOR
        state.handed_off_at = workflow.now()
        state.operator = ""
        state.operator_at = None
        self.raise_flag(reason)

    def raise_flag(self, note: str) -> None:
        """Ask a person to look at this conversation."""
        state = self._state
        if Attention.HANDOFF not in state.attention:
            state.attention = (Attention.HANDOFF, *state.attention)
        state.note = note[:200]

    async def close_dialog(self, outcome: Outcome, ended_at: datetime, next_state: DialogState = None) -> None:
        """Write how the dialog ended and forget it; `next_state` opens the next one at once, else a message will."""
        state = self._state
        key = f"{self._address.conversation_id}/{state.epoch}/d{state.dialog}"
        closing = CloseDialog(
            address=self._address,
            key=key,
            flow=self._flow,
            outcome=outcome,
            waiting_for=state.waiting_for,
            messages=state.dialog_messages,
            opened_at=state.dialog_opened_at or ended_at,
            ended_at=ended_at,
            order_id=state.order_id if outcome is Outcome.COMPLETED else "",
        )
        # The dialog is over before the await: a message that arrives meanwhile belongs to the next one.
        state.dialog_state, state.dialog_opened_at, state.dialog_messages = next_state, None, 0
        if next_state is None:
            state.waiting_for = ""
        else:
            state.dialog += 1
            state.dialog_opened_at = ended_at
        try:
            await workflow.execute_activity_method(
                Records.close_dialog, closing, summary=f"dialog ends: {outcome}", **patience.BOOKKEEPING
            )
        except ActivityError as error:
            self.raise_flag(f"the dialog's outcome could not be written down: {error.cause or error}")

    async def forget(self, message_id: str) -> None:
        """Forget a message that its customer took back while a turn was writing it down."""
        unsent = Unsent(address=self._address, message_id=message_id)
        try:
            await workflow.execute_activity_method(
                Records.forget_message, unsent, summary="forget what was taken back", **patience.BOOKKEEPING
            )
        except ActivityError as error:
            self.raise_flag(f"a message that was taken back could not be forgotten: {error.cause or error}")

    async def keep(self, messages: tuple[InboundMessage, ...]) -> None:
        """Write down messages that are the operator's to answer."""
        kept = KeepMessages(address=self._address, turn=self._state.turn, messages=messages)
        try:
            await workflow.execute_activity_method(
                Records.keep_messages, kept, summary="keep for the operator", **patience.BOOKKEEPING
            )
        except ActivityError as error:
            self.raise_flag(f"messages for the operator could not be written down: {error.cause or error}")
