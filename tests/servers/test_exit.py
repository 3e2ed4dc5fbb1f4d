"""A process that speaks with Temporal ends when it is told to."""

import subprocess
import sys

from tests.servers_here import Servers

ASKS_AND_LEAVES = """
import asyncio, sys
from datetime import timedelta
from runtime.settings import load_settings
from runtime.temporal import connect

async def main():
    client = await connect(load_settings(_env_file=None, temporal_address=sys.argv[1]))
    asked = [asyncio.create_task(client.service_client.check_health(timeout=timedelta(seconds=2))) for _ in range(300)]
    await asyncio.sleep(0.02)
    return client

kept = asyncio.run(main())
"""


def test_a_process_ends_although_answers_are_on_their_way(servers: Servers) -> None:
    """A worker that is told to stop in the middle of a rush does not hang until somebody kills it."""
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", ASKS_AND_LEAVES, servers.temporal_address],
            capture_output=True, text=True, timeout=20, check=False,
        )  # fmt: skip
        assert 0 == done.returncode, done.stderr
