"""Which workers the language model does not answer, since when and why. A worker it answers has no row."""

from datetime import datetime

from domain.language import Eyes
from domain.model import Value
from providers.records.pool import Pool, fetch_all, fetch_one

_AWAY = """
INSERT INTO model_state (worker, eyes, since, reason) VALUES (%(worker)s, %(eyes)s, %(since)s, %(reason)s)
ON CONFLICT (worker, eyes) DO UPDATE SET since = excluded.since, reason = excluded.reason, seen_at = now()
"""
_BACK = """
DELETE FROM model_state
 WHERE (worker = %(worker)s AND eyes = %(eyes)s) OR seen_at < now() - interval '15 minutes'
"""
_TROUBLES = """
SELECT * FROM model_state WHERE seen_at > now() - interval '15 minutes' ORDER BY since, worker, eyes
"""
# A worker that has not tried for a quarter of an hour knows nothing: it died, or nobody wrote.


class ModelTrouble(Value):
    """A worker that gets no answers."""

    worker: str
    eyes: Eyes
    since: datetime
    reason: str


class ModelStates:
    """Reads and writes them. Every method may raise `Unavailable`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def away(self, worker: str, eyes: Eyes, since: datetime, reason: str) -> None:
        """This worker gets no answers; said again with every try that fails."""
        await fetch_one(self._pool, _AWAY, {"worker": worker, "eyes": eyes.value, "since": since, "reason": reason})

    async def back(self, worker: str, eyes: Eyes) -> None:
        """It gets answers again."""
        await fetch_one(self._pool, _BACK, {"worker": worker, "eyes": eyes.value})

    async def troubles(self) -> list[ModelTrouble]:
        """Who gets no answers, the longest first."""
        return [ModelTrouble.model_validate(row) for row in await fetch_all(self._pool, _TROUBLES)]


async def model_part(pool: Pool) -> str:
    """Why the language model is degraded, for `/health` and the console; empty: it is not, as far as anybody knows."""
    troubles = await ModelStates(pool).troubles()
    if not troubles:
        return ""
    first, workers = troubles[0], len({trouble.worker for trouble in troubles})
    more = f" ({workers} workers)" if workers > 1 else ""
    return f"{first.reason}, since {first.since:%H:%M} UTC{more}"
