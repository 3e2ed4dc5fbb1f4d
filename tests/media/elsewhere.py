"""A server out there that does what it likes, down to the single byte, and remembers who asked for what."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


class Elsewhere:
    """Answers by path."""

    def __init__(self) -> None:
        self.port = 0
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.bodies: list[bytes] = []
        self._answers: dict[str, list[Answer]] = {}

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def host(self) -> str:
        """Its host as an entry of a list."""
        return f"127.0.0.1:{self.port}"

    @property
    def paths(self) -> list[str]:
        """What was asked for."""
        return [path for path, _ in self.asked]

    def on(self, path: str, *answers: Answer) -> None:
        """From now on this path is answered so: one after another, the last one ever after."""
        self._answers[path] = list(answers)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request."""
        try:
            lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            path = lines[0].split(" ")[1]
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
            self.asked.append((path, headers))
            self.bodies.append(await reader.readexactly(int(headers.get("content-length", "0"))))
            answers = self._answers.get(path) or [status(404)]
            await (answers.pop(0) if len(answers) > 1 else answers[0])(writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def running(tls: ssl.SSLContext | None = None) -> AsyncIterator[Elsewhere]:
    """The server, for a while."""
    place = Elsewhere()
    server = await asyncio.start_server(place.serve, "127.0.0.1", 0, ssl=tls)
    place.port = server.sockets[0].getsockname()[1]
    try:
        yield place
    finally:
        server.close()
        await asyncio.sleep(0)


def raw(*pieces: bytes, pause: float = 0.0) -> Answer:
    """These very bytes, with pauses between."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)

    return answer


def body(content: bytes, *headers: str) -> Answer:
    """A decent answer."""
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(content)}", *headers, "Connection: close", "", ""]
    return raw("\r\n".join(lines).encode() + content)


def status(code: int, *headers: str) -> Answer:
    """An answer without a body."""
    lines = [f"HTTP/1.1 {code} -", "Content-Length: 0", *headers, "Connection: close", "", ""]
    return raw("\r\n".join(lines).encode())


def telling(value: Any, code: int = 200, *headers: str) -> Answer:
    """JSON, or plain text where it is a string."""
    content = value.encode() if isinstance(value, str) else json.dumps(value).encode()
    lines = [f"HTTP/1.1 {code} -", f"Content-Length: {len(content)}", "Content-Type: application/json", *headers]
    return raw("\r\n".join([*lines, "Connection: close", "", ""]).encode() + content)


def redirect(url: str, code: int = 302) -> Answer:
    """Go there."""
    return status(code, f"Location: {url}")


def endless(piece: bytes, pause: float = 0.0) -> Answer:
    """A body that never ends, of no stated length."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)

    return answer


def silent() -> Answer:
    """Takes the request and says nothing."""

    async def answer(_: asyncio.StreamWriter) -> None:
        await asyncio.sleep(2)

    return answer
