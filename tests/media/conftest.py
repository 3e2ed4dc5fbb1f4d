"""Everything real around media: HTTP on sockets, PostgreSQL, an S3 server; only names are resolved as a test likes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import UTC, datetime

import httpx
import pytest
from moto.server import ThreadedMotoServer

from providers.media.download import Downloader, Pace, transports
from providers.media.store import S3
from providers.records.pool import Pool, open_pool
from tests.media.elsewhere import Elsewhere, running
from tests.servers_here import Servers

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
TLS = httpx.create_ssl_context(trust_env=False)
"""One for all tests: loading the authorities takes longer than most of them."""
QUICK = Pace(whole=1.0, connect=0.3, silence=0.2, grace=0.1, slowest=10_000)
"""For tests about what is slow; all others have the usual patience."""


class Names:
    """DNS as a test likes it: the answers of a name, one after another."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._answers: dict[str, list[list[str]]] = {}

    def on(self, name: str, *answers: list[str]) -> None:
        """From now on the name is answered so; the last one ever after."""
        self._answers[name] = list(answers)

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        """One question."""
        self.asked.append(host)
        answers = self._answers.get(host)
        if answers is None:
            raise OSError("no such name")
        return answers.pop(0) if len(answers) > 1 else answers[0]


class Wire(httpx.AsyncBaseTransport):
    """The way out: notes where each connection was to go, and lets it end at this machine's server instead."""

    def __init__(self, place: Elsewhere) -> None:
        self.connected: list[tuple[str, str]] = []
        self._place = place
        self._inner = httpx.AsyncHTTPTransport(verify=TLS, trust_env=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Note the address and the name that TLS would ask for."""
        self.connected.append((request.url.host, request.extensions["sni_hostname"]))
        bent = request.url.copy_with(scheme="http", host="127.0.0.1", port=self._place.port)
        return await self._inner.handle_async_request(
            httpx.Request(request.method, bent, headers=request.headers, extensions=request.extensions)
        )

    async def __aexit__(self, *_: object) -> None:
        """It serves the next hop too."""


@pytest.fixture
async def elsewhere() -> AsyncIterator[Elsewhere]:
    """A server on loopback."""
    async with running() as place:
        yield place


@pytest.fixture
async def another() -> AsyncIterator[Elsewhere]:
    """A second server on loopback: to the downloader, a private address."""
    async with running() as place:
        yield place


@pytest.fixture
def names() -> Names:
    """DNS that knows nobody yet."""
    return Names()


@pytest.fixture
def wire(elsewhere: Elsewhere) -> Wire:
    """A way out that ends at `elsewhere`."""
    return Wire(elsewhere)


@pytest.fixture
def outside(names: Names, wire: Wire) -> Downloader:
    """A downloader that believes itself to be in the internet."""
    return Downloader(resolve=names.resolve, open_transport=lambda: wire)


@pytest.fixture
def at_home(elsewhere: Elsewhere) -> Downloader:
    """A downloader that trusts `elsewhere` and no other private address."""
    return Downloader(trusted_hosts=(elsewhere.host,), open_transport=transports(TLS))


@pytest.fixture
def hurried(elsewhere: Elsewhere) -> Downloader:
    """The same one with little patience."""
    return Downloader(trusted_hosts=(elsewhere.host,), pace=QUICK, open_transport=transports(TLS))


@pytest.fixture(scope="session")
def one_database(servers: Servers) -> str:
    """A migrated database for all tests of media: making one takes longer than a test."""
    return servers.fresh_database("test_media")


@pytest.fixture
async def pool(one_database: str) -> AsyncIterator[Pool]:
    """Its connections, with no media in it."""
    pool = open_pool(one_database, size=4, name="test")
    await pool.open()
    async with pool.connection() as connection:
        await connection.execute("TRUNCATE media, media_leftovers, media_forgotten")
    yield pool
    await pool.close()


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """A server that speaks S3."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(s3_server: str) -> S3:
    """Its keys; the bucket `shop` is there."""
    httpx.put(f"{s3_server}/shop", trust_env=False)
    return S3(endpoint=s3_server, access_key_id="key", secret_access_key="secret")


async def eventually(true: Callable[[], bool]) -> None:
    """Wait a moment for something that is about to be."""
    for _ in range(100):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came true")
