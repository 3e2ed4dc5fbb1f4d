"""Conversations run in the SDK's sandbox, and every payload of theirs is locked as their own."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.client import Client, WorkflowFailureError
from temporalio.converter import PayloadCodec, SerializationContext, WithSerializationContext
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from runtime.sandbox import sandbox
from runtime.temporal import data_converter
from tests.workflows.sandboxed import Gambling, Talking, echo

QUEUE = "sandboxed"


class Register(PayloadCodec, WithSerializationContext):
    """Locks nothing, and notes for which workflow each payload was to be locked."""

    def __init__(self, asked: set[str], workflow_id: str = "?") -> None:
        self.asked = asked
        self.workflow_id = workflow_id

    def with_context(self, context: SerializationContext) -> "Register":
        return Register(self.asked, getattr(context, "workflow_id", "?"))

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        self.asked.add(self.workflow_id)
        return list(payloads)

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        self.asked.add(self.workflow_id)
        return list(payloads)


async def test_every_payload_belongs_to_its_own_conversation(env: WorkflowEnvironment) -> None:
    """So the key of another customer never locks it, and erasing this customer makes all of it unreadable."""
    asked: set[str] = set()
    config = env.client.config() | {"data_converter": replace(data_converter, payload_codec=Register(asked))}
    client = Client(**config)  # type: ignore[arg-type]
    async with Worker(client, task_queue=QUEUE, workflows=[Talking], activities=[echo], workflow_runner=sandbox()):
        said = await client.execute_workflow(Talking.run, "hello", id="talk", task_queue=QUEUE)
    assert said == "hello"
    assert asked == {"talk"}


async def test_chance_is_kept_out_of_a_workflow(env: WorkflowEnvironment) -> None:
    """A slip in replayed code fails at once in a test, not weeks later in a replay."""
    worker = Worker(
        env.client, task_queue=QUEUE, workflows=[Gambling], workflow_runner=sandbox(),
        workflow_failure_exception_types=[Exception],
    )  # fmt: skip
    async with worker:
        with pytest.raises(WorkflowFailureError) as caught:
            await env.client.execute_workflow(Gambling.run, id="gamble", task_queue=QUEUE)
    assert "random.random" in str(caught.value.cause)
