"""Conversations as the API sees them: workflows that are started, signalled, asked and listed."""

import asyncio
import base64
import hashlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

import structlog
from cachetools import TTLCache
from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowExecution,
    WorkflowHandle,
    WorkflowQueryFailedError,
    WorkflowQueryRejectedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import Priority, SearchAttributePair, TypedSearchAttributes, WorkflowIDConflictPolicy
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from api.hedge import Hedge
from api.problems import Problem, unavailable
from contracts import search_attributes
from contracts.conversation import (
    TASK_QUEUE,
    Answered,
    Asked,
    DecidePayment,
    Opening,
    OperatorReply,
    Overview,
    PageRequest,
    PaymentDecision,
    Release,
    TakeOver,
    TranscriptPage,
)
from domain.conversation import Holder
from domain.identifiers import Address, fairness_key
from policies import history
from runtime.accounts import Account, Accounts
from workflows.conversation import ConversationWorkflow

log = structlog.get_logger(__name__)

DURABLE_WITHIN = 8.0
"""Seconds in which a message must be durable; platforms give up on a webhook after ten."""
TASK_TIMEOUT = timedelta(seconds=2.5)
"""A task handed to a worker that has just been killed is given to another after this; a task takes milliseconds."""
MOST_KNOWN_OPEN = 20_000
KNOWN_OPEN_FOR = 3_600.0
"""Seconds. Should one have closed meanwhile, the server says so, and it is opened again."""
NOTICED_WITHIN = 0.5
"""Seconds beyond an asker's patience in which the conversation says "not yet"."""
SHORTEST_WITHIN = 0.1
"""Seconds a question is given that had to wait for its turn."""
ANSWER_WITHIN = 8.0
"""Seconds an operator waits for a conversation's answer."""
A_LOOK = timedelta(seconds=1.3)
"""One question has less time than a worker's sticky queue (1.5 s, `worker.SPEED`): the server would give it to another
queue then, and the worker that wakes would run the conversation ahead of its task (`runtime.sandbox`)."""
AGAIN_SECONDS = 0.2
Answer = TypeVar("Answer")
_REFUSED = {
    "NoSuchPayment": "this payment does not wait for a decision any more",
    "AlreadyAgreed": "this person has agreed already: a second one has to agree to this sum",
}
"""Why a conversation does not do what it is asked to, by the type of its refusal."""


class Conversations:
    """Every conversation, through one Temporal client."""

    def __init__(
        self, client: Client, accounts: Accounts, first_phase: Callable[[str], str], hedge: Hedge | None = None
    ) -> None:
        self._client = client
        self._accounts = accounts
        self._first_phase = first_phase
        self._hedge = hedge
        self._open: TTLCache[str, bool] = TTLCache(maxsize=MOST_KNOWN_OPEN, ttl=KNOWN_OPEN_FOR)
        """Those that were open a moment ago: a plain signal is half the work of one that may have to open them."""

    async def tell(self, address: Address, signal: str, argument: Any, *, within: float = DURABLE_WITHIN) -> None:
        """Signal the conversation, opening it first if it is closed or new. Durable when this returns.

        Raises:
            Problem: 503, Temporal did not take it in time; 404, nobody has this account.
        """
        account = await self._accounts.find(address.platform, address.account)
        if account is None:
            raise Problem(404, f"no account {address.account!r} on {address.platform}")
        if address.conversation_id in self._open and await self.mention(address, signal, argument, within=within):
            return
        async with _reachable(within):
            await self._client.start_workflow(
                ConversationWorkflow.run,
                self._opening(address, account),
                id=address.conversation_id,
                task_queue=TASK_QUEUE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                search_attributes=self._labels(address, account),
                static_summary=f"{address.platform} · {account.flow}",
                priority=fairness_of(address),
                start_signal=signal,
                start_signal_args=[argument],
                rpc_timeout=timedelta(seconds=within),
                task_timeout=TASK_TIMEOUT,
            )
        self._open[address.conversation_id] = True

    async def ask(self, address: Address, asked: Asked) -> Answered:
        """Tell the conversation a message and wait for its reply.

        Raises:
            Problem: 503, nobody answers in time: the message may be noted, or not; 404, nobody has this account.
        """
        account = await self._accounts.find(address.platform, address.account)
        if account is None:
            raise Problem(404, f"no account {address.account!r} on {address.platform}")
        opening = WithStartWorkflowOperation(
            ConversationWorkflow.run,
            self._opening(address, account),
            id=address.conversation_id,
            task_queue=TASK_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            search_attributes=self._labels(address, account),
            static_summary=f"{address.platform} · {account.flow}",
            priority=fairness_of(address),
            task_timeout=TASK_TIMEOUT,
        )
        if self._hedge:
            asked = await self._behind_what_is_told(address, asked)
        async with _reachable(asked.within + NOTICED_WITHIN):
            return await self._client.execute_update_with_start_workflow(
                ConversationWorkflow.ask, asked, start_workflow_operation=opening
            )

    async def mention(self, address: Address, signal: str, argument: Any, *, within: float = DURABLE_WITHIN) -> bool:
        """Signal the conversation if it is still open; a closed one need not know. Whether it was.

        Raises:
            Problem: 503, Temporal did not take it in time.
        """
        try:
            async with asyncio.timeout(within):
                await self._handle(address).signal(signal, argument, rpc_timeout=timedelta(seconds=within))
                return True
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise unavailable("Temporal cannot be reached") from error
            return False
        except (TimeoutError, RuntimeError) as error:
            raise unavailable("Temporal cannot be reached") from error

    def _opening(self, address: Address, account: Account) -> Opening:
        return Opening(
            address=address,
            flow=account.flow,
            phase=self._first_phase(account.flow),
            rules=account.turn_taking,
            long_events=history.LONG_EVENTS,
        )

    def _labels(self, address: Address, account: Account) -> TypedSearchAttributes:
        return TypedSearchAttributes(
            [
                SearchAttributePair(search_attributes.PLATFORM, address.platform),
                SearchAttributePair(search_attributes.ACCOUNT, address.account),
                SearchAttributePair(search_attributes.FLOW, account.flow),
                SearchAttributePair(search_attributes.PHASE, self._first_phase(account.flow)),
                SearchAttributePair(search_attributes.HOLDER, Holder.ASSISTANT.value),
            ]
        )

    async def overview(self, address: Address) -> Overview:
        """The conversation at a glance, asked of the workflow itself.

        Raises:
            Problem: 404 there never was one; 503 Temporal or the worker does not answer.
        """
        ask = partial(self._handle(address).query, ConversationWorkflow.overview, rpc_timeout=A_LOOK)
        async with _reachable(ANSWER_WITHIN):
            await self._told(address)
            return await _asked(ask)

    async def transcript(self, address: Address, page: PageRequest) -> TranscriptPage:
        """What it has heard and said lately, by reference; see `overview` for what may be raised."""
        ask = partial(self._handle(address).query, ConversationWorkflow.transcript_page, page, rpc_timeout=A_LOOK)
        async with _reachable(ANSWER_WITHIN):
            await self._told(address)
            return await _asked(ask)

    async def take_over(self, address: Address, request: TakeOver, key: str | None = None) -> Overview:
        """Seize it; see `overview` for what may be raised, and 409 if it is over."""
        async with _reachable(ANSWER_WITHIN):
            await self._told(address)
            return await self._handle(address).execute_update(ConversationWorkflow.take_over, request, id=key)

    async def release(self, address: Address, request: Release, key: str | None = None) -> Overview:
        """Give it back to the assistant."""
        async with _reachable(ANSWER_WITHIN):
            await self._told(address)
            return await self._handle(address).execute_update(ConversationWorkflow.release, request, id=key)

    async def reply(self, address: Address, reply: OperatorReply, key: str | None = None) -> Overview:
        """Write to the customer. The same `key` twice writes once."""
        wish = reply.model_copy(update={"key": key or ""})
        async with _reachable(ANSWER_WITHIN):
            await self._told(address)
            return await self._handle(address).execute_update(ConversationWorkflow.operator_reply, wish, id=key)

    async def decide_payment(
        self, address: Address, decision: DecidePayment, key: str | None = None
    ) -> PaymentDecision:
        """Approve or refuse a payment proof; 409 where it does not wait, or the same person agrees again."""
        async with _reachable(ANSWER_WITHIN):
            await self._told(address)
            return await self._handle(address).execute_update(ConversationWorkflow.decide_payment, decision, id=key)

    async def page(self, query: str, limit: int, cursor: str | None) -> tuple[list[WorkflowExecution], str | None]:
        """One page of the list that Temporal keeps, and where the next begins."""
        async with _reachable(ANSWER_WITHIN):
            found = self._client.list_workflows(query, page_size=limit, next_page_token=_token(cursor))
            await found.fetch_next_page()
        following = found.next_page_token
        return list(found.current_page or ()), _cursor(following) if following else None

    async def _told(self, address: Address) -> None:
        """What its senders know taken, it knows before anybody asks it anything.

        Raises:
            Problem: 503, Temporal did not take it: the inbox has it.
        """
        if not await self.is_told(address):
            raise unavailable("Temporal cannot be reached")

    async def _behind_what_is_told(self, address: Address, asked: Asked) -> Asked:
        """The same question, with the patience that is left."""
        began = time.monotonic()
        async with _reachable(asked.within):
            await self._told(address)
        left = asked.within - (time.monotonic() - began)
        return asked.model_copy(update={"within": max(SHORTEST_WITHIN, left)})

    async def is_told(self, address: Address) -> bool:
        """Wait until it is no longer being told what its senders know taken; whether it heard all of it."""
        return self._hedge is None or await self._hedge.told(address.conversation_id)

    def _handle(self, address: Address) -> WorkflowHandle[ConversationWorkflow, None]:
        return self._client.get_workflow_handle_for(ConversationWorkflow.run, address.conversation_id)


async def _asked(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """What a conversation answers, asked again and again: one whose task is just coming cannot be asked before it."""
    while True:
        try:
            return await ask()
        except WorkflowQueryFailedError as error:
            log.debug("not_answered", reason=str(error)[:200])
        except RPCError as error:
            if error.status not in (RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED):
                raise
        await asyncio.sleep(AGAIN_SECONDS)


def fairness_of(address: Address) -> Priority:
    """No account's work waits behind another's: the workflow's tasks and activities carry its account."""
    return Priority(fairness_key=fairness_key(address.platform, address.account))


def _cursor(token: bytes) -> str:
    """Temporal's own page token, with a checksum: the server answers a broken one as if it were itself unwell."""
    return base64.urlsafe_b64encode(hashlib.sha256(token).digest()[:8] + token).decode()


def _token(cursor: str | None) -> bytes | None:
    if cursor is None:
        return None
    try:
        given = base64.urlsafe_b64decode(cursor.encode())
    except ValueError:
        given = b""
    if len(given) <= 8 or hashlib.sha256(given[8:]).digest()[:8] != given[:8]:
        raise Problem(400, "this cursor is not one of ours")
    return given[8:]


@asynccontextmanager
async def _reachable(seconds: float) -> AsyncIterator[None]:
    """Say in HTTP what Temporal's failures mean to the caller."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except RPCError as error:
        raise _of_rpc(error) from error
    except (WorkflowUpdateFailedError, WorkflowQueryRejectedError) as error:
        raise Problem(409, _why(error)) from error
    except WorkflowQueryFailedError as error:
        raise unavailable("the conversation cannot be asked: no worker answers") from error
    except (TimeoutError, RuntimeError, WorkflowUpdateRPCTimeoutOrCancelledError) as error:
        # A lazy client that cannot connect raises a bare RuntimeError.
        raise unavailable("Temporal or its worker does not answer") from error


def _why(error: WorkflowUpdateFailedError | WorkflowQueryRejectedError) -> str:
    cause = error.cause
    kind = cause.type if isinstance(cause, ApplicationError) else None
    return _REFUSED.get(kind or "", "the conversation cannot do this now")


def _of_rpc(error: RPCError) -> Problem:
    match error.status:
        case RPCStatusCode.NOT_FOUND if "completed" in error.message:
            return Problem(409, "this conversation is over; it opens again when the customer writes")
        case RPCStatusCode.NOT_FOUND if "namespace" in error.message.lower():
            return unavailable("Temporal does not know the namespace (TEMPORAL_NAMESPACE)")
        case RPCStatusCode.NOT_FOUND:
            return Problem(404, "there is no such conversation")
        case RPCStatusCode.INVALID_ARGUMENT:
            return Problem(422, f"Temporal refuses it: {error.message[:200]}")
        case _:
            return unavailable(f"Temporal does not take it now ({error.status.name.lower()})")
