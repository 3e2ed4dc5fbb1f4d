"""A worker stands still, an operator looks at the conversation meanwhile, the worker wakes: nothing is amiss."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from temporalio.client import Client, WorkflowHandle, WorkflowQueryFailedError
from temporalio.service import RPCError

from tests.servers_here import Servers
from tests.workflows.asleep import Nap

ROOT = Path(__file__).resolve().parents[2]
SLEEPERS = 12
QUEUE = uuid4().hex


@pytest.fixture
def worker(servers: Servers) -> Iterator[subprocess.Popen[str]]:
    """One worker, ready."""
    command = [sys.executable, "-m", "tests.workflows.asleep", servers.temporal_address, QUEUE]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        assert "ready\n" == process.stdout.readline()
        yield process
        process.kill()


async def look(nap: WorkflowHandle[Nap, object], after: float) -> None:
    """As a console does; that nobody answers is no wonder."""
    await asyncio.sleep(after)
    try:
        await nap.query(Nap.look, rpc_timeout=timedelta(seconds=6))
    except (RPCError, WorkflowQueryFailedError):
        return


@pytest.mark.slow
@pytest.mark.timeout(60)
async def test_a_look_at_a_sleeping_conversation_leaves_it_as_it_is(
    servers: Servers, worker: "subprocess.Popen[str]"
) -> None:
    """Its clock goes on with its own task only; otherwise no worker could ever carry it on (a fault run's find)."""
    client = await Client.connect(servers.temporal_address)
    naps = [
        await client.start_workflow(Nap.run, 1.0, id=uuid4().hex, task_queue=QUEUE, task_timeout=timedelta(seconds=3))
        for _ in range(SLEEPERS)
    ]
    await asyncio.sleep(0.25)
    os.kill(worker.pid, signal.SIGSTOP)
    looks = [asyncio.create_task(look(nap, 0.3)) for nap in naps]
    await asyncio.sleep(3)
    os.kill(worker.pid, signal.SIGCONT)
    awake = await asyncio.wait_for(asyncio.gather(*(nap.result() for nap in naps)), 30)
    await asyncio.gather(*looks)

    assert [2] * SLEEPERS == [len(moments) for moments in awake]
    assert "still here" == await naps[0].query(Nap.look)
