"""The simulator posts to our own door over connections that may be closed under it at any moment."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from api.simulator.posting import Posting
from platforms.simulation import Webhook

HOOK = Webhook(path="/webhook", headers={}, query={}, body=b"{}")
TAKEN = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class Door:
    """A server that closes a connection idle for `patience` seconds just when the next request comes in on it."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self.connections = 0

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        idle_since = time.monotonic()
        while await reader.readline():
            if time.monotonic() - idle_since > self._patience:
                break
            while (await reader.readline()).strip():
                pass
            await reader.readexactly(len(HOOK.body))
            writer.write(TAKEN)
            idle_since = time.monotonic()
        writer.close()


@pytest.fixture
async def posting() -> AsyncIterator[Posting]:
    """As the simulator's page has it."""
    posting = Posting()
    yield posting
    await posting.close()


async def test_an_idle_connection_is_left_before_our_door_closes_it(posting: Posting) -> None:
    """A customer who writes again after a pause is not told that our own webhook does not answer."""
    door = Door(patience=1.2)
    async with await asyncio.start_server(door.take, "127.0.0.1", 0) as server:
        posting.url = "http://127.0.0.1:{1}".format(*server.sockets[0].getsockname())
        assert [200, 200] == [await posting.post(HOOK), await posting.post(HOOK)]
        assert 1 == door.connections, "a burst is posted over one connection"
        await asyncio.sleep(1.3)
        assert 200 == await posting.post(HOOK)
        assert 2 == door.connections
        await posting.close()  # or the server would wait for us
