"""What became of everything: every accepted id, every part, every order, every credit, told from books and phones."""

import asyncio
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, cast

from psycopg.rows import DictRow
from temporalio.client import Client

from api.conservation import Bookkeeper
from api.conversations import Conversations
from api.problems import Problem
from benchmarks.faults.customers import Message
from benchmarks.faults.gates import codes_in
from benchmarks.faults.plan import Kind
from domain.failures import Unavailable
from domain.fates import Fate
from domain.identifiers import Address
from domain.plans import Tariff
from platforms.chat2desk.sending import external_id
from platforms.simulation import Direction, Entry, World
from providers.records.conservation import Accepted, Conservation, Doubtful
from providers.records.pool import Pool, fetch_all

SETTLES_WITHIN = 240.0
ASK_FOR_LAST = 15.0
"""Seconds without a new fate after which the conversations themselves are asked."""
AT_ONCE = 2_000
AROUND = timedelta(seconds=30)
_CREDITS = """
WITH decisions AS (
    SELECT split_part(turn_key, '/', 1) AS conversation_id, split_part(turn_key, '/', 3)::int AS turn, platform,
           -sum(amount) AS cost, bool_or(held) AS held, bool_or(movement = 'refund') AS was_refunded,
           (array_agg((usage ->> 'cost')::bigint ORDER BY id DESC) FILTER (WHERE movement = 'commit'))[1] AS due
      FROM credits WHERE movement NOT IN ('grant', 'adjust', 'expire') GROUP BY turn_key, platform
), answers AS (
    SELECT DISTINCT conversation_id, turn FROM outbox WHERE key ~ '/[0-9]+$'
)
SELECT conversation_id, turn, coalesce(count(*) FILTER (WHERE cost > 0 AND NOT held), 0)::int AS paid,
       coalesce(bool_or(held), false) AS held, coalesce(bool_or(was_refunded), false) AS was_refunded,
       coalesce(bool_or(NOT held AND cost NOT IN (0, due)), false) AS is_wrong,
       coalesce(bool_or(NOT held AND cost > 0 AND
                        CASE platform WHEN 'chat2desk' THEN cost <> %(reply)s ELSE cost < %(reply)s END), false)
           AS is_no_reply,
       count(answers.turn) > 0 AS is_answered
  FROM decisions FULL JOIN answers USING (conversation_id, turn)
 WHERE conversation_id = ANY(%(conversations)s) GROUP BY conversation_id, turn
"""
_ORDERS = """
SELECT id, conversation_id, substring(order_key FROM '^(.*)/t[0-9]+$') AS dialog,
       EXISTS (SELECT 1 FROM message_logs AS line
                WHERE line.conversation_id = orders.conversation_id AND line.direction = 'in'
                  AND line.turn = substring(order_key FROM '/t([0-9]+)$')::int
                  AND line.message_id = ANY(%(wishes)s)) AS is_wished
  FROM orders
"""
_NUMBER = re.compile(r"№\s*(\d+)")


@dataclass
class Account:
    """The result."""

    fates: dict[str, Fate | None] = field(default_factory=dict)
    """By conversation and message id."""
    lost: list[Message] = field(default_factory=list)
    settled_in: float = 0.0
    """Seconds after the last strike until every fate was known."""
    parts: Counter[str] = field(default_factory=Counter)
    """By state, as the outbox says."""
    unknown_shown: int = 0
    """Parts marked `unknown` that the customer did see."""
    doubled_marked: int = 0
    doubled_unmarked: int = 0
    missing: int = 0
    """Parts that the books call sent and no phone shows."""
    out_of_order: int = 0
    orders: int = 0
    doubled_orders: int = 0
    untold_orders: int = 0
    """Orders whose confirmation neither stands on a phone nor lies before a person."""
    forgotten_orders: int = 0
    """Numbers of orders that a customer was told and that stand in no book."""
    paid_turns: int = 0
    paid_twice: int = 0
    wrongly_paid: int = 0
    """Turns that cost something other than their reply and what the model read and wrote."""
    unpaid: int = 0
    """Turns that were answered and cost nothing."""
    paid_for_nothing: int = 0
    """Turns that cost something and have no answer."""
    refunded: int = 0
    """Turns whose first decision had been paid when the customer wrote on; it was given back."""
    held: int = 0
    notes: list[str] = field(default_factory=list)
    """What a person wants to know about each breach."""

    @property
    def counted(self) -> Counter[str]:
        """Messages by fate."""
        return Counter(fate.value if fate else "unaccounted" for fate in self.fates.values())

    @property
    def faults(self) -> list[str]:
        """Which of the laws do not hold; empty: all do."""
        laws = {
            "unaccounted": len(self.lost),
            "parts called sent that nobody saw": self.missing,
            "doubled parts that nobody marked": self.doubled_unmarked,
            "out of order": self.out_of_order,
            "double orders": self.doubled_orders,
            "orders nobody was told of": self.untold_orders,
            "orders told and in no book": self.forgotten_orders,
            "turns paid twice": self.paid_twice,
            "turns paid wrongly": self.wrongly_paid,
            "turns not paid": self.unpaid,
            "turns paid for without an answer": self.paid_for_nothing,
        }
        return [f"{name}: {number}" for name, number in laws.items() if number]


def key_of(message: Message) -> str:
    """A message's own name."""
    return f"{message.address.conversation_id} {message.id}"


async def settled(pool: Pool, temporal: Client, messages: Sequence[Message]) -> Account:
    """Wait until every message has its fate, or patience ends."""
    began = changed = time.monotonic()
    owed, account = list(messages), Account()
    while owed and time.monotonic() - began < SETTLES_WITHIN:
        left = await _without_fate(pool, owed, account)
        if len(left) < len(owed):
            changed = time.monotonic()
        owed = left
        if time.monotonic() - changed > ASK_FOR_LAST:
            owed = await _ask(pool, temporal, owed, account)
        await asyncio.sleep(1 if owed else 0)
    account.settled_in = changed - began
    account.lost = owed
    account.fates |= {key_of(message): None for message in owed}
    return account


async def _without_fate(pool: Pool, owed: list[Message], account: Account) -> list[Message]:
    left: list[Message] = []
    for place in range(0, len(owed), AT_ONCE):
        some, now = owed[place : place + AT_ONCE], time.monotonic()
        try:
            fates = await Conservation(pool).fates_of(
                [Accepted(one.address, one.id, now - one.accepted_at) for one in some]
            )
        except Unavailable:
            fates = [None] * len(some)
        for message, fate in zip(some, fates, strict=True):
            if fate is None:
                left.append(message)
            else:
                account.fates[key_of(message)] = fate
    return left


async def _ask(pool: Pool, temporal: Client, owed: list[Message], account: Account) -> list[Message]:
    """What the books do not tell, the conversations may."""
    conversations = Conversations(temporal, cast(Any, None), str)
    bookkeeper = Bookkeeper(Conservation(pool), conversations, 0)
    left = []
    for message in owed:
        rows = await fetch_all(
            pool,
            "SELECT 1 AS one FROM message_logs WHERE conversation_id = %(who)s AND message_id = %(id)s",
            {"who": message.address.conversation_id, "id": message.id},
        )
        try:
            fate = await bookkeeper.fate_told(Doubtful(message.address, message.id, bool(rows)))
        except Problem:  # too busy to answer: its turn will come
            return [one for one in owed if key_of(one) not in account.fates]
        if fate is None:
            left.append(message)
        else:
            account.fates[key_of(message)] = fate
    return left


async def compare(pool: Pool, world: World, messages: Sequence[Message], account: Account) -> None:
    """Parts, orders and credits."""
    rows = await fetch_all(pool, "SELECT * FROM outbox ORDER BY created_at")
    account.parts = Counter(row["state"] for row in rows)
    phones = {
        address: [entry for entry in world.phone(*address) if entry.direction is Direction.OUT]
        for address in {(one.address.platform, one.address.contact) for one in messages}
    }
    by_phone: dict[tuple[str, str], list[DictRow]] = defaultdict(list)
    for row in rows:
        by_phone[row["platform"], row["contact"]].append(row)
    for address, shown in phones.items():
        if moments := _compare_phone(by_phone[address], shown, account):
            calls = [
                (call["at"][11:23], call["outcome"])
                for call in world.calls(address[0])
                if call["contact"] == address[1]
                and any(abs(datetime.fromisoformat(call["at"]) - moment) < AROUND for moment in moments)
            ]
            account.notes.append(f"calls around it: {calls}")
    await _compare_orders(pool, messages, phones, by_phone, account)
    await _compare_credits(pool, {one.address.conversation_id for one in messages}, account)


def _compare_phone(rows: Sequence[DictRow], shown: Sequence[Entry], account: Account) -> list[datetime]:
    """Each bubble against the part it shows: by our own id where the platform keeps it, else by its words.

    When the parts were made that a breach is about.
    """
    moments: list[datetime] = []
    has_ids = any(entry.external_id for entry in shown)
    seen = Counter(entry.external_id if has_ids else entry.text for entry in shown)
    sent: Counter[str] = Counter()
    open_ended: Counter[str] = Counter()
    for row in rows:
        name = _name_of(row, has_ids=has_ids)
        sent[name] += row["state"] == "sent"
        is_courtesy_of_the_dead = row["state"] == "sending" and row["key"].endswith("/interim")
        open_ended[name] += row["state"] in ("unknown", "dropped") or is_courtesy_of_the_dead
    for name in {*seen, *sent}:
        more = seen[name] - sent[name]
        account.missing += max(0, -more)
        account.unknown_shown += max(0, min(more, open_ended[name]))
        doubled = max(0, more - open_ended[name])
        if open_ended[name]:
            account.doubled_marked += doubled
        else:
            account.doubled_unmarked += doubled
        if more < 0 or doubled:
            account.notes.append(_story(name, rows, shown, has_ids=has_ids))
            moments += [row["created_at"] for row in rows if name == _name_of(row, has_ids=has_ids)]
    account.out_of_order += _out_of_order(rows, shown, has_ids=has_ids)
    return moments


def _name_of(row: DictRow, *, has_ids: bool) -> str:
    return external_id(row["key"]) if has_ids else str(row["part"]["text"])


def _story(name: str, rows: Sequence[DictRow], shown: Sequence[Entry], *, has_ids: bool) -> str:
    """All that is known about one part: its row, and when each phone showed it."""
    kept = [row for row in rows if name == _name_of(row, has_ids=has_ids)]
    told = ("key", "state", "attempts", "attempt_by", "created_at", "attempt_at", "updated_at", "last_error")
    known = [" ".join(f"{column}={row[column]}" for column in told) for row in kept]
    seen = [f"{entry.at:%T.%f}" for entry in shown if name == (entry.external_id if has_ids else entry.text)]
    return f"{known or name[:60]} shown {seen}"


def _out_of_order(rows: Sequence[DictRow], shown: Sequence[Entry], *, has_ids: bool) -> int:
    """Bubbles that stand behind one of a later turn."""
    if has_ids:
        turns = {external_id(row["key"]): row["turn"] for row in rows if not row["key"].endswith("/interim")}
        numbers = [turns[entry.external_id] for entry in shown if entry.external_id in turns]
    else:
        numbers = [named[-1][1] for entry in shown if (named := codes_in(entry.text))]
    return sum(later < earlier for earlier, later in pairwise(numbers))


async def _compare_orders(
    pool: Pool,
    messages: Sequence[Message],
    phones: dict[tuple[str, str], list[Entry]],
    by_phone: dict[tuple[str, str], list[DictRow]],
    account: Account,
) -> None:
    """One order a dialog, in a turn that heard its customer's yes, and its number told to them or lying undelivered."""
    wishes = [one.id for one in messages if one.kind is Kind.YES and one.accepted_at]
    orders = await fetch_all(pool, _ORDERS, {"wishes": wishes})
    account.orders = len(orders)
    unwished = sum(not row["is_wished"] for row in orders)
    account.doubled_orders = len(orders) - len({row["dialog"] for row in orders}) + unwished
    told = {phone: _numbers(entry.text for entry in shown) for phone, shown in phones.items()}
    placed: dict[tuple[str, str], set[int]] = defaultdict(set)
    for row in orders:
        address = Address.of_conversation(row["conversation_id"])
        placed[address.platform, address.contact].add(row["id"])
    for phone, numbers in placed.items():
        lying = _numbers(part["part"]["text"] for part in by_phone[phone] if part["state"] != "sent")
        account.untold_orders += len(numbers - told.get(phone, set()) - lying)
    account.forgotten_orders = sum(len(numbers - placed[phone]) for phone, numbers in told.items())


def _numbers(texts: Iterable[str]) -> set[int]:
    return {int(number) for text in texts for number in _NUMBER.findall(text)}


async def _compare_credits(pool: Pool, conversations: set[str], account: Account) -> None:
    """A turn costs a credit for its reply, whatever died meanwhile; one that came to nothing costs nothing."""
    values = {"reply": Tariff().reply, "conversations": sorted(conversations)}
    for row in await fetch_all(pool, _CREDITS, values):
        account.paid_turns += row["paid"] > 0
        account.paid_twice += row["paid"] > 1
        account.held += row["held"]
        account.refunded += row["was_refunded"]
        account.wrongly_paid += row["is_wrong"] or row["is_no_reply"]
        unpaid = row["is_answered"] and not row["paid"]
        for_nothing = row["paid"] > 0 and not row["is_answered"]
        account.unpaid += unpaid
        account.paid_for_nothing += for_nothing
        if unpaid or for_nothing or row["is_wrong"] or row["is_no_reply"] or row["paid"] > 1:
            account.notes.append(f"credits: {dict(row)}")
