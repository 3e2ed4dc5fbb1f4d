"""The doors through which platforms tell us what customers wrote."""

import re
import time
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from api.arrivals import Arrivals
from api.bodies import parse_json, read_body
from api.conversations import NOTICED_WITHIN
from api.problems import Problem, of_failure
from api.response_mode import ResponseMode
from domain.failures import NotProven, NotUnderstood, Transient, Unavailable
from domain.messages import Inbound
from platforms.base import Platform, WebhookRequest
from platforms.credentials import credentials_of
from providers.records.tenants import ACCOUNT
from runtime import metrics
from runtime.accounts import Account, Accounts

EVENT = re.compile(r"[a-z]+([-_][a-z]+)+|call|errors", re.IGNORECASE)
"""What Evolution's `webhookByEvents` adds to the address: `messages-upsert`, not an account."""
_ID = re.compile(ACCOUNT)
"""What an account may be called; nobody is asked about anything else, for PostgreSQL takes no NUL."""
ANY = "default"
"""The environment's account where its id is not stated: it takes whatever its platform's bodies name."""


class Webhook:
    """One platform's door. An account is named by the address (`/{account}` or `?account=`), or by the body."""

    def __init__(
        self,
        platform: Platform,
        accounts: Accounts,
        arrivals: Arrivals,
        response_mode: ResponseMode,
        *,
        production: bool,
    ) -> None:
        self._platform = platform
        self._abilities = platform.abilities("")
        self._accounts = accounts
        self._arrivals = arrivals
        self._response_mode = response_mode
        self._production = production

    def routes(self) -> list[Route]:
        """Where the platform posts; with a slash at the end, too, for senders do not follow a redirect."""
        path, name = self._platform.webhook_path, f"webhook-{self._platform.name}"
        named = f"{path}/{{account}}"
        paths = [path, f"{path}/", named, f"{named}/"]
        if self._abilities.accounts_by_secret:  # Evolution's `webhookByEvents` adds the event's name
            paths += [f"{named}/{{event}}", f"{named}/{{event}}/"]
        posts = [Route(each, self.receive, methods=["POST"], name=name) for each in paths]
        return [*posts, *(Route(each, self.verify, methods=["GET"], name=f"{name}-verify") for each in paths)]

    async def verify(self, request: Request) -> Response:
        """Answer a platform that asks whether this address is ours."""
        account = await self._addressed(request)
        seen = _seen(request, b"")
        try:
            challenge = self._platform.challenge(seen, credentials_of(account))
        except NotProven as refusal:
            raise Problem(403, str(refusal)) from None
        if challenge is None:
            raise Problem(405, "this address takes POST", headers={"Allow": "POST"})
        if self._production and not account.verify_token:
            raise Problem(
                403, f"{self._platform.name.upper()}_VERIFY_TOKEN is not set: in production nobody is verified"
            )
        return PlainTextResponse(challenge)

    async def receive(self, request: Request) -> Response:
        """Take a webhook: 2xx only after every message in it is durable."""
        began, kind = time.perf_counter(), "push"
        account = await self._addressed(request)
        try:
            seen = _seen(request, await read_body(request))
            told = await self._read(seen, account)
            patience = self._platform.response_seconds(credentials_of(account))
            if patience is not None:
                kind = "response"
                left = patience - NOTICED_WITHIN - (time.perf_counter() - began)
                received = await self._arrivals.take_but_messages(told)
                return await self._response_mode.answer(request, self._platform, account, received, left)
            await self._arrivals.take(told)
        except (Problem, Transient) as refusal:
            status = refusal.status if isinstance(refusal, Problem) else 503
            metrics.webhooks_refused.labels(account.platform, account.account, str(status)).inc()
            raise
        finally:
            metrics.webhook_ack_ms.labels(account.platform, account.account, kind).observe(
                (time.perf_counter() - began) * 1000
            )
        return Response(b"{}", self._platform.webhook_status, media_type="application/json")

    async def _addressed(self, request: Request) -> Account:
        """The account that the address names, or the platform's default one."""
        named = request.path_params.get("account") or request.query_params.get("account")
        if not named:
            return await self._accounts.default(self._platform.name)
        if _ID.fullmatch(named) and (account := await self._accounts.find(self._platform.name, named)):
            return account
        if self._abilities.accounts_by_secret and EVENT.fullmatch(named):
            return await self._accounts.default(self._platform.name)
        raise Problem(404, f"there is no such {self._platform.name} account here")

    async def _read(self, seen: WebhookRequest, addressed: Account) -> list[tuple[Account, Inbound]]:
        """What the body tells each of its accounts; nothing is read before its origin is proven."""
        try:
            if not self._abilities.many_accounts:
                self._prove(seen, addressed)
                return self._read_one(addressed, parse_json(seen.body), seen)
            return await self._read_each(seen, addressed)
        except (NotProven, NotUnderstood) as refusal:
            raise of_failure(refusal) from None

    async def _read_each(self, seen: WebhookRequest, addressed: Account) -> list[tuple[Account, Inbound]]:
        """What a body of several accounts tells each of them, every one proven by its own secret.

        Whom we do not know (a shop that left) is passed over, once anybody's secret has proven the body as a whole.
        """
        named = [(await self._named(name, addressed), body) for name, body in self._cut(seen, addressed).items()]
        ours = [(account, body) for account, body in named if account is not None]
        for account in [account for account, _ in ours] or [addressed]:
            self._prove(seen, account)
        for _ in named[len(ours) :]:
            self._arrivals.count_ignored(addressed, "unknown_account")
        return [event for account, body in ours for event in self._read_one(account, body, seen)]

    def _cut(self, seen: WebhookRequest, addressed: Account) -> dict[str, Any]:
        """The body, cut by account. Who sends what cannot be read must prove itself before hearing why."""
        try:
            return self._platform.by_account(parse_json(seen.body)) or {"": {}}
        except (Problem, NotUnderstood):
            self._prove(seen, addressed)
            raise

    async def _named(self, name: str, addressed: Account) -> Account | None:
        """The account of this name. Strangers' names ask no database: the list of our accounts is at hand."""
        if name in ("", addressed.account):
            return None if self._is_shut(addressed) else addressed
        any_name = addressed.account == ANY or self._abilities.accounts_by_secret
        takes_any = any_name and not self._is_shut(addressed)
        try:
            ours = await self._accounts.of_platform(self._platform.name)
        except Unavailable:  # never asked yet: in production the name may be another shop's
            if takes_any and not self._production:
                return addressed
            raise
        known = next((account for account in ours if account.account == name), None)
        return known or (addressed if takes_any else None)

    def _is_shut(self, account: Account) -> bool:
        """In production nobody can prove to be the platform of an account that has no secret."""
        return self._production and not account.webhook_secret

    def _prove(self, seen: WebhookRequest, account: Account) -> None:
        if self._is_shut(account):
            variable = f"{self._platform.name.upper()}_WEBHOOK_SECRET"
            raise Problem(403, f"{variable} is not set: in production this hook is shut")
        self._platform.authenticate(seen, credentials_of(account))

    def _read_one(self, account: Account, body: Any, seen: WebhookRequest) -> list[tuple[Account, Inbound]]:
        return [(account, event) for event in self._platform.read(body, seen, credentials_of(account))]


def _seen(request: Request, body: bytes) -> WebhookRequest:
    return WebhookRequest(
        headers=dict(request.headers), query=dict(request.query_params), body=body, now=datetime.now(UTC)
    )
