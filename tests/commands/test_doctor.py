"""`everturn doctor`: what it finds wrong, and what it only mentions."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from commands.account import Books
from commands.doctor import (
    MOST_ACCOUNTS,
    Finding,
    Verdict,
    look_at_accounts,
    look_at_model,
    look_at_platforms,
    look_at_stored,
)
from flows.registry import FLOWS
from platforms.manychat.kit import MANYCHAT
from platforms.registry import names, variables
from platforms.simulation import World
from providers.records.directory import Directory
from providers.records.tenants import Status, Stored, Tenants
from providers.records.tokens import Renewed, Tokens
from providers.secrets import WrongKey
from runtime.accounts import StatedAccounts
from tests.api.running import serving_app, settings_for


def findings(**stated: object) -> dict[str, list[Finding]]:
    """What is said of each platform, by its name."""
    found = asyncio.run(look_at_platforms(settings_for(**stated)))
    return {name: [one for one in found if one.subject.split()[0] == name] for name in names()}


def test_a_platform_that_nobody_uses_is_no_complaint() -> None:
    """A shop in production that has WhatsApp alone reads of nothing else that it would have to mend."""
    told = findings(everturn_env="production", operator_token="t")
    assert {name: [(Verdict.NOTE, "not set up in the environment")] for name in names()} == {
        name: [(one.verdict, one.text) for one in found] for name, found in told.items()
    }
    assert "set WHATSAPP_ACCESS_TOKEN and WHATSAPP_WEBHOOK_SECRET" in told["whatsapp"][0].mend


@pytest.mark.parametrize("half", ["telegram_webhook_secret", "telegram_access_token"])
def test_half_a_platform_is_a_complaint(half: str) -> None:
    """Whoever set the one and forgot the other hears of it."""
    told = findings(everturn_env="production", operator_token="t", telegram_api_url="http://127.0.0.1:1", **{half: "x"})
    assert Verdict.WRONG in [one.verdict for one in told["telegram"]]


# --- the model -----------------------------------------------------------------------------------------------------


def of_model(status: int) -> Finding:
    """What is said of a provider that answers so when the key is tried."""
    asked: list[str] = []

    async def answer(request: Request) -> Response:
        asked.append(f"{request.method} {request.url.path} {request.headers['x-api-key']}")
        return Response("{}", status)

    with serving_app(Starlette(routes=[Route("/{path:path}", answer)])) as url:
        (found,) = asyncio.run(look_at_model(settings_for(anthropic_api_key="sk-ours", anthropic_base_url=url)))
    assert ["GET /v1/models sk-ours"] == asked
    return found


def test_a_key_is_accepted_where_the_provider_says_so() -> None:
    """All is well when the model's provider lets us in."""
    assert (Verdict.OK, "the key is accepted") == (of_model(200).verdict, of_model(200).text)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_to_be_corrected(status: int) -> None:
    """A key with a typing error is named as what it is."""
    assert Finding("model", Verdict.WRONG, "the key is refused", "correct ANTHROPIC_API_KEY") == of_model(status)


@pytest.mark.parametrize("status", [301, 400, 404, 405])
def test_a_wrong_address_of_the_model_is_no_accepted_key(status: int) -> None:
    """I set ANTHROPIC_BASE_URL to the wrong thing: the doctor does not tell me that all is well."""
    found = of_model(status)
    assert found.verdict is (Verdict.NOTE if status in (404, 405) else Verdict.WRONG)
    assert f"/v1/models is answered {status}" in found.text
    assert "ANTHROPIC_BASE_URL" in found.mend


@pytest.mark.parametrize("status", [408, 429, 500, 503, 529])
def test_a_provider_in_trouble_is_asked_another_time(status: int) -> None:
    """An overloaded provider says nothing about my key: I read that it could not be checked, and what to do."""
    found = of_model(status)
    assert Verdict.NOTE is found.verdict
    assert f"could not be checked now (HTTP {status})" in found.text
    assert "degraded" in found.text
    assert found.mend.startswith("try again in a minute")


# --- accounts in PostgreSQL ----------------------------------------------------------------------------------------


class Rows(Tenants):
    """Stored accounts, without PostgreSQL. The secrets of one called `locked` were stored with another key."""

    def __init__(self, *rows: Stored) -> None:
        nothing: Any = None
        super().__init__(nothing, nothing)
        self._rows = rows
        self.tokens = NoTokens(nothing, nothing)

    async def of_platform(self, platform: str | None) -> list[Stored]:
        """All of them."""
        return [row for row in self._rows if platform in (None, row.platform)]

    async def find(self, platform: str, account: str) -> Stored | None:
        """One of them."""
        return next((row for row in self._rows if (platform, account) == (row.platform, row.account)), None)

    def unlocked(self, stored: Stored) -> dict[str, str]:
        """A token that says whose it is."""
        if stored.account == "locked":
            raise WrongKey("none of our keys unlocks it")
        return {"access_token": f"token-of-{stored.account}"}


class NoTokens(Tokens):
    """None was renewed."""

    async def of_platform(self, platform: str) -> dict[str, Renewed]:
        """None."""
        return {}


def row(account: str, address: str = "", **stated: Any) -> Stored:
    """An account of ManyChat in PostgreSQL."""
    now = datetime.now(UTC)
    return Stored(
        platform="manychat", account=account, api_base_url=address, created_at=now, updated_at=now, **stated
    )  # fmt: skip


def of_accounts(*rows: Stored, **stated: Any) -> list[Finding]:
    """What is said of stored accounts."""
    settings, nothing, tenants = settings_for(**stated), cast("Any", None), Rows(*rows)
    environment = StatedAccounts.of_settings(settings, variables(), FLOWS)
    books = Books(tenants, nothing, Directory(tenants, environment), environment, nothing, None)
    return asyncio.run(look_at_accounts(settings, books))


@pytest.fixture
def manychat() -> Iterator[str]:
    """ManyChat, which refuses every token but one shop's."""
    with serving_app(MANYCHAT.simulator(World(), "token-of-good")) as url:
        yield url


def test_stored_accounts_are_asked_about_too(manychat: str) -> None:
    """My shops stand in PostgreSQL, and the doctor tells of each whether its token works; one switched off rests."""
    told = of_accounts(
        row("good", manychat), row("bad", manychat), row("gone", "http://127.0.0.1:1"), row("locked", manychat),
        row("off", manychat, status=Status.OFF),
    )  # fmt: skip
    assert [
        ("manychat (good)", Verdict.OK),
        ("manychat (bad)", Verdict.WRONG),
        ("manychat (gone)", Verdict.WRONG),
        ("manychat (locked)", Verdict.WRONG),
    ] == [(one.subject, one.verdict) for one in told]
    good, bad, gone, locked = told
    assert "the token is accepted" in good.text
    assert "everturn account add manychat bad" in bad.mend
    assert "try again" in gone.mend
    assert "EVERTURN_SECRETS_KEY" in locked.mend


def test_an_account_that_the_environment_describes_is_told_once(manychat: str) -> None:
    """A row beside my environment's account changes its plan and texts; its token was looked at already."""
    stated = {"manychat_account_id": "good", "manychat_api_key": "token-of-good", "manychat_api_url": manychat}
    assert [] == of_accounts(row("good"), **stated)


def test_a_thousand_accounts_are_no_thousand_lines(manychat: str) -> None:
    """With very many shops I read of the first twenty, how many more there are, and how to ask about one."""
    told = of_accounts(*(row(f"shop-{number}", manychat) for number in range(27)))
    assert MOST_ACCOUNTS + 1 == len(told)
    assert (Verdict.NOTE, "… and 7 more, not asked about") == (told[-1].verdict, told[-1].text)
    assert "everturn account check" in told[-1].mend


@pytest.mark.parametrize("database_url", ["", "postgresql://127.0.0.1:1/nothing"])
def test_without_postgresql_nothing_is_said_of_its_accounts(tmp_path: Path, database_url: str) -> None:
    """That PostgreSQL is away is told once, and nothing breaks."""
    assert [] == asyncio.run(look_at_stored(settings_for(database_url=database_url), tmp_path))
