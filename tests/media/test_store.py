"""Objects are kept, found and deleted: in a folder, and with a server that speaks S3."""

from pathlib import Path

import httpx
import pytest

from domain.failures import OurFault, Unavailable
from providers.media.store import S3, MediaStore, open_store, random_name

ANYBODY = {"Authorization": "AWS4-HMAC-SHA256 Credential=key/20261121/us-east-1/s3/aws4_request"}


async def look_after(store: MediaStore) -> None:
    """The life of two objects."""
    one, two = random_name(), random_name()
    await store.put(one, b"picture", "image/jpeg")
    await store.put(two, b"", "text/plain")
    assert (b"picture", b"", None) == (await store.get(one), await store.get(two), await store.get("nothing"))
    await store.delete([one, "nothing", two, one])
    assert (None, None) == (await store.get(one), await store.get(two))


async def test_a_folder(tmp_path: Path) -> None:
    """By default media lie in a folder, also in one with a curious name."""
    folder = tmp_path / "ме dia#1"
    store = open_store(folder.as_uri())
    await look_after(store)
    await store.put("name", b"picture", "image/jpeg")
    assert b"picture" == (folder / "name").read_bytes()


@pytest.mark.parametrize("url", ["s3://shop", "s3://shop/media/2026"])
async def test_an_s3_server(s3: S3, url: str) -> None:
    """Or with whoever speaks S3."""
    store = open_store(url, s3)
    await look_after(store)
    await store.put("name", b"picture", "image/jpeg")
    async with httpx.AsyncClient(trust_env=False) as client:
        shown = await client.get(f"{s3.endpoint}/{url.removeprefix('s3://')}/name", headers=ANYBODY)
    assert (b"picture", "image/jpeg") == (shown.content, shown.headers["content-type"])


async def test_a_store_that_is_away(s3: S3) -> None:
    """What cannot be kept now is tried again, and the failure names no secret and no bucket."""
    for store in (
        open_store("s3://nobodys-bucket", s3),
        open_store("s3://shop", s3.model_copy(update={"endpoint": "http://127.0.0.1:9"})),
    ):
        for asking in (store.put("name", b"picture", "image/jpeg"), store.get("name"), store.delete(["name"])):
            with pytest.raises(Unavailable) as failure:
                await asking
            assert "nobodys-bucket" not in str(failure.value)


@pytest.mark.parametrize("url", ["", "ftp://x/y", "s3://", "file://host/x", "/folder", "memory://"])
def test_another_kind_of_store(url: str) -> None:
    """A setting that names no store stops the start."""
    with pytest.raises(OurFault):
        open_store(url)


def test_names_say_nothing() -> None:
    """Names are random, and long enough that nobody guesses one."""
    assert len({random_name() for _ in range(100)}) == 100
    assert len(random_name()) == 32
