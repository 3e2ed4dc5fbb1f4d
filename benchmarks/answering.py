"""Whether a conversation is able to answer, whatever was said in it before."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import uuid4

from temporalio.api.enums.v1 import EventType, WorkflowTaskFailedCause
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle
from temporalio.service import RPCError

from contracts.conversation import Overview, Release
from domain.messages import InboundMessage
from workflows.conversation import ConversationWorkflow

PATIENCE = 30.0
"""Seconds in which a plain message is decided about."""
AT_ONCE = 8
HARMLESS = WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND
"""News came in while a task was ending: the server has it done again."""
Handle = WorkflowHandle[ConversationWorkflow, None]


async def open_conversations(client: Client) -> dict[str, str]:
    """Every conversation of the namespace and how its latest run stands; once the list no longer grows."""
    before: dict[str, str] = {}
    while True:
        found: dict[str, str] = {}
        async for run in client.list_workflows("WorkflowType = 'ConversationWorkflow'"):
            if run.status is not WorkflowExecutionStatus.CONTINUED_AS_NEW:
                found[run.id] = run.status.name if run.status else ""
        if found == before:
            return found
        before = found
        await asyncio.sleep(1.5)


async def stuck(client: Client, ids: Iterable[str], within: float = PATIENCE) -> dict[str, str]:
    """The conversations that cannot answer, and why. Whoever holds them gives them back first."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def examine(own_id: str) -> tuple[str, str]:
        async with gate:
            handle = client.get_workflow_handle_for(ConversationWorkflow.run, own_id)
            try:
                await _answered(handle, within)
            except (TimeoutError, RPCError) as error:
                return own_id, f"{type(error).__name__} {error}; {await _failures(handle)}; {await _pending(handle)}"
            return own_id, await _failures(handle)

    found = await asyncio.gather(*map(examine, ids))
    return {own_id: wrong for own_id, wrong in found if wrong}


async def _answered(handle: Handle, within: float) -> None:
    """Write something plain and wait until it is decided about."""
    async with asyncio.timeout(within):
        await handle.execute_update(ConversationWorkflow.release, Release(operator="examiner"))
        before = await _rested(handle)
        plain = InboundMessage(id=f"plain:{uuid4().hex}", received_at=datetime.now(UTC), text="Добрий день")
        await handle.signal(ConversationWorkflow.receive, plain)
        while (await _rested(handle)).turn <= before.turn:
            await asyncio.sleep(0.1)


async def _rested(handle: Handle) -> Overview:
    """The conversation once nothing waits to be decided."""
    while (seen := await handle.query(ConversationWorkflow.overview)).waiting_messages:
        await asyncio.sleep(0.1)
    return seen


async def _pending(handle: Handle) -> str:
    """What it waits for."""
    seen = (await handle.describe()).raw_description
    tasks = [
        f"{each.activity_type.name} #{each.attempt}: {each.last_failure.message}" for each in seen.pending_activities
    ]
    if seen.HasField("pending_workflow_task"):
        tasks.append(f"its own task #{seen.pending_workflow_task.attempt}")
    return "; ".join(tasks)[:500]


async def _failures(handle: Handle) -> str:
    """What failed for good in its latest run: tasks of the workflow itself, and decisions."""
    wrong: list[str] = []
    names: dict[int, str] = {}
    async for event in handle.fetch_history_events():
        match event.event_type:
            case EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
                names[event.event_id] = event.activity_task_scheduled_event_attributes.activity_type.name
            case EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED:
                failed = event.activity_task_failed_event_attributes
                if names[failed.scheduled_event_id] != "send":
                    wrong.append(f"{names[failed.scheduled_event_id]}: {failed.failure.message[:200]}")
            case EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED:
                task = event.workflow_task_failed_event_attributes
                if task.cause != HARMLESS:
                    wrong.append(f"task: {task.failure.message[:200]}")
            case _:
                pass
    return "; ".join(wrong)
