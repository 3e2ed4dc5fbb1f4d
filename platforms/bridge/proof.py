"""Proof that a webhook comes from the account's own bridge."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode
from datetime import datetime, timedelta
from typing import Any

from domain.failures import NotProven
from platforms.base import Credentials, WebhookRequest, require_proof
from platforms.text import mapping

LATENESS = timedelta(minutes=30)
"""Evolution makes its token (good for 10 minutes) once, and tries again with the same one for half an hour. A 401
would lose that event for good; and a token bound to no body proves no more for being young."""


def prove(request: WebhookRequest, credentials: Credentials) -> None:
    """The webhook secret: in the header `X-Webhook-Secret`, as `?secret=`, or as the key of Evolution's token.

    Evolution signs no bodies (webhook.controller.ts): with `jwt_key` set it sends `Authorization: Bearer <HS256 JWT>`.

    Raises:
        NotProven: missing, wrong or too old.
    """
    secret = credentials.webhook_secret
    if not secret:
        return
    given = request.headers.get("x-webhook-secret") or request.query.get("secret")
    scheme, _, token = request.headers.get("authorization", "").strip().partition(" ")
    if not given and scheme.lower() == "bearer" and token:
        _prove_token(token.strip(), secret, request.now)
    else:
        require_proof(given, secret, "webhook secret")


def _prove_token(token: str, secret: str, now: datetime) -> None:
    """RFC 7519 by hand: the one algorithm that the secret is for, its signature, and its time."""
    signed, _, signature = token.rpartition(".")
    header, _, claims = signed.partition(".")
    expected = hmac.new(secret.encode(), signed.encode("utf-8", "surrogateescape"), hashlib.sha256).digest()
    if _json(header).get("alg") != "HS256" or not hmac.compare_digest(_bytes(signature), expected):
        raise NotProven("the bearer token is not signed with the webhook secret")
    expires = _json(claims).get("exp")
    if isinstance(expires, bool) or not isinstance(expires, int | float):
        raise NotProven("the bearer token does not say when it ends")
    if not (now - LATENESS).timestamp() <= expires:  # "not a number" is too old, too
        raise NotProven("the bearer token is too old")


def _json(segment: str) -> dict[str, Any]:
    try:
        return mapping(json.loads(_bytes(segment)))
    except (ValueError, RecursionError):
        return {}


def _bytes(segment: str) -> bytes:
    """Base64 for URLs, without its padding; empty where it is none."""
    try:
        return urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except ValueError:
        return b""
