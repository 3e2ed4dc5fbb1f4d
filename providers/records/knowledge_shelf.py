"""What people do to the shop's documents: put them on a shelf, look through them, take them down."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from domain.model import Value
from providers.records.pool import Pool, borrowed, fetch_all
from providers.records.shelves import Shelf, hold, take_stock
from providers.search.embedding import Embedder
from providers.search.terms import as_tsvector

CUT = "1"
"""Moves when documents are cut or their words are made in another way: then nothing counts as unchanged."""
_AGAIN = """
INSERT INTO knowledge_documents (platform, account, name, title, digest, bytes)
VALUES (%(platform)s, %(account)s, %(name)s, %(title)s, %(digest)s, %(bytes)s)
ON CONFLICT (platform, account, name) DO UPDATE
   SET title = excluded.title, digest = excluded.digest, bytes = excluded.bytes, imported_at = clock_timestamp()
"""
_FORGET_CHUNKS = """
DELETE FROM knowledge_chunks WHERE platform = %(platform)s AND account = %(account)s AND document = %(name)s
"""
_CHUNK = """
INSERT INTO knowledge_chunks (platform, account, document, number, section, text, terms, embedding, embedder)
VALUES (%(platform)s, %(account)s, %(name)s, %(number)s, %(section)s, %(text)s, %(terms)s, %(embedding)s, %(embedder)s)
"""
_LIST = """
SELECT documents.*, (SELECT count(*) FROM knowledge_chunks AS chunks
    WHERE (chunks.platform, chunks.account, chunks.document) = (documents.platform, documents.account, documents.name)
    ) AS chunks
  FROM knowledge_documents AS documents
 WHERE (%(platform)s::text IS NULL OR (platform, account) = (%(platform)s, %(account)s))
 ORDER BY platform, account, name
"""
_DIGESTS = "SELECT name, digest FROM knowledge_documents WHERE platform = %(platform)s AND account = %(account)s"
_REMOVE = """
DELETE FROM knowledge_documents WHERE platform = %(platform)s AND account = %(account)s AND name = ANY(%(gone)s)
"""


class Chunk(Value):
    """A piece of a document, long enough to answer and short enough to be read."""

    section: str = ""
    text: str


class Document(Value):
    """A document, read and cut."""

    name: str
    title: str
    chunks: tuple[Chunk, ...]
    fingerprint: str
    """Of its bytes."""
    bytes: int


class Imported(Value):
    """What an import changed, by the documents' names."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def __str__(self) -> str:
        return ", ".join(f"{len(getattr(self, name))} {name}" for name in type(self).model_fields)


class Stored(Value):
    """A document on its shelf."""

    platform: str
    account: str
    name: str
    title: str
    bytes: int
    chunks: int
    imported_at: datetime


async def put(
    pool: Pool, shelf: Shelf, documents: Iterable[Document], embedder: Embedder | None = None, *, prune: bool = False
) -> Imported:
    """Put documents on a shelf, each of them whole or not; those that have not changed are left alone.

    `prune`: documents that are not among these are taken down.

    Raises:
        Unavailable: PostgreSQL is away. What was put is there, and the next import finishes it.
        EverturnError: the embedder refused.
    """
    known = {row["name"]: row["digest"] for row in await fetch_all(pool, _DIGESTS, shelf.names)}
    outcome: dict[str, list[str]] = {"added": [], "changed": [], "unchanged": [], "removed": []}
    for document in documents:
        digest = digest_of(document, embedder)
        how = "added" if document.name not in known else "unchanged" if known[document.name] == digest else "changed"
        outcome[how].append(document.name)
        if how != "unchanged":
            await _put(pool, shelf, document, digest, embedder)
    if prune:
        outcome["removed"] = sorted(known.keys() - {name for names in outcome.values() for name in names})
        await remove(pool, shelf, outcome["removed"])
    await _take_stock(pool, shelf)
    return Imported(**{how: tuple(names) for how, names in outcome.items()})


def digest_of(document: Document, embedder: Embedder | None) -> str:
    """What has to change for a document to be imported again."""
    said = (CUT, document.title, document.fingerprint, embedder.model if embedder else "")
    return hashlib.sha256("\0".join(said).encode()).hexdigest()


async def _put(pool: Pool, shelf: Shelf, document: Document, digest: str, embedder: Embedder | None) -> None:
    vectors = await embedder.embed([_whole(document, chunk) for chunk in document.chunks]) if embedder else []
    said = shelf.names | {"name": document.name, "embedder": embedder.model if embedder else ""}
    facts = {"title": document.title, "digest": digest, "bytes": document.bytes}
    async with borrowed(pool) as connection, connection.transaction():
        await hold(connection, shelf)
        await connection.execute(_AGAIN.encode(), {**said, **facts})
        await connection.execute(_FORGET_CHUNKS.encode(), said)
        await _write(connection, document, said, vectors)


async def _take_stock(pool: Pool, shelf: Shelf) -> None:
    """Once for all documents, and even if none changed: an earlier import may have ended before it."""
    async with borrowed(pool) as connection, connection.transaction():
        await hold(connection, shelf)
        await take_stock(connection, shelf)


async def _write(
    connection: AsyncConnection[Any], document: Document, said: Mapping[str, Any], vectors: Sequence[Sequence[float]]
) -> None:
    rows = [
        {
            **said, "number": number, "section": chunk.section, "text": chunk.text,
            "terms": as_tsvector([(document.title, "A"), (chunk.section, "B"), (chunk.text, "D")]),
            "embedding": list(vectors[number]) if vectors else None,
        }
        for number, chunk in enumerate(document.chunks)
    ]  # fmt: skip
    async with connection.cursor() as cursor:
        await cursor.executemany(_CHUNK.encode(), rows)


def _whole(document: Document, chunk: Chunk) -> str:
    """A chunk as an embedder reads it: a price without its heading means nothing."""
    return "\n".join(filter(None, (document.title, chunk.section, chunk.text)))


async def remove(pool: Pool, shelf: Shelf, names: Sequence[str]) -> int:
    """Take documents down; how many there were."""
    if not names:
        return 0
    async with borrowed(pool) as connection, connection.transaction():
        await hold(connection, shelf)
        gone = await connection.execute(_REMOVE.encode(), {**shelf.names, "gone": list(names)})
        await take_stock(connection, shelf)
    return gone.rowcount


async def documents(pool: Pool, shelf: Shelf | None = None) -> list[Stored]:
    """The documents of a shelf, or of all."""
    names = shelf.names if shelf else {"platform": None, "account": None}
    return [Stored.model_validate(row) for row in await fetch_all(pool, _LIST, names)]
