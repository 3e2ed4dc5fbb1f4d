"""The media table: one row a medium, and the names of objects that belong to no row."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from psycopg.rows import DictRow

from domain.identifiers import Address
from domain.media import MediaProblem
from domain.messages import MessageKind
from domain.model import Value
from providers.records.pool import Pool, fetch_all, fetch_one

# Claiming an object and writing its row are one statement: an object belongs to a row or is a leftover, never neither.
_KEEP = """
WITH kept AS (
    INSERT INTO media (id, conversation_id, platform, account, message_id, place, kind, mime, bytes, width, height,
                       sha256, name, transcript, seconds, problem, created_at, expires_at)
    SELECT %(id)s, %(conversation_id)s, %(platform)s, %(account)s, %(message_id)s, %(place)s, %(kind)s, %(mime)s,
           %(bytes_count)s, %(width)s, %(height)s, %(sha256)s, %(name)s, %(transcript)s, %(seconds)s, %(problem)s,
           %(created_at)s, %(expires_at)s
     WHERE NOT EXISTS (SELECT 1 FROM media_forgotten
                        WHERE conversation_id = %(conversation_id)s AND message_id = %(message_id)s)
    ON CONFLICT (conversation_id, message_id, place) DO NOTHING
    RETURNING id
), claimed AS (
    DELETE FROM media_leftovers WHERE name = %(name)s AND EXISTS (SELECT 1 FROM kept)
)
SELECT id FROM kept
"""

_OF_MESSAGE = """
SELECT *, bytes AS bytes_count FROM media WHERE conversation_id = %(conversation_id)s AND message_id = %(message_id)s
"""

_OF_MESSAGES = """
SELECT *, bytes AS bytes_count FROM media
 WHERE conversation_id = %(conversation_id)s AND message_id = ANY(%(ids)s) ORDER BY message_id, place
"""

_OF_CONVERSATION = """
SELECT *, bytes AS bytes_count FROM media
 WHERE conversation_id = %(conversation_id)s AND (%(before)s::timestamptz IS NULL OR created_at < %(before)s)
 ORDER BY created_at DESC, message_id, place LIMIT %(limit)s
"""

_STRIP = """
WITH old AS (SELECT id, name FROM media WHERE id = ANY(%(ids)s) FOR UPDATE),
stripped AS (
    UPDATE media SET name = '', transcript = '', sha256 = '', problem = %(problem)s FROM old WHERE media.id = old.id
), loose AS (
    INSERT INTO media_leftovers (name) SELECT name FROM old WHERE name <> '' ON CONFLICT DO NOTHING
)
SELECT name FROM old WHERE name <> ''
"""

_DUE = """
SELECT id FROM media
 WHERE (name <> '' OR transcript <> '')
   AND (expires_at <= %(now)s OR EXISTS (SELECT 1 FROM media_forgotten AS forgotten
                                          WHERE forgotten.conversation_id = media.conversation_id
                                            AND forgotten.message_id = media.message_id))
 ORDER BY expires_at LIMIT %(limit)s
"""

_FORGET = """
INSERT INTO media_forgotten (conversation_id, message_id) VALUES (%(conversation_id)s, %(message_id)s)
ON CONFLICT DO NOTHING
"""


class MediaRow(Value):
    """One medium as it stands in the table."""

    id: str
    conversation_id: str
    platform: str
    account: str
    message_id: str
    place: int
    kind: MessageKind
    mime: str = ""
    bytes_count: int = 0
    width: int = 0
    height: int = 0
    sha256: str = ""
    name: str = ""
    """Under which the object store has it; empty: nothing is kept."""
    transcript: str = ""
    seconds: float | None = None
    problem: MediaProblem | str = ""
    created_at: datetime
    expires_at: datetime


class MediaRecords:
    """Reads and writes the media tables. Every method may raise `Unavailable`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def announce(self, name: str) -> None:
        """An object is about to be written: until a row claims it, it is a leftover."""
        await fetch_one(self._pool, "INSERT INTO media_leftovers (name) VALUES (%(name)s)", {"name": name})

    async def keep(self, row: MediaRow) -> bool:
        """Write the row and claim its object; False: the place is taken, or the message was unsent."""
        return await fetch_one(self._pool, _KEEP, row.model_dump()) is not None

    async def of_message(self, address: Address, message_id: str) -> dict[int, MediaRow]:
        """What is known of a message's media, by place."""
        values = {"conversation_id": address.conversation_id, "message_id": message_id}
        return {row["place"]: _row(row) for row in await fetch_all(self._pool, _OF_MESSAGE, values)}

    async def of_messages(self, address: Address, message_ids: Sequence[str]) -> list[MediaRow]:
        """What is known of these messages' media, by message and place."""
        if not message_ids:
            return []
        values = {"conversation_id": address.conversation_id, "ids": list(message_ids)}
        return [_row(row) for row in await fetch_all(self._pool, _OF_MESSAGES, values)]

    async def of_conversation(
        self, address: Address, *, before: datetime | None = None, limit: int = 100
    ) -> list[MediaRow]:
        """A conversation's media, newest first."""
        values = {"conversation_id": address.conversation_id, "before": before, "limit": limit}
        return [_row(row) for row in await fetch_all(self._pool, _OF_CONVERSATION, values)]

    async def kept(self, address: Address, limit: int) -> list[str]:
        """Ids of a conversation's media whose objects are still there."""
        query = "SELECT id FROM media WHERE conversation_id = %(conversation_id)s AND name <> '' LIMIT %(limit)s"
        values = {"conversation_id": address.conversation_id, "limit": limit}
        return [row["id"] for row in await fetch_all(self._pool, query, values)]

    async def find(self, media_id: str) -> MediaRow | None:
        """One medium."""
        query = "SELECT *, bytes AS bytes_count FROM media WHERE id = %(id)s"
        row = await fetch_one(self._pool, query, {"id": media_id})
        return _row(row) if row else None

    async def forget(self, address: Address, message_id: str) -> None:
        """The message was unsent: from now on nothing of it is kept."""
        await fetch_one(self._pool, _FORGET, {"conversation_id": address.conversation_id, "message_id": message_id})

    async def due(self, now: datetime, limit: int) -> list[str]:
        """Ids of media whose time is over, or whose message was unsent in the very moment they were written."""
        return [row["id"] for row in await fetch_all(self._pool, _DUE, {"now": now, "limit": limit})]

    async def strip(self, ids: Sequence[str]) -> list[str]:
        """Take the content away from these rows; their objects' names, leftovers from now on, are returned."""
        values = {"ids": list(ids), "problem": MediaProblem.GONE.value}
        return [row["name"] for row in await fetch_all(self._pool, _STRIP, values)]

    async def leftovers(self, before: datetime, limit: int) -> list[str]:
        """Names of objects that have belonged to no row since before then."""
        query = "SELECT name FROM media_leftovers WHERE since < %(before)s ORDER BY since LIMIT %(limit)s"
        return [row["name"] for row in await fetch_all(self._pool, query, {"before": before, "limit": limit})]

    async def deleted(self, names: Sequence[str]) -> None:
        """These objects are deleted."""
        await fetch_one(self._pool, "DELETE FROM media_leftovers WHERE name = ANY(%(names)s)", {"names": list(names)})

    async def tidy(self, now: datetime, age: timedelta) -> None:
        """Drop the notes about unsent messages that nothing can be on its way for any more."""
        await fetch_one(self._pool, "DELETE FROM media_forgotten WHERE since < %(before)s", {"before": now - age})

    async def erase(self, address: Address) -> None:
        """Delete the rows of a conversation, whose objects are deleted already."""
        values = {"conversation_id": address.conversation_id}
        for query in (
            "DELETE FROM media WHERE conversation_id = %(conversation_id)s",
            "DELETE FROM media_forgotten WHERE conversation_id = %(conversation_id)s",
        ):
            await fetch_one(self._pool, query, values)


def _row(row: DictRow) -> MediaRow:
    return MediaRow.model_validate(row)
