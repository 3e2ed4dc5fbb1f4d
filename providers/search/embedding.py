"""Meaning as numbers, where somebody is configured who can: any endpoint that speaks OpenAI's embeddings API."""

import math
from collections.abc import Sequence
from typing import Any, Protocol

import httpx

from domain.failures import OurFault, RateLimited, TokenRejected, Transient, Unavailable

TIMEOUT = httpx.Timeout(connect=5, read=20, write=10, pool=5)
AT_ONCE = 64
"""Texts in one request."""
LONGEST_RETRY_AFTER = 60.0
MOST_NUMBERS = 8_192


class Embedder(Protocol):
    """Somebody who can say how near two texts are in meaning."""

    model: str
    """Numbers of different models cannot be compared."""

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Vectors of length one, in the order of the texts.

        Raises:
            Transient: not now.
            TokenRejected, OurFault: never with these settings.
        """
        ...


class OpenAIEmbedder:
    """Speaks `POST {base}/embeddings`; `base_url` ends in the version, as `https://api.openai.com/v1`."""

    def __init__(self, client: httpx.AsyncClient, base_url: str, model: str, api_key: str = "") -> None:
        self.model = model
        self._client = client
        self._url = f"{base_url.rstrip('/')}/embeddings"
        self._headers = {"authorization": f"Bearer {api_key}"} if api_key else {}

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """As the endpoint says, brought to length one."""
        found: list[list[float]] = []
        for start in range(0, len(texts), AT_ONCE):
            found += await self._embed(texts[start : start + AT_ONCE])
        return found

    async def _embed(self, texts: Sequence[str]) -> list[list[float]]:
        body = {"model": self.model, "input": list(texts), "encoding_format": "float"}
        try:
            answer = await self._client.post(self._url, json=body, headers=self._headers, timeout=TIMEOUT)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise Unavailable(f"the embedding endpoint cannot be reached ({type(error).__name__})") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Transient(f"no answer from the embedding endpoint ({type(error).__name__})") from None
        _raise_for(answer)
        return _vectors(answer, len(texts))


def _raise_for(answer: httpx.Response) -> None:
    status = answer.status_code
    if status in (401, 403):
        raise TokenRejected(f"embedding: HTTP {status}: set EMBEDDING_API_KEY")
    if status == 429:
        said = answer.headers.get("retry-after", "")
        wait = min(float(said), LONGEST_RETRY_AFTER) if said.isascii() and said.isdigit() else None
        raise RateLimited("embedding: HTTP 429", retry_after=wait)
    if status >= 500 or status == 408:
        raise Transient(f"embedding: HTTP {status}")
    if status != 200:
        raise OurFault(f"embedding: HTTP {status}: look at EMBEDDING_BASE_URL and EMBEDDING_MODEL")


def _vectors(answer: httpx.Response, wanted: int) -> list[list[float]]:
    try:
        rows = sorted(answer.json()["data"], key=lambda row: row["index"])
        found = [_of_length_one(row["embedding"]) for row in rows]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise Transient("the embedding endpoint answered with something else") from None
    if len(found) != wanted:
        raise Transient("the embedding endpoint answered for other texts")
    return found


def _of_length_one(numbers: Any) -> list[float]:
    vector = [float(number) for number in numbers[:MOST_NUMBERS]]
    length = math.sqrt(sum(number * number for number in vector))
    if not length or not math.isfinite(length):
        raise ValueError("no direction")
    return [number / length for number in vector]
