"""`everturn doctor`: asks every dependency and credential, and says what is wrong and how to mend it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import psycopg
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.service import RPCError

from commands.account import Books, opened
from commands.found import key_settings
from commands.outcome import Failed
from domain.failures import EverturnError, TokenRejected
from flows.registry import FLOWS
from platforms import registry
from platforms.base import Credentials, Platform
from platforms.credentials import credentials_of
from platforms.http import build_client
from providers.records.migrate import pending_migrations
from providers.records.privacy import wanted_privacy
from providers.records.tenants import Status, Stored
from providers.secrets import WrongKey, secret_box
from providers.servers.temporal import SEARCH_ATTRIBUTES
from runtime.accounts import Account, default_account
from runtime.settings import Settings, WrongSetting
from runtime.temporal import connect

PATIENCE = timedelta(seconds=5)
MOST_ACCOUNTS = 20
"""Lines about stored accounts; nobody reads more, and no platform likes to be asked for more at once."""
NOT_NOW = frozenset({408, 429})
NO_SUCH_PAGE = frozenset({404, 405})
"""Some gateways serve messages, and no list of models."""


class Verdict(StrEnum):
    """How well something is."""

    OK = "ok"
    NOTE = "note"
    WRONG = "wrong"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    subject: str
    verdict: Verdict
    text: str
    mend: str = ""

    def __str__(self) -> str:
        line = f"{self.verdict:<6} {self.subject}: {self.text}"
        return f"{line}\n       -> {self.mend}" if self.mend else line


async def examine(settings: Settings, home: Path = Path(".everturn")) -> list[Finding]:
    """Look at everything at once; in the home a key may lie."""
    checks: dict[str, Callable[[Settings], Awaitable[list[Finding]]]] = {
        "temporal": _temporal,
        "postgres": _postgres,
        "api": _api,
        "model": look_at_model,
        "privacy": partial(_privacy, home=home),
        "platforms": look_at_platforms,
        "accounts": partial(look_at_stored, home=home),
    }
    found = await asyncio.gather(*(_careful(name, check(settings)) for name, check in checks.items()))
    return [finding for findings in found for finding in findings]


async def _careful(subject: str, check: Awaitable[list[Finding]]) -> list[Finding]:
    try:
        return await asyncio.wait_for(check, 4 * PATIENCE.total_seconds())
    except TimeoutError:
        return [Finding(subject, Verdict.WRONG, "gave no answer in time", "look at its log, or start it again")]


async def _temporal(settings: Settings) -> list[Finding]:
    address, namespace = settings.temporal_address or "127.0.0.1:7233", settings.temporal_namespace
    try:
        client = await asyncio.wait_for(connect(settings), PATIENCE.total_seconds())
        await client.workflow_service.describe_namespace(
            DescribeNamespaceRequest(namespace=namespace), timeout=PATIENCE
        )
        known = await client.operator_service.list_search_attributes(
            ListSearchAttributesRequest(namespace=namespace), timeout=PATIENCE
        )
    except (RuntimeError, RPCError, TimeoutError, OSError) as error:
        why = _short(error).split(": tonic")[0] or "no answer"
        mend = "start it (`everturn up` does), or correct TEMPORAL_ADDRESS, _NAMESPACE, _API_KEY, _TLS"
        return [Finding("temporal", Verdict.WRONG, f"{address}, namespace {namespace}: {why}", mend)]
    missing = [name for name in SEARCH_ATTRIBUTES if name not in known.custom_attributes]
    if missing:
        options = " ".join(f"--name {name} --type Keyword" for name in missing)
        mend = f"temporal operator search-attribute create --address {address} --namespace {namespace} {options}"
        return [Finding("temporal", Verdict.WRONG, f"search attributes are missing: {', '.join(missing)}", mend)]
    return [Finding("temporal", Verdict.OK, f"{address}, namespace {namespace}, search attributes registered")]


async def _postgres(settings: Settings) -> list[Finding]:
    if not settings.database_url:
        mend = "start `everturn up`, or set DATABASE_URL"
        return [Finding("postgres", Verdict.WRONG, "DATABASE_URL is not set and nothing runs in this home", mend)]
    try:
        pending = await pending_migrations(settings.database_url)
    except psycopg.Error as error:
        return [Finding("postgres", Verdict.WRONG, _short(error), "start it, or correct DATABASE_URL")]
    if pending:
        return [Finding("postgres", Verdict.WRONG, f"not migrated: {', '.join(pending)}", "run `everturn migrate`")]
    return [Finding("postgres", Verdict.OK, "reachable, migrations up to date")]


async def _privacy(settings: Settings, home: Path) -> list[Finding]:
    """What is said here is true of the other processes where they have the same environment."""
    try:
        chosen = wanted_privacy(settings, secret_box(key_settings(settings, home)))
    except WrongSetting as error:
        return [Finding("privacy", Verdict.WRONG, _short(error), "set it, or switch it off")]
    if chosen.lacks_key:
        mend = "set EVERTURN_SECRETS_KEY (`everturn account new-key`), as for every process"
        return [Finding("privacy", Verdict.NOTE, "production, and no key here: histories and contacts are plain", mend)]
    words = {True: "on", False: "off"}
    told = f"encryption {words[chosen.encrypt_histories]}, pseudonyms {words[chosen.pseudonyms]}"
    return [Finding("privacy", Verdict.OK, told)]


async def _api(settings: Settings) -> list[Finding]:
    url = settings.everturn_api_url
    try:
        async with httpx.AsyncClient(timeout=PATIENCE.total_seconds(), trust_env=False) as client:
            health: dict[str, Any] = (await client.get(f"{url}/health")).json()
            worker = health["worker"]
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        mend = "start `everturn up` or `everturn api`, or correct EVERTURN_API_URL"
        return [
            Finding("api", Verdict.WRONG, f"{url} does not answer as ours ({type(error).__name__})", mend),
            Finding("worker", Verdict.NOTE, "cannot be seen without the API"),
        ]
    seen, accounts = worker["status"] == "ok", health.get("accounts") or {}
    trouble = [] if accounts.get("status") == "ok" else [_of_accounts(accounts)]
    return [
        *trouble,
        Finding("api", Verdict.OK, f"{url} answers, all in all: {health['status']}"),
        Finding("worker", Verdict.OK, "asks for work")
        if seen
        else Finding(
            "worker", Verdict.WRONG, worker.get("reason") or "not seen", "start `everturn worker`; its log says why"
        ),
    ]


def _of_accounts(part: dict[str, Any]) -> Finding:
    """A platform refuses a token, or one ends soon and could not be renewed."""
    mend = "set a valid token: in the environment, or `everturn account add … --replace`"
    return Finding("accounts", Verdict.WRONG, part.get("reason") or "not as they should be", mend)


async def look_at_model(settings: Settings) -> list[Finding]:
    """Whether the model's provider takes our key."""
    if not settings.anthropic_api_key:
        mend = "set ANTHROPIC_API_KEY"
        return [Finding("model", Verdict.NOTE, "no key: flows that need a model run degraded", mend)]
    base = (settings.anthropic_base_url or "https://api.anthropic.com").rstrip("/")
    headers = {"x-api-key": settings.anthropic_api_key, "anthropic-version": "2023-06-01"}
    try:
        async with httpx.AsyncClient(timeout=PATIENCE.total_seconds()) as client:
            answer = await client.get(f"{base}/v1/models", headers=headers)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return [
            Finding(
                "model", Verdict.WRONG, f"{base} cannot be reached ({type(error).__name__})", "check ANTHROPIC_BASE_URL"
            )
        ]
    return [_of_model(answer.status_code, base)]


def _of_model(status: int, base: str) -> Finding:
    if 200 <= status < 300:
        return Finding("model", Verdict.OK, "the key is accepted")
    if status in (401, 403):
        return Finding("model", Verdict.WRONG, "the key is refused", "correct ANTHROPIC_API_KEY")
    if status in NOT_NOW or status >= 500:
        text = (
            f"the key could not be checked now (HTTP {status}); while that lasts, flows that need a model run degraded"
        )
        mend = "try again in a minute; if it stays, look at the provider's status page, or check ANTHROPIC_BASE_URL"
        return Finding("model", Verdict.NOTE, text, mend)
    text, mend = f"{base}/v1/models is answered {status}", "correct ANTHROPIC_BASE_URL"
    if status in NO_SUCH_PAGE:
        unsure = f"the key could not be checked: {text}"
        return Finding("model", Verdict.NOTE, unsure, f"{mend}, unless it is a gateway")
    return Finding("model", Verdict.WRONG, text, mend)


async def look_at_platforms(settings: Settings) -> list[Finding]:
    """Whether each platform takes our token, and whether strangers could post in its name."""
    findings: list[Finding] = []
    async with build_client() as client:
        for name, platform in registry.platforms(client).items():
            kit = registry.PLATFORMS[name]
            account = default_account(settings, kit.variables, FLOWS)
            token, secret = (kit.variables.variable(field) for field in ("access_token", "webhook_secret"))
            if settings.is_production and not (account.access_token or account.webhook_secret):
                findings.append(
                    _not_set_up(name, f"set {token} and {secret}, or `everturn account add {name} ACCOUNT`")
                )
                continue
            findings.append(await _credentials(settings, account, f"correct {token}", platform.check_credentials))
            findings += _secret(settings, account, secret)
    return findings


def _not_set_up(platform: str, how: str) -> Finding:
    """Nobody must use every platform; its stored accounts, if any, are listed by `everturn account`."""
    return Finding(platform, Verdict.NOTE, "not set up in the environment", f"to use it: {how}")


async def _credentials(
    settings: Settings, account: Account, how: str, check: Callable[[Credentials], Awaitable[str]]
) -> Finding:
    subject = f"{account.platform} ({account.account})"
    simulated = account.api_base_url.startswith(settings.everturn_api_url)
    try:
        rating = await check(credentials_of(account))
    except TokenRejected as error:
        return Finding(subject, Verdict.WRONG, str(error), how)
    except EverturnError as error:
        mend = (
            "start `everturn up`: its simulator plays the platform" if simulated else "try again, or check its address"
        )
        return Finding(subject, Verdict.WRONG, str(error), mend)
    text = "played by the simulator" if simulated else "the token is accepted"
    return Finding(subject, Verdict.OK, f"{text}; {rating}" if rating else text)


async def look_at_stored(settings: Settings, home: Path) -> list[Finding]:
    """As `look_at_accounts`; nothing where PostgreSQL or our keys are no good, which other findings tell."""
    try:
        async with opened(settings, home) as books:
            return await look_at_accounts(settings, books)
    except (Failed, WrongSetting):
        return []
    except EverturnError as error:
        return [Finding("accounts", Verdict.WRONG, f"those stored cannot be read: {error}", "look at PostgreSQL")]


async def look_at_accounts(settings: Settings, books: Books) -> list[Finding]:
    """Whether the platforms take the credentials of the accounts in PostgreSQL: a line each, up to a limit."""
    rows = [row for row in await books.tenants.of_platform(None) if row.status is Status.ACTIVE]
    async with build_client() as client:
        platforms = registry.platforms(client)
        asked = [_stored(settings, books, platforms, row) for row in rows[:MOST_ACCOUNTS]]
        findings = [found for found in await asyncio.gather(*asked) if found]
    if left := len(rows) - len(asked):
        mend = "`everturn account list` names them, `everturn account check PLATFORM ACCOUNT` asks about one"
        findings.append(Finding("accounts", Verdict.NOTE, f"… and {left} more, not asked about", mend))
    return findings


async def _stored(settings: Settings, books: Books, platforms: dict[str, Platform], row: Stored) -> Finding | None:
    """None: it speaks with the credentials of the environment, which were looked at already."""
    subject = f"{row.platform} ({row.account})"
    replace = f"`everturn account add {row.platform} {row.account} --replace`"
    try:
        account = await books.directory.ask(row.platform, row.account)
    except WrongKey as error:
        return Finding(subject, Verdict.WRONG, str(error), f"correct EVERTURN_SECRETS_KEY, or {replace}")
    if account is None:
        return Finding(subject, Verdict.NOTE, "this build knows no such platform")
    own = await books.environment.find(row.platform, row.account)
    if own and credentials_of(own) == credentials_of(account):
        return None
    return await _credentials(settings, account, replace, platforms[row.platform].check_credentials)


def _secret(settings: Settings, account: Account, variable: str) -> list[Finding]:
    """Whether anybody could post webhooks in this platform's name."""
    if account.webhook_secret:
        return []
    subject = f"{account.platform} webhook"
    if settings.is_production:
        return [Finding(subject, Verdict.WRONG, "refused in production without a secret", f"set {variable}")]
    return [Finding(subject, Verdict.NOTE, "taken from anybody: no secret is set", f"set {variable}")]


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:200]
