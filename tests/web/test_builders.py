"""What the page lets customers do, as each platform's own webhook, read back by the platform itself."""

import json
from datetime import UTC, datetime

import httpx
import pytest

from domain.messages import Inbound, Media, MessageKind, Received
from platforms.base import Credentials, WebhookRequest
from platforms.kit import Said
from platforms.registry import PLATFORMS, names, platforms
from platforms.simulation import Webhook

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ACCOUNT = Credentials(account="main", webhook_secret="s3cret")
VOICE_LOOKS_LIKE_A_PICTURE = {"manychat"}
"""ManyChat's External Request has one field for media; what a medium is, its content tells."""


@pytest.fixture(scope="module")
def adapters() -> dict[str, object]:
    """Every platform, built once."""
    return dict(platforms(httpx.AsyncClient()))


def read(adapters: dict[str, object], name: str, hook: Webhook) -> Inbound:
    """The one thing that a webhook tells."""
    seen = WebhookRequest(headers=hook.headers, query=hook.query, body=hook.body, now=NOW)
    [told] = adapters[name].read(json.loads(hook.body), seen, ACCOUNT)  # type: ignore[attr-defined]
    return told  # type: ignore[no-any-return]


@pytest.mark.parametrize("kind", [MessageKind.IMAGE, MessageKind.AUDIO])
@pytest.mark.parametrize("name", names())
def test_a_medium_is_carried(adapters: dict[str, object], name: str, kind: MessageKind) -> None:
    """A picture and a voice note, with an address or an id to fetch them by."""
    mime = {MessageKind.IMAGE: "image/png", MessageKind.AUDIO: "audio/ogg"}[kind]
    media = (Media(url="http://127.0.0.1:8080/simulator/_media/77", id="77", mime=mime, kind=kind),)
    hook = PLATFORMS[name].inbound(Said(contact="42", message_id="7", media=media, at=NOW), ACCOUNT)
    told = read(adapters, name, hook)
    assert isinstance(told, Received)
    expected = MessageKind.IMAGE if name in VOICE_LOOKS_LIKE_A_PICTURE else kind
    assert (expected, 1) == (told.message.kind, len(told.message.media))
    assert told.message.media[0].url or told.message.media[0].id


@pytest.mark.parametrize("name", names())
def test_a_tapped_choice_says_its_title(adapters: dict[str, object], name: str) -> None:
    """Where a platform has buttons the choice's id comes along."""
    said = Said(contact="42", message_id="7", text="Так", choice="yes", at=NOW)
    told = read(adapters, name, PLATFORMS[name].inbound(said, ACCOUNT))
    assert isinstance(told, Received)
    assert "Так" == told.message.text or "yes" == told.message.choice
    assert told.message.choice in ("", "yes")


@pytest.mark.parametrize("name", [name for name, kit in PLATFORMS.items() if kit.edited])
def test_an_edit_names_what_it_replaces(adapters: dict[str, object], name: str) -> None:
    """The same message, in new words."""
    edited = PLATFORMS[name].edited
    assert edited is not None
    told = read(adapters, name, edited(Said(contact="42", message_id="7", text="три", at=NOW), ACCOUNT))
    assert isinstance(told, Received)
    assert ("три", "7") == (told.message.text, told.message.edits.rpartition(":")[2])
