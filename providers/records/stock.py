"""Takes what was ordered off the shelf, in the transaction that places the order; cancelled, it goes back (`0023`)."""

from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from domain.identifiers import Address
from domain.orders import OrderDraft

# The rows are locked in the order of their numbers, so that two orders of the same goods wait and never block each
# other; whoever waited sees what the other left.
_TAKE = """
WITH shelf AS (
    SELECT platform, account FROM shelves
     WHERE kind = 'catalog' AND things > 0 AND (
           (platform = %(platform)s AND account IN (%(account)s, '*')) OR (platform = '*' AND account = '*'))
     ORDER BY platform = '*', account = '*' LIMIT 1
), wanted AS (
    SELECT sku, sum(quantity)::int AS quantity
      FROM jsonb_to_recordset(%(items)s) AS item (sku text, quantity int) GROUP BY sku
), held AS (
    SELECT catalog.platform, catalog.account, catalog.sku, catalog.title, catalog.stock, wanted.quantity
      FROM catalog JOIN shelf USING (platform, account) JOIN wanted USING (sku)
     WHERE catalog.stock IS NOT NULL ORDER BY catalog.sku FOR UPDATE OF catalog
), taken AS (
    UPDATE catalog SET stock = greatest(held.stock - held.quantity, 0), updated_at = clock_timestamp()
      FROM held
     WHERE catalog.platform = held.platform AND catalog.account = held.account AND catalog.sku = held.sku
), noted AS (
    INSERT INTO order_stock (order_id, platform, account, sku, quantity)
    SELECT %(order)s, platform, account, sku, least(stock, quantity) FROM held WHERE least(stock, quantity) > 0
)
SELECT title, sku, stock, quantity FROM held WHERE stock < quantity ORDER BY sku
"""
_NOTE = "UPDATE orders SET shortage = %(shortage)s WHERE id = %(id)s"
LONGEST = 300


def is_counted(draft: OrderDraft) -> bool:
    """Whether anything in the order comes from the catalogue."""
    return any(item.sku for item in draft.items)


async def take(connection: AsyncConnection[DictRow], address: Address, order: int, draft: OrderDraft) -> str:
    """Take the order's items off the shelf; what there was too little of, in words ("" for nothing).

    The order stands all the same: the customer has been told, and a person must find a way.
    """
    items = [{"sku": item.sku, "quantity": item.quantity} for item in draft.items if item.sku]
    values: dict[str, Any] = {
        "platform": address.platform, "account": address.account, "order": order, "items": Jsonb(items),
    }  # fmt: skip
    rows = await (await connection.execute(_TAKE.encode(), values)).fetchall()
    short = [f"{row['title']} ({row['sku']}): {row['stock']} of {row['quantity']}" for row in rows]
    shortage = "; ".join(short)[:LONGEST]
    if shortage:
        await connection.execute(_NOTE.encode(), {"id": order, "shortage": shortage})
    return shortage
