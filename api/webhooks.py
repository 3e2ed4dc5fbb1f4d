"""The doors through which platforms tell us what customers wrote."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.bodies import parse_json, read_body
from api.conversations import Conversations
from api.flood import FloodGate
from api.problems import Problem, of_failure
from domain.failures import NotProven, NotUnderstood
from domain.messages import Echo, Ignored, Inbound, ReceiptSeen, Received
from platforms.base import Credentials, Platform, WebhookRequest
from platforms.credentials import credentials_of
from runtime import metrics
from runtime.accounts import Account

LARGEST_MESSAGE = 256 * 1024
"""Bytes of one message in a history; a message of text and addresses of pictures never comes near."""
LONGEST_REASON = 60
MOST_REASONS = 100
"""Different reasons counted one by one; a stranger must not be able to grow our memory with new ones."""

log = structlog.get_logger(__name__)


class Webhook:
    """One platform's door."""

    def __init__(
        self, platform: Platform, account: Account, conversations: Conversations, gate: FloodGate, *, production: bool
    ) -> None:
        self._platform = platform
        self._account = account
        self._credentials: Credentials = credentials_of(account)
        self._conversations = conversations
        self._gate = gate
        self._shut = production and not account.webhook_secret
        self._reasons: set[str] = set()
        labels = {"platform": platform.name, "account": account.account}
        self._acknowledged = metrics.webhook_ack_ms.labels(**labels)
        self._made_durable = metrics.checkpointer_latency_ms.labels(**labels)

    def routes(self) -> list[Route]:
        """Where the platform posts; with a slash at the end, too, for senders do not follow a redirect."""
        path, name = self._platform.webhook_path, f"webhook-{self._platform.name}"
        return [Route(each, self.receive, methods=["POST"], name=name) for each in (path, f"{path}/")]

    async def receive(self, request: Request) -> Response:
        """Take a webhook: 2xx only after every message in it is durable."""
        began = time.perf_counter()
        try:
            await self._take(await self._read(request))
        finally:
            self._acknowledged.observe((time.perf_counter() - began) * 1000)
        return Response(b"{}", self._platform.webhook_status, media_type="application/json")

    async def _read(self, request: Request) -> list[Inbound]:
        if self._shut:
            variable = f"{self._platform.name.upper()}_WEBHOOK_SECRET"
            raise Problem(403, f"{variable} is not set: in production this hook is shut")
        body = await read_body(request)
        query = dict(request.query_params)
        seen = WebhookRequest(headers=dict(request.headers), query=query, body=body, now=datetime.now(UTC))
        try:
            self._platform.authenticate(seen, self._credentials)
            return self._platform.read(parse_json(body), seen, self._credentials)
        except (NotProven, NotUnderstood) as refusal:
            raise of_failure(refusal) from None

    async def _take(self, events: Iterable[Inbound]) -> None:
        received = [message for event in events if (message := self._message_in(event))]
        self._refuse_oversized(received)
        self._refuse_flood(received)
        by_conversation = attrgetter("address.conversation_id")
        groups = [list(group) for _, group in groupby(sorted(received, key=by_conversation), by_conversation)]
        if len(groups) == 1:  # nearly always; a task costs more than it brings
            await self._tell(groups[0])
        else:
            await _all_or_first_failure(lambda group: self._tell(group), groups)

    def _message_in(self, event: Inbound) -> Received | None:
        match event:
            case Received():
                return event
            case ReceiptSeen(state=state):
                self._count_ignored(f"receipt:{state}")
            case Echo(by_operator=by_operator):
                self._count_ignored("echo:operator" if by_operator else "echo")
            case Ignored(reason=reason):
                self._count_ignored(reason)
        return None

    def _count_ignored(self, reason: str) -> None:
        kind = reason[:LONGEST_REASON]
        if kind not in self._reasons:
            if len(self._reasons) >= MOST_REASONS:
                kind = "other"
            self._reasons.add(kind)
            log.info("event_ignored_first_time", platform=self._platform.name, reason=kind)
        metrics.events_ignored.labels(self._platform.name, self._account.account, kind).inc()

    def _refuse_oversized(self, received: list[Received]) -> None:
        for event in received:
            if len(event.address.conversation_id.encode()) > 1000:
                raise Problem(400, "the contact's id is too long")
            if len(event.message.model_dump_json()) > LARGEST_MESSAGE:
                raise Problem(400, "a message in this body is too large")

    def _refuse_flood(self, received: list[Received]) -> None:
        now = time.monotonic()
        admit = self._gate.admit
        waits = [admit(event.address.conversation_id, now, len(event.message.text)) for event in received]
        if wait := max(waits, default=0.0):
            log.warning("flood_refused", platform=self._platform.name, messages=len(received))
            raise Problem(429, "this sender writes too fast", headers={"Retry-After": str(int(wait) + 1)})

    async def _tell(self, received: list[Received]) -> None:
        """Messages of one conversation go one after the other: their order is the customer's."""
        for event in received:
            began = time.perf_counter()
            await self._conversations.tell(event.address, "receive", event.message)
            self._made_durable.observe((time.perf_counter() - began) * 1000)
            labels = (event.address.platform, event.address.account, self._account.flow, event.message.kind)
            metrics.messages_received.labels(*labels).inc()


async def _all_or_first_failure(
    work: Callable[[list[Received]], Awaitable[None]], groups: list[list[Received]]
) -> None:
    """Do all of it, even when one fails: what is durable need not be told again (inbox dedupe drops it)."""
    results = await asyncio.gather(*map(work, groups), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
