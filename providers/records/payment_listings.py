"""Payment proofs as people look through them, page by page."""

from psycopg.rows import DictRow

from domain.payments import PaymentStage
from providers.records.media import MediaRow
from providers.records.payments import ONE
from providers.records.pool import Pool, fetch_all, fetch_one

_WAITING_ONES = f"""
{ONE}
 WHERE payments.stage IN ('waiting', 'approved_once')
   AND (%(stage)s::text IS NULL OR payments.stage = %(stage)s)
   AND (%(platform)s::text IS NULL OR payments.platform = %(platform)s)
   AND (%(account)s::text IS NULL OR payments.account = %(account)s)
   AND (%(after)s::bigint IS NULL OR (payments.urgency_rank, payments.id) > (%(rank)s::bigint, %(after)s))
 ORDER BY payments.urgency_rank, payments.id LIMIT %(limit)s
"""

_SETTLED_ONES = f"""
{ONE}
 WHERE payments.stage = %(stage)s
   AND (%(platform)s::text IS NULL OR payments.platform = %(platform)s)
   AND (%(account)s::text IS NULL OR payments.account = %(account)s)
   AND (%(before)s::bigint IS NULL OR payments.id < %(before)s)
 ORDER BY payments.id DESC LIMIT %(limit)s
"""

_ORDER = """
SELECT *, substring(conversation_id FROM '^conv:[^:]+:[^:]+:(.*)$') AS contact FROM orders WHERE id = %(id)s
"""

_FILES = """
SELECT media.*, media.bytes AS bytes_count
  FROM payments CROSS JOIN unnest(media_ids) WITH ORDINALITY AS shown (media_id, place)
  JOIN media ON media.id = shown.media_id AND media.conversation_id = payments.conversation_id
 WHERE payments.id = %(id)s ORDER BY shown.place
"""

_COUNT = "SELECT count(*) AS n FROM payments WHERE stage IN ('waiting', 'approved_once')"


async def waiting_payments(
    pool: Pool,
    *,
    stage: PaymentStage | None = None,
    platform: str | None = None,
    account: str | None = None,
    after: tuple[int, int] | None = None,
    limit: int = 50,
) -> list[DictRow]:
    """Proofs that wait for a person, most urgent first, then oldest. `after`: the last page's (urgency_rank, id)."""
    rank, number = after or (None, None)
    values = {"stage": stage, "platform": platform, "account": account, "rank": rank, "after": number, "limit": limit}
    return await fetch_all(pool, _WAITING_ONES, values)


async def settled_payments(
    pool: Pool,
    stage: PaymentStage,
    *,
    platform: str | None = None,
    account: str | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[DictRow]:
    """Proofs that were decided so, newest first."""
    values = {"stage": stage, "platform": platform, "account": account, "before": before, "limit": limit}
    return await fetch_all(pool, _SETTLED_ONES, values)


async def order_of(pool: Pool, payment: DictRow) -> DictRow | None:
    """The order a proof is for, as `listings.orders` gives it."""
    return await fetch_one(pool, _ORDER, {"id": payment["order_id"]}) if payment["order_id"] is not None else None


async def files_of(pool: Pool, payment_id: int) -> list[MediaRow]:
    """The pictures and files of a proof, in their order; those whose time is over have no `name`."""
    return [MediaRow.model_validate(row) for row in await fetch_all(pool, _FILES, {"id": payment_id})]


async def count_waiting(pool: Pool) -> int:
    """How many proofs wait for a person."""
    row = await fetch_one(pool, _COUNT)
    return int(row["n"]) if row else 0
