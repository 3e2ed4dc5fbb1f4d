"""Dropping a redelivered webhook by its message id, with a bounded memory."""

import hashlib
from datetime import datetime, timedelta

MOST_REMEMBERED = 1_000
"""Ids kept per conversation: more than a customer writes in the week that a platform may redeliver (16 KB at most)."""


def digest(message_id: str) -> str:
    """A short stand-in for a platform's message id: 72 bits, no collision to fear within one conversation."""
    return hashlib.sha256(message_id.encode("utf-8", "surrogatepass")).hexdigest()[:18]


def is_duplicate(seen: dict[str, float], message_id: str, now: datetime) -> bool:
    """Whether this id was seen and not yet forgotten."""
    return seen.get(digest(message_id), 0.0) > now.timestamp()


def remember(seen: dict[str, float], message_id: str, now: datetime, keep: timedelta) -> None:
    """Note an id until `now + keep`; forget what is over, and the oldest when there are too many."""
    key = digest(message_id)
    seen.pop(key, None)
    seen[key] = round((now + keep).timestamp(), 3)
    if len(seen) > MOST_REMEMBERED:
        _forget(seen, now)


def _forget(seen: dict[str, float], now: datetime) -> None:
    for key in [key for key, until in seen.items() if until <= now.timestamp()]:
        del seen[key]
    while len(seen) > MOST_REMEMBERED:
        del seen[next(iter(seen))]
