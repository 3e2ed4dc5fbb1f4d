"""Whatever comes in under a platform's name, rightly signed: no crash, and no conversation that stands still."""

import asyncio
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import httpx
import pytest
from temporalio.client import Client

from benchmarks.answering import open_conversations, stuck
from benchmarks.mutations import Mutant, mutated
from benchmarks.recorded import nowhere, proven, recorded
from platforms.base import Credentials
from platforms.registry import names, variables
from platforms.simulation import Webhook
from runtime.temporal import connect
from tests.api.namespaces import fresh_namespace
from tests.api.running import serving, settings_for
from tests.servers_here import Servers

EVERTURN = str(Path(sys.executable).parent / "everturn")
SEED = 20_261_121
BODIES = 500
"""Thousands more are read in tests/platforms without a door; `make bench ARGS=fuzz` posts as many as wished."""
AT_ONCE = 8
SHOP = Credentials(account="default", access_token="simulator", webhook_secret="fuzz-secret")
TAKEN = {200, 202}
REFUSED = {400, 413, 429}


@pytest.fixture(scope="module")
def namespace(servers: Servers) -> str:
    """A namespace of this module's own."""
    return fresh_namespace(servers, "fuzz")


@pytest.fixture(scope="module")
def shop(servers: Servers, namespace: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A shop on every platform, with secrets, a worker, and nothing that slows it down."""
    shared: dict[str, Any] = {
        "temporal_address": servers.temporal_address,
        "temporal_namespace": namespace,
        "database_url": servers.fresh_database(f"fuzz_{uuid4().hex[:12]}"),
        "flood_messages_per_minute": 1_000_000,
        "chat2desk_storage_url": "http://media.invalid",
    }
    for known in variables():
        shared[known.variable("webhook_secret").lower()] = SHOP.webhook_secret
        shared[known.variable("quiet_period_seconds").lower()] = 0
        shared[known.variable("rate_limit_requests_per_minute").lower()] = 600_000
    folder = tmp_path_factory.mktemp("fuzz")
    with serving(settings_for(**shared)) as url:
        for name in names():
            httpx.post(f"{url}/simulator/_settings", json={"platform": name, "rate": 0, "latency": 0}, trust_env=False)
        environment = {name.upper(): str(value) for name, value in shared.items()} | {"EVERTURN_API_URL": url}
        with _working(environment, folder):
            yield url


@contextmanager
def _working(environment: dict[str, str], folder: Path) -> Iterator[None]:
    with (folder / "worker.log").open("wb") as log:
        process = subprocess.Popen(
            [EVERTURN, "worker"], env=os.environ | environment, cwd=folder, stdout=log, stderr=log
        )  # fmt: skip
        try:
            yield
        finally:
            process.terminate()
            process.wait(15)


@pytest.fixture
async def temporal(servers: Servers, namespace: str) -> Client:
    """A look behind the scenes."""
    return await connect(settings_for(temporal_address=servers.temporal_address, temporal_namespace=namespace))


def bodies() -> Iterator[tuple[str, Mutant]]:
    """The same ones on every run, from every platform's recorded bodies in turn."""
    chance = Random(SEED)
    pools = {name: [nowhere(body) for body in recorded(name).values()] for name in names()}
    for number in range(BODIES):
        name = names()[number % len(pools)]
        yield name, mutated(chance.choice(pools[name]), chance)


async def post(door: httpx.AsyncClient, hook: Webhook) -> int:
    """What it is answered (0: nothing); asked again while the namespace is not known everywhere yet."""
    for _ in range(50):
        try:
            answer = await door.post(hook.path, params=dict(hook.query), headers=dict(hook.headers), content=hook.body)
        except httpx.HTTPError:
            return 0
        if answer.status_code != 503:
            break
        await asyncio.sleep(0.1)
    return answer.status_code


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_no_body_breaks_the_door_and_every_conversation_can_answer_afterwards(
    shop: str, temporal: Client
) -> None:
    """Fields gone, doubled, retyped, swapped, enormous; odd letters, odd bytes: taken or refused, never a crash.

    And whoever wrote such a thing is answered when they write something plain.
    """
    met: Counter[tuple[str, int]] = Counter()
    odd: list[tuple[str, str, int, str]] = []
    waiting = bodies()

    async def keep_posting(door: httpx.AsyncClient) -> None:
        for name, mutant in waiting:
            status = await post(door, proven(name, mutant.body, SHOP))
            met[name, status] += 1
            if status not in TAKEN | REFUSED:
                odd.append((name, mutant.how, status, mutant.body[:500].decode("latin-1")))

    async with httpx.AsyncClient(base_url=shop, timeout=90, trust_env=False) as door:
        await asyncio.gather(*(keep_posting(door) for _ in range(AT_ONCE)))
    assert [] == odd
    assert set(names()) == {name for name, status in met if status in TAKEN}
    assert set(names()) == {name for name, status in met if status == 400}

    opened = await open_conversations(temporal)
    assert len(opened) > 30
    assert {"RUNNING"} == set(opened.values()), opened
    assert {} == await stuck(temporal, opened)
