"""The messages a turn is about: gathered while the customer writes, fixed as the turn begins, taken back at will."""

from collections.abc import Callable
from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from contracts.conversation import ConversationState, Waiting
    from domain.messages import InboundMessage
    from policies import bursts


async def until(condition: Callable[[], bool], patience_left: timedelta, summary: str) -> bool:
    """Wait for a condition or the end of patience; say which came (True: the condition)."""
    try:
        await workflow.wait_condition(condition, timeout=patience_left, timeout_summary=summary)
    except TimeoutError:
        return False
    return True


class Burst:
    """The first `size` of the waiting messages; what comes later waits for the next turn."""

    def __init__(self, state: ConversationState) -> None:
        self._state = state
        self.size = 0
        """How many of the waiting messages the turn under way is about; 0 between turns."""
        self.changed = False
        """Whether the customer took one of them back since they were fixed."""
        self.taken_back: list[str] = []

    async def gather(self) -> None:
        """Listen until the customer pauses, has waited long enough, or has said a great deal."""
        while (pause := bursts.pause_left(self.arrivals(), self._state.rules, workflow.now())) > timedelta(0):
            await until(self._is_full, pause, "debounce")

    def _is_full(self) -> bool:
        return bursts.is_full((item.message.kind for item in self._state.waiting), self._state.rules)

    def arrivals(self) -> list[bursts.Arrival]:
        """What waits, and since when."""
        return [(item.message.kind, item.at) for item in self._state.waiting]

    def fix(self) -> None:
        """The turn is about what waits now."""
        messages = [item.message for item in self._state.waiting]
        self.size, self.changed = bursts.size_of_burst(messages, self._state.rules), False

    def drop(self) -> None:
        """The turn is about no message."""
        self.size = 0

    def take(self) -> list[Waiting]:
        """Remove the burst that was decided about."""
        taken = self._state.waiting[: self.size]
        del self._state.waiting[: self.size]
        self.size = 0
        return taken

    def is_overtaken(self, superseded: int) -> bool:
        """Whether the customer wrote on, and the decision under way may still be thrown away for it."""
        newer = len(self._state.waiting) > self.size
        return newer and bursts.may_supersede(self.arrivals(), self._state.rules, superseded, workflow.now())

    def heard(self) -> tuple[InboundMessage, ...]:
        """The burst in the customer's order, each message with one time only: histories are kept small."""
        messages = bursts.in_order([item.message for item in self._state.waiting[: self.size]])
        return tuple(one.model_copy(update={"received_at": bursts.when_said(one), "sent_at": None}) for one in messages)

    # --- what customers take back ------------------------------------------------------------------------------

    def replace(self, edited: InboundMessage) -> None:
        """A message the customer edits before we took it up counts as edited; one we are busy with, as said anew."""
        if edited.edits:
            kept, later = self._state.waiting[: self.size], self._state.waiting[self.size :]
            self._state.waiting[:] = [*kept, *(item for item in later if not _is_version_of(item, edited.edits))]

    def forget(self, message_id: str) -> None:
        """The customer took a message back: it is not answered, if it is not answered already."""
        state = self._state
        busy = [item for item in state.waiting[: self.size] if _is_version_of(item, message_id)]
        state.waiting = [item for item in state.waiting if not _is_version_of(item, message_id)]
        if busy:
            self.size -= len(busy)
            self.changed = True
            self.taken_back.append(message_id)


def _is_version_of(item: Waiting, message_id: str) -> bool:
    return message_id in (item.message.id, item.message.edits)
