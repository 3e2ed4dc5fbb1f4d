"""Tokens that live 60 days are renewed before they end, whoever set them: the environment or a row."""

from collections.abc import AsyncIterator, Iterator

import httpx
import psycopg
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from activities.renewal import Renewal
from api import checks
from domain.turn_taking import TurnTaking
from platforms.http import build_client
from platforms.registry import platforms
from providers.records.directory import Directory
from providers.records.pool import Pool
from providers.records.tenants import Tenant, Tenants
from providers.secrets import new_key
from runtime.accounts import Account, StatedAccounts
from tests.accounts.conftest import box_of
from tests.api.running import serving_app

DAYS = 24 * 3600


class Vendor:
    """Instagram as it renews tokens: `first` becomes `first+`."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.too_young = False
        self.url = ""

    async def renew(self, request: Request) -> Response:
        token = request.query_params["access_token"]
        self.asked.append(token)
        if self.too_young:
            return JSONResponse({"error": {"message": f"{token} is too young", "code": 100}}, status_code=400)
        return JSONResponse({"access_token": f"{token}+", "token_type": "bearer", "expires_in": 60 * DAYS})


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    """It listens on this machine."""
    vendor = Vendor()
    with serving_app(Starlette(routes=[Route("/refresh_access_token", vendor.renew)])) as vendor.url:
        yield vendor


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """As the worker has it."""
    async with build_client() as built:
        yield built


def stated(vendor: Vendor, token: str) -> Account:
    return Account(
        platform="instagram", account="default", access_token=token, api_base_url=vendor.url, flow="water_order",
        turn_taking=TurnTaking(), options={"flavour": "instagram"},
    )  # fmt: skip


class House:
    """Everything that looks after tokens, anew as after a restart."""

    def __init__(self, tenants: Tenants, vendor: Vendor, client: httpx.AsyncClient, token: str = "first") -> None:
        self.directory = Directory(tenants, StatedAccounts([stated(vendor, token)]))
        self._renewal = Renewal(self.directory, platforms(client), tenants.tokens)

    async def look(self) -> list[str]:
        """Look after all; then the tokens that the accounts speak with."""
        for account in await self.directory.all():
            await self._renewal.look_after(account)
        self.directory.forget()
        return [account.access_token for account in await self.directory.all()]


def days_pass(connection: psycopg.Connection, days: int) -> None:
    """So long ago everything happened."""
    ago = f"interval '{days} days'"
    connection.execute(
        f"UPDATE renewed_tokens SET looked_at = looked_at - {ago}, since = since - {ago}, "
        f"expires_at = expires_at - {ago}".encode()
    )


async def test_a_token_is_renewed_long_before_its_end(
    tenants: Tenants, vendor: Vendor, client: httpx.AsyncClient, other_connection: psycopg.Connection
) -> None:
    """At once, to learn when it ends; then once half of its life is over; never twice by two workers."""
    await tenants.add(
        Tenant(platform="instagram", account="1784", api_base_url=vendor.url), {"access_token": "of-the-row"}
    )
    house, other_worker = House(tenants, vendor, client), House(tenants, vendor, client)
    assert ["first+", "of-the-row+"] == await house.look() == await other_worker.look()
    days_pass(other_connection, 20)
    assert ["first+", "of-the-row+"] == await house.look()
    days_pass(other_connection, 15)
    assert ["first++", "of-the-row++"] == await house.look()
    assert ["first", "of-the-row", "first+", "of-the-row+"] == vendor.asked
    assert ["first++", "of-the-row++"] == await House(tenants, vendor, client).look(), "after a restart, too"
    assert ["second+", "of-the-row++"] == await House(tenants, vendor, client, "second").look(), "a new one wins"
    stored = other_connection.execute("SELECT string_agg(token::text || trouble, '') FROM renewed_tokens").fetchone()
    assert stored
    assert b"of-the-row".hex() not in str(stored[0])


async def test_a_token_that_cannot_be_renewed_is_told_of_before_it_ends(
    tenants: Tenants, vendor: Vendor, client: httpx.AsyncClient, other_connection: psycopg.Connection, pool: Pool
) -> None:
    """A fresh token cannot be renewed yet, which is no trouble; ten days before its end a person must hear of it."""
    house = House(tenants, vendor, client)
    vendor.too_young = True
    assert ["first"] == await house.look() == await house.look()
    assert (["first"], checks.State.OK) == (vendor.asked, (await checks.paused(pool)).status)
    days_pass(other_connection, 2)
    vendor.too_young = False
    assert ["first+"] == await house.look()
    vendor.too_young = True
    days_pass(other_connection, 55)
    assert ["first+"] == await house.look()
    part = await checks.paused(pool)
    assert checks.State.DEGRADED is part.status
    assert part.reason.startswith("the token of instagram:default ends on ")
    assert "too young" in part.reason
    assert "first" not in part.reason


async def test_a_renewed_token_survives_a_change_of_keys(
    tenants: Tenants, vendor: Vendor, client: httpx.AsyncClient, pool: Pool, key: str
) -> None:
    """Rotation locks it anew; without any key that fits the token that a person set is used."""
    assert ["first+"] == await House(tenants, vendor, client).look()
    newer = new_key()
    assert 1 == await Tenants(pool, box_of(newer, key)).rotate()
    assert ["first+"] == await House(Tenants(pool, box_of(newer)), vendor, client).look()
    assert ["first"] == await House(Tenants(pool, box_of(new_key())), vendor, client).look()
