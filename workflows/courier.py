"""Takes parts out, in order, one activity each."""

import asyncio
import contextlib
from datetime import timedelta

from temporalio import workflow
from temporalio.common import Priority
from temporalio.exceptions import ActivityError, RetryState, is_cancelled_exception

from workflows import patience
from workflows.card import Card

with workflow.unsafe.imports_passed_through():
    from contracts.conversation import DELIVERY_QUEUE_PREFIX, ConversationState, Opening, OutboxEntry, TranscriptLine
    from contracts.delivery import Delivery, PartState, SendPart, Sent, WithdrawPart
    from domain.conversation import Attention, Holder
    from domain.identifiers import fairness_key, outbox_key
    from domain.messages import ReceiptSeen, ReceiptState
    from policies import history

MOST_DEAD_LETTERS = 50
"""Keys a conversation remembers; the table of dead letters keeps them all."""


class Courier:
    """The conversation's outbox: one part at a time, in order, and none of the assistant's after a take-over."""

    def __init__(self, opening: Opening, state: ConversationState, card: Card) -> None:
        self._opening = opening
        self._state = state
        self._card = card
        self._under_way: asyncio.Task[Sent] | None = None
        self._called_back = False

    async def run(self) -> None:
        """Deliver whatever comes into the outbox, until called back."""
        while True:
            # Handlers may add or withdraw parts while we wait and while a part is under way.
            await workflow.wait_condition(lambda: bool(self._state.outbox) and not self._called_back)
            await self._deliver(self._state.outbox[0])

    async def _deliver(self, entry: OutboxEntry) -> None:
        await self._while_offered(entry)
        if self._called_back or entry not in self._state.outbox:
            return
        if not self._may_go(entry):
            self._state.outbox.remove(entry)
            return
        self._under_way = self._start(entry)
        try:
            self._note(entry, await self._under_way)
        except ActivityError as error:
            # Withdrawn by a take-over, or called back before continue-as-new and sent again by the next run.
            if not _was_called_back(error):
                self._note(entry, Sent(state=PartState.DEAD, reason=str(error.cause or error)[:200]))
            elif entry not in self._state.outbox:
                await self._write_off(entry)
        finally:
            self._under_way = None

    async def _while_offered(self, entry: OutboxEntry) -> None:
        """Let the asker who was offered this part show it; the send that follows finds it shown, or pushes it."""
        left = entry.hold_until - workflow.now() if entry.hold_until else timedelta(0)
        if left <= timedelta(0):
            return
        with contextlib.suppress(TimeoutError):
            await workflow.wait_condition(
                lambda: self._called_back or entry not in self._state.outbox, timeout=left, timeout_summary="offered"
            )

    def _may_go(self, entry: OutboxEntry) -> bool:
        """The take-over fence, looked at again before every part."""
        return entry.by_operator or entry.part is None or not self._state.operator

    def _start(self, entry: OutboxEntry) -> "asyncio.Task[Sent]":
        address = self._opening.address
        parcel = SendPart(
            key=self.key(entry),
            part=entry.part,
            route=entry.route,
            began=entry.began,
        )
        return workflow.start_activity_method(
            Delivery.send,
            parcel,
            task_queue=DELIVERY_QUEUE_PREFIX + address.platform,
            summary=f"turn {entry.turn}: part {entry.name}",
            priority=Priority(fairness_key=fairness_key(address.account)),
            **patience.SPEAKING,
        )

    async def _write_off(self, entry: OutboxEntry) -> None:
        """A part that was withdrawn while it waited for its next attempt must not wait in the books for ever."""
        if not workflow.patched("write-off-withdrawn-parts"):
            return
        with contextlib.suppress(ActivityError):
            await workflow.execute_activity_method(
                Delivery.withdraw,
                WithdrawPart(key=self.key(entry)),
                task_queue=DELIVERY_QUEUE_PREFIX + self._opening.address.platform,
                summary=f"turn {entry.turn}: part {entry.name} withdrawn",
                **patience.BOOKKEEPING,
            )

    def key(self, entry: OutboxEntry) -> str:
        """The outbox key of an entry; a dead letter sent again keeps the one it had."""
        if entry.part is None:
            return entry.name
        return outbox_key(self._opening.address.conversation_id, self._state.epoch, entry.turn, entry.name)

    def _note(self, entry: OutboxEntry, sent: Sent) -> None:
        state = self._state
        if entry in state.outbox:
            state.outbox.remove(entry)
        if sent.state in (PartState.DEAD, PartState.UNKNOWN):
            self._ask_for_attention(self.key(entry), sent)
        else:
            self.settle(self.key(entry))
        direction = "operator" if entry.by_operator else "out"
        line = TranscriptLine(at=workflow.now(), turn=entry.turn, direction=direction, id=entry.name)
        state.jot(line)
        self._card.show()

    def note_receipt(self, receipt: ReceiptSeen) -> None:
        """A part that the platform had taken did not arrive after all, or one we had given up did."""
        if receipt.state is ReceiptState.FAILED:
            self._ask_for_attention(receipt.key, Sent(state=PartState.DEAD, reason=receipt.error))
        else:
            self._end_hold(receipt.key)
            self.settle(receipt.key)
        self._card.show()

    def _end_hold(self, key: str) -> None:
        """The asker who was offered this part has shown it: what follows need not wait."""
        for entry in [entry for entry in self._state.outbox if entry.hold_until and self.key(entry) == key]:
            if entry is not self._state.outbox[0] or self._under_way is None:
                self._note(entry, Sent())

    def settle(self, key: str) -> None:
        """A dead letter went out after all, or a person dropped it; with the last one the call for attention ends."""
        state = self._state
        if key not in state.dead_letters:
            return
        state.dead_letters.remove(key)
        if not state.dead_letters:
            state.attention = tuple(item for item in state.attention if item is not Attention.DEAD_LETTER)

    def _ask_for_attention(self, key: str, sent: Sent) -> None:
        state = self._state
        if key not in state.dead_letters:
            state.dead_letters = [*state.dead_letters[-MOST_DEAD_LETTERS:], key]
        if Attention.DEAD_LETTER not in state.attention:
            state.attention = (*state.attention, Attention.DEAD_LETTER)
        state.note = f"a part is {sent.state}: {sent.reason}"[:200]

    def withdraw(self) -> None:
        """Take back what the assistant has not sent yet: an operator took over."""
        state = self._state
        withdrawn = [entry for entry in state.outbox if not (entry.by_operator or entry.part is None)]
        if withdrawn and state.outbox[0] in withdrawn and self._under_way is not None:
            self._under_way.cancel()
        state.outbox = [entry for entry in state.outbox if entry not in withdrawn]
        state.holder = Holder.OPERATOR

    async def call_back(self) -> None:
        """Stop before continue-as-new: a part under way arrives, or stays in the outbox for the next run."""
        self._called_back = True
        try:
            await workflow.wait_condition(
                lambda: self._under_way is None,
                timeout=history.CALL_BACK_GRACE,
                timeout_summary="let the last part land",
            )
        except TimeoutError:
            if self._under_way is not None:
                self._under_way.cancel()
        await workflow.wait_condition(lambda: self._under_way is None)


def _was_called_back(error: ActivityError) -> bool:
    """Whether a send ended because we had called it back, and not by itself.

    One whose worker died after that is tried no more, and ends with a time-out: as unfinished as one that heard us.
    """
    if is_cancelled_exception(error):
        return True
    return error.retry_state is RetryState.CANCEL_REQUESTED and workflow.patched("called-back-from-the-dead")
