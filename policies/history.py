"""When a history has grown long enough to continue as new."""

from datetime import timedelta

LONG_EVENTS = 1_500
"""Replaying more than this after a worker's death would be felt (the server itself suggests 4,096)."""
LONG_BYTES = 1_000_000
CALL_BACK_GRACE = timedelta(seconds=5)
"""A send that works takes less; one that waits for its next attempt takes more and is called back."""


def is_long(events: int, size: int, *, suggested: bool) -> bool:
    """Whether the run should hand over to the next one."""
    return suggested or events >= LONG_EVENTS or size >= LONG_BYTES
