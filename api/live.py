"""What changes, as it changes: PostgreSQL tells every process, and a process tells every page that is open."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
import structlog

CHANNEL = "console"
CHECK_SECONDS = 5.0
"""How often the listening connection is seen to be alive."""
MOST_LISTENERS = 300
MOST_UNTOLD = 200
"""Conversations one slow page may fall behind by; then it is told to look at everything anew."""
EVERYTHING = "*"

log = structlog.get_logger(__name__)


class Listener:
    """One open page: what it has not been told yet."""

    def __init__(self) -> None:
        self._untold: dict[str, None] = {}
        self._rings = asyncio.Event()

    def tell(self, what: str) -> None:
        """Something changed: a conversation's id, or everything."""
        if len(self._untold) >= MOST_UNTOLD:
            self._untold = {EVERYTHING: None}
        else:
            self._untold[what] = None
        self._rings.set()

    async def heard(self, seconds: float) -> list[str]:
        """What changed since the last time; empty: nothing did for so long."""
        if not self._untold:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._rings.wait(), seconds)
        told, self._untold = list(self._untold), {}
        self._rings.clear()
        return [EVERYTHING] if EVERYTHING in told else told


class Live:
    """One listening connection for all the pages of this process."""

    def __init__(self, database_url: str, most: int = MOST_LISTENERS) -> None:
        self._url = database_url
        self._most = most
        self._listeners: set[Listener] = set()
        self.is_closing = False

    @property
    def count(self) -> int:
        """How many pages listen."""
        return len(self._listeners)

    @property
    def is_full(self) -> bool:
        """Whether no more pages may listen."""
        return len(self._listeners) >= self._most

    @contextmanager
    def listening(self) -> Iterator[Listener]:
        """Listen for as long as the block runs."""
        listener = Listener()
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def close(self) -> None:
        """This process is about to stop: pages come back to the next one."""
        self.is_closing = True
        self.tell(EVERYTHING)

    def tell(self, what: str) -> None:
        """Tell every page of this process."""
        for listener in self._listeners:
            listener.tell(what)

    async def keep(self) -> None:
        """Hear of every change, for as long as this runs; what was missed while not listening may be anything."""
        while True:
            try:
                await self._listen()
            except (psycopg.Error, OSError) as error:
                log.warning("changes_unheard", reason=type(error).__name__)
            await asyncio.sleep(0.5)

    async def _listen(self) -> None:
        async with await psycopg.AsyncConnection.connect(
            self._url, autocommit=True, connect_timeout=5, application_name="everturn-console"
        ) as connection:
            await connection.execute(f"LISTEN {CHANNEL}".encode())
            self.tell(EVERYTHING)
            while True:
                async for heard in connection.notifies(timeout=CHECK_SECONDS):
                    self.tell(heard.payload)
                await connection.execute("SELECT 1")
