"""Accounts: which there are, how they stand, and a switch."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.accounts import AccountId, PlatformName, TheDesk, list_accounts
from api.console.acts import noted
from api.console.office import TheOperator, ThePosted
from api.console.shown import ConsoleRoute, back, show
from api.problems import Problem
from domain.operators import Act
from providers.records import listings
from providers.records.tenants import Status

router = APIRouter(prefix="/console", route_class=ConsoleRoute, include_in_schema=False)

ROWS = 50


@router.get("/accounts")
async def accounts(
    here: TheOperator, desk: TheDesk, cursor: Annotated[str | None, Query(max_length=2_000)] = None
) -> Response:
    """By platform and id."""
    found = await list_accounts(desk, limit=ROWS, cursor=cursor)
    paused: Mapping[tuple[str, str], str] = {
        (row["platform"], row["account"]): row["reason"] for row in await listings.paused_accounts(here.house.pool)
    }
    seen = [one for one in found.items if here.operator.may_see(one.platform, one.account)]
    return show(here, "accounts.html", accounts=seen, paused=paused, following=found.next_cursor, cursor=cursor)


@router.post("/accounts/{platform}/{account}/{status}")
async def switch(
    here: TheOperator, desk: TheDesk, platform: PlatformName, account: AccountId, status: Status, form: ThePosted
) -> Response:
    """Switch a stored account on or off; it holds at once."""
    async with noted(here, Act.CHANGE_ACCOUNT, subject=f"{platform} {account}: {status}"):
        if await desk.tenants.change(platform, account, {"status": status}, {}) is None:
            raise Problem(409, "this account is set by the environment: it cannot be switched off here")
    return back("/console/accounts")
