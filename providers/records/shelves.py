"""Shelves: which catalogue or which documents an account uses, the words on it, and how a question finds them."""

import math
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import DictRow

from domain.model import Value
from providers.records.pool import Pool, fetch_all, fetch_one
from providers.search.terms import terms

EVERY = "*"
"""Stands for every account of a platform, and for every platform."""
CORRECTED = 0.7
"""What a word counts that is one letter away from the one that was written."""
SHORTEST_CORRECTED = 4
"""Letters of a stem; in the many words of documents one letter more."""
LONGEST_CORRECTED = 20
MOST_ASKED = 24
"""Words of a question that are looked for."""

_NARROWEST = """
SELECT platform, account, things FROM shelves
 WHERE kind = %(kind)s AND things > 0 AND (
       (platform = %(platform)s AND account IN (%(account)s, '*')) OR (platform = '*' AND account = '*'))
 ORDER BY platform = '*', account = '*' LIMIT 1
"""
_WORDS = """
SELECT slip, word, uses FROM shelf_words
 WHERE kind = %(kind)s AND platform = %(platform)s AND account = %(account)s AND slip = ANY(%(slips)s)
"""
_HOLD = """
INSERT INTO shelves (kind, platform, account) VALUES (%(kind)s, %(platform)s, %(account)s)
ON CONFLICT (kind, platform, account) DO UPDATE SET changed_at = clock_timestamp()
"""
_COUNT = """
UPDATE shelves SET things = %(things)s, changed_at = clock_timestamp()
 WHERE kind = %(kind)s AND platform = %(platform)s AND account = %(account)s
"""
_FORGET_WORDS = """
DELETE FROM shelf_words WHERE kind = %(kind)s AND platform = %(platform)s AND account = %(account)s
"""


class Kind(StrEnum):
    """What stands on a shelf."""

    CATALOG = "catalog"
    KNOWLEDGE = "knowledge"


TABLES = {Kind.CATALOG: "catalog", Kind.KNOWLEDGE: "knowledge_chunks"}


class Shelf(Value):
    """The goods or the documents of one account, of a platform's accounts, or of all."""

    kind: Kind
    platform: str = EVERY
    account: str = EVERY

    @property
    def names(self) -> dict[str, str]:
        """As parameters of a statement."""
        return {"kind": str(self.kind), "platform": self.platform, "account": self.account, "shelf": self.key}

    @property
    def key(self) -> str:
        """As it stands in the indexes."""
        return f"{self.platform}:{self.account}"

    def __str__(self) -> str:
        everybody = self.platform == EVERY
        return "every account" if everybody else f"{self.platform} {self.account}".replace(EVERY, "(every account)")


class Wanted(Value):
    """One word of a question: the words of the shelf it may mean, and how much it says."""

    query: str
    """As a tsquery."""
    weight: float
    is_known: bool


async def narrowest(pool: Pool, kind: Kind, platform: str, account: str) -> tuple[Shelf, int] | None:
    """The shelf an account uses and how many things stand on it: its own, else its platform's, else everybody's."""
    names = {"kind": str(kind), "platform": platform, "account": account}
    row = await fetch_one(pool, _NARROWEST, names)
    return (Shelf(kind=kind, platform=row["platform"], account=row["account"]), row["things"]) if row else None


async def understood(pool: Pool, shelf: Shelf, things: int, text: str) -> list[Wanted]:
    """The words of a question, as the shelf knows them: rare ones say more, misspelt ones become their neighbours."""
    asked = list(dict.fromkeys(terms(text)))[:MOST_ASKED]
    if not asked:
        return []
    rows = await fetch_all(
        pool, _WORDS, shelf.names | {"slips": list({slip for term in asked for slip in slips(term)})}
    )
    shortest = SHORTEST_CORRECTED + (shelf.kind is Kind.KNOWLEDGE)
    return [_wanted(term, rows, things, len(term) >= shortest) for term in asked]


def _wanted(term: str, rows: Sequence[DictRow], things: int, may_be_misspelt: bool) -> Wanted:
    uses = {row["word"]: row["uses"] for row in rows if row["slip"] == row["word"]}
    uses |= {row["word"]: row["uses"] for row in rows if row["word"] not in uses}
    if term in uses or not may_be_misspelt or not _has_slips(term):
        return Wanted(query=f"'{term}'", weight=_says(uses.get(term, 0), things), is_known=term in uses)
    meant = [word for word in uses if one_slip_apart(term, word)]
    if not meant:
        return Wanted(query=f"'{term}'", weight=_says(0, things), is_known=False)
    heard = CORRECTED * _says(max(uses[word] for word in meant), things)
    return Wanted(query=" | ".join(f"'{word}'" for word in sorted([term, *meant])), weight=heard, is_known=True)


def _says(uses: int, things: int) -> float:
    """A word on every second thing says little, one on a few says much."""
    return math.log(1 + max(things, 1) / max(uses, 1)) + 0.1


def _has_slips(term: str) -> bool:
    return term.isalpha() and SHORTEST_CORRECTED <= len(term) <= LONGEST_CORRECTED


def slips(term: str) -> list[str]:
    """A word and what is left of it without one letter: any two words one slip apart share one of these."""
    if not _has_slips(term):
        return [term]
    return list(dict.fromkeys([term, *(term[:at] + term[at + 1 :] for at in range(len(term)))]))


def one_slip_apart(one: str, other: str) -> bool:
    """Whether one letter was left out, added, mistaken or changed with its neighbour; in short words not the first."""
    if one[0] != other[0] and min(len(one), len(other)) <= SHORTEST_CORRECTED + 1:
        return False
    while one and other and one[0] == other[0]:
        one, other = one[1:], other[1:]
    while one and other and one[-1] == other[-1]:
        one, other = one[:-1], other[:-1]
    return max(len(one), len(other)) <= 1 or (len(one) == 2 and one == other[::-1])


async def hold(connection: AsyncConnection[Any], shelf: Shelf) -> None:
    """Until the transaction ends nobody else changes this shelf."""
    await connection.execute(_HOLD.encode(), shelf.names)


async def take_stock(connection: AsyncConnection[Any], shelf: Shelf) -> int:
    """Count what stands on the shelf and learn its words anew; inside the transaction that changed it."""
    table = TABLES[shelf.kind]
    counted = await connection.execute(
        f"SELECT count(*) AS n FROM {table} WHERE platform = %(platform)s AND account = %(account)s".encode(),  # noqa: S608 — our own name
        shelf.names,
    )
    row = await counted.fetchone()
    things = int(row["n"]) if row else 0
    await connection.execute(_COUNT.encode(), {**shelf.names, "things": things})
    await connection.execute(_FORGET_WORDS.encode(), shelf.names)
    await _learn_words(connection, shelf, table)
    return things


async def _learn_words(connection: AsyncConnection[Any], shelf: Shelf, table: str) -> None:
    inner = (
        f"format('SELECT terms FROM {table} WHERE platform = %%L AND account = %%L',"  # noqa: S608 — our own name
        " %(platform)s::text, %(account)s::text)"
    )
    found = await connection.execute(
        f"SELECT word, ndoc FROM ts_stat({inner}) WHERE word !~ '[:0-9]'".encode(),  # noqa: S608 — as above
        shelf.names,
    )
    counted = [(row["word"], row["ndoc"]) for row in await found.fetchall()]
    copying = "COPY shelf_words (kind, platform, account, slip, word, uses) FROM STDIN"
    async with connection.cursor() as cursor, cursor.copy(copying) as copy:
        for word, uses in counted:
            for slip in slips(word):
                await copy.write_row((str(shelf.kind), shelf.platform, shelf.account, slip, word, uses))
