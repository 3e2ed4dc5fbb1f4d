"""Silence and what follows from it: the next moment at which a conversation must look at itself."""

from datetime import datetime, timedelta
from enum import StrEnum

from domain.conversation import Holder
from domain.model import Value
from domain.turn_taking import TurnTaking


class Due(StrEnum):
    """What a silence leads to."""

    NOBODY_CAME = "nobody came"
    OPERATOR_LEFT = "operator went silent"
    DIALOG_OVER = "dialog starts over"
    CLOSE = "conversation closes"


class Quiet(Value):
    """What is known about who spoke last."""

    last_message_at: datetime
    dialog_open: bool
    holder: Holder
    handed_off_at: datetime | None = None
    operator_at: datetime | None = None


def next_due(quiet: Quiet, rules: TurnTaking) -> tuple[datetime, Due]:
    """The earliest thing that this silence leads to, and when."""
    day = timedelta(hours=rules.dialog_ttl_hours)
    dues = [(quiet.last_message_at + timedelta(days=rules.dedupe_days), Due.CLOSE)]
    if quiet.dialog_open:
        dues.append((quiet.last_message_at + day, Due.DIALOG_OVER))
    if quiet.holder is Holder.OPERATOR:
        dues.append(_person_due(quiet, rules, day))
    return min(dues)


def _person_due(quiet: Quiet, rules: TurnTaking, day: timedelta) -> tuple[datetime, Due]:
    if quiet.operator_at is not None:
        return max(quiet.operator_at, quiet.last_message_at) + day, Due.OPERATOR_LEFT
    handed_off_at = quiet.handed_off_at or quiet.last_message_at
    return handed_off_at + timedelta(minutes=rules.handoff_patience_minutes), Due.NOBODY_CAME


def is_stale(touched_at: datetime | None, next_message_at: datetime, rules: TurnTaking) -> bool:
    """Whether an unfinished dialog was silent too long before this message to go on where it stood."""
    return touched_at is not None and next_message_at - touched_at >= timedelta(hours=rules.dialog_ttl_hours)
