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


def test_a_picture_may_take_longer_before_it_is_excused() -> None:
    """Looking takes time, and whoever sent a picture knows; a text beside it is still answered as a text is."""
    rules = TurnTaking(interim_after=8, interim_after_by_kind={MessageKind.IMAGE: 20})
    assert at(20) == interim_at([(MessageKind.IMAGE, SAID)], rules, now=SAID)
    assert at(8) == interim_at([(MessageKind.IMAGE, at(-1)), (MessageKind.TEXT, SAID)], rules, now=SAID)


def test_a_message_from_long_ago_does_not_hurry_it() -> None:
    """After a restart a turn about an old message gets its time."""
    assert at(604) == interim_at([(MessageKind.TEXT, SAID)], RULES, now=at(600))
