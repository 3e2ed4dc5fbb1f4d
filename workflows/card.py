"""What people see of a conversation in the web UI: search attributes, and a card as its current details."""

from datetime import datetime

from temporalio import workflow
from temporalio.common import SearchAttributeUpdate

with workflow.unsafe.imports_passed_through():
    from contracts.conversation import ConversationState, Opening, Overview
    from contracts.search_attributes import ATTENTION, HOLDER, ORDER_ID, PHASE
    from domain.conversation import foremost


class Card:
    """Keeps the UI in step with the state, saying only what changed."""

    def __init__(self, opening: Opening, state: ConversationState) -> None:
        self._opening = opening
        self._state = state
        shown = (_latest(state), state.phase, str(state.holder), state.order_id)
        self._shown = shown if opening.carried else ("", str(opening.phase), "assistant", "")

    def _attributes(self) -> tuple[str, str, str, str]:
        state = self._state
        return (self._attention(), state.phase, str(state.holder), state.order_id)

    def _attention(self) -> str:
        """There is room for one reason: whoever waits for a person comes first, whatever else happened since."""
        latest, first = _latest(self._state), foremost(self._state.attention)
        return first if first == latest or workflow.patched("a-person-comes-first") else latest

    def show(self) -> None:
        """Bring search attributes and current details up to date; an upsert only where something changed."""
        now_shown = self._attributes()
        keys = (ATTENTION, PHASE, HOLDER, ORDER_ID)
        changes: list[SearchAttributeUpdate] = [  # type: ignore[type-arg]  # the SDK's own alias is not generic-friendly
            key.value_set(value) if value else key.value_unset()
            for key, value, before in zip(keys, now_shown, self._shown, strict=True)
            if value != before
        ]
        if changes:
            workflow.upsert_search_attributes(changes)
            self._shown = now_shown
        workflow.set_current_details(self._markdown())

    def _markdown(self) -> str:
        state, address = self._state, self._opening.address
        attention = f"**{', '.join(state.attention)}** {state.note}" if state.attention else "none"
        rows = [
            f"### {state.name or address.contact} on {address.platform}",
            f"- **flow** {self._opening.flow}, dialog {state.dialog}, turn {state.turn}",
            f"- **phase** {state.phase or '—'}, waiting for {state.waiting_for or 'nothing'}",
            f"- **holder** {state.holder}{f' ({state.operator})' if state.operator else ''}",
            f"- **attention** {attention}",
            f"- **to answer** {len(state.waiting)} messages; **to send** {len(state.outbox)} parts",
            f"- **last message** {_clock(state.last_message_at)}",
        ]
        if state.payment is not None:
            rows.append(f"- **payment** {state.payment.id} of order {state.payment.order or '—'} waits for a person")
        if state.order_id:
            rows.append(f"- **last order** {state.order_id}")
        return "\n".join(rows)

    def overview(self) -> Overview:
        """The same at a glance, for programs."""
        state, address = self._state, self._opening.address
        return Overview(
            conversation_id=address.conversation_id,
            platform=address.platform,
            account=address.account,
            contact=address.contact,
            flow=self._opening.flow,
            holder=state.holder,
            phase=state.phase,
            waiting_for=state.waiting_for,
            attention=state.attention,
            note=state.note,
            turn=state.turn,
            dialog=state.dialog,
            order_id=state.order_id,
            route=state.route,
            waiting_messages=len(state.waiting),
            outbox=len(state.outbox),
            duplicates=state.duplicates,
            last_message_at=state.last_message_at,
            dialog_state=state.dialog_state,
            operator=state.operator,
            payment=state.payment,
        )


def _latest(state: ConversationState) -> str:
    return state.attention[0].value if state.attention else ""


def _clock(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC") if moment else "—"
