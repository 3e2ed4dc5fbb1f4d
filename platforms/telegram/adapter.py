"""Telegram as a platform."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from domain.failures import MediaRefused, PartRefused, Transient
from domain.identifiers import Address
from domain.media import MediaProblem
from domain.messages import Inbound, Media, Part, Receipt
from platforms.base import Abilities, Credentials, Download, Plain, WebhookRequest, require_proof
from platforms.http import call, usable_token
from platforms.telegram import dialect, sending
from platforms.telegram.route import Route, number_of
from platforms.telegram.settings import VENDOR_URL
from platforms.text import clean, mapping, masked

PROOF = "x-telegram-bot-api-secret-token"
LARGEST_FILE = 20 * 1024 * 1024
"""Bytes a bot may fetch."""
SAFE_IN_A_PATH = ":"


class Telegram(Plain):
    """The Bot API: an account is one bot, and its token stands in the path of every call. No URL is ever shown."""

    name = "telegram"
    webhook_path = "/webhooks/telegram"
    webhook_status = 200

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    def abilities(self, route: str) -> Abilities:
        """See `sending.abilities_of`."""
        return sending.abilities_of(route)

    def authenticate(self, request: WebhookRequest, credentials: Credentials) -> None:
        """The word that was given to `setWebhook`.

        Raises:
            NotProven: missing or wrong.
        """
        if credentials.webhook_secret:
            require_proof(request.headers.get(PROOF), credentials.webhook_secret, "X-Telegram-Bot-Api-Secret-Token")

    def read(self, body: Any, request: WebhookRequest, credentials: Credentials) -> list[Inbound]:
        """See `dialect.read_update`."""
        return dialect.read_update(body, request.now, credentials)

    async def send(self, to: Address, route: str, part: Part, key: str, credentials: Credentials) -> Receipt:
        """Send one part; there is no idempotency key, and nothing can be asked afterwards."""
        method, body = sending.call_for(to.contact, route, part)
        response = await self._ask(method, body, credentials, (part.text, to.contact))
        return sending.receipt_in(response, to.contact, route)

    async def show_typing(self, to: Address, route: str, message_id: str, credentials: Credentials) -> None:
        """Typing; it ends with the answer, or after 5 s."""
        await self._ask("sendChatAction", sending.chat_of(to.contact, route) | {"action": "typing"}, credentials)

    async def mark_seen(self, to: Address, route: str, message_id: str, credentials: Credentials) -> None:
        """A tapped button stops turning. A bot has no other way to show that it has read."""
        if tap := Route.parse(route).tap:
            await self._ask("answerCallbackQuery", {"callback_query_id": tap}, credentials)

    async def fetch(self, media: Media, credentials: Credentials, download: Download) -> bytes:
        """Ask where the file lies (an address lives an hour), and fetch it: its address holds the token, too."""
        try:
            found = mapping(sending.result_in(await self._ask("getFile", {"file_id": media.id}, credentials)))
        except PartRefused as refusal:
            raise MediaRefused(_problem(str(refusal)), str(refusal)) from None
        path, size = clean(found.get("file_path"), 1_000), number_of(found.get("file_size"))
        if not path:
            raise MediaRefused(MediaProblem.GONE, "no path is told for it")
        if size is not None and size > LARGEST_FILE:
            raise MediaRefused(MediaProblem.TOO_LARGE)
        base = _base(credentials)
        host = urlsplit(base).netloc
        url = f"{base}/file/bot{_token(credentials)}/{quote(path)}"
        return await download(url, hosts=(host,), longest=LARGEST_FILE)

    async def check_credentials(self, credentials: Credentials) -> str:
        """Ask who the bot is, and how its webhook fares: nothing, if it fares well."""
        for method in ("getMe", "getWebhookInfo"):
            found = sending.result_in(await self._ask(method, {}, credentials))
            if not isinstance(found, dict):
                raise Transient("an answer that is not the Bot API's")
        return _fare(found, (credentials.access_token,))

    async def _ask(
        self, method: str, body: dict[str, Any], credentials: Credentials, hidden: tuple[str, ...] = ()
    ) -> httpx.Response:
        token = _token(credentials)
        response = await call(self._client, "POST", f"{_base(credentials)}/bot{token}/{method}", json=body)
        if failure := sending.failure_in(response, datetime.now(UTC), (*hidden, token, credentials.access_token)):
            raise failure
        return response


def _base(credentials: Credentials) -> str:
    return (credentials.api_base_url or VENDOR_URL).rstrip("/")


def _token(credentials: Credentials) -> str:
    return quote(usable_token(credentials.access_token), safe=SAFE_IN_A_PATH)


def _problem(words: str) -> MediaProblem:
    return MediaProblem.TOO_LARGE if "too big" in words else MediaProblem.GONE


def _fare(webhook: dict[str, Any], hidden: tuple[str, ...]) -> str:
    """`no webhook is set`, or what waits and what went wrong last."""
    if not webhook.get("url"):
        return "no webhook is set"
    waiting, wrong = (
        number_of(webhook.get("pending_update_count")) or 0,
        masked(webhook.get("last_error_message"), hidden),
    )
    said = [f"{waiting} updates wait" if waiting else "", f"last error: {wrong}" if wrong else ""]
    return ", ".join(filter(None, said))
