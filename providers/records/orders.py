"""One order as people look at it, and its cancelling; what it took goes back to the shelf by itself (`0023`)."""

from psycopg.rows import DictRow

from providers.records.pool import Pool, fetch_one

CANCELLED = "cancelled"
PAID = "paid"
_FIND = """
SELECT *, substring(conversation_id FROM '^conv:[^:]+:[^:]+:(.*)$') AS contact FROM orders WHERE id = %(id)s
"""
# A proof that waits is decided about first: its customer may have paid.
_CANCEL = """
UPDATE orders SET status = 'cancelled', updated_at = clock_timestamp()
 WHERE id = %(id)s AND status <> 'cancelled' AND (status <> 'paid' OR %(paid_too)s)
   AND NOT EXISTS (SELECT FROM payments WHERE order_id = %(id)s AND stage IN ('waiting', 'approved_once'))
RETURNING id
"""
_WAITING = """
SELECT id FROM payments WHERE order_id = %(id)s AND stage IN ('waiting', 'approved_once') ORDER BY id DESC LIMIT 1
"""


async def find(pool: Pool, number: int) -> DictRow | None:
    """One order, with its `contact`."""
    return await fetch_one(pool, _FIND, {"id": number})


async def cancel(pool: Pool, number: int, *, paid_too: bool) -> bool:
    """Cancel it, once. False: it is cancelled already, a proof waits, or it is paid and that needs more of a say."""
    return await fetch_one(pool, _CANCEL, {"id": number, "paid_too": paid_too}) is not None


async def waiting_payment(pool: Pool, number: int) -> int | None:
    """The payment proof of this order that waits for a person."""
    row = await fetch_one(pool, _WAITING, {"id": number})
    return int(row["id"]) if row else None
