"""Payment proofs: what customers showed, what was found, what people decided. Every write is idempotent."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from enum import StrEnum
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from domain.identifiers import Address
from domain.model import Value
from domain.payments import PaymentStage, ProofFacts, Urgency
from providers.records.pool import Pool, borrowed, fetch_all, fetch_one

WAITING = (PaymentStage.WAITING, PaymentStage.APPROVED_ONCE)
"""The stages in which a person is waited for."""
MOST_TWINS = 5
DECIDING = 0x50_41_59_53
"""One decision about a proof at a time: its lock's class ("PAYS")."""

_OPEN = """
INSERT INTO payments (payment_key, conversation_id, platform, account, contact, order_id, expected, currency,
                      expected_payee, amount, read_currency, paid_on, reference, payee, link, facts, media_ids, marks,
                      approvals_needed)
VALUES (%(key)s, %(conversation_id)s, %(platform)s, %(account)s, %(contact)s,
        (SELECT id FROM orders WHERE id = %(order)s AND conversation_id = %(conversation_id)s),
        %(expected)s, %(currency)s, %(expected_payee)s, %(amount)s, %(read_currency)s, %(paid_on)s, %(reference)s,
        %(payee)s, %(link)s, %(facts)s, %(media_ids)s, %(marks)s, %(approvals_needed)s)
ON CONFLICT (payment_key) DO NOTHING
RETURNING id
"""

_PRINT = """
INSERT INTO payment_prints (payment_id, platform, account, media_id, view, digest, print)
VALUES (%(payment_id)s, %(platform)s, %(account)s, %(media_id)s, %(view)s, %(digest)s,
        ('x' || nullif(%(print)s::text, ''))::bit(1024))
"""

ONE = """
SELECT payments.*, orders.status AS order_status, orders.created_at AS ordered_at
  FROM payments LEFT JOIN orders ON orders.id = payments.order_id
"""
"""Proofs with the order they are for."""

# Both sides of a pair may be the later one: of two proofs written in the same moment, the slower sees the faster.
_TWINS = """
WITH ours AS (SELECT digest, print FROM payment_prints WHERE payment_id = %(id)s),
looks AS (
    SELECT theirs.payment_id AS id, bool_or(theirs.digest = ours.digest) AS is_same_file,
           min(bit_count(theirs.print # ours.print))::integer AS distance
      FROM payment_prints AS theirs CROSS JOIN ours
     WHERE theirs.platform = %(platform)s AND theirs.account = %(account)s AND theirs.payment_id <> %(id)s
     GROUP BY theirs.payment_id
    HAVING bool_or(theirs.digest = ours.digest) OR min(bit_count(theirs.print # ours.print)) <= %(farthest)s
)
SELECT payments.*, coalesce(looks.is_same_file, false) AS is_same_file, looks.distance,
       ARRAY(SELECT unnest(payments.marks) INTERSECT SELECT unnest(%(marks)s::text[])) AS same_marks
  FROM (SELECT id FROM looks UNION
        SELECT id FROM payments
         WHERE marks && %(marks)s::text[] AND platform = %(platform)s AND account = %(account)s AND id <> %(id)s) AS met
  JOIN payments USING (id) LEFT JOIN looks USING (id)
 ORDER BY (marks && %(marks)s::text[]) DESC, is_same_file DESC, looks.distance, id LIMIT %(limit)s
"""

_NOTE = """
UPDATE payments SET findings = %(findings)s, updated_at = clock_timestamp() WHERE id = %(id)s AND findings IS NULL
"""

_URGENCY = """
UPDATE payments SET urgency = %(urgency)s, updated_at = clock_timestamp()
 WHERE id = %(id)s AND decided_at IS NULL AND urgency <> %(urgency)s
   AND NOT (urgency = 'escalated' AND %(urgency)s = 'reminded')
"""

_HALF = """
UPDATE payments SET stage = %(stage)s, approved_by = %(by)s, reason = %(reason)s, updated_at = clock_timestamp()
 WHERE id = %(id)s AND stage IN ('waiting', 'approved_once')
"""

# The order is paid in the statement that settles the proof, and only the first time: what became of it later stays.
_SETTLE = """
WITH settled AS (
    UPDATE payments
       SET stage = %(stage)s, reason = %(reason)s, decided_by = %(decided_by)s,
           approved_by = CASE WHEN %(stage)s = 'approved' THEN %(by)s ELSE approved_by END,
           decided_at = clock_timestamp(), updated_at = clock_timestamp()
     WHERE id = %(id)s AND decided_at IS NULL
    RETURNING id, platform, account, conversation_id, order_id
), paid AS (
    UPDATE orders SET status = 'paid', updated_at = clock_timestamp()
      FROM settled
     WHERE %(stage)s = 'approved' AND orders.id = settled.order_id AND orders.status IN ('new', 'awaiting_payment')
    RETURNING orders.id
)
SELECT settled.*, (SELECT id FROM paid) AS paid_order FROM settled
"""

# What a conversation has just answered, for people to see at once; that it is settled, the conversation writes itself.
_FORETELL = """
UPDATE payments
   SET stage = %(stage)s, reason = %(reason)s, updated_at = clock_timestamp(),
       decided_by = CASE WHEN %(stage)s = 'approved_once' THEN decided_by ELSE %(decided_by)s END,
       approved_by = CASE WHEN %(stage)s = 'refused' THEN approved_by ELSE %(by)s END
 WHERE id = %(id)s AND stage IN ('waiting', 'approved_once')
"""


class FindingKind(StrEnum):
    """What was found about a proof."""

    AMOUNT_DIFFERS = "amount_differs"
    CURRENCY_DIFFERS = "currency_differs"
    PAYEE_DIFFERS = "payee_differs"
    OLD_DATE = "old_date"
    """It was paid before the order was placed, or will be paid one day."""
    NOTHING_READ = "nothing_read"
    SAME_PICTURE = "same_picture"
    SIMILAR_PICTURE = "similar_picture"
    SAME_REFERENCE = "same_reference"
    NO_ORDER = "no_order"
    ALREADY_PAID = "already_paid"
    ORDER_CANCELLED = "order_cancelled"


class Finding(Value):
    """Something a person should know before deciding."""

    kind: FindingKind
    text: str
    payment: str = ""
    """The other proof, where it is about one."""


class Print(Value):
    """How one file of a proof looks."""

    media_id: str
    digest: str
    views: tuple[str, ...] = ()
    """Fingerprints in hexadecimal digits; none: it is no picture."""


class NewProof(Value):
    """A proof to write down; the key makes it one row."""

    address: Address
    key: str
    order: int | None
    expected: Decimal | None
    currency: str
    expected_payee: str
    told: ProofFacts
    """What all of it tells together."""
    read: tuple[ProofFacts, ...]
    media_ids: tuple[str, ...]
    marks: tuple[str, ...]
    approvals_needed: int


class Twin(Value):
    """Another proof of the same tenant that has something in common with this one."""

    id: int
    order_id: int | None
    conversation_id: str
    stage: PaymentStage
    told: ProofFacts
    is_same_file: bool
    distance: int | None
    """In how many bits their pictures differ, at the closest; None: by far too many."""
    same_marks: tuple[str, ...]


class PaymentRecords:
    """Reads and writes the payment tables. Every method may raise `Unavailable`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def open(self, proof: NewProof, prints: Sequence[Print]) -> DictRow:
        """Write the proof and its prints down, or find what this key made; gives the row."""
        async with borrowed(self._pool) as connection, connection.transaction():
            made = await (await connection.execute(_OPEN.encode(), _proof_values(proof))).fetchone()
            if made is not None:
                await _keep_prints(connection, proof.address, made["id"], prints)
        row = await self.of_key(proof.key)
        assert row is not None, "it was written, or is there already"  # noqa: S101 — for the type checker
        return row

    async def of_key(self, key: str) -> DictRow | None:
        """The proof this key made."""
        return await fetch_one(self._pool, f"{ONE} WHERE payments.payment_key = %(key)s", {"key": key})

    async def find(self, payment_id: int) -> DictRow | None:
        """One proof, with `order_status` and `ordered_at`."""
        return await fetch_one(self._pool, f"{ONE} WHERE payments.id = %(id)s", {"id": payment_id})

    @asynccontextmanager
    async def one_by_one(self, payment_id: int) -> AsyncIterator[None]:
        """Decisions about one proof wait here for one another, whoever takes them; `Unavailable`: for too long."""
        async with borrowed(self._pool) as connection, connection.transaction():
            await connection.execute("SET LOCAL lock_timeout = '9s'")
            await connection.execute("SELECT pg_advisory_xact_lock(%s, %s)", [DECIDING, payment_id % 2**31])
            yield

    async def twins(self, row: DictRow, farthest: int) -> list[Twin]:
        """Other proofs of the tenant with the same reference or link, or with a picture at most so many bits away."""
        values = {name: row[name] for name in ("id", "platform", "account", "marks")}
        rows = await fetch_all(self._pool, _TWINS, {**values, "farthest": farthest, "limit": MOST_TWINS})
        return [_twin(found) for found in rows]

    async def note_findings(self, payment_id: int, findings: Sequence[Finding]) -> None:
        """Write down what was found; the first word stands."""
        noted = Jsonb([finding.model_dump(mode="json") for finding in findings])
        await fetch_one(self._pool, _NOTE, {"id": payment_id, "findings": noted})

    async def set_urgency(self, payment_id: int, urgency: Urgency) -> None:
        """It waits for too long. What is decided, or more urgent already, stays."""
        await fetch_one(self._pool, _URGENCY, {"id": payment_id, "urgency": urgency})

    async def settle(
        self, payment_id: int, stage: PaymentStage, by: Sequence[str] = (), reason: str = ""
    ) -> DictRow | None:
        """Write down what was decided, once; an approved one makes its order paid. None: there is nothing new to write.

        Else gives `platform`, `account`, `conversation_id`, `order_id` and `paid_order` (None: no order became paid).
        """
        values = _decided(payment_id, stage, by, reason)
        return await fetch_one(self._pool, _HALF if stage in WAITING else _SETTLE, values)

    async def foretell(self, payment_id: int, stage: PaymentStage, by: Sequence[str] = (), reason: str = "") -> None:
        """Show at once what a conversation answered; `settle` comes after, and it alone moves the order."""
        await fetch_one(self._pool, _FORETELL, _decided(payment_id, stage, by, reason))


async def _keep_prints(
    connection: AsyncConnection[DictRow], address: Address, payment_id: int, prints: Sequence[Print]
) -> None:
    tenant = {"payment_id": payment_id, "platform": address.platform, "account": address.account}
    rows = [
        {**tenant, "media_id": one.media_id, "digest": one.digest, "view": number, "print": view}
        for one in prints
        for number, view in enumerate(one.views or ("",))
    ]
    if rows:
        async with connection.cursor() as cursor:
            await cursor.executemany(_PRINT, rows)


def _proof_values(proof: NewProof) -> dict[str, Any]:
    told = proof.told
    return {
        **proof.address.model_dump(),
        **told.model_dump(exclude={"currency"}),
        "conversation_id": proof.address.conversation_id,
        "key": proof.key,
        "order": proof.order,
        "expected": proof.expected,
        "currency": proof.currency,
        "expected_payee": proof.expected_payee,
        "read_currency": told.currency,
        "facts": Jsonb([facts.model_dump(mode="json") for facts in proof.read]),
        "media_ids": list(proof.media_ids),
        "marks": list(proof.marks),
        "approvals_needed": proof.approvals_needed,
    }


def _decided(payment_id: int, stage: PaymentStage, by: Sequence[str], reason: str) -> dict[str, Any]:
    return {"id": payment_id, "stage": stage, "by": list(by), "decided_by": ", ".join(by), "reason": reason}


def _twin(row: DictRow) -> Twin:
    told = ProofFacts(
        amount=row["amount"], currency=row["read_currency"], paid_on=row["paid_on"], reference=row["reference"],
        payee=row["payee"], link=row["link"],
    )  # fmt: skip
    names = ("id", "order_id", "conversation_id", "stage", "is_same_file", "distance")
    return Twin(told=told, same_marks=tuple(row["same_marks"]), **{name: row[name] for name in names})
