"""Proof that a webhook comes from Chat2Desk (vendor page "Webhook Signature Verification", 2025-06-06)."""

import hashlib
import hmac
from datetime import timedelta
from functools import lru_cache

from domain.failures import NotProven
from platforms.base import Credentials, WebhookRequest, require_proof
from platforms.http import moment_of

SIGNATURE_HEADER = "x-signature"
TIMESTAMP_OPTION = "timestamp_header"
DEFAULT_TIMESTAMP_HEADER = "X-Timestamp"
"""(unconfirmed): the vendor does not name the header."""
STALE = timedelta(hours=24)


def sign(key: bytes, body: bytes, timestamp: str) -> str:
    """`hex(HMAC_SHA256(key, raw_body + timestamp))`."""
    return hmac.new(key, body + timestamp.encode(), hashlib.sha256).hexdigest()


@lru_cache(maxsize=1_000)
def keys_of(token: str) -> tuple[bytes, bytes]:
    """The MD5 of the API token, as hex string and as raw digest: the vendor does not say which (unconfirmed)."""
    digest = hashlib.md5(token.encode(), usedforsecurity=False)
    return digest.hexdigest().encode(), digest.digest()


def timestamp_header(credentials: Credentials) -> str:
    """The header that carries the timestamp, as sent."""
    return credentials.options.get(TIMESTAMP_OPTION) or DEFAULT_TIMESTAMP_HEADER


def prove(request: WebhookRequest, credentials: Credentials) -> None:
    """Both proofs, where both are there: `?secret=` where one is set, and the signature where one is sent.

    A wrong signature is refused even when the secret is right. Without an API token a signature cannot be checked,
    and the secret stands alone.

    Raises:
        NotProven: something is missing, wrong or stale.
    """
    if credentials.webhook_secret:
        require_proof(request.query.get("secret"), credentials.webhook_secret, "webhook secret")
    given = request.headers.get(SIGNATURE_HEADER)
    if given is not None and credentials.access_token:
        _require_signature(given, request, credentials)


def _require_signature(given: str, request: WebhookRequest, credentials: Credentials) -> None:
    header = timestamp_header(credentials)
    timestamp = request.headers.get(header.lower(), "")
    moment = moment_of(timestamp)
    if moment is None:
        raise NotProven(f"a signature came without a legible timestamp in {header}")
    if abs(request.now - moment) > STALE:
        raise NotProven("the signature's timestamp is older than 24 hours")
    said = given.strip().lower().encode("utf-8", "replace")
    right = [
        hmac.compare_digest(said, sign(key, request.body, timestamp).encode())
        for key in keys_of(credentials.access_token)
    ]
    if not any(right):
        raise NotProven("the signature is wrong")
