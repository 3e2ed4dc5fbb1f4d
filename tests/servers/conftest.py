"""Real PostgreSQL and Temporal servers on free ports, in a home of their own."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from providers.servers import ports
from providers.servers.postgres import PostgresServer, find_postgres
from providers.servers.supervisor import Supervisor, Watched
from providers.servers.temporal import TemporalServer, find_temporal

HOST = "127.0.0.1"


@pytest.fixture
async def supervisor() -> AsyncIterator[Supervisor]:
    """Everything it starts is stopped at the end."""
    supervisor = Supervisor()
    yield supervisor
    await supervisor.stop()


@pytest.fixture
def postgres(tmp_path: Path) -> PostgresServer:
    """A PostgreSQL that was never started."""
    (tmp_path / "logs").mkdir(exist_ok=True)
    return PostgresServer(tmp_path / "postgres", ports.any_free(HOST), tmp_path / "logs" / "postgres.log")


@pytest.fixture
def temporal(tmp_path: Path) -> TemporalServer:
    """A Temporal that was never started."""
    return TemporalServer(
        tmp_path / "temporal.sqlite", ports.any_free(HOST), ports.any_free(HOST), tmp_path / "logs" / "temporal.log"
    )


async def start_postgres(supervisor: Supervisor, server: PostgresServer) -> Watched:
    """Start it and wait until it takes connections."""
    spec = await asyncio.to_thread(lambda: server.child(find_postgres(server.data)))
    watched = await supervisor.start(spec)
    await watched.answered(30)
    return watched


async def start_temporal(supervisor: Supervisor, server: TemporalServer) -> Watched:
    """Start it and wait until it takes connections."""
    watched = await supervisor.start(server.child(find_temporal()))
    await watched.answered(30)
    return watched


async def until(is_so: Callable[[], Awaitable[bool]], seconds: float = 15) -> None:
    """Wait for something that is about to happen."""
    async with asyncio.timeout(seconds):
        while not await is_so():
            await asyncio.sleep(0.05)
