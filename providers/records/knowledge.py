"""The shop's documents as flows ask them: passages that speak of what a customer wants to know."""

from collections.abc import Sequence

import structlog
from psycopg.rows import DictRow

from domain.failures import EverturnError
from domain.knowledge import FindPassages, Passage
from providers.records.pool import Pool, fetch_all
from providers.records.shelves import Kind, Shelf, Wanted, narrowest, understood
from providers.search.embedding import Embedder

WEIGHTS = [0.5, 0.4, 0.8, 1.0]
"""How much a word says that stands in (D) the text, (B) a heading, (A) the title."""
RELEVANT = 0.35
"""What fits less than this part of the best is not shown."""
LIKELY = 20
"""Passages that each way of searching may bring in."""
MOST_FITTING = 5_000
EVENLY = 60
"""The constant of reciprocal-rank fusion."""

FIND_BY_TERMS = f"""
WITH fitting AS MATERIALIZED (
    SELECT document, number, section, text, said.score, said.share
      FROM knowledge_chunks CROSS JOIN LATERAL (
        SELECT sum(asked.weight * ts_rank(%(weights)s::float4[], terms, asked.query::tsquery)) AS score,
               coalesce(sum(asked.weight) FILTER (WHERE terms @@ asked.query::tsquery), 0) / sum(asked.weight) AS share
          FROM unnest(%(queries)s::text[], %(says)s::float8[]) AS asked (query, weight)) AS said
     WHERE ARRAY[platform || ':' || account] && ARRAY[%(shelf)s::text] AND terms @@ %(wanted)s::tsquery
     LIMIT {MOST_FITTING})
SELECT fitting.*, documents.title
  FROM fitting JOIN knowledge_documents AS documents
    ON documents.platform = %(platform)s AND documents.account = %(account)s AND documents.name = fitting.document
 WHERE score >= (SELECT max(score) FROM fitting) * {RELEVANT}
 ORDER BY score * share DESC, document, number LIMIT {LIKELY}
"""  # noqa: S608 — our own numbers
_FIND_BY_MEANING = f"""
SELECT chunks.document, number, section, text, title, nearness AS share
  FROM knowledge_chunks AS chunks
  JOIN knowledge_documents AS documents
    ON documents.platform = chunks.platform AND documents.account = chunks.account AND documents.name = chunks.document
 CROSS JOIN LATERAL (
    SELECT sum(one * other) AS nearness FROM unnest(embedding, %(vector)s::real[]) AS pair (one, other)) AS compared
 WHERE chunks.platform = %(platform)s AND chunks.account = %(account)s AND embedder = %(embedder)s
   AND cardinality(embedding) = cardinality(%(vector)s::real[])
 ORDER BY nearness DESC LIMIT {LIKELY}
"""  # noqa: S608 — as above

log = structlog.get_logger()


class Knowledge:
    """Finds passages in what an account may read. May raise `Unavailable`."""

    def __init__(self, pool: Pool, embedder: Embedder | None = None) -> None:
        self._pool = pool
        self._embedder = embedder

    async def find(self, platform: str, account: str, wish: FindPassages) -> tuple[Passage, ...]:
        """Passages that speak of it, the best first; nothing, where the documents do not know."""
        used = await narrowest(self._pool, Kind.KNOWLEDGE, platform, account)
        if used is None:
            return ()
        asked = await understood(self._pool, *used, wish.text)
        by_terms = await self._by_terms(used[0], asked)
        by_meaning = await self._by_meaning(used[0], wish.text)
        return tuple(_passage(row) for row in fused(by_terms, by_meaning)[: wish.most])

    async def _by_terms(self, shelf: Shelf, asked: Sequence[Wanted]) -> list[DictRow]:
        if not asked:
            return []
        queries = [word.query for word in asked]
        values = shelf.names | {
            "wanted": " | ".join(f"({query})" for query in queries), "weights": WEIGHTS, "queries": queries,
            "says": [word.weight for word in asked],
        }  # fmt: skip
        return await fetch_all(self._pool, FIND_BY_TERMS, values)

    async def _by_meaning(self, shelf: Shelf, text: str) -> list[DictRow]:
        """Nothing, where nobody embeds; an embedder in trouble must not keep the words from being found."""
        if self._embedder is None or not text.strip():
            return []
        try:
            (vector,) = await self._embedder.embed([text])
        except EverturnError as error:
            log.warning("embedder_away", reason=str(error))
            return []
        values = shelf.names | {"vector": vector, "embedder": self._embedder.model}
        return await fetch_all(self._pool, _FIND_BY_MEANING, values)


def fused(*found: Sequence[DictRow]) -> list[DictRow]:
    """Several rankings as one (reciprocal-rank fusion); a passage's rank is the best it has anywhere."""
    scores: dict[tuple[str, int], float] = {}
    rows: dict[tuple[str, int], DictRow] = {}
    for ranking in found:
        for place, row in enumerate(ranking, start=1):
            key = (row["document"], row["number"])
            scores[key] = scores.get(key, 0.0) + 1 / (EVENLY + place)
            if key not in rows or row["share"] > rows[key]["share"]:
                rows[key] = row
    return [rows[key] for key in sorted(scores, key=lambda key: -scores[key])]


def _passage(row: DictRow) -> Passage:
    rank = min(max(float(row["share"]), 0.0), 1.0)
    said = {name: row[name] for name in ("document", "title", "section", "text")}
    return Passage.model_validate(said | {"rank": round(rank, 4)})
