"""Whether a customer was told that no person writes: by what was really delivered, not by what was meant to be."""

from datetime import datetime

from providers.records.pool import Pool, fetch_one

# The condition is the index's of `0019_retention.sql`, letter for letter.
_TOLD = """
SELECT 1 AS told FROM outbox
 WHERE conversation_id = %(conversation_id)s AND (part ->> 'discloses') <> '0' AND state = 'sent'
   AND updated_at >= %(since)s AND (%(dialog)s::int IS NULL OR (part ->> 'discloses')::int = %(dialog)s)
 LIMIT 1
"""


class Disclosures:
    """Reads them. Every method may raise `Unavailable`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def was_told(self, conversation_id: str, since: datetime, dialog: int | None) -> bool:
        """Whether they were told since then; `dialog`: within that dialog."""
        values = {"conversation_id": conversation_id, "since": since, "dialog": dialog}
        return await fetch_one(self._pool, _TOLD, values) is not None
