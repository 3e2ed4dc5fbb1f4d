"""What was said in a conversation, line by line, for whoever goes through it again."""

from datetime import datetime
from typing import Any

from domain.model import Value
from providers.records.pool import Pool, fetch_all

MOST_LINES = 5_000

_SAID = """
SELECT id, direction = 'in' AS inbound, text, turn, message_id, kind, media, name, "timestamp" AS at, success,
       dialog_state = 'operator' OR (direction = 'out' AND message_id LIKE '%%/op-%%') AS by_operator
  FROM message_logs WHERE conversation_id = %(conversation_id)s ORDER BY id DESC LIMIT %(limit)s
"""
_ENDS = "SELECT created_at FROM dialog_outcomes WHERE conversation_id = %(conversation_id)s ORDER BY created_at"


class Said(Value):
    """One line of a conversation."""

    id: int
    inbound: bool
    text: str
    turn: int
    message_id: str
    kind: str
    media: tuple[dict[str, Any], ...] = ()
    name: str = ""
    at: datetime
    success: bool = True
    by_operator: bool = False


class PastLines(Value):
    """A conversation's latest lines."""

    lines: tuple[Said, ...]
    """Oldest first."""
    ends: tuple[datetime, ...]
    """When its dialogs ended."""

    def latest_life(self) -> list[Said]:
        """Since the conversation last began anew: turns are counted from one again then."""
        began, last = 0, 0
        for place, line in enumerate(self.lines):
            if line.inbound and line.turn:
                began = place if line.turn < last else began
                last = line.turn
        return list(self.lines[began:])


async def past_lines(pool: Pool, conversation_id: str) -> PastLines:
    """What was said, and when dialogs ended.

    Raises:
        Unavailable: PostgreSQL is away.
    """
    values = {"conversation_id": conversation_id, "limit": MOST_LINES}
    rows = await fetch_all(pool, _SAID, values)
    ends = await fetch_all(pool, _ENDS, values)
    return PastLines(
        lines=tuple(Said.model_validate(row) for row in reversed(rows)), ends=tuple(row["created_at"] for row in ends)
    )
