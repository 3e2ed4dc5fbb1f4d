"""The bytes of a medium: the bridge is asked for them, since what lies at WhatsApp is encrypted."""

import json
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import httpx

from domain.failures import MediaRefused, OutcomeUnknown, Transient, Unavailable
from domain.media import MediaProblem
from platforms.bridge.route import Completed, Family, Whereabouts
from platforms.http import failure_of
from platforms.text import mapping

LARGEST_FILE = 64 * 1024 * 1024
"""Bytes; the accounts' own limits are lower, this one only bounds our memory."""
LARGEST_ANSWER = LARGEST_FILE * 4 // 3 + 64 * 1024
PATIENCE = httpx.Timeout(connect=5, read=60, write=5, pool=5)
"""The bridge itself fetches from WhatsApp before it answers."""


def request_for(there: Whereabouts, way: Completed) -> tuple[str, str, dict[str, Any]]:
    """Method, path and what goes with them. wppconnect's answer is (unconfirmed): its base64, or an object with it."""
    if way.family is Family.WPPCONNECT:
        return "GET", f"/api/{way.segment}/get-media-by-message/{quote(there.message_id, safe='@')}", {}
    body = {"message": {"key": {"id": there.message_id}}, "convertToMp4": False}
    return "POST", f"/chat/getBase64FromMediaMessage/{way.segment}", {"json": body}


async def ask(client: httpx.AsyncClient, method: str, url: str, **request: Any) -> httpx.Response:
    """One answer of bounded size.

    Raises:
        MediaRefused: it is larger than anything we take.
        Unavailable, Transient: it did not come.
    """
    try:
        async with client.stream(method, url, timeout=PATIENCE, **request) as response:
            content = b"".join([piece async for piece in _bounded(response)])
            headers = {"content-type": response.headers.get("content-type", "")}
            if wait := response.headers.get("retry-after"):
                headers["retry-after"] = wait
            return httpx.Response(response.status_code, headers=headers, content=content)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        failure = failure_of(error)
        if isinstance(failure, OutcomeUnknown):  # nothing was to be done: asking again doubles nothing
            raise Transient(str(failure)) from error
        raise Unavailable(str(failure)) from error


async def _bounded(response: httpx.Response) -> AsyncIterator[bytes]:
    size = 0
    async for piece in response.aiter_bytes():
        size += len(piece)
        if size > LARGEST_ANSWER:
            raise MediaRefused(MediaProblem.TOO_LARGE, "the bridge's answer is too large")
        yield piece


def bytes_in(response: httpx.Response) -> bytes:
    """The file in an answer.

    Raises:
        MediaRefused: there is none, or what there is is no base64.
    """
    encoded = _encoded(response.content)
    try:
        content = b64decode(encoded, validate=True)
    except (Base64Error, ValueError):
        raise MediaRefused(MediaProblem.BROKEN, "the bridge's answer is no base64") from None
    if not content:
        raise MediaRefused(MediaProblem.GONE, "the bridge has no bytes of this message")
    return content


def _encoded(content: bytes) -> str:
    """The base64 text: under a name, as a JSON string, or bare; a `data:` address is stripped."""
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        answer = content.decode("ascii", "replace")
    found = mapping(answer)
    nested = [mapping(each).get("base64") for each in (found, found.get("response"), found.get("data"))]
    text = answer if isinstance(answer, str) else next(filter(None, nested), "")
    text = text if isinstance(text, str) else ""
    if text.startswith("data:"):
        text = text.partition(",")[2]
    return "".join(text.split())
