"""The webhook's door from outside: keep-alive HTTP/1.1, so plain that the client is not what is measured."""

import asyncio
import itertools
import time
from datetime import UTC, datetime
from urllib.parse import urlencode, urlsplit

from platforms.base import Credentials
from platforms.kit import Said
from platforms.registry import PLATFORMS
from platforms.simulation import Webhook

CREDENTIALS = Credentials(account="default", access_token="simulator", webhook_secret="", api_base_url="", options={})
"""What an Everturn without any credential of its own goes by."""
KEPT = 3.0
"""Seconds; the server hangs up on a silent connection after five."""
_numbers = itertools.count(1)
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Door:
    """Posts webhooks over connections that stay open."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.url = url
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._idle: list[tuple[float, Connection]] = []

    def prepare(self, platform: str, who: str, text: str) -> bytes:
        """A whole request for one message, signed as the platform would."""
        number = str(10_000_000 + next(_numbers))
        said = Said(contact=who, text=text, message_id=number, at=datetime.now(UTC))
        return self.request_of(PLATFORMS[platform].inbound(said, CREDENTIALS))

    def request_of(self, hook: Webhook) -> bytes:
        """A whole request."""
        query = f"?{urlencode(hook.query)}" if hook.query else ""
        return self._request(hook.path + query, hook.body, **hook.headers)

    def _request(self, path: str, body: bytes, **headers: str) -> bytes:
        lines = [f"POST {path} HTTP/1.1", f"host: {self._host}:{self._port}", f"content-length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([*lines, "", ""]).encode() + body

    async def set_up(self, path: str, body: bytes) -> None:
        """Post JSON to one of the simulator's switches."""
        await self.post(self._request(path, body, **{"content-type": "application/json"}))

    async def post(self, request: bytes) -> None:
        """Send a request and read its answer.

        Raises:
            RuntimeError: the answer was no success.
        """
        status, body = await self.exchange(request)
        if status // 100 != 2:
            raise RuntimeError(f"the API answered {status}: {body.decode()[:200]}")

    async def exchange(self, request: bytes) -> tuple[int, bytes]:
        """Send a request; the answer, whatever it is.

        Raises:
            OSError, EOFError: there was none.
        """
        reader, writer = self._kept() or await asyncio.open_connection(self._host, self._port)
        try:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            body = await reader.readexactly(_length(head))
        except BaseException:
            writer.close()
            raise
        if b"\r\nconnection: close" in head.lower():
            writer.close()
        else:
            self._idle.append((time.monotonic(), (reader, writer)))
        return int(head[9:12]), body

    def _kept(self) -> Connection | None:
        """The connection used last, unless the server may be about to close it."""
        while self._idle:
            used, connection = self._idle.pop()
            if time.monotonic() - used < KEPT:
                return connection
            connection[1].close()
        return None

    def close(self) -> None:
        """Hang up."""
        for _, (_, writer) in self._idle:
            writer.close()


def _length(head: bytes) -> int:
    lines = (line.split(b":", 1) for line in head.lower().split(b"\r\n"))
    return next((int(line[1]) for line in lines if line[0] == b"content-length"), 0)
