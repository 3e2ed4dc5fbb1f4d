"""A body that is too large is refused in words, not by a connection that breaks."""

import asyncio
import gzip
import zlib
from collections import Counter

import httpx
import pytest

from api.bodies import LARGEST_BODY

ROUNDS = 40
AT_ONCE = 8


@pytest.mark.parametrize("more", [1, LARGEST_BODY], ids=["a little", "twice as much"])
async def test_whoever_sends_too_much_hears_so(base_url: str, more: int) -> None:
    """However the bytes are still under way: a platform must learn that it is the size, and not try again for ever."""
    body = b" " * (LARGEST_BODY + more)
    heard: Counter[int | str] = Counter()

    async def send(door: httpx.AsyncClient) -> None:
        for _ in range(ROUNDS // AT_ONCE):
            try:
                heard[(await door.post("/webhooks/manychat", content=body)).status_code] += 1
            except httpx.HTTPError as error:
                heard[type(error).__name__] += 1

    async with httpx.AsyncClient(base_url=base_url, timeout=20, trust_env=False) as door:
        await asyncio.gather(*(send(door) for _ in range(AT_ONCE)))
    assert {413: ROUNDS} == heard


BODY = b'{"subscriber_id": "gzip", "text": "hi"}'


@pytest.mark.parametrize(
    ("coding", "body", "status"),
    [
        ("gzip", gzip.compress(BODY), 202),
        ("deflate", zlib.compress(BODY), 202),
        ("identity", BODY, 202),
        ("gzip", gzip.compress(b" " * (LARGEST_BODY + 1)), 413),
        ("gzip", gzip.compress(BODY)[:-9], 400),
        ("gzip", BODY, 400),
        ("br", BODY, 415),
    ],
    ids=["packed", "deflated", "as it is", "too large once unpacked", "cut off", "not packed at all", "packed unknown"],
)
async def test_a_packed_body_is_unpacked_within_limits(base_url: str, coding: str, body: bytes, status: int) -> None:
    """Some proxies pack what they pass on; what would fill our memory is refused."""
    headers = {"Content-Encoding": coding, "X-Webhook-Secret": "many-secret"}
    async with httpx.AsyncClient(base_url=base_url, timeout=20, trust_env=False) as door:
        answer = await door.post("/webhooks/manychat", content=body, headers=headers)
    assert (status, status >= 400) == (answer.status_code, "problem+json" in answer.headers["content-type"])


@pytest.mark.parametrize("path", ["/", "/health", "/metrics", "/api/orders", "/simulator", "/nothing"])
async def test_who_asks_for_the_head_gets_it(base_url: str, path: str) -> None:
    """Watchdogs ask so whether we live."""
    headers = {"Authorization": "Bearer operator-secret"}
    async with httpx.AsyncClient(base_url=base_url, headers=headers, timeout=20, trust_env=False) as door:
        whole, head = await door.get(path), await door.head(path)
        assert (whole.status_code, whole.headers["content-type"], b"") == (
            head.status_code, head.headers["content-type"], head.content,
        )  # fmt: skip
        assert 405 == (await door.head("/webhooks/manychat")).status_code
