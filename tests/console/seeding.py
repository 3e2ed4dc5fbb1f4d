"""Writes conversations into our books, as workers would have."""

from typing import Any

import psycopg

_LINE = """
INSERT INTO message_logs (conversation_id, client_id, message_id, direction, kind, text, name, dialog_state, success,
                          error_reason, "timestamp")
VALUES (%(conversation)s, %(contact)s, %(id)s, %(direction)s, %(kind)s, %(text)s, %(name)s, %(dialog_state)s,
        %(success)s, %(error)s, now() - %(ago)s * interval '1 minute')
"""
_PART = """
INSERT INTO outbox (key, conversation_id, platform, account, contact, part, state, attempts, message_id, last_error,
                    attempt_at)
VALUES (%(key)s, %(conversation)s, split_part(%(conversation)s, ':', 2), split_part(%(conversation)s, ':', 3),
        %(contact)s, jsonb_build_object('text', %(text)s::text, 'by_operator', %(by_operator)s::boolean,
                                        'operator', %(operator)s::text,
                                        'image_url', %(image_url)s::text),
        %(state)s, 3, %(message_id)s, %(error)s, now())
"""
_LETTER = """
INSERT INTO dead_letters (outbox_key, conversation_id, platform, account, reason, outcome_unknown)
SELECT key, conversation_id, platform, account, %(reason)s, %(unknown)s FROM outbox WHERE key = %(key)s
"""
_RECEIPT = """
INSERT INTO receipts (platform, account, message_id, state, rank)
SELECT platform, account, message_id, %(state)s, 2 FROM outbox WHERE key = %(key)s
"""
_ORDER = """
INSERT INTO orders (client_phone, delivery_address, items, total, currency, source, conversation_id, order_key, status)
VALUES (%(phone)s, %(address)s, %(items)s::jsonb, %(total)s, 'UAH', 'whatsapp', %(conversation)s, %(key)s, %(status)s)
RETURNING id
"""


def conversation(contact: str, platform: str = "whatsapp", account: str = "default") -> str:
    """Its id."""
    return f"conv:{platform}:{account}:{contact}"


class Books:
    """One database."""

    def __init__(self, url: str) -> None:
        self.url = url

    def run(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        """One statement, and its rows."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def forget_attempts(self) -> None:
        """Nobody has tried to log in."""
        self.run("DELETE FROM login_attempts")

    def line(self, contact: str, text: str, **more: Any) -> str:
        """A customer's message, or with direction="out" a line of ours; its conversation."""
        name = more.pop("conversation", "") or conversation(contact)
        number = self.run("SELECT coalesce(max(id), 0) + 1 FROM message_logs")[0][0]
        values = {
            "conversation": name, "contact": contact, "id": f"m{number}", "direction": "in", "kind": "text",
            "text": text, "name": "", "dialog_state": "", "success": True, "error": "", "ago": 0, **more,
        }  # fmt: skip
        self.run(_LINE, **values)
        return name

    def part(self, contact: str, key: str, text: str, state: str = "sent", **more: Any) -> None:
        """A part in the outbox."""
        values = {
            "key": key, "conversation": conversation(contact), "contact": contact, "text": text, "state": state,
            "by_operator": False, "operator": "", "image_url": "", "message_id": f"w-{key}", "error": "", **more,
        }  # fmt: skip
        self.run(_PART, **values)

    def letter(self, key: str, reason: str, *, unknown: bool = False) -> int:
        """A dead letter for a part; its number."""
        self.run(_LETTER, key=key, reason=reason, unknown=unknown)
        return int(self.run("SELECT id FROM dead_letters WHERE outbox_key = %(key)s", key=key)[0][0])

    def receipt(self, key: str, state: str) -> None:
        """How far a part came."""
        self.run(_RECEIPT, key=key, state=state)

    def order(self, contact: str, key: str, **more: Any) -> int:
        """An order; its number."""
        values = {
            "phone": "+380671234567", "address": "Київ, відділення 12", "total": 1499, "status": "new",
            "items": '[{"title": "Сукня міді", "colour": "чорна", "size": "M", "quantity": 1, "price": "1499"}]',
            "conversation": conversation(contact), "key": key, **more,
        }  # fmt: skip
        return int(self.run(_ORDER, **values)[0][0])
