"""The workflow sandbox: the SDK's, entered for the workflow's own code only."""

from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.converter import StorageDriverStoreContext, WorkflowSerializationContext
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions
from temporalio.workflow import Info

PASSED_THROUGH = ("contracts", "domain", "policies", "workflows")
"""Replayed code of ours that is imported once, not once per conversation; what it may use is enforced by lint."""


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

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
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
