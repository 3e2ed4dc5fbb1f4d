"""What each turn's decision took: who was asked with which prompts, tokens, money and time."""

from datetime import datetime

from domain.model import Value
from domain.plans import Usage
from providers.records.pool import Pool, fetch_all, fetch_one

_WRITE = """
INSERT INTO decisions (key, conversation_id, turn, dialog, flow, prompt_hash, model, input_tokens, output_tokens,
                       cached_tokens, cost, tool_rounds, degraded, sources, unanswered, ms, at)
VALUES (%(key)s, %(conversation_id)s, %(turn)s, %(dialog)s, %(flow)s, %(prompt_hash)s, %(model)s, %(input_tokens)s,
        %(output_tokens)s, %(cached_tokens)s, %(cost)s, %(tool_rounds)s, %(degraded)s, %(sources)s::text[],
        %(unanswered)s, %(ms)s, %(at)s)
ON CONFLICT (key) DO NOTHING
"""
_SPENT = """
SELECT count(*)::int AS turns, coalesce(sum(cost), 0)::bigint AS cost,
       coalesce(sum(input_tokens), 0)::bigint AS input_tokens,
       coalesce(sum(output_tokens), 0)::bigint AS output_tokens,
       coalesce(sum(cached_tokens), 0)::bigint AS cached_tokens,
       (count(*) FILTER (WHERE degraded <> ''))::int AS degraded
  FROM decisions WHERE conversation_id = %(conversation_id)s
"""
_OF = "SELECT * FROM decisions WHERE conversation_id = %(conversation_id)s ORDER BY turn DESC, at DESC LIMIT %(limit)s"


class TurnRecord(Value):
    """One turn's decision."""

    key: str
    """The turn's own: a retry is the same row."""
    conversation_id: str
    turn: int
    dialog: str = ""
    flow: str = ""
    prompt_hash: str = ""
    model: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cost: int = 0
    """Millionths of a dollar."""
    tool_rounds: int = 0
    degraded: str = ""
    """Why rules and templates answered; empty: the model did, or was not needed."""
    sources: tuple[str, ...] = ()
    """What the answer was taken from, for operators."""
    unanswered: bool = False
    """The customer asked what the shop's documents do not say."""
    ms: int = 0
    at: datetime


class Spent(Value):
    """What a conversation took so far."""

    turns: int
    cost: int
    """Millionths of a dollar."""
    degraded: int
    """Turns."""
    usage: Usage


class TurnRecords:
    """Reads and writes them. Every method may raise `Unavailable`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def write(self, record: TurnRecord) -> None:
        """Write a decision down, once a key."""
        await fetch_one(self._pool, _WRITE, record.model_dump() | {"sources": list(record.sources)})

    async def cost_of(self, conversation_id: str) -> Spent:
        """What a conversation took so far."""
        row = await fetch_one(self._pool, _SPENT, {"conversation_id": conversation_id}) or {}
        return Spent(**row, usage=Usage(**{name: row[name] for name in row if name.endswith("_tokens")}))

    async def of(self, conversation_id: str, limit: int = 50) -> list[TurnRecord]:
        """A conversation's decisions, the latest first."""
        rows = await fetch_all(self._pool, _OF, {"conversation_id": conversation_id, "limit": limit})
        return [TurnRecord.model_validate(row) for row in rows]
