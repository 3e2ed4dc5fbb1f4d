"""Delivery with everything real around it: PostgreSQL, HTTP, and platforms that speak their own wire format."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from temporalio.testing import ActivityEnvironment

from activities.delivery import Delivery
from contracts.delivery import SendPart, Sent, WithdrawPart
from domain.identifiers import outbox_key
from domain.messages import Part
from domain.turn_taking import TurnTaking
from flows.registry import FLOWS
from platforms.chat2desk.simulator import dialog_of
from platforms.http import build_client
from platforms.registry import names, platforms, simulators
from platforms.simulation import World
from providers.records.accounts import Pauses
from providers.records.leases import Lease
from providers.records.outbox import Outbox
from providers.records.pool import Pool, fetch_all, open_pool
from providers.records.turnstile import Turnstile
from runtime.accounts import Account, Accounts, StatedAccounts
from tests.activities.thinking import Mind, Street, thinking
from tests.media.serving import serving
from tests.servers_here import Servers


def full(key: str, platform: str = "chat2desk") -> str:
    """An outbox key of customer 42's first turn."""
    return outbox_key(f"conv:{platform}:main:42", "epoch", 1, key)


def _attempt(number: int) -> ActivityEnvironment:
    environment = ActivityEnvironment()
    environment.info = replace(environment.info, attempt=number)
    return environment


@dataclass
class Post:
    """One worker's delivery, and what the customers see."""

    delivery: Delivery
    world: World
    pool: Pool
    lease: Lease
    base_url: str
    token: str = "token"

    async def send(
        self, key: str, text: str = "привет", platform: str = "chat2desk", attempt: int = 1, **more: Any
    ) -> Sent:
        """Carry out one attempt, as the worker would."""
        route = more.pop("route", f"telegram/1/{dialog_of('42')}" if platform == "chat2desk" else "instagram")
        order = SendPart(key=full(key, platform), part=Part(text=text), route=route, **more)
        return await _attempt(attempt).run(self.delivery.send, order)

    async def withdraw(self, key: str, attempt: int = 1, platform: str = "chat2desk") -> Sent:
        """Take a part back."""
        return await _attempt(attempt).run(self.delivery.withdraw, WithdrawPart(key=full(key, platform)))

    async def rows(self, query: str) -> list[dict[str, Any]]:
        """Look into the database."""
        return await fetch_all(self.pool, query)

    async def row(self, key: str) -> dict[str, Any]:
        """One part as it stands in the outbox."""
        return (await fetch_all(self.pool, "SELECT * FROM outbox WHERE key = %(key)s", {"key": full(key)}))[0]


@pytest.fixture
async def base_url(world: World) -> AsyncIterator[str]:
    """All simulators behind one loopback port."""
    server = uvicorn.Server(uvicorn.Config(simulators(world), port=0, log_level="warning", timeout_graceful_shutdown=1))
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await task


@pytest.fixture
def world() -> World:
    """A world nobody has spoken in yet."""
    return World()


def accounts_at(base_url: str, token: str) -> Accounts:
    """An account on each simulated platform."""
    return StatedAccounts(
        Account(
            platform=name, account="main", access_token=token, api_base_url=f"{base_url}/{name}", flow="water_order",
            turn_taking=TurnTaking(),
        )
        for name in names()
    )  # fmt: skip


@pytest.fixture
async def post(database_url: str, base_url: str, world: World) -> AsyncIterator[Post]:
    """A worker's delivery on an empty database."""
    pool = open_pool(database_url, size=4, name="test")
    await pool.open()
    lease = Lease(database_url, pool)
    keeping = asyncio.create_task(lease.keep())
    async with build_client(httpx.Timeout(connect=1, read=0.5, write=1, pool=1)) as client:
        accounts = accounts_at(base_url, "token")
        post = Outbox(pool, lease.holder), Pauses(pool), Turnstile(pool)
        delivery = Delivery(accounts, platforms(client), *post, lease)
        yield Post(delivery, world, pool, lease, base_url)
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    await pool.close()


@pytest.fixture(scope="session")
def thought_database(servers: Servers) -> str:
    """A migrated database for all that is decided: making one takes longer than a test."""
    return servers.fresh_database("test_thinking")


@pytest.fixture
async def mind(
    thought_database: str, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Mind]:
    """A worker's mind with nothing in its books; its flow `probe` shows what a flow is shown."""
    street = Street(simulators(world))
    pool = open_pool(thought_database, size=6, name="test")
    await pool.open()
    async with pool.connection() as connection:
        await connection.execute(
            "TRUNCATE message_logs, media, media_leftovers, media_forgotten, credits, purses, accounts"
        )
        await connection.execute("DELETE FROM plans WHERE name <> 'unlimited'")
    async with serving(street) as url, thinking(street, world, pool, url, tmp_path, accounts_at(url, "token")) as mind:
        monkeypatch.setitem(FLOWS, mind.probe.name, mind.probe)
        yield mind
    await pool.close()
