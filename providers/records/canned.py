"""Canned texts: what operators write again and again, by shop."""

from psycopg.rows import DictRow

from providers.records.pool import Pool, fetch_all, fetch_one

MOST = 500
_OF = """
SELECT * FROM canned_texts WHERE platform IN ('*', %(platform)s) AND account IN ('*', %(account)s)
 ORDER BY lower(title), id LIMIT %(most)s
"""
_LIST = """
SELECT * FROM canned_texts WHERE %(after)s::bigint IS NULL OR id > %(after)s ORDER BY id LIMIT %(limit)s
"""
_SAVE = """
INSERT INTO canned_texts (platform, account, title, text)
VALUES (%(platform)s, %(account)s, %(title)s, %(text)s)
ON CONFLICT (platform, account, title) DO UPDATE SET text = excluded.text, updated_at = clock_timestamp()
RETURNING id
"""


async def of_account(pool: Pool, platform: str, account: str) -> list[DictRow]:
    """What may be used in this account's conversations, by title."""
    return await fetch_all(pool, _OF, {"platform": platform, "account": account, "most": MOST})


async def page(pool: Pool, after: int | None, limit: int) -> list[DictRow]:
    """All of them, oldest first."""
    return await fetch_all(pool, _LIST, {"after": after, "limit": limit})


async def save(pool: Pool, platform: str, account: str, title: str, text: str) -> None:
    """Keep a text; one of the same title is replaced."""
    await fetch_one(pool, _SAVE, {"platform": platform, "account": account, "title": title, "text": text})


async def remove(pool: Pool, number: int) -> str | None:
    """Forget a text; its title."""
    row = await fetch_one(pool, "DELETE FROM canned_texts WHERE id = %(id)s RETURNING title", {"id": number})
    return str(row["title"]) if row else None
