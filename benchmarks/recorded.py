"""The recorded webhook bodies, and the right proof of origin for any body."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from platforms.base import Credentials
from platforms.chat2desk import signature as chat2desk
from platforms.kit import Said
from platforms.meta import SIGNATURE_HEADER, sign
from platforms.registry import PLATFORMS
from platforms.simulation import Webhook

FOLDER = Path(__file__).parents[1] / "tests" / "payloads"
Signer = Callable[[bytes, Credentials, Webhook], str]


HOST = re.compile(rb"(https?:(?:\\?/){2})[^/\"\\\s?#]+", re.IGNORECASE)


def nowhere(body: bytes) -> bytes:
    """The body with every address leading to a host of nobody's, so that a worker who reads it asks no stranger."""
    return HOST.sub(rb"\1media.invalid", body)


def recorded(platform: str) -> dict[str, bytes]:
    """Every recorded body of a platform, by its file's name."""
    return {path.stem: path.read_bytes() for path in sorted((FOLDER / platform).glob("*.json"))}


def of_chat2desk(body: bytes, credentials: Credentials, hook: Webhook) -> str:
    """Chat2Desk signs the bytes and the timestamp beside them."""
    timestamp = hook.headers[chat2desk.timestamp_header(credentials).lower()]
    return chat2desk.sign(chat2desk.keys_of(credentials.access_token)[0], body, timestamp)


SIGNERS: dict[str, Signer] = {
    SIGNATURE_HEADER: lambda body, credentials, _: sign(credentials.webhook_secret, body),
    chat2desk.SIGNATURE_HEADER: of_chat2desk,
}
"""The headers that prove the bytes themselves; every other proof is a secret, the same for every body."""


def proven(platform: str, body: bytes, credentials: Credentials, now: datetime | None = None) -> Webhook:
    """A webhook with this body, proven as the platform proves its own."""
    said = Said(contact="42", text="?", message_id="1", at=now or datetime.now(UTC))
    hook = PLATFORMS[platform].inbound(said, credentials)
    signed = {name: signer(body, credentials, hook) for name, signer in SIGNERS.items() if name in hook.headers}
    return hook.model_copy(update={"body": body, "headers": {**hook.headers, **signed}})
