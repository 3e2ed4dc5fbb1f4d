"""Silence and what follows from it: the next moment at which a conversation must look at itself."""

from datetime import datetime, timedelta
from enum import StrEnum

from domain.conversation import Holder
from domain.model import Value
from domain.payments import PaymentCase, Urgency
from domain.turn_taking import TurnTaking


class Due(StrEnum):
    """What a silence leads to."""

    NOBODY_CAME = "nobody came"
    OPERATOR_LEFT = "operator went silent"
    DIALOG_OVER = "dialog starts over"
    CLOSE = "conversation closes"
    FOLLOW_UP = "cart was left"
    PAYMENT_URGENT = "payment waits for long"
    PAYMENT_EXPIRED = "nobody decided about a payment"


class Quiet(Value):
    """What is known about who spoke last."""

    last_message_at: datetime
    dialog_open: bool
    holder: Holder
    handed_off_at: datetime | None = None
    operator_at: datetime | None = None
    payment: PaymentCase | None = None
    follow_up_at: datetime | None = None
    told_at: datetime | None = None
    """When the customer was last told something they had not asked for: a decision about their payment."""


def next_due(quiet: Quiet, rules: TurnTaking) -> tuple[datetime, Due]:
    """The earliest thing that this silence leads to, and when."""
    day = timedelta(hours=rules.dialog_ttl_hours)
    heard_or_told = max(quiet.last_message_at, quiet.told_at or quiet.last_message_at)
    dues = [(heard_or_told + max(timedelta(days=rules.dedupe_days), day), Due.CLOSE)]  # no dialog outlives it
    if quiet.payment is not None:  # whoever has paid is not forgotten, however long they say nothing
        dues = [_payment_due(quiet.payment, rules)]
    elif quiet.dialog_open:
        dues.append((heard_or_told + day, Due.DIALOG_OVER))
    if quiet.follow_up_at is not None:
        dues.append((quiet.follow_up_at, Due.FOLLOW_UP))
    if quiet.holder is Holder.OPERATOR:
        dues.append(_person_due(quiet, rules, day))
    return min(dues, key=lambda due: (due[0], due[1] is Due.CLOSE, due[1]))


def _payment_due(payment: PaymentCase, rules: TurnTaking) -> tuple[datetime, Due]:
    """Once a reminder, then the rise above all others, then the end."""
    expiry = timedelta(hours=rules.payment_expiry_hours)
    waits = {
        Urgency.FRESH: timedelta(minutes=rules.payment_reminder_minutes),
        Urgency.REMINDED: timedelta(hours=rules.payment_escalation_hours),
    }
    wait = waits.get(payment.urgency, expiry)
    if wait >= expiry:
        return payment.opened_at + expiry, Due.PAYMENT_EXPIRED
    return payment.opened_at + wait, Due.PAYMENT_URGENT


def _person_due(quiet: Quiet, rules: TurnTaking, day: timedelta) -> tuple[datetime, Due]:
    if quiet.operator_at is not None:
        return max(quiet.operator_at, quiet.last_message_at) + day, Due.OPERATOR_LEFT
    handed_off_at = quiet.handed_off_at or quiet.last_message_at
    return handed_off_at + timedelta(minutes=rules.handoff_patience_minutes), Due.NOBODY_CAME


def is_stale(touched_at: datetime | None, next_message_at: datetime, rules: TurnTaking) -> bool:
    """Whether an unfinished dialog was silent too long before this message to go on where it stood."""
    return touched_at is not None and next_message_at - touched_at >= timedelta(hours=rules.dialog_ttl_hours)
