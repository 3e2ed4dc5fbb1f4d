"""Chat2Desk as a platform."""

from datetime import UTC, datetime
from typing import Any

import httpx

from domain.failures import Rejected
from domain.identifiers import Address
from domain.messages import Inbound, Part, Receipt
from platforms.base import Abilities, Credentials, Lookup, LostPart, Plain, WebhookRequest
from platforms.chat2desk import sending, signature
from platforms.chat2desk.dialect import read_hook
from platforms.chat2desk.route import Route, abilities_of
from platforms.http import call, json_object, usable_token

BASE_URL = "https://api.chat2desk.com"
"""Regional hosts exist (`api.chat24.io`, `api-02.chat2desk.kz`): an account may name its own."""


class Chat2Desk(Plain):
    """Chat2Desk: many transports behind one API, with operators at their desks."""

    name = "chat2desk"
    webhook_path = "/webhook/chat2desk"
    webhook_status = 200
    media_hosts: tuple[str, ...] = ("*.chat2desk.com", "*.chat24.io", "*.chat2desk.kz", "*.chat2desk.com.br")
    """Its storage; regional ones may differ (unconfirmed): an account's option `media_hosts` adds more."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    def abilities(self, route: str) -> Abilities:
        """What the transport behind `route` can show."""
        return abilities_of(route)

    def authenticate(self, request: WebhookRequest, credentials: Credentials) -> None:
        """See `signature.prove`.

        Raises:
            NotProven: missing, wrong or stale.
        """
        signature.prove(request, credentials)

    def read(self, body: Any, request: WebhookRequest, credentials: Credentials) -> list[Inbound]:
        """See `dialect.read_hook`."""
        return read_hook(body, request.now, credentials)

    async def send(self, to: Address, route: str, part: Part, key: str, credentials: Credentials) -> Receipt:
        """Send one part; the platform takes no idempotency key, but can be asked afterwards (`look_up`)."""
        body = sending.message_for(to.contact, route, part, key)
        response = await self._ask("POST", "/v1/messages", credentials, (part.text, to.contact), json=body)
        return Receipt(message_id=sending.message_id_in(response))

    async def look_up(self, to: Address, route: str, lost: LostPart, credentials: Credentials) -> Lookup:
        """Look for a part among the newest messages of its dialog; anything odd is "cannot tell".

        Raises:
            Transient: it cannot be asked just now.
        """
        dialog = Route.parse(route).dialog_id
        if not dialog:
            return Lookup.CANNOT_TELL
        query = {"dialog_id": dialog, "order": "desc", "limit": str(sending.LISTED)}
        try:
            response = await self._ask("GET", "/v1/messages", credentials, params=query)
        except Rejected:
            return Lookup.CANNOT_TELL
        return sending.found_in((json_object(response) or {}).get("data"), lost)

    async def check_credentials(self, credentials: Credentials) -> str:
        """Ask for the company's quota, which costs nothing."""
        await self._ask("GET", "/v1/companies/api_info", credentials)
        return ""

    async def _ask(
        self, method: str, path: str, credentials: Credentials, hidden: tuple[str, ...] = (), **request: Any
    ) -> httpx.Response:
        headers = {"Authorization": usable_token(credentials.access_token)}
        base = (credentials.api_base_url or BASE_URL).rstrip("/").removesuffix("/v1")
        response = await call(self._client, method, base + path, headers=headers, **request)
        if failure := sending.failure_in(response, datetime.now(UTC), hidden):
            raise failure
        return response
