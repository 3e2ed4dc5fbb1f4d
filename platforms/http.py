"""HTTP towards platforms: one client, one reading of what went wrong."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from domain.failures import EverturnError, OutcomeUnknown, RateLimited, TokenRejected, Transient, Unavailable

TIMEOUT = httpx.Timeout(connect=5, read=10, write=5, pool=5)
KEEP_ALIVE_SECONDS = 2.0
"""Shorter than any server's own: a connection the server has just closed would look like an unknown outcome."""
LONGEST_RETRY_AFTER = 3600.0
NOTHING_LEFT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
    httpx.ProxyError,
    httpx.InvalidURL,
)
ANSWER_LOST = frozenset({504, 524})
"""A gateway passed the request on and gave up waiting (524 is Cloudflare's): it may have been done."""


def build_client(timeout: httpx.Timeout = TIMEOUT, max_connections: int = 200) -> httpx.AsyncClient:
    """The client all platforms share."""
    limits = httpx.Limits(
        max_connections=max_connections, max_keepalive_connections=50, keepalive_expiry=KEEP_ALIVE_SECONDS
    )
    return httpx.AsyncClient(timeout=timeout, limits=limits, follow_redirects=False)


async def call(client: httpx.AsyncClient, method: str, url: str, **request: Any) -> httpx.Response:
    """One request, one answer of whatever status.

    Raises:
        Unavailable: nothing left this machine.
        OutcomeUnknown: the bytes left and no whole answer came.
    """
    try:
        return await client.request(method, url, **request)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise failure_of(error) from error


def failure_of(error: Exception) -> EverturnError:
    """The one mapping of httpx's exceptions; what we do not know may have been carried out."""
    name = type(error).__name__
    if isinstance(error, NOTHING_LEFT):
        return Unavailable(f"the platform could not be reached ({name})")
    return OutcomeUnknown(f"no answer after the request had left ({name})")


def failure_of_status(response: httpx.Response, now: datetime, words: str = "") -> EverturnError | None:
    """What every platform's statuses have in common; None: the platform's own code must be asked."""
    status = response.status_code
    said = f"HTTP {status}{': ' + words if words else ''}"
    if status == 429:
        return RateLimited(said, retry_after=retry_after(response.headers.get("retry-after"), now))
    if status == 401:
        return TokenRejected(said)
    if status in ANSWER_LOST:
        return OutcomeUnknown(said)
    if status >= 500:
        return Transient(said, retry_after=retry_after(response.headers.get("retry-after"), now))
    if status in (408, 425) or 300 <= status < 400:
        return Transient(said)
    return None


def json_object(response: httpx.Response) -> dict[str, Any] | None:
    """The answer's JSON object; None where it is anything else."""
    try:
        body = response.json()
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds until a Retry-After (RFC 9110 §10.2.3: seconds or an HTTP-date), bounded; None: not said or illegible."""
    if value is None:
        return None
    if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", value.strip()):
        return min(float(value), LONGEST_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max((moment - now).total_seconds(), 0.0), LONGEST_RETRY_AFTER)


def usable_token(token: str) -> str:
    """The token, if it can stand in a header at all.

    Raises:
        TokenRejected: it is not set, or holds what no header may carry.
    """
    if not token or not token.isascii() or not token.isprintable():
        raise TokenRejected("the access token is not set" if not token else "the access token holds illegal characters")
    return token


def moment_of(value: object) -> datetime | None:
    """A time as platforms write it: ISO 8601, `… UTC`, or Unix seconds or milliseconds; None: not legible."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if isinstance(value, int | float):
        return _of_unix(value)
    text = value.strip()
    if re.fullmatch(r"[0-9]{9,16}(\.[0-9]{1,9})?", text):
        return _of_unix(float(text))
    try:
        moment = datetime.fromisoformat(re.sub(r"\s*UTC$", "+00:00", text))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _of_unix(number: float) -> datetime | None:
    if not 1e8 < number < 1e14:
        return None
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=number / 1000 if number > 1e11 else number)
