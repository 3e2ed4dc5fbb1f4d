"""Tells our door how far each of its messages came, as the simulated platforms would."""

import asyncio
import time
from collections.abc import Coroutine
from typing import Any

import structlog

from api.house import House
from api.problems import Problem
from api.simulator.posting import Posting
from domain.messages import ReceiptState
from platforms.base import Credentials
from platforms.credentials import credentials_of
from platforms.registry import PLATFORMS
from platforms.simulation import Direction, Entry, FaultKind, Webhook, World

SENT_AFTER = 0.1
DELIVERED_AFTER = 0.4
READ_AFTER = 0.8
LOOK_LASTS = 3.0
"""Seconds after a look at a phone in which what comes is seen at once."""
MOST_UNDER_WAY = 200
"""Messages followed at one time; under load the others stay without receipts, as on a bad day of a platform."""
MOST_READ = 20
FINAL = frozenset({ReceiptState.READ, ReceiptState.FAILED})

log = structlog.get_logger(__name__)


class Postman:
    """Follows every message of ours to the phone, and posts the receipts on the way."""

    def __init__(self, house: House, world: World, posting: Posting) -> None:
        self._house = house
        self._world = world
        self._posting = posting
        self._loop = asyncio.get_running_loop()
        self._under_way: dict[int, asyncio.Task[None]] = {}
        self._looked: dict[tuple[str, str], float] = {}
        world.listeners.append(self._notice)

    def look(self, platform: str, contact: str) -> None:
        """Somebody looks at a phone: what had arrived is read now, what comes next at once."""
        self._looked[platform, contact] = time.monotonic()
        for entry in self._world.latest(platform, contact, MOST_READ):
            if self._is_ours(entry) and entry.state not in FINAL:
                self._begin(entry, self._read(entry))

    async def close(self) -> None:
        """Leave what is under way."""
        self._world.listeners.remove(self._notice)
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _notice(self, entry: Entry) -> None:
        """A bubble was shown, in whatever thread."""
        if self._is_ours(entry):
            self._loop.call_soon_threadsafe(self._follow, entry)

    def _is_ours(self, entry: Entry) -> bool:
        return (
            entry.direction is Direction.OUT
            and not entry.by_operator
            and entry.platform in self._house.platforms
            and PLATFORMS[entry.platform].receipt is not None
        )

    def _follow(self, entry: Entry) -> None:
        lost = self._world.faults.take(entry.platform, entry.contact, (FaultKind.UNDELIVERED,)) is not None
        self._begin(entry, self._lose(entry) if lost else self._accompany(entry))

    def _begin(self, entry: Entry, work: Coroutine[Any, Any, None]) -> None:
        if entry.id in self._under_way or len(self._under_way) >= MOST_UNDER_WAY or not self._posting.url:
            work.close()
            return
        task = self._under_way[entry.id] = self._loop.create_task(work)
        task.add_done_callback(lambda _: self._under_way.pop(entry.id, None))

    async def _accompany(self, entry: Entry) -> None:
        await asyncio.sleep(SENT_AFTER)
        await self._tell(entry, ReceiptState.SENT)
        await asyncio.sleep(DELIVERED_AFTER)
        await self._tell(entry, ReceiptState.DELIVERED)
        if time.monotonic() - self._looked.get((entry.platform, entry.contact), 0) < LOOK_LASTS:
            await asyncio.sleep(READ_AFTER)
            await self._tell(entry, ReceiptState.READ)

    async def _lose(self, entry: Entry) -> None:
        await asyncio.sleep(SENT_AFTER)
        await self._tell(entry, ReceiptState.SENT)
        await asyncio.sleep(DELIVERED_AFTER)
        await self._tell(entry, ReceiptState.FAILED)

    async def _read(self, entry: Entry) -> None:
        await self._tell(entry, ReceiptState.READ)

    async def _tell(self, entry: Entry, state: ReceiptState) -> None:
        """Post the receipt, if this platform posts such a one, and note it on the phone."""
        known = entry.model_copy(update={"network": self._network_of(entry), "at": self._world.clock()})
        credentials = credentials_of(await self._house.accounts.default(entry.platform))
        hook = _receipt(known, state, credentials)
        if hook is None:
            return
        try:
            status = await self._posting.post(hook)
        except Problem as problem:
            log.warning("receipt_not_posted", platform=entry.platform, reason=problem.detail)
            return
        log.debug("receipt_posted", platform=entry.platform, state=state, status=status)
        self._world.progress(entry.id, state)

    def _network_of(self, entry: Entry) -> str:
        heard = self._world.latest(entry.platform, entry.contact, MOST_READ)
        return next((one.network for one in reversed(heard) if one.direction is Direction.IN), "")


def told_states(platform: str, network: str, credentials: Credentials, example: Entry) -> list[ReceiptState]:
    """How far a platform tells that our messages came, on this network."""
    entry = example.model_copy(update={"platform": platform, "network": network})
    return [state for state in ReceiptState if _receipt(entry, state, credentials)]


def _receipt(entry: Entry, state: ReceiptState, credentials: Credentials) -> Webhook | None:
    build = PLATFORMS[entry.platform].receipt
    try:
        return build(entry, state, credentials) if build else None
    except ValueError:  # the platform tells nobody
        return None
