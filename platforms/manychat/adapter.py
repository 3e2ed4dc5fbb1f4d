"""ManyChat as a platform."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import httpx

from domain.identifiers import Address
from domain.messages import Inbound, Part, Receipt
from platforms.base import Abilities, Credentials, Plain, WebhookRequest, require_proof
from platforms.http import call, usable_token
from platforms.manychat.channels import abilities_of
from platforms.manychat.dialect import read_request
from platforms.manychat.sending import content_for, dynamic_block, failure_in
from platforms.text import is_set

BASE_URL = "https://api.manychat.com"


class ManyChat(Plain):
    """ManyChat in push mode: its flow calls us, we answer through its Public API."""

    name = "manychat"
    webhook_path = "/webhooks/manychat"
    webhook_status = 202
    media_hosts: tuple[str, ...] = (
        *("*.fbcdn.net", "*.fbsbx.com", "*.cdninstagram.com", "*.manychat.com", "*.whatsapp.net"),
        *("manybot-files.s3.amazonaws.com", "*.telegram.org"),
    )
    """Meta's and ManyChat's own; which of them `image_url` names depends on the network behind the contact."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    def abilities(self, route: str) -> Abilities:
        """What the network behind `route` can show."""
        return abilities_of(route)

    def authenticate(self, request: WebhookRequest, credentials: Credentials) -> None:
        """A shared secret from the shop's flow: header `X-Webhook-Secret` or `?secret=` (ManyChat signs nothing).

        Raises:
            NotProven: missing or wrong.
        """
        if not credentials.webhook_secret:
            return
        given = request.headers.get("x-webhook-secret") or request.query.get("secret")
        require_proof(given, credentials.webhook_secret, "webhook secret")

    def read(self, body: Any, request: WebhookRequest, credentials: Credentials) -> list[Inbound]:
        """See `dialect.read_request`."""
        return read_request(body, request.now, credentials)

    def response_seconds(self, credentials: Credentials) -> float | None:
        """In response mode (`MANYCHAT_PUSH_MODE=false`) as long as the account says; ManyChat hangs up after ten."""
        if is_set(credentials.options.get("push_mode", "true")):
            return None
        return float(credentials.options.get("fallback_after", "8"))

    def response_body(self, parts: Sequence[Part], route: str, credentials: Credentials) -> dict[str, Any]:
        """A dynamic block, version 2."""
        return dynamic_block(route, parts, credentials.options)

    async def send(self, to: Address, route: str, part: Part, key: str, credentials: Credentials) -> Receipt:
        """Push one part. ManyChat takes no idempotency key and returns no message id."""
        body = content_for(to.contact, route, part, credentials.options)
        await self._ask("POST", "/fb/sending/sendContent", credentials, (part.text, to.contact), json=body)
        return Receipt()

    async def check_credentials(self, credentials: Credentials) -> str:
        """Ask for the page the token belongs to."""
        await self._ask("GET", "/fb/page/getInfo", credentials)
        return ""

    async def _ask(
        self, method: str, path: str, credentials: Credentials, hidden: tuple[str, ...] = (), **request: Any
    ) -> None:
        headers = {"Authorization": f"Bearer {usable_token(credentials.access_token)}"}
        url = (credentials.api_base_url or BASE_URL).rstrip("/") + path
        response = await call(self._client, method, url, headers=headers, **request)
        if failure := failure_in(response, datetime.now(UTC), hidden):
            raise failure
