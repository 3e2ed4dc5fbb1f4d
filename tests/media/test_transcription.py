"""Voice notes are listened to by an endpoint that speaks OpenAI's API."""

from collections.abc import AsyncIterator
from email import message_from_bytes, policy
from typing import Any

import httpx
import pytest

from domain.failures import MediaRefused, RateLimited, TokenRejected, Transient, Unavailable
from domain.media import MediaProblem
from providers.media.transcription import NobodyListens, OpenAITranscriber
from tests.media.conftest import TLS
from tests.media.elsewhere import Answer, Elsewhere, telling
from tests.media.files import OGG

WHERE = "/v1/audio/transcriptions"


@pytest.fixture
async def transcriber(elsewhere: Elsewhere) -> AsyncIterator[OpenAITranscriber]:
    """Somebody who speaks with an endpoint."""
    async with httpx.AsyncClient(verify=TLS, trust_env=False) as client:
        yield OpenAITranscriber(client, f"{elsewhere.url}/v1/", "key", "whisper-1")


def fields_of(headers: dict[str, str], form_body: bytes) -> dict[str, Any]:
    """What stood in a form."""
    head = f"Content-Type: {headers['content-type']}\r\n\r\n".encode()
    form = message_from_bytes(head + form_body, policy=policy.HTTP)
    return {part.get_param("name", header="content-disposition"): part for part in form.iter_parts()}  # type: ignore[attr-defined]


async def test_a_voice_note_becomes_words(transcriber: OpenAITranscriber, elsewhere: Elsewhere) -> None:
    """What the customer said comes back as text; the endpoint sees the model, the format and the token."""
    elsewhere.on(WHERE, telling({"text": "Дві пляшки води, будь ласка"}))
    heard = await transcriber.listen(OGG, "audio/ogg")
    ((path, headers),) = elsewhere.asked
    fields = fields_of(headers, elsewhere.bodies[0])
    assert WHERE == path
    assert ("Дві пляшки води, будь ласка", None) == (heard.text, heard.seconds)
    assert "whisper-1" == fields["model"].get_content().strip()
    assert ("voice.ogg", "audio/ogg") == (fields["file"].get_filename(), fields["file"].get_content_type())
    assert OGG == fields["file"].get_payload(decode=True)
    assert "Bearer key" == headers["authorization"]


@pytest.mark.parametrize(
    ("answer", "text", "seconds"),
    [
        ({"text": " так ", "duration": 3.2}, "так", 3.2),
        ({"text": "так", "usage": {"type": "duration", "seconds": 4}}, "так", 4.0),
        ({"text": "", "duration": "3"}, "", None),
        ({"text": "a\0b\ud800c", "duration": -1}, "abc", None),
        ({"text": "x" * 9_000, "duration": True, "usage": 7}, "x" * 8_000, None),
    ],
)
async def test_what_endpoints_answer(
    transcriber: OpenAITranscriber, elsewhere: Elsewhere, answer: dict[str, Any], text: str, seconds: float | None
) -> None:
    """Older and newer models tell the length in different places, and some tell nonsense."""
    elsewhere.on(WHERE, telling(answer))
    heard = await transcriber.listen(OGG, "audio/ogg")
    assert (text, seconds) == (heard.text, heard.seconds)


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (telling({"error": {"message": "no"}}, 401), TokenRejected),
        (telling({"error": {"code": "rate_limit_exceeded"}}, 429, "Retry-After: 3"), RateLimited),
        (telling({"error": {"code": "insufficient_quota"}}, 429), MediaRefused),
        (telling({"error": {"message": "unsupported format"}}, 400), MediaRefused),
        (telling("too large", 413), MediaRefused),
        (telling("oh", 500), Transient),
        (telling("not json"), Transient),
        (telling(["text"]), Transient),
        (telling({"text": None}), Transient),
    ],
    ids=["token", "rate", "quota", "format", "size", "down", "no json", "a list", "no text"],
)
async def test_what_goes_wrong(
    transcriber: OpenAITranscriber, elsewhere: Elsewhere, answer: Answer, failure: type[Exception]
) -> None:
    """Trouble that passes is told from trouble that stays."""
    elsewhere.on(WHERE, answer)
    with pytest.raises(failure) as raised:
        await transcriber.listen(OGG, "audio/ogg")
    if isinstance(raised.value, MediaRefused):
        assert raised.value.problem is MediaProblem.NO_TRANSCRIPTION


async def test_nobody_there() -> None:
    """An endpoint that is away may come back."""
    async with httpx.AsyncClient(verify=TLS, trust_env=False) as client:
        with pytest.raises(Unavailable):
            await OpenAITranscriber(client, "http://127.0.0.1:9/v1").listen(OGG, "audio/ogg")


async def test_nobody_configured() -> None:
    """Without an endpoint nobody listens, and the flow will ask the customer to type."""
    with pytest.raises(MediaRefused) as refusal:
        await NobodyListens().listen(OGG, "audio/ogg")
    assert refusal.value.problem is MediaProblem.NO_TRANSCRIPTION
