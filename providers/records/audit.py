"""The audit log: who did what, when, on which conversation, from where, and what came of it. Never what was said."""

from collections.abc import Sequence

from psycopg.rows import DictRow

from domain.model import Value
from domain.operators import Act, Via
from providers.records.pool import Pool, fetch_all, fetch_one

_WRITE = """
INSERT INTO audit_log (operator, via, act, conversation_id, subject, address, outcome)
VALUES (%(operator)s, %(via)s, %(act)s, %(conversation)s, %(subject)s, %(address)s, %(outcome)s)
"""
_LIST = """
SELECT * FROM audit_log
 WHERE (%(operator)s::text IS NULL OR lower(operator) = lower(%(operator)s))
   AND (%(conversation)s::text IS NULL OR (conversation_id = %(conversation)s AND conversation_id <> ''))
   AND (%(act)s::text IS NULL OR act = %(act)s)
   AND (%(before)s::bigint IS NULL OR id < %(before)s)
 ORDER BY id DESC LIMIT %(limit)s
"""


class Deed(Value):
    """One act of an operator."""

    operator: str
    via: Via
    act: Act
    conversation: str = ""
    subject: str = ""
    address: str = ""
    outcome: str = "done"


class Audit:
    """Reads and writes `audit_log`. Every method may raise `Unavailable`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def write(self, deed: Deed) -> None:
        """Write an act down."""
        values = deed.model_dump(mode="json")
        cut = {name: str(value).replace("\x00", "")[:1_000] for name, value in values.items()}
        await fetch_one(self._pool, _WRITE, cut)

    async def page(
        self,
        *,
        operator: str | None = None,
        conversation: str | None = None,
        act: str | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> Sequence[DictRow]:
        """What was done, newest first."""
        values = {"operator": operator, "conversation": conversation, "act": act, "before": before, "limit": limit}
        return await fetch_all(self._pool, _LIST, values)
