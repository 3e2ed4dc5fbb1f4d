"""How long things have waited, by account: what an alert asks at night."""

from collections.abc import Mapping

from providers.records.inbox import BEING_TOLD
from providers.records.pool import Pool, fetch_all

Ages = dict[str, dict[tuple[str, ...], float]]

# A part that waits for its account's rate or token is as old as any other: its customer waits, too.
_AGES = f"""
SELECT 'inbox_oldest_seconds' AS name, platform, account,
       extract(epoch FROM clock_timestamp() - min(accepted_at))::float8 AS value
  FROM inbox WHERE refused_at IS NULL AND NOT {BEING_TOLD} GROUP BY 2, 3
UNION ALL
SELECT 'inbox_refused', platform, account, count(*)::float8 FROM inbox WHERE refused_at IS NOT NULL GROUP BY 2, 3
UNION ALL
SELECT 'outbox_oldest_seconds', platform, account, extract(epoch FROM clock_timestamp() - min(created_at))::float8
  FROM outbox WHERE state IN ('pending', 'sending') GROUP BY 2, 3
UNION ALL
SELECT 'accounts_paused', platform, account, 1 FROM paused_accounts
"""  # noqa: S608 — of our own words only
NAMES: Mapping[str, str] = {
    "inbox_oldest_seconds": "How long the oldest message waits for Temporal",
    "inbox_refused": "Messages that no conversation would take: a person must decide about them",
    "outbox_oldest_seconds": "How long ago the oldest part was decided that is not sent yet",
    "accounts_paused": "1: the platform refused the account's credential, nothing of it is sent",
}
"""What each is."""


async def ages(pool: Pool) -> Ages:
    """By name, then by platform and account; whoever waits for nothing is not in it.

    Raises:
        Unavailable: PostgreSQL does not answer.
    """
    found: Ages = {name: {} for name in NAMES}
    for row in await fetch_all(pool, _AGES, {}):
        found[row["name"]][row["platform"], row["account"]] = row["value"]
    return found
