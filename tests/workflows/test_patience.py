"""When "one moment" is due, by the clock of who waits."""

from datetime import UTC, datetime, timedelta

from domain.messages import MessageKind
from domain.turn_taking import TurnTaking
from policies.bursts import interim_at

SAID = datetime(2026, 11, 21, 12, tzinfo=UTC)
RULES = TurnTaking(quiet_period=2, interim_after=8)


def at(seconds: float) -> datetime:
    return SAID + timedelta(seconds=seconds)


def test_the_wait_counts_from_my_last_message() -> None:
    """The two seconds in which the shop listened on are seconds I waited."""
    arrivals = [(MessageKind.TEXT, at(-5)), (MessageKind.TEXT, SAID)]
    assert at(8) == interim_at(arrivals, RULES, now=at(2))


def test_a_long_debounce_window_does_not_make_every_answer_look_slow() -> None:
    """Where a bridge listens for ten seconds, "one moment" still waits for the answer."""
    rules = TurnTaking(quiet_period=10, interim_after=8)
    assert at(14) == interim_at([(MessageKind.TEXT, SAID)], rules, now=at(10))


def test_a_message_from_long_ago_does_not_hurry_it() -> None:
    """After a restart a turn about an old message gets its time."""
    assert at(604) == interim_at([(MessageKind.TEXT, SAID)], RULES, now=at(600))
