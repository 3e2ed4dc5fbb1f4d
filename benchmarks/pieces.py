"""APIs and workers started one by one, as on several machines: beside each other on one Temporal and one PostgreSQL."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from benchmarks.ground import everturn, stock_environment
from providers.servers.child import Child, ChildSpec, start_child
from providers.servers.ports import any_free

LOOPBACK = "127.0.0.1"
PATIENCE = 60.0


@dataclass(frozen=True)
class Where:
    """The servers that all pieces share."""

    database_url: str
    temporal_address: str
    home: Path
    namespace: str = "default"
    api_url: str = ""
    """The API that plays the platforms; empty: the first of these."""


@dataclass
class Pieces:
    """What runs."""

    apis: dict[str, Child] = field(default_factory=dict)
    """By their URLs."""
    workers: list[Child] = field(default_factory=list)

    @property
    def urls(self) -> list[str]:
        """Where the APIs are."""
        return list(self.apis)

    def pids(self) -> dict[str, list[int]]:
        """The process ids of those that still live, by program."""
        alive = {"api": self.apis.values(), "worker": self.workers}
        return {name: [child.pid for child in children if child.is_alive] for name, children in alive.items()}


@asynccontextmanager
async def standing(
    where: Where, *, apis: int, workers: int, environment: Mapping[str, str] | None = None
) -> AsyncIterator[Pieces]:
    """Start so many of each, wait until all of them work, and stop them at the end."""
    pieces = Pieces()
    ports = [any_free(LOOPBACK) for _ in range(apis)]
    urls = [f"http://{LOOPBACK}:{port}" for port in ports]
    common = stock_environment() | {
        "DATABASE_URL": where.database_url, "TEMPORAL_ADDRESS": where.temporal_address,
        "TEMPORAL_NAMESPACE": where.namespace, "EVERTURN_HOME": str(where.home),
        "EVERTURN_API_URL": where.api_url or urls[0], "OPERATOR_TOKEN": "pieces", **(environment or {}),
    }  # fmt: skip
    async with AsyncExitStack() as stack:
        for url, port in zip(urls, ports, strict=True):
            pieces.apis[url] = await _started(stack, where, f"api-{port}", common, "api", "--port", str(port))
        for place in range(workers):
            pieces.workers.append(await _started(stack, where, f"worker-{place}", common, "worker"))
        await asyncio.gather(*map(_answers, urls), *(_polls(child) for child in pieces.workers))
        yield pieces


async def _started(
    stack: AsyncExitStack, where: Where, name: str, environment: Mapping[str, str], *command: str
) -> Child:
    log = where.home / f"piece-{name}.log"
    child = await start_child(
        ChildSpec(name=name, argv=(*everturn(), *command), log=log, env=dict(environment), patience=10)
    )
    stack.push_async_callback(child.stop)
    return child


async def _answers(url: str) -> None:
    async with httpx.AsyncClient(base_url=url, timeout=5, trust_env=False) as client:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                if (await client.get("/")).is_success:
                    return
            except httpx.HTTPError:
                pass
            await asyncio.sleep(0.1)
    raise RuntimeError(f"the API at {url} does not answer")


async def _polls(worker: Child) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and worker.is_alive:
        if "worker_ready" in worker.spec.log.read_text("utf-8", "replace"):
            return
        await asyncio.sleep(0.1)
    raise RuntimeError(f"{worker.spec.name} does not work: {worker.spec.log.read_text()[-500:]}")
