"""Signed links: a day long, for whoever has one."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from api import media, problems
from api.media import MediaShelf
from domain.failures import NotProven
from domain.messages import MessageKind
from providers.media.links import MediaLinks
from providers.media.store import open_store
from providers.records.media import MediaRecords, MediaRow
from providers.records.pool import Pool
from tests.media.conftest import NOW
from tests.media.serving import serving

LINKS = MediaLinks("secret", "https://shop.example/")
SAVED = 'attachment; filename="document-id-docum'
CONVERSATION = "conv:albums:main:42"


def token_of(url: str) -> str:
    """What stands behind the last slash."""
    return url.rsplit("/", 1)[1]


def test_a_link_lasts_a_day() -> None:
    """Within 24 hours it opens, and afterwards its time is over."""
    url = LINKS.url_of("id", NOW)
    assert url.startswith("https://shop.example/media/")
    token = token_of(url)
    assert "id" == LINKS.read(token, NOW)
    assert "id" == LINKS.read(token, NOW + timedelta(hours=23, minutes=59))
    assert LINKS.read(token, NOW + timedelta(hours=24)) is None


def test_nobody_makes_a_link() -> None:
    """A changed, cut or foreign link is none of ours."""
    token = token_of(LINKS.url_of("id", NOW))
    foreign = token_of(MediaLinks("another secret", "https://shop.example").url_of("id", NOW))
    for forged in (foreign, token[:-1], "x" + token, token.swapcase(), "", ".", "a.b", "é"):
        with pytest.raises(NotProven):
            LINKS.read(forged, NOW)


def test_links_need_a_secret() -> None:
    """An empty secret would let anybody make links."""
    with pytest.raises(ValueError, match="secret"):
        MediaLinks("", "https://shop.example")


@pytest.fixture
async def shelf(pool: Pool, tmp_path: Path) -> MediaShelf:
    """A store, and the books."""
    return MediaShelf(open_store(tmp_path.as_uri()), LINKS, MediaRecords(pool))


@pytest.fixture
async def browser(shelf: MediaShelf) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who opens links."""
    app = FastAPI()
    app.include_router(media.router)
    app.state.media = shelf
    problems.install(app)
    async with serving(app) as url, httpx.AsyncClient(base_url=url, trust_env=False) as client:
        yield client


async def kept(shelf: MediaShelf, kind: MessageKind, mime: str, content: bytes = b"content") -> str:
    """A medium; its id."""
    row = MediaRow(
        id=f"id-{kind}", conversation_id=CONVERSATION, platform="albums", account="main", message_id=kind, place=0,
        kind=kind, mime=mime, name=f"name-{kind}", created_at=NOW, expires_at=NOW + timedelta(days=1),
    )  # fmt: skip
    await shelf.store.put(row.name, content, mime)
    assert await shelf.records.keep(row)
    return row.id


@pytest.mark.parametrize(
    ("kind", "mime", "type", "manner"),
    [
        (MessageKind.IMAGE, "image/jpeg", "image/jpeg", 'inline; filename="image-id-image.jpg"'),
        (MessageKind.AUDIO, "audio/ogg", "audio/ogg", 'inline; filename="audio-id-audio.ogg"'),
        (MessageKind.DOCUMENT, "application/pdf", "application/pdf", 'attachment; filename="document-id-docum.pdf"'),
        (
            MessageKind.DOCUMENT,
            "text/plain",
            "text/plain; charset=utf-8",
            'attachment; filename="document-id-docum.txt"',
        ),
    ],
)
async def test_what_a_browser_gets(
    shelf: MediaShelf, browser: httpx.AsyncClient, kind: MessageKind, mime: str, type: str, manner: str
) -> None:
    """Pictures and sounds are shown, files are saved, and nothing in them runs."""
    token = token_of(LINKS.url_of(await kept(shelf, kind, mime), datetime.now(UTC)))
    answer = await browser.get(f"/media/{token}")
    assert (200, b"content", type) == (answer.status_code, answer.content, answer.headers["content-type"])
    assert manner == answer.headers["content-disposition"]
    assert "nosniff" == answer.headers["x-content-type-options"]
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "no-store" in answer.headers["cache-control"]


async def test_links_that_do_not_open(shelf: MediaShelf, browser: httpx.AsyncClient) -> None:
    """A forged link was never there; one whose time is over, or whose medium was forgotten, is gone."""
    now = datetime.now(UTC)
    media_id = await kept(shelf, MessageKind.IMAGE, "image/jpeg")
    old = token_of(LINKS.url_of(media_id, now - timedelta(hours=25)))
    erased = token_of(LINKS.url_of("nobody", now))
    for token, status in (("forged", 404), (old, 410), (erased, 410), (old[:-2], 404)):
        answer = await browser.get(f"/media/{token}")
        assert (status, "application/problem+json") == (answer.status_code, answer.headers["content-type"])
    good = f"/media/{token_of(LINKS.url_of(media_id, now))}"
    assert 200 == (await browser.get(good)).status_code
    await shelf.store.delete(["name-image"])
    assert 410 == (await browser.get(good)).status_code
    await shelf.records.strip([media_id])
    assert 410 == (await browser.get(good)).status_code
