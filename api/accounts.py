"""The operator API of accounts, plans and credits."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Self
from uuid import uuid4

import structlog
from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from pydantic import ValidationError

from api.account_models import (
    AccountChanges,
    AccountView,
    Adjustment,
    Checked,
    CreditsView,
    MovementView,
    NewAccount,
    PlanBody,
    PlanView,
)
from api.encoded import EncodedRoute
from api.operator_auth import OperatorsOnly
from api.operator_models import Page, decode_cursor, encode_cursor
from api.problems import Problem, refusals, unavailable
from domain.failures import Rejected
from domain.plans import of_credits
from flows.registry import FLOWS
from platforms.base import Platform
from platforms.credentials import credentials_of
from providers.records.credits import BelowZero, Credits
from providers.records.directory import Directory
from providers.records.pool import Pool
from providers.records.tenants import ACCOUNT, PLATFORM, Exists, Refused, Stored, Tenant, Tenants
from providers.secrets import NoKey, SecretBox, WrongKey
from runtime.accounts import Account, Accounts

_REFUSED = refusals(
    400,
    401,
    403,
    _404="There is no such account",
    _409="There is such an account already, or what is asked for would go below zero",
    _422="Not what an account or plan may be, or credentials that the platform refuses",
    _503="Try again later, or the key of the secrets is missing or wrong: the text says which",
)
router = APIRouter(prefix="/api", route_class=EncodedRoute, dependencies=[OperatorsOnly], responses=_REFUSED)
log = structlog.get_logger(__name__)

PlatformName = Annotated[str, Path(pattern=PLATFORM, description="The platform's name, e.g. `telegram`")]
AccountId = Annotated[str, Path(pattern=ACCOUNT, description="The account's id on its platform")]
Limit = Annotated[int, Query(ge=1, le=200, description="Rows on a page")]
Cursor = Annotated[str | None, Query(max_length=4_000, description="`next_cursor` of the page before")]
Check = Annotated[bool, Query(description="Ask the platform whether the credentials work before they are stored")]


@dataclass(frozen=True)
class Desk:
    """What these routes work with, built once in `api/app.py`."""

    tenants: Tenants
    credits: Credits
    directory: Directory
    environment: Accounts
    platforms: Mapping[str, Platform]

    @classmethod
    def of(cls, box: SecretBox, pool: Pool, environment: Accounts, platforms: Mapping[str, Platform]) -> Self:
        """A desk on these books."""
        tenants = Tenants(pool, box)
        return cls(tenants, Credits(pool), Directory(tenants, environment), environment, platforms)

    async def found(self, platform: str, account: str) -> tuple[Stored | None, Account | None]:
        """The account's row and what the environment says of it.

        Raises:
            Problem: 404, there is neither.
        """
        stored, own = await self.tenants.find(platform, account), await self.environment.find(platform, account)
        if stored is None and own is None:
            raise Problem(404, f"there is no account {account} of {platform}")
        return stored, own

    async def check(self, account: Account) -> str:
        """Ask the platform whether the credentials work; how it rates the account.

        Raises:
            Rejected, Transient: as they are.
        """
        return await self.platforms[account.platform].check_credentials(credentials_of(account)) or ""

    async def check_before(self, tenant: Tenant, secrets: Mapping[str, str]) -> None:
        """Ask the platform before anything is stored.

        Raises:
            Problem: 422, it refuses the credentials.
            Transient: it cannot be asked just now.
        """
        described = await self.directory.described(tenant, secrets)
        try:
            if described is not None:
                await self.check(described)
        except Rejected as error:
            raise Problem(422, f"{tenant.platform} refuses the credentials: {error}") from None


def desk_of(request: Request) -> Desk:
    """The desk of this application."""
    desk: Desk = request.app.state.desk
    return desk


TheDesk = Annotated[Desk, Depends(desk_of)]


@contextmanager
def _refused() -> Iterator[None]:
    """What the books refuse, as answers."""
    try:
        yield
    except Exists as error:
        raise Problem(409, str(error)) from None
    except (Refused, ValidationError) as error:
        raise Problem(422, _plainly(error)) from None
    except (NoKey, WrongKey) as error:
        raise unavailable(str(error), 60) from None


def _plainly(error: Exception) -> str:
    """Without what was given: it may be a secret."""
    if not isinstance(error, ValidationError):
        return str(error)
    return "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors(include_input=False))


def _require_known(desk: Desk, platform: str, flow: str) -> None:
    if platform not in desk.platforms:
        raise Problem(422, f"there is no platform {platform!r} ({', '.join(sorted(desk.platforms))})")
    if flow and flow not in FLOWS:
        raise Problem(422, f"there is no flow {flow!r} ({', '.join(sorted(FLOWS))})")


@router.get("/accounts", tags=["accounts"])
async def list_accounts(
    desk: TheDesk,
    platform: Annotated[str | None, Query(pattern=PLATFORM)] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[AccountView]:
    """Every account, stored or of the environment, by platform and id; secrets are only said to be set."""
    decoded = decode_cursor(cursor, str, str)
    after = (decoded[0], decoded[1]) if decoded else None
    stored = {(row.platform, row.account): row for row in await desk.tenants.page(platform, after, limit)}
    own = {(each.platform, each.account): each for each in await desk.environment.all()}
    wanted = {key for key in own if platform in (None, key[0]) and key > (after or ("", ""))}
    keys = sorted(stored.keys() | wanted)[:limit]
    items = [AccountView.of(stored.get(key), own.get(key)) for key in keys]
    return Page(items=items, next_cursor=encode_cursor(*keys[-1]) if len(keys) == limit else None)


@router.post("/accounts", status_code=201, tags=["accounts"])
async def add_account(desk: TheDesk, new: NewAccount, response: Response, check: Check = True) -> AccountView:
    """Add an account. It is used at once: no restart."""
    tenant, secrets = new.tenant(), new.secrets()
    _require_known(desk, tenant.platform, tenant.flow)
    if check:
        await desk.check_before(tenant, secrets)
    with _refused():
        await desk.tenants.add(tenant, secrets)
    log.info("account_added", platform=tenant.platform, account=tenant.account)
    response.headers["Location"] = f"/api/accounts/{tenant.platform}/{tenant.account}"
    return AccountView.of(*await desk.found(tenant.platform, tenant.account))


@router.get("/accounts/{platform}/{account}", tags=["accounts"])
async def read_account(desk: TheDesk, platform: PlatformName, account: AccountId) -> AccountView:
    """One account."""
    return AccountView.of(*await desk.found(platform, account))


@router.patch("/accounts/{platform}/{account}", tags=["accounts"])
async def change_account(
    desk: TheDesk, platform: PlatformName, account: AccountId, wanted: AccountChanges, check: Check = True
) -> AccountView:
    """Change what is given and leave the rest. Credentials are checked first where they change."""
    stored, own = await desk.found(platform, account)
    if stored is None:
        raise Problem(404, "this account is the environment's alone: add it (POST) to store settings of its own")
    changes, secrets = wanted.changes(), wanted.secrets()
    _require_known(desk, platform, changes.get("flow") or "")
    with _refused():
        if check and (secrets.get("access_token") or changes.keys() & {"api_base_url", "options"}):
            after = Tenant.model_validate({**stored.model_dump(include=set(Tenant.model_fields)), **changes})
            await desk.check_before(after, desk.tenants.unlocked(stored) | secrets)
        changed = await desk.tenants.change(platform, account, changes, secrets)
    if changed is None:
        raise Problem(404, f"there is no account {account} of {platform}")
    log.info("account_changed", platform=platform, account=account, fields=sorted({*changes, *secrets}))
    return AccountView.of(changed, own)


@router.delete("/accounts/{platform}/{account}", status_code=204, tags=["accounts"])
async def remove_account(desk: TheDesk, platform: PlatformName, account: AccountId) -> None:
    """Forget the account and its secrets. Its conversations and its ledger stay."""
    if not await desk.tenants.remove(platform, account):
        raise Problem(404, f"no account {account} of {platform} is stored")
    log.info("account_removed", platform=platform, account=account)


@router.post("/accounts/{platform}/{account}/check", tags=["accounts"])
async def check_account(desk: TheDesk, platform: PlatformName, account: AccountId) -> Checked:
    """Ask the platform whether the account's credentials work."""
    with _refused():
        found = await desk.directory.ask(platform, account)
    if found is None:
        raise Problem(404, f"there is no account {account} of {platform}, or it is switched off")
    try:
        return Checked(accepted=True, rating=await desk.check(found))
    except Rejected as error:
        return Checked(accepted=False, reason=str(error))


@router.get("/accounts/{platform}/{account}/credits", tags=["credits"])
async def read_credits(
    desk: TheDesk, platform: PlatformName, account: AccountId, limit: Limit = 50, cursor: Cursor = None
) -> CreditsView:
    """What the account has left in this period, and every movement, newest first."""
    await desk.found(platform, account)
    before = decode_cursor(cursor, int)
    rows = await desk.credits.movements(platform, account, before[0] if before else None, limit)
    balance = await desk.credits.balance(platform, account, datetime.now(UTC))
    following = encode_cursor(rows[-1]["id"]) if len(rows) == limit else None
    return CreditsView.of(balance, [MovementView.of(row) for row in rows], following)


@router.post("/accounts/{platform}/{account}/credits", tags=["credits"])
async def adjust_credits(
    desk: TheDesk,
    platform: PlatformName,
    account: AccountId,
    adjustment: Adjustment,
    idempotency_key: Annotated[
        str | None, Header(max_length=200, pattern=r"^[^\x00]*$", description="The same key twice does it once")
    ] = None,
) -> CreditsView:
    """Add or take credits by hand. What is added outlives the period."""
    await desk.found(platform, account)
    try:
        amount = of_credits(adjustment.amount)
        key, now = idempotency_key or uuid4().hex, datetime.now(UTC)
        await desk.credits.adjust(platform, account, key, amount, adjustment.why, now)
    except ValueError as error:
        raise Problem(422, f"amount: {error}") from None
    except BelowZero as error:
        raise Problem(409, str(error)) from None
    log.info("credits_adjusted", platform=platform, account=account, amount=str(adjustment.amount))
    return await read_credits(desk, platform, account)


@router.get("/plans", tags=["credits"])
async def list_plans(desk: TheDesk) -> Page[PlanView]:
    """Every plan, by name."""
    return Page(items=[PlanView.of(plan) for plan in await desk.tenants.plans()])


@router.put("/plans/{name}", tags=["credits"])
async def put_plan(
    desk: TheDesk, name: Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")], body: PlanBody
) -> PlanView:
    """Create a plan or change it, at once for every account on it."""
    plan = body.plan(name)
    with _refused():
        await desk.tenants.put_plan(plan)
    log.info("plan_changed", plan=name)
    return PlanView.of(plan)
