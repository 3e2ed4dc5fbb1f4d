"""Forgets customers of whom nothing is left: their key is destroyed, and their other names go.

A key must not go while somebody locks with it. Whoever does has noted so in `contacts.heard_at` within the last hour
and ten minutes (`contact_keys.py`), and nobody is forgotten here before a day of silence: a customer who writes in this
very moment is either noted first and stays, or let go of first and gets a new key. A conversation that still runs in
Temporal, silent as it may be, keeps its key as well.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from domain.identifiers import Address
from providers.records.belongings import TABLES
from providers.records.pool import Pool, borrowed, fetch_all

BATCH = 200
"""Customers at one look; each is asked of Temporal."""
IsRunning = Callable[[str], Awaitable[bool]]
"""Whether this conversation's workflow runs. May raise `Unavailable`."""

_KEPT_BY = {
    "conversations": "id", "message_logs": "conversation_id", "accepted": "conversation_id",
    "inbox": "conversation_id", "outbox": "conversation_id", "media": "conversation_id",
    "orders": "conversation_id", "payments": "conversation_id",
}  # fmt: skip
"""Tables whose rows keep a customer known, and where they name the conversation."""


def _nothing_left(whose: str) -> str:
    """The condition that no table keeps the customer whom a row of `whose` names."""
    conversation = f"'conv:' || {whose}.platform || ':' || {whose}.account || ':' || {whose}.contact"
    return " AND ".join(
        f"NOT EXISTS (SELECT 1 FROM {table} WHERE {table}.{column} = {conversation})"  # noqa: S608 — our own words
        for table, column in _KEPT_BY.items()
    )


# Where histories are not locked nobody has a key, and a customer may still have several names.
_SILENT = f"""
SELECT silent.contact FROM (
    SELECT platform, account, contact FROM contacts
     WHERE platform = %(platform)s AND account = %(account)s AND key IS NOT NULL AND heard_at < %(before)s
    UNION
    SELECT platform, account, contact FROM aliases AS other
     WHERE platform = %(platform)s AND account = %(account)s AND created_at < %(before)s
       AND NOT EXISTS (SELECT 1 FROM contacts WHERE contacts.platform = other.platform
                          AND contacts.account = other.account AND contacts.contact = other.contact)
) AS silent WHERE silent.contact > %(after)s AND {_nothing_left("silent")} ORDER BY silent.contact LIMIT {BATCH}
"""  # noqa: S608
_DESTROY = f"""
UPDATE contacts SET {next(table.keeps for table in TABLES if table.name == "contacts")}
 WHERE platform = %(platform)s AND account = %(account)s AND contact = ANY(%(contacts)s)
   AND key IS NOT NULL AND heard_at < %(before)s AND {_nothing_left("contacts")}
"""  # noqa: S608
_NAMES = f"""
DELETE FROM aliases WHERE platform = %(platform)s AND account = %(account)s AND contact = ANY(%(contacts)s)
   AND created_at < %(before)s AND {_nothing_left("aliases")}
   AND NOT EXISTS (SELECT 1 FROM contacts WHERE contacts.platform = aliases.platform
                      AND contacts.account = aliases.account AND contacts.contact = aliases.contact)
"""  # noqa: S608


async def forget_strangers(pool: Pool, platform: str, account: str, before: datetime, is_running: IsRunning) -> int:
    """Forget an account's customers nobody has heard of since; how many keys and names went.

    Args:
        before: at least a day ago.

    Raises:
        Unavailable: our books, or Temporal, cannot be reached.
    """
    values: dict[str, Any] = {"platform": platform, "account": account, "before": before, "after": ""}
    gone = 0
    while True:
        silent = [row["contact"] for row in await fetch_all(pool, _SILENT, values)]
        over = [one for one in silent if not await is_running(_conversation(platform, account, one))]
        async with borrowed(pool) as connection, connection.transaction():
            for query in (_DESTROY, _NAMES):
                gone += (await connection.execute(query.encode(), values | {"contacts": over})).rowcount
        if len(silent) < BATCH:
            return gone
        values["after"] = silent[-1]


def _conversation(platform: str, account: str, contact: str) -> str:
    return Address(platform=platform, account=account, contact=contact).conversation_id
