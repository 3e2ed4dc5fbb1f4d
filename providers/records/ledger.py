"""The rules of the ledger, pure: what a new period, a reservation and its settlement write."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from domain.model import Value
from domain.plans import Plan


class Kind(StrEnum):
    """What a movement is. Every amount that leaves the purse is negative."""

    GRANT = "grant"
    """The plan's allowance of a period."""
    RESERVE = "reserve"
    """Set aside for a turn."""
    COMMIT = "commit"
    """A turn is over: what it did not use of its reservation comes back."""
    OVERRUN = "overrun"
    """It used more than was set aside: taken as far as there is any, the rest stands as `shortfall`."""
    GIVE_BACK = "give_back"
    """A turn came to nothing: all of its reservation comes back."""
    REFUND = "refund"
    """A turn was decided anew after it had been paid: what the decision thrown away had cost comes back."""
    EXPIRE = "expire"
    """What was left at the end of a period."""
    ADJUST = "adjust"
    """A person added or took credits; what was added outlives the period."""


class Movement(Value):
    """One row of the ledger, before it is written."""

    kind: Kind
    turn_key: str
    period: datetime
    amount: int = 0
    messages: int = 0
    round: int = 0
    shortfall: int = 0
    usage: Mapping[str, Any] = {}


class Purse(Value):
    """What an account has left in its current period."""

    platform: str
    account: str
    period: datetime
    period_ends: datetime
    granted: int = 0
    granted_messages: int = 0
    balance: int = 0
    messages_left: int = 0
    kept: int = 0
    warned_at: datetime | None = None

    def moved(self, movements: Sequence[Movement]) -> "Purse":
        """The purse after these movements."""
        return self.model_copy(
            update={
                "balance": self.balance + sum(movement.amount for movement in movements),
                "messages_left": self.messages_left + sum(movement.messages for movement in movements),
            }
        )


class Hold(Value):
    """A turn as the ledger knows it."""

    turn_key: str
    round: int = -1
    """Of the latest reservation; -1: there never was one."""
    held: bool = False
    settled: bool = False
    """The turn was paid for: whatever comes after moves nothing."""
    amount: int = 0
    messages: int = 0
    reserved_at: datetime | None = None


def brought_up_to(purse: Purse, plan: Plan, now: datetime) -> tuple[Purse, list[Movement]]:
    """The purse in the period of `now`, with all that the plan grants in it, and the movements that make it so."""
    movements = []
    if now >= purse.period_ends:
        ended, purse = _ended(purse), _next_period(purse, plan, now)
        movements += ended
        purse = purse.moved(ended)
    granted = _granted(purse, plan)
    purse = purse.moved(granted)
    if granted:
        purse = purse.model_copy(
            update={
                "granted": purse.granted + granted[0].amount,
                "granted_messages": purse.granted_messages + granted[0].messages,
            }
        )
    return purse, movements + granted


def _ended(purse: Purse) -> list[Movement]:
    """What the plan granted and nobody used is gone; what a person added stays."""
    left = purse.balance - min(purse.balance, purse.kept)
    if not left and not purse.messages_left:
        return []
    key = f"period:{purse.platform}:{purse.account}:{purse.period.isoformat()}"
    return [Movement(kind=Kind.EXPIRE, turn_key=key, period=purse.period, amount=-left, messages=-purse.messages_left)]


def _next_period(purse: Purse, plan: Plan, now: datetime) -> Purse:
    """Periods in which nothing happened are passed over: nothing is granted for them."""
    begins = purse.period_ends + (now - purse.period_ends) // plan.period * plan.period
    return purse.model_copy(
        update={
            "period": begins,
            "period_ends": begins + plan.period,
            "granted": 0,
            "granted_messages": 0,
            "kept": min(purse.balance, purse.kept),
            "warned_at": None,
        }
    )


def _granted(purse: Purse, plan: Plan) -> list[Movement]:
    """What the plan still owes this period: all of it at first, the difference after a change to a larger plan."""
    credits = max(0, (plan.credits_per_period or 0) - purse.granted)
    messages = max(0, (plan.messages_per_period or 0) - purse.granted_messages)
    if not credits and not messages:
        return []
    total = f"{purse.granted + credits}:{purse.granted_messages + messages}"
    key = f"period:{purse.platform}:{purse.account}:{purse.period.isoformat()}:{total}"
    note = {"plan": plan.name}
    movement = Movement(
        kind=Kind.GRANT, turn_key=key, period=purse.period, amount=credits, messages=messages, usage=note
    )
    return [movement]


def lacking(purse: Purse, plan: Plan, cost: int, messages: int) -> str:
    """Which allowance does not suffice: "messages", "credits", or neither ("")."""
    if plan.messages_per_period is not None and messages > purse.messages_left:
        return "messages"
    if plan.credits_per_period is not None and cost > purse.balance:
        return "credits"
    return ""


def settlement(purse: Purse, hold: Hold, cost: int, note: Mapping[str, Any]) -> list[Movement]:
    """What a turn that cost this much writes, whether or not its reservation is still held."""
    held, messages = hold.amount if hold.held else 0, 0 if hold.held else hold.messages
    commit = Movement(
        kind=Kind.COMMIT,
        turn_key=hold.turn_key,
        period=purse.period,
        round=max(0, hold.round),
        amount=held - min(cost, held),
        messages=-min(messages, purse.messages_left),
        usage=note,
    )
    if cost <= held:
        return [commit]
    taken = min(cost - held, purse.balance)
    overrun = {
        "kind": Kind.OVERRUN,
        "amount": -taken,
        "messages": 0,
        "shortfall": cost - held - taken,
        "usage": {},
    }
    return [commit, commit.model_copy(update=overrun)]


def is_low(purse: Purse, plan: Plan) -> str:
    """Which allowance has passed the plan's warning threshold: "credits", "messages", or neither ("")."""
    share = 100 - plan.warn_at_percent
    if plan.credits_per_period is not None and purse.balance * 100 <= purse.granted * share:
        return "credits"
    if plan.messages_per_period is not None and purse.messages_left * 100 <= purse.granted_messages * share:
        return "messages"
    return ""
