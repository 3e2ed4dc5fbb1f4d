"""The workflow sandbox: the SDK's, entered for the workflow's own code only."""

from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import Success, WorkflowActivationCompletion
from temporalio.converter import StorageDriverStoreContext, WorkflowSerializationContext
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions
from temporalio.workflow import Info

PASSED_THROUGH = ("contracts", "domain", "policies", "workflows")
"""Replayed code of ours that is imported once, not once per conversation; what it may use is enforced by lint."""


NEWS = frozenset({"fire_timer", "signal_workflow", "resolve_activity", "cancel_workflow", "do_update"})
"""What a workflow hears of by a task of its own, which brings the time along."""


class AheadOfItsTask(RuntimeError):
    """A query would have run the workflow ahead of its task, with the clock of the task before; see decision 22.

    Refused, the query fails, the SDK forgets the workflow, and its task finds it as it was.
    """


class Sandbox(SandboxedWorkflowRunner):
    """The SDK's sandbox, without its way of asking whom a payload belongs to.

    The SDK asks up to four times for every payload that comes or goes, each time by compiling a piece of code and
    running it within the sandbox: a quarter of a worker's Python time (py-spy, 64 busy conversations, temporalio
    1.35.0). All that a workflow of ours reads or writes is its own.
    """

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """One workflow, in a sandbox of its own."""
        return _Own(super().create_instance(det))


class _Own(WorkflowInstance):
    """A workflow whose payloads, those of its activities too, all belong to itself."""

    def __init__(self, sandboxed: WorkflowInstance) -> None:
        self._sandboxed = sandboxed
        info = sandboxed.get_info()
        self._context = WorkflowSerializationContext(namespace=info.namespace, workflow_id=info.workflow_id)
        self._at, self._seen = 0, 0
        """When the last task began (nanoseconds), and how many events were known then."""
        self._is_ahead = False

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        """Go on.

        Raises:
            AheadOfItsTask: the SDK gave us what happened before anybody was told to act on it.
        """
        jobs = {job.WhichOneof("variant") for job in act.jobs}
        if "remove_from_cache" in jobs:
            return self._sandboxed.activate(act)
        if self._is_ahead:
            raise AheadOfItsTask("asked before its task came: whoever asks should ask again")
        at, known = act.timestamp.ToNanoseconds(), act.history_length
        self._is_ahead = at == self._at and known > self._seen and not act.is_replaying and not jobs.isdisjoint(NEWS)
        if self._is_ahead:  # refused only with the query itself, which comes next: refused now, the worker stands still
            return WorkflowActivationCompletion(run_id=act.run_id, successful=Success())
        self._at, self._seen = at, known
        return self._sandboxed.activate(act)

    def get_serialization_context(self, command_info: object) -> WorkflowSerializationContext:
        return self._context

    def get_external_store_context(self, command_info: object) -> StorageDriverStoreContext:
        return StorageDriverStoreContext(target=None)

    def get_info(self) -> Info:
        return self._sandboxed.get_info()

    def get_thread_id(self) -> int | None:
        return self._sandboxed.get_thread_id()


def sandbox() -> Sandbox:
    """The workflow sandbox, with our replayed modules passed through."""
    return Sandbox(restrictions=SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH))
