"""What Meta's platforms share: proof of origin, verification of an address, and the Graph API's errors."""

import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import httpx

from domain.failures import NotProven
from platforms.base import Credentials, WebhookRequest, require_proof
from platforms.http import json_object
from platforms.text import clean, identifier, mapping

SIGNATURE_HEADER = "x-hub-signature-256"
LONGEST_CHALLENGE = 500


class GraphError(NamedTuple):
    """What went wrong, as the Graph API says it; without code and words nothing did."""

    code: int | None = None
    subcode: int | None = None
    words: str = ""
    """The vendor's own, not yet masked."""


def sign(secret: str, body: bytes) -> str:
    """The header's value: `sha256=` and the HMAC-SHA256 of the raw bytes (Meta, "Webhooks: validating payloads").

    Never of a body written anew: Meta signs its own way of escaping what is not ASCII.
    """
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def prove_signature(request: WebhookRequest, credentials: Credentials) -> None:
    """The signature of the app whose secret the account has. Without a secret everything passes.

    Raises:
        NotProven: it is missing or wrong.
    """
    if not credentials.webhook_secret:
        return
    given = request.headers.get(SIGNATURE_HEADER, "").strip().lower()
    require_proof(given, sign(credentials.webhook_secret, request.body), "signature")


def answer_challenge(request: WebhookRequest, credentials: Credentials) -> str:
    """Verification: Meta asks with `hub.mode=subscribe`, our verify token and a challenge, and wants that back.

    Raises:
        NotProven: the verify token is missing or wrong, or nothing is asked.
    """
    if credentials.verify_token:
        require_proof(request.query.get("hub.verify_token"), credentials.verify_token, "verify token")
    challenge = request.query.get("hub.challenge", "")
    if request.query.get("hub.mode") != "subscribe" or not challenge:
        raise NotProven("this is no verification: hub.mode=subscribe and hub.challenge are wanted", missing=True)
    if len(challenge) > LONGEST_CHALLENGE or not challenge.isprintable():
        raise NotProven("the challenge is none of Meta's")
    return challenge


def graph_error(response: httpx.Response) -> GraphError:
    """The error in an answer of whatever status: Meta answers even 200 with one."""
    body = json_object(response) or {}
    error = body.get("error")
    if not error:
        return GraphError()
    if not isinstance(error, dict):
        return GraphError(words=clean(error, 500) or "an error in no known shape")
    words = (clean(error.get("message"), 300), _details(error.get("error_data")))
    return GraphError(
        code=whole(error.get("code")),
        subcode=whole(error.get("error_subcode")),
        words=": ".join(filter(None, words)) or "an error without words",
    )


def says_it_will_pass(response: httpx.Response) -> bool:
    """Whether the error calls itself transient; asked only where its code is none we know."""
    return mapping((json_object(response) or {}).get("error")).get("is_transient") is True


def _details(said: Any) -> str:
    """`error_data` is an object with `details`, or a plain string."""
    return clean(said if isinstance(said, str) else mapping(said).get("details"), 300)


def whole(value: object) -> int | None:
    """A number that may come as text; None: it is none."""
    text = identifier(value, 18) or ""
    return int(text) if text.removeprefix("-").isdecimal() and text.isascii() else None


LATEST_DELIVERY = timedelta(days=8)
"""Meta delivers again for 7 days: what says it is older was stamped by a wrong clock, or is a sample of Meta's."""


def plausible(moment: datetime | None, now: datetime) -> datetime | None:
    """A moment that Meta can still tell of; None: it cannot be, or is not told."""
    return moment if moment and moment > now - LATEST_DELIVERY else None


OTHER_SUBSCRIPTIONS = frozenset({"user", "permissions", "application"})
"""Objects that are no messaging: the same app may have subscribed to them at the same address."""


def is_other_subscription(body: Any) -> bool:
    """Whether a body is Meta's and tells of something we never asked for: taken, and not acted on."""
    told = body.get("object") if isinstance(body, dict) else None
    return isinstance(told, str) and told in OTHER_SUBSCRIPTIONS
