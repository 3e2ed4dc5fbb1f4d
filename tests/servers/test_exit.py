"""A process that speaks with Temporal ends when it is told to."""

import subprocess
import sys

from tests.servers_here import Servers

ASKS_AND_LEAVES = """
import asyncio, sys
from datetime import timedelta
from runtime.sdk_runtime import leave
from runtime.settings import load_settings
from runtime.temporal import connect

async def main():
    client = await connect(load_settings(_env_file=None, temporal_address=sys.argv[1]))
    asked = [asyncio.create_task(client.service_client.check_health(timeout=timedelta(seconds=2))) for _ in range(300)]
    await asyncio.sleep(0.02)
    return client

kept = asyncio.run(main())
leave(0)
"""


def test_a_process_ends_although_answers_are_on_their_way(servers: Servers) -> None:
    """A worker that is told to stop in the middle of a rush neither hangs until somebody kills it, nor crashes."""
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", ASKS_AND_LEAVES, servers.temporal_address],
            capture_output=True, text=True, timeout=20, check=False,
        )  # fmt: skip
        assert 0 == done.returncode, done.stderr


def test_what_was_said_is_heard_and_the_status_is_kept() -> None:
    """The last line of a command, and what it had promised to do at its end, are not lost."""
    code = """
import atexit, sys
from runtime.sdk_runtime import leave
atexit.register(lambda: sys.stdout.write("tidied up\\n"))
sys.stdout.write("the last line\\n")
leave(3)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=False)
    assert (3, "the last line\ntidied up\n") == (done.returncode, done.stdout)
