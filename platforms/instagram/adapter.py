"""Instagram as a platform."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx
from cachetools import TTLCache

from domain.failures import PartRefused, Rejected, TokenRejected
from domain.identifiers import Address
from domain.messages import Inbound, Part, Receipt
from platforms.base import Abilities, Credentials, FreshToken, Plain, Profile, TextUnit, WebhookRequest
from platforms.http import call, json_object, usable_token
from platforms.instagram.dialect import cut_by_account, read_body
from platforms.instagram.route import Route
from platforms.instagram.sending import (
    LONGEST_TITLE,
    MOST_QUICK_REPLIES,
    bodies_for,
    endpoint,
    failure_in,
    flavour_on,
    fresh_token_in,
    message_id_in,
    renewal_endpoint,
    require_a_way,
)
from platforms.instagram.settings import Flavour, flavour_of
from platforms.meta import answer_challenge, prove_signature
from platforms.text import clean

REQUESTS_PER_MINUTE = 100 * 60
"""The Instagram Platform's overview says 100 calls a second for text; Messenger's page says 300. The lower is kept."""
REMEMBERED_SECONDS = 3600.0
MOST_REMEMBERED = 10_000
FIELDS = ("name,username,profile_pic", "name,username", "name")
"""What a profile is asked for: one field that is not permitted makes the whole call fail, so fewer are asked then."""
UNTOLD = Profile()
SIMULATED = "simulator"
"""The token of an account that the environment gives none."""


class Instagram(Plain):
    """Instagram messaging, by Instagram Login or through a Facebook Page; a Page's own messages by the same door."""

    name = "instagram"
    webhook_path = "/webhooks/instagram"
    webhook_status = 200
    media_hosts: tuple[str, ...] = ("*.fbcdn.net", "*.fbsbx.com", "*.cdninstagram.com")

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._profiles: TTLCache[Address, Profile] = TTLCache(MOST_REMEMBERED, REMEMBERED_SECONDS)

    def abilities(self, route: str) -> Abilities:
        """The same by both flavours. Messenger takes longer texts than Instagram; the stricter limit holds for both."""
        return Abilities(
            longest_text=1000,
            unit=TextUnit.BYTES,
            choices=MOST_QUICK_REPLIES,
            longest_choice=LONGEST_TITLE,
            images=True,
            longest_caption=0,
            requests_per_minute=REQUESTS_PER_MINUTE,
            typing=True,
            typing_seconds=20.0,
            seen=True,
            profile=True,
            receipts=True,
            echoes=True,
            window_hours=24,
            many_accounts=True,
        )

    def authenticate(self, request: WebhookRequest, credentials: Credentials) -> None:
        """Meta's signature. For Instagram Login the Instagram app's secret may sign, not the Meta app's (unconfirmed).

        Raises:
            NotProven: missing or wrong.
        """
        prove_signature(request, credentials)

    def challenge(self, request: WebhookRequest, credentials: Credentials) -> str | None:
        """Meta's verification of the address.

        Raises:
            NotProven: the verify token is missing or wrong.
        """
        return answer_challenge(request, credentials)

    def by_account(self, body: Any) -> dict[str, Any]:
        """See `dialect.cut_by_account`."""
        return cut_by_account(body)

    def read(self, body: Any, request: WebhookRequest, credentials: Credentials) -> list[Inbound]:
        """See `dialect.read_body`."""
        return read_body(body, request.now, credentials)

    async def send(self, to: Address, route: str, part: Part, key: str, credentials: Credentials) -> Receipt:
        """Send one part; Meta takes no idempotency key. `fit` gives no part both a picture and words: two calls."""
        require_a_way(part)
        bodies = bodies_for(to.contact, part, flavour_on(Route.parse(route).network, credentials))
        if not bodies:
            raise PartRefused("Instagram: a message needs words or a picture")
        message_id = ""
        for body in bodies:
            response = await self._ask("POST", "me/messages", credentials, route, (part.text, to.contact), json=body)
            message_id = message_id_in(response)
        return Receipt(message_id=message_id)

    async def show_typing(self, to: Address, route: str, message_id: str, credentials: Credentials) -> None:
        """Three dots, for up to 20 seconds."""
        await self._sign("typing_on", to, route, credentials)

    async def mark_seen(self, to: Address, route: str, message_id: str, credentials: Credentials) -> None:
        """The whole thread counts as read."""
        await self._sign("mark_seen", to, route, credentials)

    async def profile(self, to: Address, route: str, credentials: Credentials) -> Profile:
        """Name and user name, remembered for an hour; so is a refusal (consent is given by writing first).

        Raises:
            PartRefused: it is not told.
            Transient: not now.
        """
        told = self._profiles.get(to)
        if told is None:
            told = self._profiles[to] = await self._ask_profile(to, route, credentials)
        if told == UNTOLD:
            raise PartRefused("Instagram does not tell this customer's profile")
        return told

    async def check_credentials(self, credentials: Credentials) -> str:
        """Ask whose token it is."""
        await self._ask("GET", "me", credentials, "", params={"fields": "id,username"})
        return ""

    def token_ends(self, credentials: Credentials) -> bool:
        """Instagram Login's lives 60 days; a Page's has no end."""
        is_real = credentials.access_token not in ("", SIMULATED)
        return is_real and flavour_of(credentials) is Flavour.INSTAGRAM

    async def renew_token(self, credentials: Credentials, now: datetime) -> FreshToken:
        """Another 60 days, if the token is older than one and not over yet."""
        query = {"grant_type": "ig_refresh_token", "access_token": usable_token(credentials.access_token)}
        response = await call(self._client, "GET", renewal_endpoint(credentials), params=query)
        if failure := failure_in(response, now, (credentials.access_token,)):
            raise failure
        return fresh_token_in(response, now)

    async def _ask_profile(self, to: Address, route: str, credentials: Credentials) -> Profile:
        """With fewer and fewer fields; `UNTOLD` where none is told. A missing permission looks like a dead token."""
        refusal: Rejected | None = None
        for fields in FIELDS:
            query = {"fields": fields}
            try:
                response = await self._ask(
                    "GET", quote(to.contact, safe=""), credentials, route, (to.contact,), params=query
                )
                return _profile_in(json_object(response) or {})
            except Rejected as refused:
                refusal = refused
        if isinstance(refusal, TokenRejected):
            raise PartRefused(str(refusal))  # not remembered; that the token is dead, sending will find out
        return UNTOLD

    async def _sign(self, action: str, to: Address, route: str, credentials: Credentials) -> None:
        body = {"recipient": {"id": to.contact}, "sender_action": action}
        await self._ask("POST", "me/messages", credentials, route, (to.contact,), json=body)

    async def _ask(
        self, method: str, path: str, credentials: Credentials, route: str, hidden: tuple[str, ...] = (), **request: Any
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {usable_token(credentials.access_token)}"}
        url = endpoint(credentials, Route.parse(route).network, path)
        response = await call(self._client, method, url, headers=headers, **request)
        if failure := failure_in(response, datetime.now(UTC), (*hidden, credentials.access_token)):
            raise failure
        return response


def _profile_in(told: dict[str, Any]) -> Profile:
    return Profile(
        name=clean(told.get("name"), 200),
        username=clean(told.get("username"), 200),
        picture_url=clean(told.get("profile_pic"), 2_048),
    )
