"""What was said in a conversation, as a model is told it: the latest word for word, the older in a summary."""

from psycopg.rows import DictRow

from domain.dialogue import Dialogue, ReadDialogue, SaidBefore
from domain.model import Value
from providers.records.pool import Pool, fetch_all, fetch_one

MOST_OLDER = 40
"""Messages that one summary takes in."""
LONGEST_SUMMARY = 1_500

_BEFORE = """
SELECT id, direction, text, dialog_state, message_id FROM message_logs
 WHERE conversation_id = %(conversation_id)s AND text <> '' AND NOT (direction = 'in' AND turn = %(turn)s)
   AND success AND id > coalesce((SELECT until_id FROM dialogue_summaries
                                   WHERE conversation_id = %(conversation_id)s), 0)
 ORDER BY id DESC LIMIT %(limit)s
"""
_SUMMARY = "SELECT summary FROM dialogue_summaries WHERE conversation_id = %(conversation_id)s"
_KEEP = """
INSERT INTO dialogue_summaries (conversation_id, until_id, summary)
VALUES (%(conversation_id)s, %(until_id)s, %(summary)s)
ON CONFLICT (conversation_id) DO UPDATE
   SET summary = excluded.summary, until_id = excluded.until_id, written_at = now()
 WHERE dialogue_summaries.until_id < excluded.until_id
"""


class Past(Value):
    """A conversation's past, and how much of it is neither told nor summarised."""

    dialogue: Dialogue
    older: tuple[SaidBefore, ...] = ()
    """Oldest first."""
    older_until: int = 0


class Dialogues:
    """Reads the past. Every method may raise `Unavailable`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def before(self, conversation_id: str, turn: int, wanted: ReadDialogue) -> Past:
        """What was said before this turn."""
        values = {"conversation_id": conversation_id, "turn": turn, "limit": wanted.most + MOST_OLDER}
        rows = await fetch_all(self._pool, _BEFORE, values)
        told = rows[: _reach(rows, wanted)]
        older = rows[len(told) :]
        summary = await fetch_one(self._pool, _SUMMARY, values)
        return Past(
            dialogue=Dialogue(
                lines=tuple(_said(row) for row in reversed(told)), summary=summary["summary"] if summary else ""
            ),
            older=tuple(_said(row) for row in reversed(older)),
            older_until=older[0]["id"] if older else 0,
        )

    async def keep_summary(self, conversation_id: str, until_id: int, summary: str) -> None:
        """From now on these sentences stand for everything up to this row."""
        values = {"conversation_id": conversation_id, "until_id": until_id, "summary": summary[:LONGEST_SUMMARY]}
        await fetch_one(self._pool, _KEEP, values)


def _reach(rows: list[DictRow], wanted: ReadDialogue) -> int:
    """How many of the latest messages are told word for word."""
    letters = 0
    for count, row in enumerate(rows[: wanted.most]):
        letters += len(row["text"])
        if letters > wanted.most_letters:
            return max(count, 1)
    return min(len(rows), wanted.most)


def _said(row: DictRow) -> SaidBefore:
    """An operator's part has a name of its own in its outbox key; an operator's echo says so."""
    if row["direction"] == "in":
        return SaidBefore(by="customer", text=row["text"])
    by_operator = row["dialog_state"] == "operator" or "/op-" in row["message_id"]
    return SaidBefore(by="operator" if by_operator else "assistant", text=row["text"])
