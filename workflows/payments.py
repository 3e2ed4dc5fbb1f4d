"""A payment proof in a conversation: opened by a turn, watched by the clock, decided by a person."""

from collections.abc import Awaitable

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from workflows import patience

with workflow.unsafe.imports_passed_through():
    from contracts.conversation import ConversationState, DecidePayment, Opening, PaymentDecision, Settlement
    from contracts.payments import NotePayment, OpenPayment, Payments, SettlePayment
    from contracts.records import Done
    from domain.conversation import Attention
    from domain.decisions import AskPaymentDecision
    from domain.identifiers import order_key
    from domain.news import PaymentDecided, PaymentExpired
    from domain.payments import PaymentCase, PaymentStage, Urgency

_MORE_URGENT = {Urgency.FRESH: Urgency.REMINDED, Urgency.REMINDED: Urgency.ESCALATED}
_NOTES = {
    Urgency.REMINDED: "a payment waits for long: order {order}",
    Urgency.ESCALATED: "a payment waits for far too long: order {order}",
}


class PaymentDesk:
    """Where the conversation's payment proof lies until somebody decides."""

    def __init__(self, opening: Opening, state: ConversationState) -> None:
        self._address = opening.address
        self._state = state

    async def open(self, asked: AskPaymentDecision) -> None:
        """Lay a proof before a person; one of the same order that nobody has decided about gives way to it."""
        state = self._state
        proof = OpenPayment(
            address=self._address,
            key=order_key(self._address.conversation_id, state.epoch, state.dialog, state.turn),
            order=asked.order or state.order_id,
            asked=asked,
        )
        opened = await workflow.execute_activity_method(
            Payments.open_payment, proof, summary=f"turn {state.turn}: a payment to decide", **patience.BOOKKEEPING
        )
        case = PaymentCase(
            id=opened.id, order=proof.order, opened_at=workflow.now(), approvals_needed=asked.approvals_needed
        )
        self._lay_down(case)
        self._call(opened.note or f"a payment to decide: order {proof.order}")

    def _lay_down(self, case: PaymentCase) -> None:
        """Of two proofs of one order the newer stands for both; one of another order waits behind it."""
        state, before = self._state, self._state.payment
        if before is not None and before.order != case.order and workflow.patched("payments-of-several-orders"):
            replaced = [one for one in state.payments_aside if one.order == case.order]
            state.payments_aside = [*(one for one in state.payments_aside if one.order != case.order), case]
        else:
            replaced = [before] if before is not None else []
            state.payment = case
        state.settled += [Settlement(payment=one, stage=PaymentStage.REPLACED) for one in replaced]

    def _find(self, id: str) -> PaymentCase | None:
        state = self._state
        waiting = [*([state.payment] if state.payment else []), *state.payments_aside]
        return next((one for one in waiting if one.id == id), None)

    def _put(self, payment: PaymentCase) -> None:
        state = self._state
        if state.payment is not None and state.payment.id == payment.id:
            state.payment = payment
        else:
            state.payments_aside = [payment if one.id == payment.id else one for one in state.payments_aside]

    def _take_away(self, payment: PaymentCase) -> None:
        """It waits no more; the oldest of the others comes forward."""
        state = self._state
        state.payments_aside = [one for one in state.payments_aside if one.id != payment.id]
        if state.payment is not None and state.payment.id == payment.id:
            state.payment = state.payments_aside.pop(0) if state.payments_aside else None

    def decide(self, decision: DecidePayment) -> PaymentDecision:
        """What an operator says of it. Synchronous on purpose: of two at once, the second hears of the first.

        Raises:
            ApplicationError: there is no such payment to decide, or this operator has agreed to it before.
        """
        payment = self._find(decision.payment)
        if payment is None:
            raise ApplicationError("this payment does not wait for a decision", type="NoSuchPayment")
        if not decision.approve:
            return self._settle(payment, PaymentStage.REFUSED, (decision.operator,), decision.reason)
        if not payment.may_approve(decision.operator):
            raise ApplicationError("a second person has to agree to this sum", type="AlreadyAgreed")
        approved_by = (*payment.approved_by, decision.operator)
        if len(approved_by) >= payment.approvals_needed:
            return self._settle(payment, PaymentStage.APPROVED, approved_by, decision.reason)
        self._put(payment.model_copy(update={"approved_by": approved_by}))
        self._state.settled.append(
            Settlement(payment=payment, stage=PaymentStage.APPROVED_ONCE, by=approved_by, reason=decision.reason)
        )
        self._call(f"a second person has to agree to the payment: order {payment.order}")
        return _told(payment, PaymentStage.APPROVED_ONCE, approved_by)

    def _settle(self, payment: PaymentCase, stage: PaymentStage, by: tuple[str, ...], reason: str) -> PaymentDecision:
        state = self._state
        self._take_away(payment)
        state.settled.append(Settlement(payment=payment, stage=stage, by=by, reason=reason))
        if stage is PaymentStage.EXPIRED:
            state.news.append(PaymentExpired(kind="payment_expired", order=payment.order))
        else:
            state.news.append(
                PaymentDecided(
                    kind="payment_decided", order=payment.order, approved=stage is PaymentStage.APPROVED, reason=reason
                )
            )
        if state.payment is None:
            state.attention = tuple(item for item in state.attention if item is not Attention.PAYMENT)
            state.note = state.note if state.attention else ""
        return _told(payment, stage, by)

    def expire(self) -> None:
        """Nobody decided in time: the customer hears it, and a person is asked for by other means."""
        if self._state.payment is not None:
            self._settle(self._state.payment, PaymentStage.EXPIRED, (), "nobody decided in time")

    async def grow_urgent(self) -> None:
        """It has waited for long: say so where people look."""
        state = self._state
        if state.payment is None or state.payment.urgency not in _MORE_URGENT:
            return
        urgency = _MORE_URGENT[state.payment.urgency]
        state.payment = state.payment.model_copy(update={"urgency": urgency})
        self._call(_NOTES[urgency].format(order=state.payment.order))
        note = NotePayment(id=state.payment.id, urgency=urgency)
        writing = workflow.execute_activity_method(
            Payments.note_payment, note, summary=f"payment {note.id}: {urgency}", **patience.BOOKKEEPING
        )
        await self._written(note.id, writing)

    async def write_down(self) -> None:
        """Write what was decided into the shop's books, in the order in which it was."""
        while self._state.settled:
            one = self._state.settled[0]
            settled = SettlePayment(
                id=one.payment.id, order=one.payment.order, stage=one.stage, by=one.by, reason=one.reason
            )
            writing = workflow.execute_activity_method(
                Payments.settle_payment, settled, summary=f"payment {settled.id}: {one.stage}", **patience.BOOKKEEPING
            )
            await self._written(settled.id, writing)
            self._state.settled.remove(one)

    async def _written(self, id: str, writing: Awaitable[Done]) -> None:
        try:
            await writing
        except ActivityError as error:
            self._call(f"payment {id} could not be written down: {error.cause or error}")

    def _call(self, note: str) -> None:
        state = self._state
        if Attention.PAYMENT not in state.attention:
            state.attention = (Attention.PAYMENT, *state.attention)
        state.note = note[:200]


def _told(payment: PaymentCase, stage: PaymentStage, by: tuple[str, ...]) -> PaymentDecision:
    return PaymentDecision(
        payment=payment.id,
        order=payment.order,
        stage=stage,
        approved_by=by,
        approvals_needed=payment.approvals_needed,
    )
