"""When a history has grown long enough to continue as new."""

from datetime import timedelta

LONG_EVENTS = 500
"""Of a run that begins now: some twenty turns. After a worker's death its conversations are replayed on another, half a
millisecond of processor time an event; four of them side by side must be done within a workflow task's 2.5 s, however
busy the machine, or their work is lost and begun anew (the server itself suggests 4,096)."""
LONG_BYTES = 1_000_000
CALL_BACK_GRACE = timedelta(seconds=5)
"""A send that works takes less; one that waits for its next attempt takes more and is called back."""


MOST_CARRIED_LETTERS = 200_000
"""What waits is carried in one payload of at most 2 MB; four bytes a letter and room for the rest."""


def is_long(events: int, size: int, *, most: int, suggested: bool, carried: int) -> bool:
    """Whether the run should hand over to the next one.

    Args:
        events: of its history so far.
        size: of its history in bytes.
        most: events that this run may have.
        suggested: whether the server suggests it.
        carried: letters of all that still waits.

    A backlog too large for one payload is answered first: the next turns make it smaller.
    """
    if carried > MOST_CARRIED_LETTERS:
        return False
    return suggested or events >= most or size >= LONG_BYTES
