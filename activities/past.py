"""What was decided in a conversation: read from its histories while they are kept, else from the books."""

from datetime import UTC, datetime

from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowHistory
from temporalio.service import RPCError, RPCStatusCode

from contracts.dialog import TakeTurn
from domain.decisions import Decision
from domain.identifiers import Address
from domain.messages import InboundMessage, Media, MessageKind, Part
from domain.model import Value
from providers.records.past import Said

MOST_RUNS = 50
DECIDE = "decide"


class PastTurn(Value):
    """One turn as it was taken."""

    asked: TakeTurn
    at: datetime
    decision: Decision | None
    """None: the turn failed."""
    is_whole: bool = True
    """False: it is told by the books, which know what was said and nothing else."""


async def turns_of(client: Client, conversation: str, first: int) -> list[PastTurn]:
    """The turns of the conversation's latest life, in order, as far back as `first` if its histories reach so far.

    Raises:
        RPCError: the server cannot be reached.
    """
    found: dict[int, PastTurn] = {}
    run_id: str | None = None
    for _ in range(MOST_RUNS):
        history = await _fetched(client, conversation, run_id)
        if history is None:
            break
        found = await _decided(client, history) | found
        run_id = history.events[0].workflow_execution_started_event_attributes.continued_execution_run_id
        if not run_id or (found and min(found) <= first):
            break
    return [found[number] for number in sorted(found)]


async def _fetched(client: Client, conversation: str, run_id: str | None) -> WorkflowHistory | None:
    try:
        return await client.get_workflow_handle(conversation, run_id=run_id).fetch_history()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise


async def _decided(client: Client, history: WorkflowHistory) -> dict[int, PastTurn]:
    """Turn → how it was decided; where the customer wrote on, what was decided last counts."""
    results = {
        event.activity_task_completed_event_attributes.scheduled_event_id: event
        for event in history.events
        if event.HasField("activity_task_completed_event_attributes")
    }
    turns: dict[int, PastTurn] = {}
    for event in history.events:
        attributes = event.activity_task_scheduled_event_attributes
        if attributes.activity_type.name != DECIDE:
            continue
        (asked,) = await client.data_converter.decode(attributes.input.payloads, [TakeTurn])
        decision = await _decision(client, results.get(event.event_id))
        whole = asked.asked_by(history.workflow_id)
        turns[asked.turn] = PastTurn(asked=whole, at=event.event_time.ToDatetime(UTC), decision=decision)
    return turns


async def _decision(client: Client, event: HistoryEvent | None) -> Decision | None:
    if event is None:
        return None
    result = event.activity_task_completed_event_attributes.result.payloads
    (decision,) = await client.data_converter.decode(result, [Decision])
    return decision if isinstance(decision, Decision) else None


def turns_in(said: list[Said], address: Address, flow: str) -> list[PastTurn]:
    """The turns as the books have them: what was said, without the flow's states and without choices tapped."""
    turns: dict[int, list[Said]] = {}
    for line in said:
        if line.turn and not line.by_operator:
            turns.setdefault(line.turn, []).append(line)
    return [_turn(number, lines, address, flow) for number, lines in turns.items() if any(one.inbound for one in lines)]


def _turn(number: int, lines: list[Said], address: Address, flow: str) -> PastTurn:
    heard = [line for line in lines if line.inbound]
    parts = tuple(Part(text=line.text) for line in lines if not line.inbound)
    asked = TakeTurn(conversation=address.conversation_id, flow=flow, turn=number, messages=tuple(map(_message, heard)))
    return PastTurn(asked=asked, at=heard[-1].at, decision=Decision(parts=parts, phase=""), is_whole=False)


def _message(line: Said) -> InboundMessage:
    return InboundMessage(
        id=line.message_id,
        kind=MessageKind(line.kind),
        received_at=line.at,
        text=line.text,
        media=tuple(Media.model_validate(one) for one in line.media),
        name=line.name,
    )
