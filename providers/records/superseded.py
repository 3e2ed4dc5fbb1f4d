"""Several decisions about one turn in the ledger, pure: the one begun last is the turn, the others cost nothing."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from domain.model import Value
from providers.records.ledger import Kind, Movement

_NUMBER = re.compile(r"/d([0-9]{1,18})$")


class Decided(Value):
    """One decision as its rows tell."""

    turn_key: str
    reserved: int = -1
    """The row of its latest reservation; -1: it made none."""
    cost: int = 0
    """What it has taken out of the purse so far, held or paid."""
    messages: int = 0
    round: int = 0
    is_paid: bool = False
    """And not refunded."""
    is_held: bool = False

    @property
    def order(self) -> tuple[int, int]:
        """Which was begun later. A key without a number is an older build's, whose reservations tell their order."""
        return _number_of(self.turn_key), self.reserved


def turn_of(turn_key: str) -> str:
    """What the keys of one turn's decisions have in common."""
    return turn_key.rpartition("/")[0]


def decisions_in(rows: Iterable[Mapping[str, Any]]) -> list[Decided]:
    """The ledger's rows of one turn, decision by decision."""
    by_key = groupby(sorted(rows, key=_key_and_id), lambda row: str(row["turn_key"]))
    return [_decided(key, list(moved)) for key, moved in by_key]


def is_decided_anew(turn_key: str, decisions: Sequence[Decided]) -> bool:
    """Whether another decision about the turn was begun after this one."""
    own = next((one.order for one in decisions if one.turn_key == turn_key), (_number_of(turn_key), _LAST))
    return any(one.order > own for one in decisions if one.turn_key != turn_key and one.reserved >= 0)


def thrown_away(turn_key: str, decisions: Sequence[Decided], period: datetime) -> list[Movement]:
    """What comes back of the decisions that this one takes the place of."""
    movements = []
    for one in decisions:
        if one.turn_key != turn_key and (one.is_paid or one.is_held):
            kind = Kind.REFUND if one.is_paid else Kind.GIVE_BACK
            movements.append(
                Movement(
                    kind=kind, turn_key=one.turn_key, period=period, round=one.round, amount=one.cost,
                    messages=one.messages,
                )
            )  # fmt: skip
    return movements


_LAST = 2**63


def _number_of(turn_key: str) -> int:
    found = _NUMBER.search(turn_key)
    return int(found.group(1)) if found else -1


def _key_and_id(row: Mapping[str, Any]) -> tuple[str, int]:
    return str(row["turn_key"]), int(row["id"])


def _decided(turn_key: str, rows: Sequence[Mapping[str, Any]]) -> Decided:
    latest = {kind: [row for row in rows if row["movement"] == kind][-1:] for kind in Kind}
    paid, refunded = (latest[kind][0]["round"] if latest[kind] else -1 for kind in (Kind.COMMIT, Kind.REFUND))
    reserved = latest[Kind.RESERVE][0] if latest[Kind.RESERVE] else None
    is_held = reserved is not None and bool(reserved["held"])
    return Decided(
        turn_key=turn_key,
        reserved=reserved["id"] if reserved else -1,
        cost=-sum(int(row["amount"]) for row in rows),
        messages=-sum(int(row["messages"]) for row in rows),
        round=reserved["round"] if reserved and is_held else max(paid, 0),
        is_paid=paid > refunded,
        is_held=is_held,
    )
