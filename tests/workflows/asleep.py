"""A worker in a process of its own, to be stopped in the middle: `python -m tests.workflows.asleep ADDRESS QUEUE`."""

import asyncio
import sys
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import Worker

from runtime.sandbox import sandbox


@workflow.defn
class Nap:
    """Sleeps until a moment has passed, as our debounce windows do."""

    @workflow.run
    async def run(self, seconds: float) -> list[datetime]:
        """The moments at which it was awake."""
        awake = [workflow.now()]
        ends = awake[0] + timedelta(seconds=seconds)
        while (left := ends - workflow.now()) > timedelta(0):
            await workflow.sleep(left)
            awake.append(workflow.now())
        return awake

    @workflow.query
    def look(self) -> str:
        """Anything."""
        return "still here"


async def work(address: str, queue: str) -> None:
    """Until killed."""
    client = await Client.connect(address)
    patience = timedelta(seconds=1)
    async with Worker(
        client, task_queue=queue, workflows=[Nap], workflow_runner=sandbox(),
        sticky_queue_schedule_to_start_timeout=patience,
    ):  # fmt: skip
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(work(*sys.argv[1:]))
