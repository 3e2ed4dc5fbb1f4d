"""What a stranger may post: read with limits, parsed without surprises."""

import asyncio
import math
import re
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

from pydantic_core import from_json
from starlette.requests import ClientDisconnect, Request

from api.problems import Problem

LARGEST_BODY = 4 * 1024 * 1024
BODY_PATIENCE = 20.0
"""Seconds a sender has to deliver its body; a slower one only holds a connection."""
MOST_UNREAD = 4 * LARGEST_BODY
"""Bytes beyond the limit that are taken and thrown away: who is cut off while still sending hears no refusal at all."""
UNREAD_PATIENCE = 3.0


async def read_body(request: Request) -> bytes:
    """The raw body, unpacked where a proxy on the way has packed it.

    Raises:
        Problem: 413 too large (told by its header or found while reading), 408 too slow, 400 the sender went away or
            the packing is broken, 415 it is packed in a way we do not know.
    """
    unpack = _unpacker(request.headers.get("content-encoding", ""))
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > LARGEST_BODY:
        await _let_it_finish(request)
        raise _too_large()
    try:
        async with asyncio.timeout(BODY_PATIENCE):
            return unpack(await _read_limited(request))
    except TimeoutError:
        raise Problem(408, "the body did not arrive in time", headers={"Connection": "close"}) from None
    except ClientDisconnect:
        raise Problem(400, "the sender went away before its body was complete") from None


def _unpacker(coding: str) -> Callable[[bytes], bytes]:
    match coding.strip().lower():
        case "" | "identity":
            return bytes
        case "gzip" | "x-gzip" | "deflate":
            return _unpacked
        case _:
            raise Problem(415, "a body may be packed with gzip only", headers={"Accept-Encoding": "gzip, identity"})


def _unpacked(body: bytes) -> bytes:
    """No more than we would take unpacked, however much is in it."""
    unpacking = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # gzip or zlib, told by its first bytes
    try:
        plain = unpacking.decompress(body, LARGEST_BODY + 1)
    except zlib.error:
        raise Problem(400, "the body cannot be unpacked") from None
    if len(plain) > LARGEST_BODY:
        raise _too_large()
    if not unpacking.eof:
        raise Problem(400, "the body cannot be unpacked: its end is missing")
    return plain


async def _read_limited(request: Request) -> bytes:
    pieces, size, coming = [], 0, request.stream()
    async for piece in coming:
        size += len(piece)
        if size > LARGEST_BODY:
            await _throw_away(coming)
            raise _too_large()
        pieces.append(piece)
    return b"".join(pieces)


async def _let_it_finish(request: Request) -> None:
    if int(request.headers["content-length"]) <= MOST_UNREAD:
        await _throw_away(request.stream())


async def _throw_away(coming: AsyncIterator[bytes]) -> None:
    """Read on without keeping anything, for a while: the connection is closed once the refusal is said."""
    size = 0
    with suppress(TimeoutError, ClientDisconnect):
        async with asyncio.timeout(UNREAD_PATIENCE):
            async for piece in coming:
                size += len(piece)
                if size > MOST_UNREAD:
                    return


def _too_large() -> Problem:
    return Problem(413, f"a body may have {LARGEST_BODY} bytes", headers={"Connection": "close"})


def parse_json(body: bytes) -> Any:
    """The body's JSON: strict (no NaN, no infinity, valid UTF-8, nesting of at most 200), without NULs or half emoji.

    Raises:
        Problem: 400.
    """
    try:
        value = from_json(_cleaned(body.removeprefix(b"\xef\xbb\xbf")), allow_inf_nan=False)
    except ValueError as error:
        raise Problem(400, f"the body is not JSON: {error}") from None
    if _could_overflow.search(body) and not _is_finite(value):
        raise Problem(400, "the body is not JSON we take: a number is too large")
    return value


_suspicious = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_escape = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"  # both halves of an emoji: kept
    rb"|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|(?P<nul>u0000)|.)",
    re.DOTALL,
)
_could_overflow = re.compile(rb"[eE]\+?\d{3}|\d{300}")


def _cleaned(body: bytes) -> bytes:
    """PostgreSQL takes no NUL and UTF-8 no half of a surrogate pair (platforms cut texts in the middle of an emoji)."""
    return _escape.sub(_harmless, body) if _suspicious.search(body) else body


def _harmless(found: re.Match[bytes]) -> bytes:
    if found["half"]:
        return rb"\ufffd"
    return b"" if found["nul"] else found[0]


def _is_finite(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_is_finite, value.values()))
    if isinstance(value, list):
        return all(map(_is_finite, value))
    return not isinstance(value, float) or math.isfinite(value)
