"""`everturn knowledge`: what the shop's own documents say."""

import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from commands.outcome import Failed, WrongUse
from commands.shelf_input import bar, print_table
from domain.failures import EverturnError
from domain.knowledge import FindPassages
from platforms.http import build_client
from providers.imports.documents import found_in, read_document
from providers.imports.problems import BadFile
from providers.records.knowledge import Knowledge
from providers.records.knowledge_shelf import Document, documents, put, remove
from providers.records.pool import Pool
from providers.records.shelves import Shelf
from providers.search.embedding import Embedder
from providers.search.opening import open_embedder
from runtime.search_settings import load_search_settings


@asynccontextmanager
async def embedding() -> AsyncIterator[Embedder | None]:
    """Who embeds, if somebody is configured."""
    async with build_client() as client:
        yield open_embedder(client, load_search_settings())


def read_all(paths: Sequence[Path], *, skip_wrong: bool) -> list[Document]:
    """Every document, read and cut, before anything else is opened.

    Raises:
        WrongUse: there is nothing to read.
        Failed: some cannot be read, and are not to be skipped.
    """
    try:
        found = found_in(paths)
    except BadFile as error:
        raise WrongUse(str(error)) from None
    if not found:
        raise WrongUse("there is no document: give .md, .txt, .html or .pdf files, or folders of them")
    read: list[Document] = []
    wrong = 0
    with bar() as progress:
        for name, file in progress.track(found.items(), description="reading"):
            try:
                read.append(read_document(name, file))
            except BadFile as error:
                wrong += 1
                sys.stderr.write(f"{error}\n")
    if wrong and not skip_wrong:
        raise Failed(f"{wrong} of {len(found)} documents cannot be read: nothing was imported")
    return read


async def bring(pool: Pool, shelf: Shelf, read: Sequence[Document], *, prune: bool) -> str:
    """Put documents on a shelf; what to tell.

    Raises:
        Failed: the embedder refuses.
    """
    async with embedding() as embedder:
        try:
            with bar() as progress:
                watched = progress.track(read, description="importing")
                outcome = await put(pool, shelf, watched, embedder, prune=prune)
        except EverturnError as error:
            raise Failed(f"{error}; run the same again, what was done is kept") from None
    return f"{len(read)} documents for {shelf}: {outcome}"


async def show(pool: Pool, shelf: Shelf | None) -> None:
    """Print what there is."""
    rows = await documents(pool, shelf)
    print_table(
        "documents", ("platform", "account", "name", "title", "chunks", "bytes", "imported"),
        [(row.platform, row.account, row.name, row.title, row.chunks, row.bytes, f"{row.imported_at:%Y-%m-%d %H:%M}")
         for row in rows],
    )  # fmt: skip


async def search(pool: Pool, shelf: Shelf, wish: FindPassages) -> None:
    """Print what the assistant would be given to read."""
    async with embedding() as embedder:
        found = await Knowledge(pool, embedder).find(shelf.platform, shelf.account, wish)
    columns = ("fit", "document", "section", "text")
    print_table("passages", columns, [(f"{each.rank:.2f}", each.document, each.section, each.text) for each in found])


async def forget(pool: Pool, shelf: Shelf, names: Sequence[str]) -> str:
    """Take documents down; what to tell.

    Raises:
        Failed: one of them is not there; nothing was removed.
    """
    there = {row.name for row in await documents(pool, shelf)}
    if missing := sorted(set(names) - there):
        raise Failed(f"for {shelf} there is no {', '.join(missing)}: `everturn knowledge list` shows what there is")
    return f"{await remove(pool, shelf, names)} removed"
