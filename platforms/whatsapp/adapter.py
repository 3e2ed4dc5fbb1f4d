"""WhatsApp Cloud as a platform."""

import base64
import binascii
import hashlib
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx

from domain.failures import MediaRefused, PartRefused, Transient
from domain.identifiers import Address
from domain.media import MediaProblem
from domain.messages import Inbound, Media, Part, Receipt
from platforms.base import Abilities, Credentials, Download, Plain, WebhookRequest
from platforms.http import call, json_object, usable_token
from platforms.meta import answer_challenge, prove_signature
from platforms.text import clean
from platforms.whatsapp import dialect, sending
from platforms.whatsapp.route import Route

BASE_URL = "https://graph.facebook.com"
USUAL_VERSION = "v23.0"
ANY = "default"
"""The account whose number is not stated: each answer goes out by the number that was written to."""
QUALITY = "display_phone_number,quality_rating,verified_name"


class WhatsApp(Plain):
    """WhatsApp Cloud: an account is one phone number, named by its `phone_number_id`."""

    name = "whatsapp"
    webhook_path = "/webhooks/whatsapp"
    webhook_status = 200
    media_hosts: tuple[str, ...] = ("lookaside.fbsbx.com", "*.fbcdn.net", "*.whatsapp.net")

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    def abilities(self, route: str) -> Abilities:
        """The same for everybody."""
        return sending.ABILITIES

    def authenticate(self, request: WebhookRequest, credentials: Credentials) -> None:
        """See `meta.prove_signature`.

        Raises:
            NotProven: missing or wrong.
        """
        prove_signature(request, credentials)

    def challenge(self, request: WebhookRequest, credentials: Credentials) -> str:
        """See `meta.answer_challenge`.

        Raises:
            NotProven: a wrong verify token.
        """
        return answer_challenge(request, credentials)

    def by_account(self, body: Any) -> dict[str, Any]:
        """See `dialect.by_account`."""
        return dialect.by_account(body)

    def read(self, body: Any, request: WebhookRequest, credentials: Credentials) -> list[Inbound]:
        """See `dialect.read_body`."""
        return dialect.read_body(body, request.now, credentials)

    async def send(self, to: Address, route: str, part: Part, key: str, credentials: Credentials) -> Receipt:
        """Send one part; there is no idempotency key, and nothing can be asked afterwards."""
        body = sending.message_for(to.contact, route, part, key, credentials.options)
        hidden = (part.text, to.contact, Route.parse(route).phone)
        response = await self._ask("POST", _messages(route, credentials), credentials, hidden, json=body)
        return sending.receipt_in(response)

    async def show_typing(self, to: Address, route: str, message_id: str, credentials: Credentials) -> None:
        """Typing, which marks as read too; it ends with the answer, or after 25 s."""
        body = sending.sign_for(message_id, typing=True)
        await self._ask("POST", _messages(route, credentials), credentials, json=body)

    async def mark_seen(self, to: Address, route: str, message_id: str, credentials: Credentials) -> None:
        """Two blue ticks, without typing."""
        body = sending.sign_for(message_id, typing=False)
        await self._ask("POST", _messages(route, credentials), credentials, json=body)

    async def fetch(self, media: Media, credentials: Credentials, download: Download) -> bytes:
        """Ask where the media lie (an address lives five minutes), and fetch them with the same token."""
        found = await self._whereabouts(media, credentials) if media.id else {"url": media.url}
        url = clean(found.get("url"), 4_096)
        if not url:
            raise MediaRefused(MediaProblem.GONE, "no address is told for it")
        content = await download(url, hosts=self.media_hosts, headers=_bearer(credentials))
        if (digest := digest_in(found.get("sha256"))) not in (None, hashlib.sha256(content).digest()):
            raise MediaRefused(MediaProblem.BROKEN, f"not what was announced ({len(digest or b'')} bytes of SHA-256)")
        return content

    async def check_credentials(self, credentials: Credentials) -> str:
        """Ask how our number is rated (GREEN, YELLOW, RED); without a number, whether the token works at all."""
        number = number_of("", credentials)
        path, query = (number, {"fields": QUALITY}) if number else ("me", {})
        response = await self._ask("GET", path, credentials, params=query)
        if (body := json_object(response)) is None:
            raise Transient("an answer that is not the Graph API's")
        return clean(body.get("quality_rating"), 20)

    async def _whereabouts(self, media: Media, credentials: Credentials) -> dict[str, Any]:
        try:
            response = await self._ask("GET", quote(media.id, safe=""), credentials)
        except PartRefused as refusal:
            raise MediaRefused(MediaProblem.GONE, str(refusal)) from None
        return json_object(response) or {}

    async def _ask(
        self, method: str, path: str, credentials: Credentials, hidden: tuple[str, ...] = (), **request: Any
    ) -> httpx.Response:
        version = credentials.options.get("graph_version") or USUAL_VERSION
        base = (credentials.api_base_url or BASE_URL).rstrip("/")
        response = await call(self._client, method, f"{base}/{version}/{path}", headers=_bearer(credentials), **request)
        secrets = (*hidden, credentials.access_token)
        if failure := sending.failure_in(response, datetime.now(UTC), secrets):
            raise failure
        return response


def number_of(route: str, credentials: Credentials) -> str:
    """Our number's id: the account's own, or for the account that takes any the one that was written to."""
    return Route.parse(route).number_id or ("" if credentials.account == ANY else credentials.account)


def _messages(route: str, credentials: Credentials) -> str:
    number = number_of(route, credentials)
    if not number:
        raise PartRefused("no phone number id is known to send from: set WHATSAPP_ACCOUNT_ID")
    return f"{quote(number, safe='')}/messages"


def _bearer(credentials: Credentials) -> dict[str, str]:
    return {"Authorization": f"Bearer {usable_token(credentials.access_token)}"}


def digest_in(value: object) -> bytes | None:
    """A SHA-256 as Meta writes it, in hex or base64; None: illegible, so nothing can be compared."""
    text = clean(value, 100)
    try:
        digest = bytes.fromhex(text) if len(text) == 64 else base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return None
    return digest if len(digest) == 32 else None
