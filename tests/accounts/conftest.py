"""Accounts and credits on a real PostgreSQL."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from uuid import uuid4

import psycopg
import pytest

from domain.plans import MICRO, Plan, Tariff
from domain.turn_taking import TurnTaking
from providers.records.credits import Credits
from providers.records.directory import Directory
from providers.records.pool import Pool, open_pool
from providers.records.tenants import Tenant, Tenants
from providers.secrets import SecretBox, new_key
from runtime.accounts import Account, StatedAccounts
from tests.servers_here import Servers

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
SMALL = Plan(
    name="small",
    features=frozenset(),
    messages_per_period=100,
    credits_per_period=100 * MICRO,
    tariff=Tariff(
        reply=10 * MICRO, image=0, audio_second=0, thousand_input_tokens=MICRO, thousand_output_tokens=MICRO,
        thousand_cached_tokens=0,
    ),
)  # fmt: skip
"""A hundred credits and a hundred messages a month; a reply costs ten."""


@pytest.fixture(scope="module")
def database(servers: Servers) -> str:
    """A database of this module's own."""
    return servers.fresh_database(f"accounts_{uuid4().hex[:12]}")


@pytest.fixture
def clean(database: str) -> str:
    """The same, with nothing in it."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("TRUNCATE credits, purses, accounts, renewed_tokens")
        connection.execute("DELETE FROM plans WHERE name <> 'unlimited'")
    return database


@pytest.fixture
async def pool(clean: str) -> AsyncIterator[Pool]:
    """Connections to it."""
    pool = open_pool(clean, size=6, name="test")
    await pool.open()
    yield pool
    await pool.close()


@pytest.fixture
def key() -> str:
    """The shop's key."""
    return new_key()


@pytest.fixture
def tenants(pool: Pool, key: str) -> Tenants:
    """Accounts and plans as rows."""
    return Tenants(pool, box_of(key))


def box_of(*keys: str) -> SecretBox:
    """A box with these keys, newest first."""
    return SecretBox(lambda _: keys)


@pytest.fixture
def credits(pool: Pool) -> Credits:
    """The ledger."""
    return Credits(pool)


@pytest.fixture
async def shop(tenants: Tenants) -> Tenant:
    """A shop on the small plan."""
    await tenants.put_plan(SMALL)
    tenant = Tenant(platform="manychat", account="shop", plan="small", exhausted_text="We are out, sorry.")
    await tenants.add(tenant, {"access_token": "token-of-the-shop"})
    return tenant


OWN = Account(
    platform="manychat", account="default", access_token="simulator", api_base_url="http://here/simulator",
    flow="water_order", turn_taking=TurnTaking(quiet_period=3), options={"push_mode": "true"},
)  # fmt: skip
"""What the environment says."""


@pytest.fixture
def directory(tenants: Tenants) -> Directory:
    """What the assistant asks for accounts."""
    return Directory(tenants, StatedAccounts([OWN]))


@pytest.fixture
def other_connection(clean: str) -> Iterator[psycopg.Connection]:
    """Somebody else at the same database."""
    with psycopg.connect(clean, autocommit=True) as connection:
        yield connection
