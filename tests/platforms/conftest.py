"""Simulators on real sockets, and the platforms that speak with them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest
import uvicorn

from platforms.base import Credentials, Platform
from platforms.http import build_client
from platforms.registry import names, platforms, simulators
from platforms.simulation import World

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture
def world() -> World:
    """A world nobody has spoken in yet."""
    return World()


@pytest.fixture
async def base_url(world: World) -> AsyncIterator[str]:
    """All simulators behind one loopback port."""
    config = uvicorn.Config(simulators(world), port=0, log_level="warning", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await task


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """A client as the worker builds it, with less patience."""
    async with build_client(httpx.Timeout(connect=2, read=0.5, write=2, pool=2)) as built:
        yield built


@pytest.fixture
def all_platforms(client: httpx.AsyncClient) -> dict[str, Platform]:
    """Every platform in the registry."""
    return platforms(client)


@pytest.fixture
def credentials(base_url: str) -> dict[str, Credentials]:
    """An account on each simulated platform."""
    return {
        name: Credentials(account="main", access_token="token", api_base_url=f"{base_url}/{name}") for name in names()
    }
