"""Lets go of what was said and decided, account by account, once the account's time for it is over."""

from contextlib import suppress
from datetime import datetime, timedelta

import structlog

from domain.model import Value
from providers.records.pool import Pool, fetch_all, fetch_one
from providers.records.strangers import IsRunning, forget_strangers
from runtime.accounts import Accounts

BATCH = 1_000
"""Rows let go of in one transaction: nobody else waits long for them."""
MOST_BATCHES = 200
"""Of one kind and account at one time; the rest goes with the next look."""

log = structlog.get_logger()

# The expressions are the indexes' of `0019_retention.sql`, letter for letter. Rows somebody else works on are left for
# the next look: two workers may look at the same time.
_LINES = """
WITH old AS (
    SELECT id FROM message_logs
     WHERE split_part(conversation_id, ':', 2) = %(platform)s AND split_part(conversation_id, ':', 3) = %(account)s
       AND "timestamp" < %(before)s LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), gone AS (DELETE FROM message_logs USING old WHERE message_logs.id = old.id RETURNING 1)
SELECT count(*) AS n FROM gone
"""
_DECISIONS = """
WITH old AS (
    SELECT key FROM decisions
     WHERE split_part(conversation_id, ':', 2) = %(platform)s AND split_part(conversation_id, ':', 3) = %(account)s
       AND at < %(before)s LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), gone AS (DELETE FROM decisions USING old WHERE decisions.key = old.key RETURNING 1)
SELECT count(*) AS n FROM gone
"""
# Dead letters go with their parts; what still waits to be sent stays.
_PARTS = """
WITH old AS (
    SELECT key FROM outbox
     WHERE platform = %(platform)s AND account = %(account)s AND updated_at < %(before)s
       AND state NOT IN ('pending', 'sending') LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM outbox USING old WHERE outbox.key = old.key RETURNING outbox.message_id
), told AS (
    DELETE FROM receipts USING gone
     WHERE receipts.platform = %(platform)s AND receipts.account = %(account)s
       AND gone.message_id <> '' AND receipts.message_id = gone.message_id
)
SELECT count(*) AS n FROM gone
"""
# The line of the list goes last, when nobody has to look after the conversation any more.
_CONVERSATIONS = """
WITH old AS (
    SELECT id FROM conversations
     WHERE platform = %(platform)s AND account = %(account)s AND heard_at < %(before)s
       AND payments = 0 AND letters = 0 AND holder = 'assistant' AND attention = ''
       AND NOT EXISTS (SELECT 1 FROM message_logs WHERE message_logs.conversation_id = conversations.id)
     LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), outcomes AS (
    UPDATE dialog_outcomes SET dialog_key = 'let-go/' || dialog_outcomes.id,
           conversation_id = 'conv:' || %(platform)s || ':' || %(account)s || ':'
      FROM old WHERE dialog_outcomes.conversation_id = old.id
), gone AS (DELETE FROM conversations USING old WHERE conversations.id = old.id RETURNING 1)
SELECT count(*) AS n FROM gone
"""
# A summary goes with the last line that it stands for.
_SUMMARIES = """
WITH old AS (
    SELECT conversation_id FROM dialogue_summaries AS summary
     WHERE split_part(conversation_id, ':', 2) = %(platform)s AND split_part(conversation_id, ':', 3) = %(account)s
       AND NOT EXISTS (SELECT 1 FROM message_logs WHERE message_logs.id = summary.until_id)
     LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM dialogue_summaries USING old
     WHERE dialogue_summaries.conversation_id = old.conversation_id RETURNING 1
)
SELECT count(*) AS n FROM gone
"""
_MEDIA = """
WITH due AS (
    UPDATE media SET expires_at = %(now)s
     WHERE platform = %(platform)s AND account = %(account)s AND created_at < %(before)s AND expires_at > %(now)s
       AND (name <> '' OR transcript <> '') RETURNING 1
)
SELECT count(*) AS n FROM due
"""
# A picture's row goes when its bytes and its words are gone, unless it was shown as proof of a payment.
_TRACES = """
WITH old AS (
    SELECT id FROM media
     WHERE platform = %(platform)s AND account = %(account)s AND created_at < %(before)s
       AND name = '' AND transcript = ''
       AND NOT EXISTS (SELECT 1 FROM payments WHERE payments.conversation_id = media.conversation_id)
     LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), gone AS (DELETE FROM media USING old WHERE media.id = old.id RETURNING 1)
SELECT count(*) AS n FROM gone
"""
# Whose part was withdrawn while it waited never comes for its moment.
_MOMENTS = "DELETE FROM turnstile_slots WHERE at < %(now)s::timestamptz - interval '1 day'"
_KINDS = {
    "lines": _LINES, "decisions": _DECISIONS, "parts": _PARTS, "summaries": _SUMMARIES, "conversations": _CONVERSATIONS,
    "traces": _TRACES,
}  # fmt: skip
_KNOWN = """
SELECT platform, account FROM conversations UNION SELECT platform, account FROM contacts WHERE key IS NOT NULL
"""


class Term(Value):
    """How long an account keeps what was said."""

    platform: str
    account: str
    days: int


class Retention:
    """Reads and writes what is over its time. Every method may raise `Unavailable`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def known(self) -> set[tuple[str, str]]:
        """Accounts that have conversations in the books, those that were removed among them."""
        return {(row["platform"], row["account"]) for row in await fetch_all(self._pool, _KNOWN)}

    async def sweep(self, term: Term, now: datetime) -> dict[str, int]:
        """Let go of what an account has kept long enough; how many rows of each kind."""
        before = now - timedelta(days=term.days)
        values = {"platform": term.platform, "account": term.account, "before": before, "limit": BATCH, "now": now}
        gone = {name: await self._all(query, values) for name, query in _KINDS.items()}
        row = await fetch_one(self._pool, _MEDIA, values)
        gone["media"] = int(row["n"]) if row else 0
        if any(gone.values()):
            log.info("records_swept", platform=term.platform, account=term.account, **gone)
        return gone

    async def sweep_moments(self, now: datetime) -> None:
        """Let go of the moments to send at that nobody came for."""
        await fetch_one(self._pool, _MOMENTS, {"now": now})

    async def forget(self, term: Term, now: datetime, is_running: IsRunning) -> None:
        """Forget an account's customers of whom nothing is left."""
        before = now - timedelta(days=term.days)
        gone = await forget_strangers(self._pool, term.platform, term.account, before, is_running)
        if gone:
            log.info("customers_forgotten", platform=term.platform, account=term.account, keys_and_names=gone)

    async def _all(self, query: str, values: dict[str, object]) -> int:
        total = 0
        for _ in range(MOST_BATCHES):
            row = await fetch_one(self._pool, query, values)
            count = int(row["n"]) if row else 0
            total += count
            if count < BATCH:
                break
        return total


async def terms(accounts: Accounts, retention: Retention) -> list[Term]:
    """Every account's time, whether it is used or not; one that was removed keeps what its platform's default does.

    Raises:
        Unavailable: it cannot be looked up now.
    """
    known = await retention.known()  # first: an account that is added meanwhile is no removed one
    found = await accounts.options()
    for platform, account in known - found.keys():
        with suppress(KeyError):  # a platform that this build does not know
            found[platform, account] = found[platform, await accounts.default_id(platform)]
    said = {whose: days_of(options.get("keep_records_days", "")) for whose, options in found.items()}
    return [Term(platform=whose[0], account=whose[1], days=days) for whose, days in sorted(said.items()) if days]


async def sweep_all(accounts: Accounts, pool: Pool, now: datetime) -> None:
    """Let go of everything that is over its account's time.

    Raises:
        Unavailable: our books cannot be reached.
    """
    retention = Retention(pool)
    for term in await terms(accounts, retention):
        await retention.sweep(term, now)
    await retention.sweep_moments(now)


async def forget_all(accounts: Accounts, pool: Pool, now: datetime, is_running: IsRunning) -> None:
    """Forget every account's customers of whom nothing is left any more.

    Raises:
        Unavailable: our books, or Temporal, cannot be reached.
    """
    retention = Retention(pool)
    for term in await terms(accounts, retention):
        await retention.forget(term, now, is_running)


def days_of(option: str) -> int | None:
    """What an account's option `keep_records_days` says; None: they are kept until somebody erases them."""
    text = option.strip()
    return int(text) if text.isascii() and text.isdecimal() and 0 < int(text) <= 36_500 else None
