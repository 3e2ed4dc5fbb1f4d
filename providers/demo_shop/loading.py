"""Puts «Світлиця» on the shelves of a database that has no goods yet."""

from typing import Any

from domain.model import Value
from providers.demo_shop.assortment import HERE, PICTURES, items
from providers.imports.documents import found_in, read_document
from providers.records import catalog_shelf, knowledge_shelf
from providers.records.pool import Pool, fetch_one
from providers.records.shelves import Kind, Shelf
from providers.search.embedding import Embedder

NAME = "Світлиця"
PERSONA = HERE / "persona.md"
"""Who answers in this shop, and by which rules."""
PAYMENT_DETAILS = "Картка 4441 1144 0000 1234, отримувач ФОП Світлична О. М."
"""No bank knows this card."""
_IS_EMPTY = "SELECT NOT EXISTS (SELECT FROM shelves WHERE kind = %(kind)s AND things > 0) AS is_empty"
_HANG_ANEW = """
UPDATE catalog SET image_url = %(base)s || substring(image_url FROM %(tail)s)
 WHERE platform = '*' AND account = '*' AND image_url ~ %(ours)s AND image_url NOT LIKE %(base)s || '/%%'
"""


class Loaded(Value):
    """What was put there; nothing, where a shop had goods or documents of its own."""

    items: int = 0
    documents: int = 0

    def __bool__(self) -> bool:
        return bool(self.items or self.documents)


async def load_demo_shop(pool: Pool, api_url: str, embedder: Embedder | None = None) -> Loaded:
    """Load goods where nobody has any, and documents likewise; pictures follow the API to another address.

    Raises:
        Unavailable: PostgreSQL is away.
        EverturnError: the embedder refused.
    """
    loaded: dict[str, Any] = {}
    if await _is_empty(pool, Kind.CATALOG):
        changes = await catalog_shelf.put(pool, Shelf(kind=Kind.CATALOG), items(api_url))
        loaded["items"] = changes.added
    else:
        await _hang_pictures_anew(pool, api_url)
    if await _is_empty(pool, Kind.KNOWLEDGE):
        found = found_in([HERE / "documents"]).items()
        documents = [read_document(name, file) for name, file in found]
        imported = await knowledge_shelf.put(pool, Shelf(kind=Kind.KNOWLEDGE), documents, embedder)
        loaded["documents"] = len(imported.added)
    return Loaded(**loaded)


async def _is_empty(pool: Pool, kind: Kind) -> bool:
    row = await fetch_one(pool, _IS_EMPTY, {"kind": str(kind)})
    return bool(row and row["is_empty"])


async def _hang_pictures_anew(pool: Pool, api_url: str) -> None:
    values = {
        "base": f"{api_url.rstrip('/')}{PICTURES}",
        "tail": "/[^/]*$",
        "ours": rf"^https?://[^/]+{PICTURES}/sv-[0-9]+-[a-z]+\.jpg$",
    }
    await fetch_one(pool, _HANG_ANEW, values)
