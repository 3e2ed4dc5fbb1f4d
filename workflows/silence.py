"""Watches the clock while nobody speaks, with one long timer that is set anew only when it has run out."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from datetime import datetime

    from contracts.conversation import ConversationState
    from policies.session_window import Due, Quiet, next_due


class Silence:
    """Wakes the conversation when a silence leads to something; acts on nothing itself."""

    def __init__(self, state: ConversationState) -> None:
        self._state = state
        self.is_over = False

    async def run(self) -> None:
        """Sleep until the next thing is due, say so, and wait for it to be acted on."""
        while True:
            await workflow.wait_condition(lambda: self._next() is not None and not self.is_over)
            coming = self._next()
            if coming is not None:
                await self._sleep_until(*coming)

    def _next(self) -> tuple[datetime, Due] | None:
        state = self._state
        if state.last_message_at is None:
            return None
        quiet = Quiet(
            last_message_at=state.last_message_at,
            dialog_open=state.dialog_state is not None or bool(state.waiting),  # so that the first timer is right
            holder=state.holder,
            handed_off_at=state.handed_off_at,
            operator_at=state.operator_at,
            unheard_since=state.unheard_since,
            payment=state.payment,
            follow_up_at=state.follow_up_at,
            told_at=state.told_at,
            kept_open=state.kept_open,
        )
        return next_due(quiet, state.rules)

    async def _sleep_until(self, moment: datetime, due: Due) -> None:
        """A later moment does not disturb the timer (it is looked at when it runs out); an earlier one sets it anew."""
        left = moment - workflow.now()
        if left.total_seconds() <= 0:
            self.is_over = True
            return
        try:
            await workflow.wait_condition(lambda: self._comes_before(moment), timeout=left, timeout_summary=due)
        except TimeoutError:
            return

    def _comes_before(self, moment: datetime) -> bool:
        coming = self._next()
        return coming is not None and coming[0] < moment

    def take(self) -> Due | None:
        """What is due now, if anything; the watch goes on from here."""
        coming = self._next()
        self.is_over = False
        if coming is None or coming[0] > workflow.now():
            return None
        return coming[1]
