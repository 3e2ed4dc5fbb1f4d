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
    unheard_since: datetime | None = None
    """The first message that the operator has not answered."""
    payment: PaymentCase | None = None
    follow_up_at: datetime | None = None
    told_at: datetime | None = None
    """When the customer was last told something they had not asked for: a decision about their payment."""
    kept_open: bool = False
    """An operator spoke so late that the conversation would close on top of them."""


def next_due(quiet: Quiet, rules: TurnTaking) -> tuple[datetime, Due]:
    """The earliest thing that this silence leads to, and when."""
    day = timedelta(hours=rules.dialog_ttl_hours)
    heard_or_told = max(quiet.last_message_at, quiet.told_at or quiet.last_message_at)
    dues = [(_closes_at(heard_or_told, rules), Due.CLOSE)]
    if quiet.holder is Holder.OPERATOR and quiet.kept_open:
        dues = [(max(dues[0][0], _person_due(quiet, rules, day)[0]), Due.CLOSE)]
    if quiet.payment is not None:  # whoever has paid is not forgotten, however long they say nothing
        dues = [_payment_due(quiet.payment, rules)]
    elif quiet.dialog_open:
        dues.append((heard_or_told + day, Due.DIALOG_OVER))
    if quiet.follow_up_at is not None:
        dues.append((quiet.follow_up_at, Due.FOLLOW_UP))
    if quiet.holder is Holder.OPERATOR:
        dues.append(_person_due(quiet, rules, day))
    return min(dues, key=lambda due: (due[0], due[1] is Due.CLOSE, due[1]))


def outlasts(operator_at: datetime, heard_or_told: datetime, rules: TurnTaking) -> bool:
    """Whether the operator who speaks now may still be answered when the conversation would close."""
    return operator_at + timedelta(hours=rules.dialog_ttl_hours) > _closes_at(heard_or_told, rules)


def _closes_at(heard_or_told: datetime, rules: TurnTaking) -> datetime:
    """No dialog outlives its conversation."""
    return heard_or_told + max(timedelta(days=rules.dedupe_days), timedelta(hours=rules.dialog_ttl_hours))


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
        waits_since = quiet.unheard_since or max(quiet.operator_at, quiet.last_message_at)
        return waits_since + day, Due.OPERATOR_LEFT
    handed_off_at = quiet.handed_off_at or quiet.last_message_at
    return handed_off_at + timedelta(minutes=rules.handoff_patience_minutes), Due.NOBODY_CAME


def is_stale(touched_at: datetime | None, next_message_at: datetime, rules: TurnTaking) -> bool:
    """Whether an unfinished dialog was silent too long before this message to go on where it stood."""
    return touched_at is not None and next_message_at - touched_at >= timedelta(hours=rules.dialog_ttl_hours)
