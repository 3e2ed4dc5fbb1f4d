"""Keeps bytes under random names: in a local folder, or with anybody who speaks S3."""

import secrets
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import cached_property, partial
from urllib.parse import unquote, urlsplit

from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, S3Store

from domain.failures import OurFault, Unavailable
from domain.model import Value

NAME_BYTES = 24


class S3(Value):
    """How to reach an S3-compatible store. What is empty, the machine's own AWS setup says."""

    endpoint: str = ""
    access_key_id: str = ""
    secret_access_key: str = ""
    region: str = "us-east-1"


class MediaStore:
    """Writes, reads and deletes. Every method may raise `Unavailable`."""

    def __init__(self, opened: Callable[[], ObjectStore]) -> None:
        self._opened = opened

    @cached_property
    def _store(self) -> ObjectStore:
        """Opened when it is needed first: a folder that nothing is kept in need not be."""
        return self._opened()

    async def put(self, name: str, content: bytes, mime: str) -> None:
        """Keep these bytes."""
        try:
            async with reached():
                attributes = None if isinstance(self._store, LocalStore) else {"Content-Type": mime}
                await self._store.put_async(name, content, attributes=attributes)
        except FileNotFoundError:
            raise Unavailable("the media store's folder or bucket is not there") from None

    async def get(self, name: str) -> bytes | None:
        """The bytes under this name; None where there are none."""
        try:
            async with reached():
                return bytes(await (await self._store.get_async(name)).bytes_async())
        except FileNotFoundError:
            return None

    async def delete(self, names: Iterable[str]) -> None:
        """Delete what is there of these."""
        for name in names:
            try:
                async with reached():
                    await self._store.delete_async(name)
            except FileNotFoundError:
                continue


def random_name() -> str:
    """A name nobody can guess, and that says nothing."""
    return secrets.token_urlsafe(NAME_BYTES)


@asynccontextmanager
async def reached() -> AsyncIterator[None]:
    """Map the store's failures; FileNotFoundError passes, but where it is the whole bucket that is not found."""
    try:
        yield
    except FileNotFoundError as error:
        if "NoSuchBucket" in str(error):
            raise Unavailable("the media store's bucket is not there") from None
        raise
    except (BaseError, OSError) as error:  # their texts name hosts, buckets and folders
        raise Unavailable(f"the media store cannot be reached ({type(error).__name__})") from None


def open_store(url: str, s3: S3 | None = None) -> MediaStore:
    """The store a setting names: `file:///folder` or `s3://bucket/prefix`.

    Raises:
        OurFault: another kind of URL.
    """
    pieces = urlsplit(url)
    if pieces.scheme == "file" and not pieces.netloc and pieces.path:
        return MediaStore(partial(LocalStore, unquote(pieces.path), mkdir=True))
    if pieces.scheme == "s3" and pieces.netloc:
        return MediaStore(partial(_s3_store, pieces.netloc, pieces.path.strip("/"), s3 or S3()))
    raise OurFault("the media store's URL must be file:///folder or s3://bucket/prefix")


def _s3_store(bucket: str, prefix: str, s3: S3) -> S3Store:
    given = {
        "endpoint": s3.endpoint,
        "access_key_id": s3.access_key_id,
        "secret_access_key": s3.secret_access_key,
        "region": s3.region,
    }
    return S3Store(
        bucket,
        prefix=prefix or None,
        config={name: value for name, value in given.items() if value},  # type: ignore[arg-type] # its keys are known
        client_options={"timeout": "15s", "connect_timeout": "5s", "allow_http": s3.endpoint.startswith("http://")},
        retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=10)},
    )
