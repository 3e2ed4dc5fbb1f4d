"""What customers said, what they ordered, how dialogs ended: every write idempotent by its key."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from psycopg.types.json import Jsonb

from domain.failures import OurFault
from domain.identifiers import Address
from domain.messages import Echo, InboundMessage
from domain.orders import OrderDraft
from providers.records import stock
from providers.records.pool import Pool, borrowed, fetch_one

LATEST_DELIVERY = timedelta(days=8)
"""Platforms deliver again for a week at most: a message that says it is older was stamped by a wrong clock."""
FASTEST_CLOCK = timedelta(hours=1)

_LOG = """
INSERT INTO message_logs (conversation_id, client_id, message_id, direction, kind, text, media, dialog_state, turn,
                          timestamp, name)
VALUES (%(conversation_id)s, %(client_id)s, %(message_id)s, 'in', %(kind)s, %(text)s, %(media)s, %(dialog_state)s,
        %(turn)s, %(at)s, %(name)s)
ON CONFLICT (conversation_id, direction, message_id)
   DO UPDATE SET dialog_state = 'operator' WHERE excluded.dialog_state = 'operator'
"""

_REACHED = """
UPDATE message_logs SET dialog_state = %(phase)s
 WHERE conversation_id = %(conversation_id)s AND direction = 'in' AND message_id = ANY(%(ids)s)
   AND dialog_state NOT IN (%(phase)s, 'operator')
"""

_ECHO = """
INSERT INTO message_logs (conversation_id, client_id, message_id, direction, text, dialog_state, timestamp)
VALUES (%(conversation_id)s, %(client_id)s, %(message_id)s, 'out', %(text)s, 'operator', %(at)s)
ON CONFLICT (conversation_id, direction, message_id) DO NOTHING
"""

_FORGET = """
UPDATE message_logs SET text = '', media = '[]', error_reason = 'unsent'
 WHERE conversation_id = %(conversation_id)s AND direction = 'in'
   AND (message_id = %(message_id)s OR starts_with(message_id, %(message_id)s || ':edited:'))
"""

# A version that is accepted and not written down yet is newer than all that is.
_LATEST = """
SELECT kind = %(kind)s AND text = %(text)s AND media = %(media)s AND NOT EXISTS (
           SELECT 1 FROM accepted WHERE accepted.conversation_id = %(conversation_id)s
              AND starts_with(accepted.message_id, %(edits)s || ':edited:')
              AND NOT EXISTS (SELECT 1 FROM message_logs AS written
                               WHERE written.conversation_id = accepted.conversation_id AND written.direction = 'in'
                                 AND written.message_id = accepted.message_id)) AS is_same
  FROM message_logs
 WHERE conversation_id = %(conversation_id)s AND direction = 'in'
   AND (message_id = %(edits)s OR starts_with(message_id, %(edits)s || ':edited:'))
 ORDER BY id DESC LIMIT 1
"""

_ORDER = """
WITH placed AS (
    INSERT INTO orders (client_phone, delivery_address, bottles_count, items, total, currency, source,
                        chat2desk_client_id, conversation_id, order_key, client_name, payment_method, status, comment,
                        kind)
    VALUES (%(phone)s, %(address)s, %(bottles)s, %(items)s, %(total)s, %(currency)s, %(source)s,
            %(chat2desk)s, %(conversation_id)s, %(key)s, %(name)s, %(payment_method)s, %(status)s, %(comment)s,
            %(kind)s)
    ON CONFLICT (order_key) DO NOTHING
    RETURNING id, true AS fresh, shortage
)
SELECT id, fresh, shortage FROM placed
UNION ALL SELECT id, false, shortage FROM orders WHERE order_key = %(key)s LIMIT 1
"""

_OPT = """
UPDATE conversations SET opted_out_at = CASE WHEN %(out)s THEN coalesce(opted_out_at, clock_timestamp()) END
 WHERE id = %(id)s
"""

_PLACED = "SELECT id, false AS fresh, shortage FROM orders WHERE order_key = %(key)s"

_SAID = """
SELECT 1 FROM outbox
 WHERE conversation_id = %(conversation_id)s AND part ->> 'text' = %(text)s AND created_at > %(since)s
   AND state IN ('pending', 'sending', 'sent', 'unknown') LIMIT 1
"""

_OUTCOME = """
INSERT INTO dialog_outcomes (dialog_key, conversation_id, flow, outcome, completed, dropoff_state, total_messages,
                             duration_seconds, order_id)
VALUES (%(key)s, %(conversation_id)s, %(flow)s, %(outcome)s, %(completed)s, %(dropoff)s, %(messages)s, %(seconds)s,
        %(order_id)s)
ON CONFLICT (dialog_key) DO NOTHING
RETURNING 1 AS fresh
"""


class Placed(NamedTuple):
    """An order as it stands."""

    id: int
    fresh: bool
    """Whether it was created now."""
    shortage: str
    """What the shelf no longer held."""


class Books:
    """Writes the shop's books. Every method may raise `Unavailable`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def log_inbound(
        self, address: Address, messages: Sequence[InboundMessage], turn: int, dialog_state: str
    ) -> None:
        """Write a burst down."""
        rows = [_log_values(address, message, turn, dialog_state) for message in messages]
        async with borrowed(self._pool) as connection:
            if len(rows) == 1:
                await connection.execute(_LOG, rows[0])
                return
            async with connection.transaction(), connection.cursor() as cursor:
                await cursor.executemany(_LOG, rows)

    async def note_phase(self, address: Address, messages: Sequence[InboundMessage], phase: str) -> None:
        """How far the dialog has come with these messages; their reply's lines take it from them."""
        ids = [message.key for message in messages]
        values = {"conversation_id": address.conversation_id, "ids": ids, "phase": phase}
        await fetch_one(self._pool, _REACHED, values)

    async def log_echo(self, echo: Echo) -> None:
        """Write down what an operator wrote in the platform's own app."""
        values = {
            "conversation_id": echo.address.conversation_id,
            "client_id": echo.address.contact,
            "message_id": f"echo/{echo.message_id}",
            "text": echo.text,
            "at": echo.at or datetime.now(UTC),
        }
        await fetch_one(self._pool, _ECHO, values)

    async def forget(self, address: Address, message_id: str) -> None:
        """Blank a message that its customer took back; that there was one stays known."""
        values = {"conversation_id": address.conversation_id, "message_id": message_id}
        await fetch_one(self._pool, _FORGET, values)

    async def is_as_it_was(self, address: Address, edit: InboundMessage) -> bool:
        """Whether an edit says what its message has said already, as far as that is written down."""
        values = _log_values(address, edit, 0, "") | {"edits": edit.edits}
        row = await fetch_one(self._pool, _LATEST, values)
        return row is not None and bool(row["is_same"])

    async def has_said(self, address: Address, text: str, since: datetime) -> bool:
        """Whether this very part has gone out since then, or is on its way."""
        values = {"conversation_id": address.conversation_id, "text": text, "since": since}
        return await fetch_one(self._pool, _SAID, values) is not None

    async def note_wish(self, address: Address, *, wants_messages: bool) -> None:
        """Whether the customer wants messages they did not ask for; the latest word counts."""
        values = {"id": address.conversation_id, "out": not wants_messages}
        await fetch_one(self._pool, _OPT, values)

    async def has_opted_out(self, address: Address) -> bool:
        """Whether they want none."""
        query = "SELECT opted_out_at FROM conversations WHERE id = %(id)s AND opted_out_at IS NOT NULL"
        return await fetch_one(self._pool, query, {"id": address.conversation_id}) is not None

    async def place_order(self, address: Address, key: str, draft: OrderDraft) -> Placed:
        """Create the order and take its items off the shelf, or find the one this key made."""
        async with borrowed(self._pool) as connection, connection.transaction():
            row = await (await connection.execute(_ORDER.encode(), _order_values(address, key, draft))).fetchone()
            if row is not None and row["fresh"] and stock.is_counted(draft):
                return Placed(row["id"], True, await stock.take(connection, address, row["id"], draft))
        if row is None:  # another attempt's row became visible between the two halves of the statement
            row = await fetch_one(self._pool, _PLACED, {"key": key})
        if row is None:
            raise OurFault("an order key that is neither free nor taken")
        return Placed(row["id"], row["fresh"], row["shortage"])

    async def close_dialog(self, values: dict[str, Any]) -> bool:
        """Write a dialog's outcome; True the first time."""
        return await fetch_one(self._pool, _OUTCOME, values) is not None


def _log_values(address: Address, message: InboundMessage, turn: int, dialog_state: str) -> dict[str, Any]:
    return {
        "conversation_id": address.conversation_id,
        "client_id": address.contact,
        "message_id": message.key,
        "kind": message.kind,
        "text": message.text,
        "media": Jsonb([item.model_dump() for item in message.media]),
        "dialog_state": dialog_state,
        "turn": turn,
        "at": said_at(message),
        "name": message.name[:200],
    }


def said_at(message: InboundMessage) -> datetime:
    """When the customer wrote: the session window is counted from it. A time that cannot be is none."""
    sent, received = message.sent_at, message.received_at
    return sent if sent and received - LATEST_DELIVERY < sent < received + FASTEST_CLOCK else received


def _order_values(address: Address, key: str, draft: OrderDraft) -> dict[str, Any]:
    return {
        "phone": draft.client_phone,
        "address": draft.delivery_address,
        "bottles": draft.bottles_count,
        "items": Jsonb(json.loads(draft.model_dump_json(include={"items"}))["items"]),
        "total": draft.total,
        "currency": draft.currency,
        "source": address.platform,
        "chat2desk": address.contact if address.platform == "chat2desk" else None,
        "conversation_id": address.conversation_id,
        "key": key,
        "name": draft.client_name,
        "payment_method": draft.payment_method,
        "status": draft.status,
        "comment": draft.comment,
        "kind": draft.kind,
    }
