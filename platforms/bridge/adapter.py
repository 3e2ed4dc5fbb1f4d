"""The bridge as a platform."""

from datetime import UTC, datetime
from typing import Any

import httpx

from domain.failures import MediaRefused, PartRefused, TokenRejected, Transient
from domain.identifiers import Address
from domain.media import MediaProblem
from domain.messages import Inbound, Media, Part, Receipt
from platforms.base import Abilities, Credentials, Download, Plain, WebhookRequest
from platforms.bridge import fetching, proof, sending
from platforms.bridge.dialect import read_body
from platforms.bridge.envelopes import by_instance
from platforms.bridge.route import Completed, Family, Route, Whereabouts, abilities_of
from platforms.http import call, json_object, usable_token
from platforms.text import mapping


class Bridge(Plain):
    """WhatsApp through Evolution API, wppconnect-server, or a wrapper around venom that speaks like one of them."""

    name = "bridge"
    webhook_path = "/webhook/whatsapp/batched"
    webhook_status = 202
    media_hosts: tuple[str, ...] = ()
    """The bridge hands out media itself; the object store of an Evolution is named by the option `media_hosts`."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    def abilities(self, route: str) -> Abilities:
        """What the bridge behind `route` can do."""
        return abilities_of(route)

    def authenticate(self, request: WebhookRequest, credentials: Credentials) -> None:
        """See `proof.prove`.

        Raises:
            NotProven: missing, wrong or too old.
        """
        proof.prove(request, credentials)

    def by_account(self, body: Any) -> dict[str, Any]:
        """One body for each instance or session."""
        return by_instance(body)

    def read(self, body: Any, request: WebhookRequest, credentials: Credentials) -> list[Inbound]:
        """See `dialect.read_body`."""
        return read_body(body, request.now, credentials)

    async def send(self, to: Address, route: str, part: Part, key: str, credentials: Credentials) -> Receipt:
        """Send one part; bridges take no idempotency key, but the echo of what was sent settles an unknown outcome."""
        way = self._way(route, credentials)
        path, body = sending.message_for(to.contact, part, way)
        hidden = (part.text, to.contact, credentials.access_token)
        response = await self._ask("POST", path, way, credentials, hidden, sends=True, json=body)
        return Receipt(message_id=sending.message_id_in(response))

    async def show_typing(self, to: Address, route: str, message_id: str, credentials: Credentials) -> None:
        """Only in a way that is known (see `abilities_of`)."""
        way = self._way(route, credentials)
        if way.family is Family.EVOLUTION:
            path, body = sending.typing_for(to.contact, way)
            await self._ask("POST", path, way, credentials, (to.contact,), json=body)

    async def mark_seen(self, to: Address, route: str, message_id: str, credentials: Credentials) -> None:
        """Only in a way that is known (see `abilities_of`)."""
        way = self._way(route, credentials)
        if way.family is Family.EVOLUTION:
            path, body = sending.seen_for(to.contact, message_id, way)
            await self._ask("POST", path, way, credentials, (to.contact,), json=body)

    async def fetch(self, media: Media, credentials: Credentials, download: Download) -> bytes:
        """From where the bridge has laid it, if we may fetch there; else from the bridge itself."""
        if media.url:
            try:
                return await super().fetch(media, credentials, download)
            except MediaRefused as refusal:
                if refusal.problem not in (MediaProblem.FORBIDDEN_ADDRESS, MediaProblem.GONE):
                    raise
        return await self._fetch_from_bridge(Whereabouts.parse(media.id), credentials)

    async def _fetch_from_bridge(self, there: Whereabouts, credentials: Credentials) -> bytes:
        if not there.message_id:
            raise MediaRefused(MediaProblem.GONE, "the message has no id to ask the bridge by")
        way = there.route.completed(credentials.options, credentials.account)
        method, path, more = fetching.request_for(there, way)
        headers = sending.headers_for(usable_token(credentials.access_token), way)
        response = await fetching.ask(self._client, method, _base(credentials) + path, headers=headers, **more)
        failure = sending.failure_in(response, datetime.now(UTC), (there.message_id, credentials.access_token))
        if isinstance(failure, PartRefused):
            raise MediaRefused(MediaProblem.GONE, str(failure)) from failure
        if failure:
            raise failure
        return fetching.bytes_in(response)

    async def check_credentials(self, credentials: Credentials) -> str:
        """Ask whether the account's instance is connected to WhatsApp (its routes: index.ts, instance.router.ts)."""
        way = self._way("", credentials)
        evolution = way.family is Family.EVOLUTION
        path = (
            f"/instance/connectionState/{way.segment}" if evolution else f"/api/{way.segment}/check-connection-session"
        )
        response = await self._ask("GET", path, way, credentials)
        body = json_object(response) or {}
        state = mapping(body.get("instance")).get("state", "open") if evolution else body.get("status", True)
        if state not in ("open", True):
            raise Transient("the bridge answers, but is not connected to WhatsApp: scan its QR code")
        return ""

    def _way(self, route: str, credentials: Credentials) -> Completed:
        return Route.parse(route).completed(credentials.options, credentials.account)

    async def _ask(
        self,
        method: str,
        path: str,
        way: Completed,
        credentials: Credentials,
        hidden: tuple[str, ...] = (),
        *,
        sends: bool = False,
        **request: Any,
    ) -> httpx.Response:
        headers = sending.headers_for(usable_token(credentials.access_token), way)
        response = await call(self._client, method, _base(credentials) + path, headers=headers, **request)
        if failure := sending.failure_in(response, datetime.now(UTC), hidden, sends=sends):
            raise failure
        return response


def _base(credentials: Credentials) -> str:
    """Where the account's own bridge listens.

    Raises:
        TokenRejected: nobody said; sends pause until somebody does.
    """
    if not credentials.api_base_url:
        raise TokenRejected("the bridge's address is not set (BRIDGE_API_BASE_URL)")
    return credentials.api_base_url.rstrip("/")
