"""Conversations as Temporal's visibility lists them."""

from collections.abc import Mapping, Sequence
from typing import Any

from temporalio.client import WorkflowExecution
from temporalio.common import SearchAttributeKey

from api.operator_models import ListedConversation
from contracts import search_attributes as attributes
from domain.identifiers import Address

_STATUS = {
    "open": "ExecutionStatus = 'Running'",
    # A run that continued as new is not a conversation that closed.
    "closed": "ExecutionStatus != 'Running' AND ExecutionStatus != 'ContinuedAsNew'",
    "all": "ExecutionStatus != 'ContinuedAsNew'",
}


def conversation_query(
    wanted: Mapping[str, str | None], status: str, attention: str = "", also: Sequence[str] = ()
) -> str:
    """The visibility query for these filters; a filter's value can never end its quotes.

    `also`: conversations that ask for this kind of attention behind another: Temporal knows one kind of each.
    """
    clauses = ["WorkflowType = 'ConversationWorkflow'", _STATUS[status]]
    clauses += [f"{name} = '{quoted(value)}'" for name, value in wanted.items() if value is not None]
    if attention:
        behind = ", ".join(f"'{quoted(id)}'" for id in also)
        first = f"Attention = '{quoted(attention)}'"
        clauses.append(f"({first} OR WorkflowId IN ({behind}))" if behind else first)
    return " AND ".join(clauses)


def quoted(value: str) -> str:
    """A value that can never end its quotes."""
    return str(value).replace("\\", "\\\\").replace("'", "\\'")


def listed(execution: WorkflowExecution) -> ListedConversation:
    """One line of the list."""
    address = Address.of_conversation(execution.id)

    def label(key: SearchAttributeKey[Any]) -> str:
        return str(execution.typed_search_attributes.get(key) or "")

    return ListedConversation(
        id=execution.id,
        platform=address.platform,
        account=address.account,
        contact=address.contact,
        flow=label(attributes.FLOW),
        phase=label(attributes.PHASE),
        holder=label(attributes.HOLDER),
        attention=label(attributes.ATTENTION),
        order_id=label(attributes.ORDER_ID),
        status=execution.status.name.lower() if execution.status else "",
        opened_at=execution.start_time,
        closed_at=execution.close_time,
    )
