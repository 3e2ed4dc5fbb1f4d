"""PostgreSQL is away, Temporal is not: customers must not notice, but for those whose keys nobody has at hand."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import psycopg
import pytest

from platforms.base import Credentials
from platforms.kit import Said
from platforms.registry import PLATFORMS, names
from providers.secrets import new_key
from tests.api.running import serving, settings_for
from tests.servers_here import Servers

SHOP = Credentials(account="default", access_token="simulator")


@pytest.fixture(scope="module")
def bookless(servers: Servers) -> Iterator[str]:
    """An API before Temporal alone."""
    away = "postgresql://nobody@127.0.0.1:1/none"
    with serving(settings_for(temporal_address=servers.temporal_address, database_url=away)) as url:
        yield url


@pytest.mark.parametrize("name", names())
def test_a_message_is_taken_while_the_books_are_away(name: str, bookless: str) -> None:
    """Temporal makes it durable; which account is meant, the environment knows, whatever number the body names."""
    answer = written(bookless, name, str(uuid4().int % 10**12))
    assert answer.is_success, (answer.status_code, answer.text)


def written(url: str, platform: str, contact: str) -> httpx.Response:
    """A customer's message, and what its platform is answered."""
    said = Said(contact=contact, text="Привіт", message_id=str(uuid4().int % 10**12), at=datetime.now(UTC))
    hook = PLATFORMS[platform].inbound(said, SHOP)
    headers, query = dict(hook.headers), dict(hook.query)
    return httpx.post(url + hook.path, params=query, headers=headers, content=hook.body, trust_env=False, timeout=20)


class Line:
    """A line to PostgreSQL that can be cut, and mended."""

    def __init__(self, url: str) -> None:
        self._there = urlsplit(url)
        self._ends: set[asyncio.StreamWriter] = set()
        self._is_cut = False

    @asynccontextmanager
    async def laid(self) -> AsyncIterator[str]:
        """What to call PostgreSQL by, so that all that is said goes through here."""
        async with await asyncio.start_server(self._connect, "127.0.0.1", 0) as server:
            who = self._there.netloc.rpartition("@")[0]
            here = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
            yield self._there._replace(netloc=f"{who}@{here}").geturl()
            self.cut()

    def cut(self) -> None:
        """Nobody gets through any more."""
        self._is_cut = True
        for end in self._ends:
            end.close()

    def mend(self) -> None:
        """Whoever calls again gets through."""
        self._is_cut = False

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            writer.close()
            return
        there, back = await asyncio.open_connection(self._there.hostname, self._there.port)
        self._ends |= {writer, back}
        await asyncio.gather(_carry(reader, back), _carry(there, writer))


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError, asyncio.CancelledError):
        while piece := await reader.read(65_536):
            writer.write(piece)
    writer.close()


def wait_for_listening(servers: Servers, database: str) -> None:
    """Until the API hears of destroyed keys; from then on it keeps those it has asked for."""
    listening = (
        "SELECT 1 FROM pg_stat_activity"
        " WHERE datname = %s AND application_name = 'everturn-keys' AND state = 'idle' AND query LIKE 'LISTEN%%'"
    )
    with psycopg.connect(servers.database_url, autocommit=True) as connection:
        for _ in range(500):
            if connection.execute(listening, [database]).fetchone():
                return
            time.sleep(0.02)
    raise AssertionError("nobody listens")


def delivered(url: str, contact: str) -> httpx.Response:
    """A customer's message, sent again as a platform does where it was not taken; the last answer."""
    for _ in range(20):
        if (answer := written(url, "telegram", contact)).is_success:
            break
        time.sleep(0.5)
    return answer


@pytest.mark.parametrize("wanted", ["EVERTURN_PSEUDONYMS", "EVERTURN_ENCRYPT_HISTORIES"])
async def test_where_customers_have_keys_only_those_at_hand_are_taken_while_the_books_are_away(
    wanted: str, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever wrote a moment ago is heard; another's platform is asked to come again, and is heard then."""
    for name in ("EVERTURN_PSEUDONYMS", "EVERTURN_ENCRYPT_HISTORIES"):
        monkeypatch.setenv(name, "on" if name == wanted else "off")
    monkeypatch.setenv("EVERTURN_SECRETS_KEY", new_key())
    line = Line(servers.fresh_database(database := f"keys_{uuid4().hex[:12]}"))

    def go_through_it(url: str, loop: asyncio.AbstractEventLoop) -> None:
        with serving(settings_for(temporal_address=servers.temporal_address, database_url=url)) as api:
            wait_for_listening(servers, database)
            assert delivered(api, "501").is_success
            loop.call_soon_threadsafe(line.cut)
            assert delivered(api, "501").is_success
            refused = written(api, "telegram", "502")
            assert (503, True) == (refused.status_code, "retry-after" in refused.headers)
            loop.call_soon_threadsafe(line.mend)
            assert delivered(api, "502").is_success

    async with line.laid() as url:
        await asyncio.to_thread(go_through_it, url, asyncio.get_running_loop())
