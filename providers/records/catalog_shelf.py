"""What people do to a catalogue: put goods on a shelf, look through them, take them down."""

from collections.abc import AsyncIterator, Iterable
from typing import Any

from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from domain.catalog import Item
from domain.model import Value
from providers.records.catalog import item_of, terms_of
from providers.records.pool import Pool, borrowed, fetch_all
from providers.records.shelves import Kind, Shelf, hold, take_stock

PAGE = 1_000
_NAMES = tuple(Item.model_fields)
_SAID = tuple(name for name in _NAMES if name != "sku")
_INCOMING = "CREATE TEMPORARY TABLE incoming (LIKE catalog INCLUDING DEFAULTS) ON COMMIT DROP"
_COPY = f"COPY incoming (platform, account, place, terms, {', '.join(_NAMES)}) FROM STDIN"
_AFTER_LAST = """
UPDATE incoming SET place = place + (
    SELECT coalesce(max(place), 0) FROM catalog WHERE platform = %(platform)s AND account = %(account)s)
"""
_MERGE = f"""
WITH merged AS (
INSERT INTO catalog AS kept SELECT * FROM incoming
ON CONFLICT (platform, account, sku) DO UPDATE
   SET {", ".join(f"{name} = excluded.{name}" for name in (*_SAID, "terms"))}, updated_at = clock_timestamp(),
       place = CASE WHEN %(replace)s THEN excluded.place ELSE kept.place END
 WHERE ({", ".join(f"kept.{name}" for name in (*_SAID, "terms"))}, kept.place) IS DISTINCT FROM
       ({", ".join(f"excluded.{name}" for name in (*_SAID, "terms"))},
        CASE WHEN %(replace)s THEN excluded.place ELSE kept.place END)
RETURNING xmax = 0 AS is_new)
SELECT count(*) FILTER (WHERE is_new) AS added, count(*) FILTER (WHERE NOT is_new) AS changed FROM merged
"""  # noqa: S608 — our own column names
_REMOVE = """
DELETE FROM catalog WHERE platform = %(platform)s AND account = %(account)s
   AND NOT EXISTS (SELECT FROM incoming WHERE incoming.sku = catalog.sku)
"""
_PAGE = f"""
SELECT {", ".join(_NAMES)}, place FROM catalog
 WHERE platform = %(platform)s AND account = %(account)s AND (place, sku) > (%(place)s, %(after)s)
 ORDER BY place, sku LIMIT %(limit)s
"""  # noqa: S608 — as above
_SHELVES = "SELECT platform, account, things FROM shelves WHERE kind = %(kind)s AND things > 0 ORDER BY 1, 2"


class Changes(Value):
    """What an import changed: what is said of an item, or its place in the shop's order."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0

    def __str__(self) -> str:
        return f"{self.added} added, {self.changed} changed, {self.unchanged} unchanged, {self.removed} removed"


async def put(pool: Pool, shelf: Shelf, items: Iterable[Item], *, replace: bool = False) -> Changes:
    """Put items on a shelf, all or none; `replace`: what is not among them is taken down.

    No two of them may have one number. Whatever `items` raises undoes everything; two imports wait for one another.

    Raises:
        Unavailable: PostgreSQL is away.
    """
    async with borrowed(pool) as connection, connection.transaction():
        await hold(connection, shelf)
        given = await _bring(connection, shelf, items)
        if not replace:
            await connection.execute(_AFTER_LAST.encode(), shelf.names, prepare=False)
        merged = await connection.execute(_MERGE.encode(), shelf.names | {"replace": replace}, prepare=False)
        (counts,) = await merged.fetchall()
        removed = await connection.execute(_REMOVE.encode(), shelf.names, prepare=False) if replace else None
        await take_stock(connection, shelf)
    unchanged = given - counts["added"] - counts["changed"]
    return Changes(**counts, unchanged=unchanged, removed=removed.rowcount if removed else 0)


async def _bring(connection: AsyncConnection[Any], shelf: Shelf, items: Iterable[Item]) -> int:
    place = 0
    await connection.execute(_INCOMING.encode(), prepare=False)
    async with connection.cursor() as cursor, cursor.copy(_COPY.encode()) as copy:
        for place, item in enumerate(items, start=1):
            said = [getattr(item, name) for name in _NAMES[:-1]]
            await copy.write_row(
                (shelf.platform, shelf.account, place, terms_of(item), *said, Jsonb(dict(item.attributes)))
            )
    return place


async def clear(pool: Pool, shelf: Shelf) -> int:
    """Take everything down; how much it was."""
    return (await put(pool, shelf, (), replace=True)).removed


async def everything(pool: Pool, shelf: Shelf, most: int | None = None) -> AsyncIterator[Item]:
    """The items of a shelf in the shop's order, page by page."""
    after: dict[str, Any] = {"place": -1, "after": ""}
    while most is None or most > 0:
        limit = PAGE if most is None else min(PAGE, most)
        rows = await fetch_all(pool, _PAGE, shelf.names | after | {"limit": limit})
        for row in rows:
            yield item_of(row)
        if len(rows) < limit:
            return
        after = {"place": rows[-1]["place"], "after": rows[-1]["sku"]}
        most = None if most is None else most - len(rows)


async def shelves(pool: Pool, kind: Kind) -> list[tuple[Shelf, int]]:
    """Every shelf of a kind on which something stands, and how much."""
    rows = await fetch_all(pool, _SHELVES, {"kind": str(kind)})
    return [(Shelf(kind=kind, platform=row["platform"], account=row["account"]), row["things"]) for row in rows]
