"""A body that is too large is refused in words, not by a connection that breaks."""

import asyncio
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
