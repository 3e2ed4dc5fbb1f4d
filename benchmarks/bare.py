"""The floor: what Temporal itself needs for the same work, with nothing of ours in between.

A signal, a pause, two activities; a default worker in a process of its own (`python -m benchmarks.bare ADDRESS QUEUE`)
that tells on its standard output whom it answered and when, and lives until its standard input is closed.
"""

import asyncio
import os
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker

with workflow.unsafe.imports_passed_through():
    from benchmarks.answers import Answers

PAUSE = 0.2
WORKFLOW = "BareConversation"
OPENING = {
    "address": {"platform": "bare", "account": "default", "contact": "100000"},
    "flow": "bare",
    "phase": "details",
    "rules": {"quiet_period": PAUSE, "longest_wait": 30.0, "max_burst": 10, "interim_after": 8.0},
}
"""About as many bytes as an opening of ours."""


@activity.defn(name="bare_decide")
async def decide(message: dict[str, Any]) -> dict[str, Any]:
    """Think nothing."""
    return {"parts": [{"text": message["text"]}], "phase": "details", "state": {"turn": message["id"]}}


@activity.defn(name="bare_send")
async def send(part: dict[str, Any]) -> dict[str, Any]:
    """Say whom we answered, and when."""
    sys.stdout.write(f"{part['to']} {time.time():.6f}\n")
    sys.stdout.flush()
    return {"state": "sent"}


@workflow.defn(name=WORKFLOW)
class BareConversation:
    """Waits for a message, pauses, decides, sends."""

    def __init__(self) -> None:
        self._waiting: list[dict[str, Any]] = []

    @workflow.run
    async def run(self, opening: dict[str, Any]) -> None:
        """Until the server goes away."""
        patience = timedelta(seconds=60)
        while True:
            await workflow.wait_condition(lambda: bool(self._waiting))
            await workflow.sleep(opening["rules"]["quiet_period"])
            burst, self._waiting = self._waiting, []
            chosen = await workflow.execute_activity(decide, burst[-1], start_to_close_timeout=patience)
            part = {"to": workflow.info().workflow_id, **chosen["parts"][0]}
            await workflow.execute_activity(send, part, start_to_close_timeout=patience)
            if workflow.info().get_current_history_length() > 1_500:
                workflow.continue_as_new(opening)

    @workflow.signal
    def receive(self, message: dict[str, Any]) -> None:
        """Note it."""
        self._waiting.append(message)


class BareSide(Answers):
    """Callers of the bare workflow, through a plain client."""

    def __init__(self, client: Client, queue: str) -> None:
        super().__init__()
        self._client = client
        self._queue = queue
        self._numbers = 0
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """The worker's process id."""
        assert self._process is not None
        return self._process.pid

    async def start_worker(self, address: str) -> None:
        """Give the queue a worker of its own; without one every signal is durable all the same."""
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "benchmarks.bare", address, self._queue),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": _root()},
        )
        assert self._process.stdout is not None
        await self._process.stdout.readline()
        self._listening = asyncio.create_task(self._listen(self._process.stdout))

    async def _listen(self, told: asyncio.StreamReader) -> None:
        while line := await told.readline():
            match line.split():
                case [who, at]:
                    self.arrived(who.decode(), float(at))
                case _:
                    """Two of its words ran into one line: a worker was killed while it spoke."""

    def answer_to(self, who: str) -> "asyncio.Future[float]":
        """The next answer this caller gets."""
        return super().answer_to(f"{self._queue}:{who}")

    async def write(self, who: str, text: str) -> None:
        """Signal with start."""
        self._numbers += 1
        at = "2026-11-21T06:00:00.000000Z"
        message = {"id": f"inbox:from_client:{self._numbers}", "kind": "text", "received_at": at, "text": text,
                   "sent_at": at, "route": "telegram/1/1234567890"}  # fmt: skip
        await self._client.start_workflow(
            WORKFLOW,
            OPENING,
            id=f"{self._queue}:{who}",
            task_queue=self._queue,
            start_signal="receive",
            start_signal_args=[message],
        )

    async def stop(self) -> None:
        """End the worker."""
        if self._process and self._process.stdin:
            self._process.stdin.close()
            await self._process.wait()
            await self._listening


def _root() -> str:
    """Where the packages of this checkout lie; asked late, for the sandbox runs this module too."""
    return str(Path(__file__).resolve().parent.parent)


async def _work(address: str, queue: str) -> None:
    client = await Client.connect(address)
    async with Worker(
        client, task_queue=queue, workflows=[BareConversation], activities=[decide, send], max_cached_workflows=2_000
    ):
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_work(sys.argv[1], sys.argv[2]))
