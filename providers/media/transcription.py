"""Listens to voice notes, where somebody is configured who can: any endpoint that speaks OpenAI's transcription API."""

from typing import Any, Protocol

import httpx

from domain.failures import EverturnError, MediaRefused, RateLimited, TokenRejected, Transient, Unavailable
from domain.media import MediaProblem
from domain.model import Value
from providers.media.kinds import suffix_of

TIMEOUT = httpx.Timeout(connect=5, read=20, write=10, pool=5)
LONGEST_TEXT = 8_000
"""Characters kept of what was heard: as many as of a typed message."""
LONGEST_RETRY_AFTER = 60.0
LONGEST_NOTE = 86_400
"""Seconds; what is said to be longer, or not to be a number, is no length."""


class Heard(Value):
    """What was said in a voice note."""

    text: str
    seconds: float | None = None


class Transcriber(Protocol):
    """Somebody who listens."""

    async def listen(self, content: bytes, mime: str) -> Heard:
        """What was said.

        Raises:
            MediaRefused: nobody listens here, or not to this.
            TokenRejected, Transient: as they are.
        """
        ...


class NobodyListens:
    """Stands where no endpoint is configured."""

    async def listen(self, content: bytes, mime: str) -> Heard:
        """Never hears anything."""
        raise MediaRefused(MediaProblem.NO_TRANSCRIPTION, "no transcription endpoint is set")


class OpenAITranscriber:
    """Speaks `POST {base}/audio/transcriptions`; `base_url` ends in the version, as `https://api.openai.com/v1`."""

    def __init__(self, client: httpx.AsyncClient, base_url: str, api_key: str = "", model: str = "whisper-1") -> None:
        self._client = client
        self._url = f"{base_url.rstrip('/')}/audio/transcriptions"
        self._headers = {"authorization": f"Bearer {api_key}"} if api_key else {}
        self._model = model

    async def listen(self, content: bytes, mime: str) -> Heard:
        """What the endpoint heard."""
        response = await self._ask(content, mime)
        if failure := failure_of(response):
            raise failure
        answer = _json(response)
        text = answer.get("text")
        if not isinstance(text, str):
            raise Transient("the transcription endpoint answered without a text")
        return Heard(text=_storable(text), seconds=_seconds(answer))

    async def _ask(self, content: bytes, mime: str) -> httpx.Response:
        """The endpoint tells the format by the file's name, so it gets one of ours."""
        file = (f"voice.{suffix_of(mime)}", content, mime)
        fields = {"model": self._model, "response_format": "json"}
        try:
            return await self._client.post(
                self._url, data=fields, files={"file": file}, headers=self._headers, timeout=TIMEOUT
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise Unavailable(f"the transcription endpoint cannot be reached ({type(error).__name__})") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Transient(f"no answer from the transcription endpoint ({type(error).__name__})") from None


def failure_of(response: httpx.Response) -> EverturnError | None:
    """What a status says. A spent quota comes as 429 too, and no waiting mends it."""
    status = response.status_code
    said = f"transcription: HTTP {status}"
    if status == 200:
        return None
    if status in (401, 403):
        return TokenRejected(said)
    if status == 429 and _code(response) != "insufficient_quota":
        return RateLimited(said, retry_after=_retry_after(response))
    if status >= 500 or status == 408:
        return Transient(said)
    return MediaRefused(MediaProblem.NO_TRANSCRIPTION, said)


def _code(response: httpx.Response) -> str:
    error = _json(response).get("error")
    return str(error.get("code")) if isinstance(error, dict) else ""


def _retry_after(response: httpx.Response) -> float | None:
    said = response.headers.get("retry-after", "")
    return min(float(said), LONGEST_RETRY_AFTER) if said.isascii() and said.isdigit() else None


def _json(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _storable(text: str) -> str:
    """Without what PostgreSQL cannot keep: NULs, and halves of letters."""
    return text.replace("\0", "").encode(errors="ignore").decode().strip()[:LONGEST_TEXT]


def _seconds(answer: dict[str, Any]) -> float | None:
    """`duration` of the older models, `usage.seconds` of the newer ones."""
    usage = answer.get("usage")
    said = answer.get("duration", usage.get("seconds") if isinstance(usage, dict) else None)
    is_number = isinstance(said, int | float) and not isinstance(said, bool) and 0 <= said < LONGEST_NOTE
    return float(said) if is_number and said is not None else None
