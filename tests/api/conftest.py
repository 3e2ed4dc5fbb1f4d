"""Doors to knock at: with every server behind them, and with none."""

from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest
from temporalio.client import Client

from runtime.temporal import connect
from tests.api.running import serving, settings_for
from tests.servers_here import Servers


@pytest.fixture(scope="module")
def database(servers: Servers) -> str:
    """A database of this module's own."""
    return servers.fresh_database(f"api_{uuid4().hex[:12]}")


@pytest.fixture(scope="module")
def base_url(servers: Servers, database: str) -> Iterator[str]:
    """An API with PostgreSQL and Temporal behind it, and no worker."""
    settings = settings_for(
        temporal_address=servers.temporal_address,
        database_url=database,
        manychat_webhook_secret="many-secret",
        manychat_flow="water_order",
        flood_messages_per_minute=20,
    )
    with serving(settings) as url:
        yield url


@pytest.fixture(scope="module")
def lonely_url() -> Iterator[str]:
    """An API that has neither PostgreSQL nor Temporal."""
    with serving(settings_for(database_url="postgresql://nobody@127.0.0.1:1/none")) as url:
        yield url


@pytest.fixture(scope="module")
def production_url() -> Iterator[str]:
    """An API in production whose webhook secrets nobody set."""
    with serving(settings_for(everturn_env="production")) as url:
        yield url


@pytest.fixture
def door(base_url: str) -> Iterator[httpx.Client]:
    """A client of the API that has everything."""
    with httpx.Client(base_url=base_url, timeout=20, trust_env=False) as client:
        yield client


@pytest.fixture
def lonely(lonely_url: str) -> Iterator[httpx.Client]:
    """A client of the API that has nothing."""
    with httpx.Client(base_url=lonely_url, timeout=20, trust_env=False) as client:
        yield client


@pytest.fixture
def operator(base_url: str) -> Iterator[httpx.Client]:
    """An operator."""
    headers = {"Authorization": "Bearer operator-secret"}
    with httpx.Client(base_url=base_url, headers=headers, timeout=20, trust_env=False) as client:
        yield client


@pytest.fixture
async def temporal(servers: Servers) -> Client:
    """A look behind the scenes."""
    return await connect(settings_for(temporal_address=servers.temporal_address))
