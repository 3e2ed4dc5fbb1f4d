"""WhatsApp Cloud's pictures, voice notes and files: named by an id, behind the account's token."""

import base64
import hashlib
from collections.abc import Mapping

import httpx
import pytest

from domain.failures import MediaRefused, TokenRejected
from domain.media import MediaProblem
from domain.messages import Media
from platforms.base import Credentials, Platform
from platforms.simulation import World
from platforms.whatsapp.adapter import digest_in


class Downloading:
    """Downloads as the worker's guarded downloader would, and remembers from where."""

    def __init__(self, client: httpx.AsyncClient, spoiled: bytes = b"") -> None:
        self._client, self._spoiled = client, spoiled
        self.asked: list[tuple[str, tuple[str, ...]]] = []

    async def __call__(
        self, url: str, *, hosts: tuple[str, ...], headers: Mapping[str, str] = {}, longest: int | None = None
    ) -> bytes:
        self.asked.append((url, hosts))
        return (await self._client.get(url, headers=headers)).raise_for_status().content + self._spoiled


async def test_media_are_asked_for_by_id(
    all_platforms: dict[str, Platform], credentials: dict[str, Credentials], world: World, client: httpx.AsyncClient
) -> None:
    """Where it lies is asked first, then it is fetched with the same token and compared with what was announced."""
    whatsapp, account = all_platforms["whatsapp"], credentials["whatsapp"]
    own_id = world.keep_media(b"picture", "image/jpeg")
    download = Downloading(client)
    assert await whatsapp.fetch(Media(id=own_id), account, download) == b"picture"
    assert [("lookaside.fbsbx.com", "*.fbcdn.net", "*.whatsapp.net")] == [hosts for _, hosts in download.asked]
    assert await whatsapp.fetch(Media(url=download.asked[0][0]), account, download) == b"picture"
    table = [(own_id, Downloading(client, b"x"), MediaProblem.BROKEN), ("5", download, MediaProblem.GONE)]
    for wanted, through, problem in table:
        with pytest.raises(MediaRefused) as raised:
            await whatsapp.fetch(Media(id=wanted), account, through)
        assert problem is raised.value.problem
    with pytest.raises(TokenRejected):
        await whatsapp.fetch(Media(id=own_id), account.model_copy(update={"access_token": ""}), download)


def test_a_digest_is_read_both_ways() -> None:
    """Webhooks write base64, the documentation hex; anything else cannot be compared."""
    digest = hashlib.sha256(b"x").digest()
    assert digest_in(digest.hex()) == digest_in(base64.b64encode(digest).decode()) == digest
    odd: list[object] = [None, "", "a1b2c3d4e5f6...", "zz" * 32, 5]
    assert [None] * 5 == [digest_in(value) for value in odd]
