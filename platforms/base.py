"""The small protocol every platform speaks."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from domain.failures import NotProven
from domain.identifiers import Address
from domain.messages import Inbound, Part, Receipt
from domain.model import Value


class TextUnit(StrEnum):
    """What a platform counts when it limits a text."""

    CHARACTERS = "characters"
    BYTES = "bytes"


class Abilities(Value):
    """What a platform can do, as data: nobody asks "is this ManyChat?"."""

    longest_text: int
    unit: TextUnit = TextUnit.CHARACTERS
    choices: int = 0
    """How many tappable answers fit one message; 0: they are written out as text."""
    images: bool = False
    can_look_up: bool = False
    """Whether `look_up` can tell if a part with an unknown outcome was delivered."""
    opens_to_operators: bool = False
    requests_per_minute: int = 600
    """The platform's own rate per account; a setting may lower it."""


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
    api_base_url: str = ""
    options: Mapping[str, str] = {}
    """What only this platform knows (a header's name, a region)."""


class Lookup(StrEnum):
    """What became of a part whose outcome was unknown."""

    DELIVERED = "delivered"
    NOT_DELIVERED = "not_delivered"
    CANNOT_TELL = "cannot_tell"


class Platform(Protocol):
    """One messaging platform. Pure but for `send`, `look_up` and `check_credentials`, which speak HTTP."""

    name: str
    webhook_path: str
    """Where the platform posts, e.g. `/webhooks/manychat`."""
    webhook_status: int
    """What a taken webhook is answered with; the body is always `{}`."""

    def abilities(self, route: str) -> Abilities:
        """What is possible for the contact behind `route` (one platform may carry several networks)."""
        ...

    def authenticate(self, request: WebhookRequest, credentials: Credentials) -> None:
        """Prove the webhook's origin.

        With no secret set every request passes: production refuses such a webhook before it comes here.

        Raises:
            NotProven: the proof is missing or wrong.
        """
        ...

    def read(self, body: Any, request: WebhookRequest, credentials: Credentials) -> list[Inbound]:
        """Turn a parsed JSON body into domain values. Unknown events become `Ignored`, never an error.

        Raises:
            NotUnderstood: the body is not this platform's.
        """
        ...

    async def send(self, to: Address, route: str, part: Part, key: str, credentials: Credentials) -> Receipt:
        """Send one part, once.

        Raises:
            Unavailable, RateLimited, OutcomeUnknown, Transient, TokenRejected, PartRefused: see `domain/failures.py`.
        """
        ...

    async def look_up(
        self, to: Address, route: str, part: Part, key: str, since: datetime, credentials: Credentials
    ) -> Lookup:
        """Find out whether a part sent at or after `since` reached the platform. Only asked where `can_look_up`.

        Raises:
            Transient: the platform cannot be asked just now.
        """
        ...

    async def check_credentials(self, credentials: Credentials) -> None:
        """Ask the platform whether the account's token works.

        Raises:
            TokenRejected, Transient: as they are.
        """
        ...


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
