"""Lets go of media: of a message that was unsent, of a conversation, of what is over its time."""

from datetime import datetime, timedelta

import structlog

from domain.identifiers import Address
from providers.media.store import MediaStore
from providers.records.media import MediaRecords

BATCH = 100
MOST_BATCHES = 50
LEFTOVER_AGE = timedelta(hours=1)
"""Older than any attempt to take a medium in."""
FORGOTTEN_AGE = timedelta(days=30)

log = structlog.get_logger()


class Keeping:
    """What is kept, and until when; every method may raise `Unavailable`."""

    def __init__(self, store: MediaStore, records: MediaRecords) -> None:
        self._store = store
        self._records = records

    async def forget(self, address: Address, message_id: str) -> None:
        """The message was unsent: nothing of its media stays, nor of those still on their way."""
        await self._records.forget(address, message_id)
        rows = await self._records.of_message(address, message_id)
        await self._strip([row.id for row in rows.values()])

    async def erase(self, address: Address) -> None:
        """Nothing of a conversation's media stays, not even that there were some."""
        while kept := await self._records.kept(address, BATCH):
            await self._strip(kept)
        await self._records.erase(address)

    async def count(self, address: Address) -> int:
        """How many files a conversation has."""
        return len(await self._records.kept(address, 1_000_000))

    async def sweep(self, now: datetime) -> int:
        """Let go of what is over its time, and of objects nobody claimed; how many objects were deleted."""
        deleted = 0
        for _ in range(MOST_BATCHES):
            due = await self._records.due(now, BATCH)
            deleted += await self._strip(due)
            leftovers = await self._records.leftovers(now - LEFTOVER_AGE, BATCH)
            deleted += await self.delete(leftovers)
            if len(due) < BATCH and len(leftovers) < BATCH:
                break
        await self._records.tidy(now, FORGOTTEN_AGE)
        log.info("media_swept", objects=deleted)
        return deleted

    async def _strip(self, ids: list[str]) -> int:
        return await self.delete(await self._records.strip(ids)) if ids else 0

    async def delete(self, names: list[str]) -> int:
        """Objects go first and their names after: what fails between is a leftover, and swept."""
        if names:
            await self._store.delete(names)
            await self._records.deleted(names)
        return len(names)
