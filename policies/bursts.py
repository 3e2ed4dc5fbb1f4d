"""When a burst ends, and in what order it is read."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from fractions import Fraction

from domain.messages import InboundMessage, MessageKind
from domain.turn_taking import TurnTaking

Arrival = tuple[MessageKind, datetime]

MOST_LETTERS = 50_000
"""Of one burst. Somebody who sends more is answered in several turns."""

MOST_SUPERSEDES = 3
"""How often one turn's decision may be thrown away because the customer wrote on."""


def burst_ends_at(arrivals: Sequence[Arrival], rules: TurnTaking) -> datetime:
    """The moment the customer has paused long enough, or has waited long enough, whichever comes first."""
    quiet = max(at + rules.quiet_after(kind) for kind, at in arrivals)
    return min(quiet, _waits_until(arrivals, rules))


def _waits_until(arrivals: Sequence[Arrival], rules: TurnTaking) -> datetime:
    return min(at + rules.longest_after(kind) for kind, at in arrivals)


def is_full(kinds: Iterable[MessageKind], rules: TurnTaking) -> bool:
    """Whether these messages are as many as are answered at once: ten texts, say, or five and half of the pictures."""
    return sum(map(rules.share, kinds)) >= 1


def pause_left(arrivals: Sequence[Arrival], rules: TurnTaking, now: datetime) -> timedelta:
    """How much longer to listen before answering; zero or less: answer now."""
    if not arrivals or is_full((kind for kind, _ in arrivals), rules):
        return timedelta(0)
    return burst_ends_at(arrivals, rules) - now


def may_supersede(arrivals: Sequence[Arrival], rules: TurnTaking, superseded: int, now: datetime) -> bool:
    """Whether a decision may still be thrown away for a newer message, without starving the first one."""
    full = is_full((kind for kind, _ in arrivals), rules)
    return superseded < MOST_SUPERSEDES and not full and now < _waits_until(arrivals, rules)


def size_of_burst(messages: Sequence[InboundMessage], rules: TurnTaking) -> int:
    """How many of the waiting messages make one burst: the most allowed, and no more text than is good."""
    letters, filled, size = 0, Fraction(0), 0
    for message in messages:
        letters += len(message.text)
        if filled >= 1 or (size and letters > MOST_LETTERS):
            break
        filled += rules.share(message.kind)
        size += 1
    return size


def in_order(messages: Sequence[InboundMessage]) -> tuple[InboundMessage, ...]:
    """As the customer typed them: by the platform's clock where every message carries it, else as they arrived."""
    if any(message.sent_at is None for message in messages):
        return tuple(messages)
    return tuple(sorted(messages, key=when_said))


def when_said(message: InboundMessage) -> datetime:
    """By the platform's clock, else by ours."""
    return message.sent_at or message.received_at


def interim_at(arrivals: Sequence[Arrival], rules: TurnTaking, now: datetime) -> datetime:
    """When "one moment" is due: counted from the customer's last message, for the debounce window is waiting, too.

    A turn has at least half of that time, lest a long window alone make every answer look slow.
    """
    patience = rules.interim_for(kind for kind, _ in arrivals)
    last = max((at for _, at in arrivals), default=now)
    return max(last + patience, now + patience / 2)
