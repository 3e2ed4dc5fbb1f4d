"""Hands a trace on through a workflow: from what it heard last to whatever it does about it.

Temporal's own interceptors tie all that a workflow does to the trace that started it: a conversation of months would be
one trace, begun by its first message. Here each message, or an operator's request, has its own. Nothing of this is
recorded but headers, and replays do not look at those: traces may be switched on and off at any time.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.worker import (
    ContinueAsNewInput,
    ExecuteWorkflowInput,
    HandleSignalInput,
    HandleUpdateInput,
    StartActivityInput,
    StartLocalActivityInput,
    WorkflowInboundInterceptor,
    WorkflowOutboundInterceptor,
)

HEADER = "_tracer-data"
"""Where the SDK's client and activity interceptors write and read it."""
TELL = "__everturn_tell_wait"
"""The function outside the sandbox that takes a `Wait`."""
Headers = Mapping[str, Payload]


@dataclass(frozen=True)
class Wait:
    """What passed in a workflow between hearing something and doing the first thing about it: a span."""

    name: str
    parent: str
    """The `traceparent` (W3C) of who told us."""
    span_id: str
    """16 hexadecimal digits, the same on every replay: what follows names it as its parent."""
    began: int
    ended: int
    """Nanoseconds since 1970."""
    conversation: str
    run: str


class _Heard:
    """The trace this workflow works for now."""

    def __init__(self) -> None:
        self._name = self._parent = self._onward = ""
        self._began = 0
        self._told = True

    def note(self, name: str, headers: Headers) -> None:
        """Somebody told us something. What started us and what was signalled with it are one."""
        parent = _parent_in(headers)
        if not parent or parent == self._parent:
            return
        self._name, self._parent, self._began, self._told = name, parent, workflow.time_ns(), False
        version, trace, span, flags = parent.split("-")
        told = f"{workflow.info().run_id}/{trace}/{span}"
        self._span_id = hashlib.sha256(told.encode()).hexdigest()[:16]
        self._onward = f"{version}-{trace}-{self._span_id}-{flags}"

    def add_to(self, headers: Headers) -> Headers:
        """The headers of what is done about it."""
        if not self._parent:
            return headers
        if not self._told:
            self._told = True
            self._tell()
        carrier = json.dumps({"traceparent": self._onward}).encode()
        return {**headers, HEADER: Payload(metadata={"encoding": b"json/plain"}, data=carrier)}

    def _tell(self) -> None:
        if workflow.unsafe.is_replaying():
            return
        info = workflow.info()
        wait = Wait(
            self._name, self._parent, self._span_id, self._began, workflow.time_ns(), info.workflow_id, info.run_id
        )
        workflow.extern_functions()[TELL](wait)


def _parent_in(headers: Headers) -> str:
    """The `traceparent`; empty where there is none that could be read."""
    try:
        parent = str(json.loads(headers[HEADER].data)["traceparent"])
    except (KeyError, ValueError, TypeError):
        return ""
    return parent if parent.count("-") == 3 else ""


class Hearing(WorkflowInboundInterceptor):
    """Notes whose trace whatever comes in belongs to."""

    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        """Put ourselves on the way out, too."""
        self._heard = _Heard()
        super().init(_Onward(outbound, self._heard))

    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:
        """The workflow starts, or goes on as a new run."""
        self._heard.note(f"{workflow.info().workflow_type}.run", input.headers)
        return await super().execute_workflow(input)

    async def handle_signal(self, input: HandleSignalInput) -> None:
        """A customer's message, say."""
        self._heard.note(f"{workflow.info().workflow_type}.{input.signal}", input.headers)
        await super().handle_signal(input)

    async def handle_update_handler(self, input: HandleUpdateInput) -> Any:
        """An operator's request, or a customer who waits on the line."""
        self._heard.note(f"{workflow.info().workflow_type}.{input.update}", input.headers)
        return await super().handle_update_handler(input)


class _Onward(WorkflowOutboundInterceptor):
    """Gives the trace to what the workflow starts."""

    def __init__(self, next: WorkflowOutboundInterceptor, heard: _Heard) -> None:
        super().__init__(next)
        self._heard = heard

    def start_activity(self, input: StartActivityInput) -> "workflow.ActivityHandle[Any]":
        """An activity."""
        input.headers = self._heard.add_to(input.headers)
        return super().start_activity(input)

    def start_local_activity(self, input: StartLocalActivityInput) -> "workflow.ActivityHandle[Any]":
        """An activity in this very process."""
        input.headers = self._heard.add_to(input.headers)
        return super().start_local_activity(input)

    def continue_as_new(self, input: ContinueAsNewInput) -> NoReturn:
        """What is under way goes on in the next run."""
        input.headers = self._heard.add_to(input.headers)
        super().continue_as_new(input)
