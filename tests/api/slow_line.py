"""A slow line to a server: every piece of what is said on it arrives late."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


@asynccontextmanager
async def slow_line(address: str, *, delay: float) -> AsyncIterator[str]:
    """An address that leads to this one; what is sent there takes `delay` seconds more."""
    host, port = address.rsplit(":", 1)

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, late: float) -> None:
        with suppress(OSError, asyncio.CancelledError):
            while piece := await reader.read(65_536):
                await asyncio.sleep(late)
                writer.write(piece)
        writer.close()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(host, int(port))
        with suppress(asyncio.CancelledError):  # the test is over before the line is
            await asyncio.gather(carry(reader, back, delay), carry(there, writer, 0))

    async with await asyncio.start_server(connect, "127.0.0.1", 0) as server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


@asynccontextmanager
async def held_line(address: str) -> AsyncIterator[tuple[str, asyncio.Event]]:
    """An address that leads to this one while the gate is open; what is said meanwhile waits before it."""
    host, port = address.rsplit(":", 1)
    gate = asyncio.Event()
    gate.set()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.CancelledError):
            while piece := await reader.read(65_536):
                await gate.wait()
                writer.write(piece)
        writer.close()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(host, int(port))
        with suppress(asyncio.CancelledError):  # the test is over before the line is
            await asyncio.gather(carry(reader, back), carry(there, writer))

    async with await asyncio.start_server(connect, "127.0.0.1", 0) as server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", gate
