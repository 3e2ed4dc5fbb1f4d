"""The small protocol every platform speaks."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from pydantic import Field

from domain.failures import NotProven, PartRefused
from domain.identifiers import Address
from domain.messages import Inbound, Media, Part, Receipt
from domain.model import Value


class TextUnit(StrEnum):
    """What a platform counts when it limits a text."""

    CHARACTERS = "characters"
    """Code points, as Python counts them."""
    BYTES = "bytes"
    """Of UTF-8."""


class Abilities(Value):
    """What a platform can do, as data: nobody asks "is this ManyChat?"."""

    longest_text: int
    unit: TextUnit = TextUnit.CHARACTERS
    choices: int = 0
    """How many tappable answers fit one message; 0: they are written out as text."""
    longest_choice: int | None = None
    """Characters of a choice's title; None: no limit is known. A longer one makes all of them written out."""
    longest_text_with_choices: int | None = None
    """Where a message with choices takes a shorter text than one without, in `unit`."""
    images: bool = False
    longest_caption: int | None = None
    """Where the text beside a picture is shorter than one alone, in `unit`: a longer one follows the picture."""
    image_with_choices: bool = True
    """Whether one message shows a picture and choices; else the picture comes before them."""
    can_look_up: bool = False
    """Whether `look_up` can tell if a part with an unknown outcome was delivered."""
    opens_to_operators: bool = False
    requests_per_minute: int = 600
    """The platform's own rate per account; a setting may lower it."""
    typing: bool = False
    """Whether `show_typing` shows the customer that somebody writes."""
    typing_seconds: float = 20.0
    """How long one typing sign lasts; it is shown again before it ends."""
    seen: bool = False
    """Whether `mark_seen` shows the customer that their message was read, or ends the waiting of a tapped button."""
    profile: bool = False
    """Whether `profile` can be asked for a customer's name."""
    receipts: bool = False
    """Whether the platform tells how far a part came (delivered, read)."""
    echoes: bool = False
    """Whether the platform shows us what operators write in its own app."""
    window_hours: float | None = None
    """The session window: free-form parts are taken only this long after the customer's last message."""
    many_accounts: bool = False
    """Whether one webhook address serves many accounts and its bodies name them (see `by_account`)."""
    accounts_by_secret: bool = False
    """With `many_accounts`: the proof of origin is one account's own, so a name nobody knows is that account's."""
    checks_quality: bool = False
    """Whether `check_credentials` also learns how the platform rates the account."""


class WebhookRequest(Value):
    """A webhook as it came in, before anything is believed of it."""

    headers: Mapping[str, str]
    """Lower-case names."""
    query: Mapping[str, str]
    body: bytes
    now: datetime


class Credentials(Value):
    """What one account needs to speak with its platform. Empty strings: not set."""

    account: str
    access_token: str = ""
    webhook_secret: str = ""
    verify_token: str = ""
    api_base_url: str = ""
    options: Mapping[str, str] = {}
    """What only this platform knows (a header's name, a region)."""


class Lookup(StrEnum):
    """What became of a part whose outcome was unknown."""

    DELIVERED = "delivered"
    NOT_DELIVERED = "not_delivered"
    CANNOT_TELL = "cannot_tell"


class LostPart(Value):
    """A part that was sent, and whose answer was lost."""

    part: Part
    key: str
    """Its outbox key."""
    since: datetime
    """It was sent at this moment or after it, by our clock."""
    twins: tuple[str, ...] = ()
    """Other parts of the same words that this customer may have been shown about then, each by the id that the platform
    gave it, or "" where it never told."""


class Profile(Value):
    """What the platform tells about a customer."""

    name: str = ""
    username: str = ""
    picture_url: str = ""


class FreshToken(Value):
    """A token in the place of one that ends."""

    token: str = Field(repr=False)
    expires_at: datetime


class Download(Protocol):
    """Fetches bytes from the internet with every precaution."""

    async def __call__(
        self, url: str, *, hosts: tuple[str, ...], headers: Mapping[str, str] = ..., longest: int | None = None
    ) -> bytes:
        """The bytes at `url`, if its host is one of `hosts` (`host`, `host:port` or `*.suffix`).

        Raises:
            MediaRefused: it will never be had (wrong host, too large, gone).
            Transient: not now.
        """
        ...


class Platform(Protocol):
    """One messaging platform. `abilities`, `authenticate`, `challenge`, `by_account` and `read` are pure.

    An adapter inherits `Plain` and writes what its platform can.
    """

    name: str
    webhook_path: str
    """Where the platform posts, e.g. `/webhooks/manychat`."""
    webhook_status: int
    """What a taken webhook is answered with; the body is always `{}`."""
    media_hosts: tuple[str, ...]
    """The platform's own hosts that media may come from: `host` or `*.suffix`."""

    def abilities(self, route: str) -> Abilities:
        """What is possible for the contact behind `route`: one platform may carry several networks, and one message
        allow what another does not (a tap to take note of, a window). "" is a contact of whom nothing is known yet.
        """
        ...

    def authenticate(self, request: WebhookRequest, credentials: Credentials) -> None:
        """Prove the webhook's origin.

        With no secret set every request passes: production refuses such a webhook before it comes here.

        Raises:
            NotProven: the proof is missing or wrong.
        """
        ...

    def challenge(self, request: WebhookRequest, credentials: Credentials) -> str | None:
        """What a GET of the webhook's address is answered with (Meta's verification); None: there is no such thing.

        Raises:
            NotProven: the verify token is missing or wrong.
        """
        ...

    def by_account(self, body: Any) -> dict[str, Any]:
        """Cut a body into one for each account it names; "" is what names none (the address's own account).

        Raises:
            NotUnderstood: the body is not this platform's.
        """
        ...

    def read(self, body: Any, request: WebhookRequest, credentials: Credentials) -> list[Inbound]:
        """Turn a parsed JSON body of one account into domain values. Unknown events become `Ignored`, never an error.

        Raises:
            NotUnderstood: the body is not this platform's.
        """
        ...

    def response_seconds(self, credentials: Credentials) -> float | None:
        """How long the platform waits for the reply in the webhook's own answer; None: every reply is sent."""
        ...

    def response_body(self, parts: Sequence[Part], route: str, credentials: Credentials) -> dict[str, Any]:
        """The webhook's answer that shows these parts; only asked where `response_seconds` says so."""
        ...

    async def send(self, to: Address, route: str, part: Part, key: str, credentials: Credentials) -> Receipt:
        """Send one part, once. With `part.outside_window` only in a way the platform still allows.

        Raises:
            Unavailable, RateLimited, OutcomeUnknown, Transient, TokenRejected, WindowClosed, PartRefused: see
                `domain/failures.py`.
        """
        ...

    async def look_up(self, to: Address, route: str, lost: LostPart, credentials: Credentials) -> Lookup:
        """Find out whether a part whose answer was lost reached the platform. Only asked where `can_look_up`.

        Raises:
            Transient: the platform cannot be asked just now.
        """
        ...

    async def show_typing(self, to: Address, route: str, message_id: str, credentials: Credentials) -> None:
        """Show that somebody writes an answer to `message_id`. Only asked where `typing`; a failure costs nothing."""
        ...

    async def mark_seen(self, to: Address, route: str, message_id: str, credentials: Credentials) -> None:
        """Show that `message_id`, and all before it, was read, or that the tap in `route` was taken.

        Only asked where `seen`, for a burst's last message; a failure costs nothing.
        """
        ...

    async def profile(self, to: Address, route: str, credentials: Credentials) -> Profile:
        """What the platform tells about a customer. Only asked where `profile`.

        Raises:
            EverturnError: it does not tell.
        """
        ...

    async def fetch(self, media: Media, credentials: Credentials, download: Download) -> bytes:
        """The bytes of a picture, voice note or file.

        Raises:
            MediaRefused: they will never be had.
            Transient, TokenRejected: as they are.
        """
        ...

    async def check_credentials(self, credentials: Credentials) -> str:
        """Ask the platform whether the account's token works; returns how it rates the account, where it says so.

        Raises:
            TokenRejected, Transient: as they are.
        """
        ...

    def token_ends(self, credentials: Credentials) -> bool:
        """Whether the account's token has an end and can be renewed before it."""
        ...

    async def renew_token(self, credentials: Credentials, now: datetime) -> FreshToken:
        """A token that lives on. Only asked where `token_ends`.

        Raises:
            PartRefused, TokenRejected, Transient: it cannot be had.
        """
        ...


class Plain:
    """Says for a platform what it cannot do; an adapter inherits it and writes what its platform can."""

    media_hosts: tuple[str, ...] = ()

    def challenge(self, request: WebhookRequest, credentials: Credentials) -> str | None:
        """No GET is expected."""
        return None

    def by_account(self, body: Any) -> dict[str, Any]:
        """Bodies name no account."""
        return {"": body}

    def response_seconds(self, credentials: Credentials) -> float | None:
        """Replies are sent, never answered."""
        return None

    def response_body(self, parts: Sequence[Part], route: str, credentials: Credentials) -> dict[str, Any]:
        """Nothing is shown."""
        return {}

    async def look_up(self, to: Address, route: str, lost: LostPart, credentials: Credentials) -> Lookup:
        """There is nothing to look into."""
        return Lookup.CANNOT_TELL

    async def show_typing(self, to: Address, route: str, message_id: str, credentials: Credentials) -> None:
        """There is no such sign."""

    async def mark_seen(self, to: Address, route: str, message_id: str, credentials: Credentials) -> None:
        """There is no such sign."""

    async def profile(self, to: Address, route: str, credentials: Credentials) -> Profile:
        """Nothing is told."""
        return Profile()

    def token_ends(self, credentials: Credentials) -> bool:
        """It works until it is withdrawn."""
        return False

    async def renew_token(self, credentials: Credentials, now: datetime) -> FreshToken:
        """There is nothing to renew."""
        raise PartRefused("this platform's tokens are not renewed")

    async def fetch(self, media: Media, credentials: Credentials, download: Download) -> bytes:
        """Media lie at a public address of the platform's; an account may name more hosts (option `media_hosts`)."""
        more = credentials.options.get("media_hosts", "").split(",")
        return await download(media.url, hosts=(*self.media_hosts, *filter(None, map(str.strip, more))))


def require_proof(given: str | None, expected: str, what: str) -> None:
    """Compare a shared secret in constant time.

    Raises:
        NotProven: nothing was given, or the wrong thing; `what` names it for the sender.
    """
    import hmac

    if not given:
        raise NotProven(f"no {what} was sent", missing=True)
    if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), expected.encode()):
        raise NotProven(f"the {what} is wrong")
