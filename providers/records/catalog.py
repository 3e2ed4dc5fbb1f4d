"""The catalogue as flows ask it: products by a customer's words, items by their numbers, remembered for minutes."""

import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from cachetools import TTLCache
from psycopg.rows import DictRow

from domain.catalog import FindProducts, Item, Product, ReadItems, ReadProduct
from providers.records.pool import Pool, fetch_all
from providers.records.shelves import Kind, Shelf, Wanted, narrowest, understood
from providers.search.terms import as_tsvector, size_of, terms

WEIGHTS = [0.1, 0.3, 0.5, 1.0]
"""How much a word says that stands in (D) description and attributes, (C) category, (B) colour, (A) title."""
RELEVANT = 0.4
"""What fits less than this part of the best is not shown."""
MOST_FITTING = 5_000
"""Items that are ranked at most."""

_IN_TENANT = "ARRAY[platform || ':' || account] && ARRAY[%(shelf)s::text]"
_NAMES = tuple(Item.model_fields)
_SOLD = """(%(price_to)s::numeric IS NULL OR price <= %(price_to)s::numeric)
       AND (NOT %(in_stock)s OR stock IS NULL OR stock > 0)"""
_BY_TERMS = f"""
    SELECT sku, product, place, (
        SELECT coalesce(sum(asked.weight * ts_rank(%(weights)s::float4[], terms, asked.query::tsquery)), 0)
          FROM unnest(%(queries)s::text[], %(says)s::float8[]) AS asked (query, weight)) AS score
      FROM catalog WHERE {_IN_TENANT} AND terms @@ %(wanted)s::tsquery AND {_SOLD}
     LIMIT {MOST_FITTING}
"""  # noqa: S608 — our own words
_BY_PLACE = f"""
    SELECT sku, product, place, 0.0::float8 AS score
      FROM catalog WHERE platform = %(platform)s AND account = %(account)s AND {_SOLD}
     ORDER BY platform, account, place LIMIT {MOST_FITTING}
"""  # noqa: S608 — as above


def _products_among(fitting: str) -> str:
    """Of the items that fit the best products, and all that belongs to them."""
    return f"""
WITH fitting AS MATERIALIZED ({fitting}),
best AS (SELECT DISTINCT ON (product) product, sku AS shown, place AS first, score
           FROM fitting ORDER BY product, score DESC, place),
chosen AS (SELECT *, max(score) OVER () AS top FROM best ORDER BY score DESC, first LIMIT %(most)s)
SELECT shown, {", ".join(f"catalog.{name}" for name in _NAMES)}
  FROM chosen JOIN catalog ON catalog.platform = %(platform)s AND catalog.account = %(account)s
                          AND catalog.product = chosen.product
 WHERE chosen.score >= chosen.top * {RELEVANT}
 ORDER BY chosen.score DESC, chosen.first, catalog.place
"""  # noqa: S608 — as above


FIND_BY_TERMS = _products_among(_BY_TERMS)
"""A question in words, or one narrowed by size, colour or category."""
_FIND_BY_PLACE = _products_among(_BY_PLACE)
_READ = f"""
SELECT {", ".join(_NAMES)} FROM catalog
 WHERE platform = %(platform)s AND account = %(account)s AND sku = ANY(%(skus)s)
"""  # noqa: S608 — as above
_PRODUCT = f"""
SELECT sku AS shown, {", ".join(_NAMES)} FROM catalog
 WHERE platform = %(platform)s AND account = %(account)s AND product = %(product)s ORDER BY place
"""  # noqa: S608 — as above


class Catalog:
    """Finds and reads what an account sells. Every method may raise `Unavailable`."""

    def __init__(
        self, pool: Pool, seconds: float = 180, *, size: int = 10_000, timer: Callable[[], float] = time.monotonic
    ) -> None:
        self._pool = pool
        self._products: TTLCache[Any, tuple[Product, ...]] = TTLCache(size, seconds, timer)
        self._items: TTLCache[tuple[str, str, str], Item] = TTLCache(size * 10, seconds, timer)

    async def find(self, platform: str, account: str, wish: FindProducts) -> tuple[Product, ...]:
        """Products that fit, the best first, each with all its items; its picture is of the item that fits best."""
        return await self._remembered((platform, account, wish), lambda: self._find(platform, account, wish))

    async def product(self, platform: str, account: str, wish: ReadProduct) -> Product | None:
        """One product with all its items, if the shop has it."""
        found = await self._remembered((platform, account, wish), lambda: self._product(platform, account, wish.id))
        return found[0] if found else None

    async def read(self, platform: str, account: str, wish: ReadItems) -> tuple[Item, ...]:
        """Items by their numbers, in the order asked for; numbers the shop does not have are left out."""
        known = {} if wish.fresh else {sku: self._items.get((platform, account, sku)) for sku in wish.skus}
        found = {sku: item for sku, item in known.items() if item is not None}
        if missing := [sku for sku in dict.fromkeys(wish.skus) if sku not in found]:
            found |= {item.sku: item for item in await self._read(platform, account, missing)}
        return tuple(found[sku] for sku in wish.skus if sku in found)

    async def _remembered(self, key: Any, read: Callable[[], Awaitable[tuple[Product, ...]]]) -> tuple[Product, ...]:
        """What was found; that nothing was found is not remembered: an import may be under way."""
        if remembered := self._products.get(key):
            return remembered
        if found := await read():
            self._products[key] = found
        return found

    async def _read(self, platform: str, account: str, skus: list[str]) -> list[Item]:
        used = await narrowest(self._pool, Kind.CATALOG, platform, account)
        rows = await fetch_all(self._pool, _READ, used[0].names | {"skus": skus}) if used else []
        items = [item_of(row) for row in rows]
        for sku in skus:
            self._items.pop((platform, account, sku), None)
        self._items.update({(platform, account, item.sku): item for item in items})
        return items

    async def _product(self, platform: str, account: str, product: str) -> tuple[Product, ...]:
        used = await narrowest(self._pool, Kind.CATALOG, platform, account)
        if used is None:
            return ()
        return _products(await fetch_all(self._pool, _PRODUCT, used[0].names | {"product": product}))

    async def _find(self, platform: str, account: str, wish: FindProducts) -> tuple[Product, ...]:
        used = await narrowest(self._pool, Kind.CATALOG, platform, account)
        if used is None:
            return ()
        asked = await understood(self._pool, *used, wish.text)
        for query in queries(wish, asked):
            if found := await self._fitting(used[0], wish, asked, query):
                return found
        return ()

    async def _fitting(
        self, shelf: Shelf, wish: FindProducts, asked: Sequence[Wanted], query: str
    ) -> tuple[Product, ...]:
        values = shelf.names | {
            "wanted": query, "weights": WEIGHTS, "queries": [word.query for word in asked],
            "says": [word.weight for word in asked], "price_to": wish.price_to, "in_stock": wish.in_stock,
            "most": wish.most,
        }  # fmt: skip
        return _products(await fetch_all(self._pool, FIND_BY_TERMS if query else _FIND_BY_PLACE, values))


def queries(wish: FindProducts, asked: Sequence[Wanted]) -> list[str]:
    """What PostgreSQL is asked, one after another until something is found: all the words, then any of them.

    Size and colour always hold. A category the shop does not call so is one more word.
    """
    must = [*(f"'c:{term}'" for term in terms(wish.colour)), *_of_size(wish.size)]
    of_category = [f"('k:{term}' | '{term}':A)" for term in terms(wish.category)]
    words = [f"({word.query})" for word in asked]
    tries = [[*must, *of_category, *words]]
    if words:
        tries.append([*must, *of_category, _any(words)])
    if of_category:
        tries.append([*must, _any([*words, *(f"'{term}'" for term in terms(wish.category))])])
    return list(dict.fromkeys(" & ".join(each) for each in tries))


def _any(words: Iterable[str]) -> str:
    return f"({' | '.join(words)})"


def _of_size(size: str) -> list[str]:
    """One size for all fits everybody."""
    wanted = size_of(size)
    return [f"('s:{wanted}' | 's:')"] if wanted else []


def terms_of(item: Item) -> str:
    """What an item is found by, as a tsvector."""
    attributes = " ".join(item.attributes.values())
    weighted = [
        (item.title, "A"), (item.colour, "B"), (item.category, "C"), (item.description, "D"), (attributes, "D"),
        (f"{item.sku} {item.product}", "D"),
    ]  # fmt: skip
    tags = [*(f"c:{term}" for term in terms(item.colour)), *(f"k:{term}" for term in terms(item.category))]
    return as_tsvector(weighted, [*tags, f"s:{size_of(item.size)}"])


def item_of(row: DictRow) -> Item:
    """An item as it is stored."""
    return Item.model_validate({name: row[name] for name in Item.model_fields})


def _products(rows: Iterable[DictRow]) -> tuple[Product, ...]:
    """Rows in the order of their products; what is said of a product is said of the item that is shown."""
    items: dict[str, list[Item]] = {}
    shown: dict[str, str] = {}
    for row in rows:
        items.setdefault(row["product"], []).append(item_of(row))
        shown.setdefault(row["product"], row["shown"])
    return tuple(_product(product, found, shown[product]) for product, found in items.items())


def _product(product: str, items: list[Item], shown: str) -> Product:
    face = next((item for item in items if item.sku == shown), items[0])
    said = {name: getattr(face, name) for name in ("title", "description", "category", "image_url")}
    return Product(id=product, items=tuple(items), **said)
