"""A payment proof from the moment it is shown until somebody has decided."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from psycopg.types.json import Jsonb

from domain.payments import PaymentStage, ProofFacts, Urgency
from providers.records.payment_listings import count_waiting, files_of, order_of, settled_payments, waiting_payments
from providers.records.payments import PaymentRecords
from providers.records.pool import fetch_all, fetch_one
from tests.media.files import PDF
from tests.payments.conftest import Shop, asked, facts
from tests.payments.receipts import BANKS, drawn, transfer

# --- against the order ----------------------------------------------------------------------------------------------


async def test_a_good_proof_has_nothing_against_it(shop: Shop) -> None:
    """The right sum, today, to the shop: nothing is found, and a person decides all the same."""
    who = shop.customer()
    order = await shop.order(who)
    opened = await shop.show(who, drawn(transfer(Random(1), BANKS[0])), order=order, read=facts())
    row = await shop.row(opened.id)

    assert ("", {}) == (opened.note, await shop.findings(opened.id))
    assert (order, Decimal("1499.00"), "waiting", "fresh") == (
        row["order_id"], row["amount"], row["stage"], row["urgency"],
    )  # fmt: skip


WRONG = [
    (facts("400"), "amount_differs", "400.00 instead of 1499.00 UAH"),
    (facts("1499.01"), "amount_differs", "1499.01 instead of 1499.00 UAH"),
    (facts(currency="USD"), "currency_differs", "USD instead of UAH"),
    (facts(payee="Петренко Олег"), "payee_differs", "paid to Петренко Олег instead of ФОП Коваль Марія Іванівна"),
    (facts(paid_on="01.02.2020"), "old_date", "paid on 01.02.2020, before the order of"),
    (facts(paid_on="1 січня 2099 р."), "old_date", "dated 01.01.2099, which is yet to come"),
    (facts(None), "nothing_read", "no amount could be read"),
    (ProofFacts(), "nothing_read", "no amount could be read"),
    (facts("-5"), "nothing_read", "no amount could be read"),
    (facts("1e900"), "nothing_read", "no amount could be read"),
]


@pytest.mark.parametrize(("read", "kind", "text"), WRONG)
async def test_what_does_not_fit_the_order_is_said(shop: Shop, read: ProofFacts, kind: str, text: str) -> None:
    """An operator sees at a glance why a proof is not good."""
    who = shop.customer()
    opened = await shop.show(who, order=await shop.order(who), read=read)
    found = await shop.findings(opened.id)

    assert [kind] == list(found)
    assert found[kind].startswith(text)
    assert opened.note.startswith(text)


async def test_two_transfers_that_make_the_sum_are_good(shop: Shop) -> None:
    """A customer whose card has a limit pays twice, and shows both."""
    who = shop.customer()
    opened = await shop.show(who, order=await shop.order(who), read=(facts("999.00"), facts("500.00")))
    assert {} == await shop.findings(opened.id)


async def test_one_transfer_shown_twice_is_one(shop: Shop) -> None:
    """Half the sum does not become the whole by sending the picture twice."""
    who = shop.customer()
    half = facts("749.50")
    opened = await shop.show(who, order=await shop.order(who), read=(half, half))
    assert "749.50 instead of 1499.00 UAH" == (await shop.findings(opened.id))["amount_differs"]


async def test_somebody_elses_order_is_no_order(shop: Shop) -> None:
    """A number that belongs to another customer, or to nobody, is not touched."""
    who, other = shop.customer(), shop.customer()
    for order in (await shop.order(other), 10**17, 10**30, "x", ""):
        opened = await shop.show(who, order=order, read=facts())
        assert "no_order" in await shop.findings(opened.id)


async def test_a_proof_for_a_paid_order_is_noticed(shop: Shop) -> None:
    """The customer, or somebody, pays twice."""
    who = shop.customer()
    order = await shop.order(who, status="paid")
    opened = await shop.show(who, order=order, read=facts())
    assert f"order {order} is paid already" == opened.note


async def test_hostile_texts_are_bounded(shop: Shop) -> None:
    """Whatever stands in a picture, the table takes it, and not all of it."""
    who = shop.customer()
    opened = await shop.show(who, read=facts(reference="A1\x00" * 5_000, payee="\x00", link="https://[x"))
    row = await shop.row(opened.id)
    assert (500, "") == (len(row["reference"]), row["payee"])
    assert len(opened.note) <= 200


# --- the same once more ---------------------------------------------------------------------------------------------


async def test_a_retry_finds_the_same_row(shop: Shop) -> None:
    """However often the activity is carried out: one row, one answer, and it is nobody's twin but itself."""
    who = shop.customer()
    proof = asked(who, (await shop.kept(who, drawn(transfer(Random(2), BANKS[1]))),), read=facts())
    answers = await asyncio.gather(*(shop.open(proof) for _ in range(4)))
    again = await shop.open(proof)
    rows = await fetch_all(shop.pool, "SELECT id FROM payments WHERE payment_key = %(key)s", {"key": proof.key})

    assert 1 == len({answer.id for answer in [*answers, again]}) == len(rows)
    assert {"no order of this customer was found"} == {answer.note for answer in [*answers, again]}


async def test_a_worker_that_dies_between_writing_and_comparing_is_made_good(shop: Shop) -> None:
    """The next attempt compares what the first one wrote."""
    who = shop.customer()
    first = await shop.show(who, read=facts(reference="TR-12345"))
    proof = asked(who, read=facts(reference="tr 12345"), key="dies")
    opened = await shop.open(proof)
    await fetch_one(shop.pool, "UPDATE payments SET findings = NULL WHERE id = %(id)s", {"id": int(opened.id)})
    again = await shop.open(proof)

    assert opened == again
    assert [("same_reference", first.id)] == [
        (one["kind"], one["payment"]) for one in (await shop.row(again.id))["findings"] if one["payment"]
    ]


async def test_two_at_once_see_one_another(shop: Shop) -> None:
    """Two customers send one screenshot in the same second: at least one of them is found out."""
    picture = drawn(transfer(Random(3), BANKS[2]))
    customers = (shop.customer(), shop.customer())
    proofs = [asked(who, (await shop.kept(who, picture),), read=facts()) for who in customers]
    opened = await asyncio.gather(*(shop.open(proof) for proof in proofs))
    found = [await shop.findings(one.id) for one in opened]
    assert any("same_picture" in one for one in found)


# --- what people decide ---------------------------------------------------------------------------------------------


async def test_an_approved_proof_makes_its_order_paid_once(shop: Shop) -> None:
    """The order is paid; when it is shipped later, a late retry does not bring it back."""
    who = shop.customer()
    order = await shop.order(who)
    opened = await shop.show(who, order=order, read=facts())
    await shop.settle(opened.id, PaymentStage.APPROVED, "Anna", order=order)
    paid, row = await shop.status(order), await shop.row(opened.id)
    await fetch_one(shop.pool, "UPDATE orders SET status = 'shipped' WHERE id = %(id)s", {"id": order})
    await shop.settle(opened.id, PaymentStage.APPROVED, "Anna", order=order)

    assert ("paid", "shipped") == (paid, await shop.status(order))
    assert ("approved", ["Anna"], "Anna") == (row["stage"], row["approved_by"], row["decided_by"])
    assert row["decided_at"] is not None


@pytest.mark.parametrize("stage", [PaymentStage.REFUSED, PaymentStage.EXPIRED, PaymentStage.REPLACED])
async def test_any_other_end_leaves_the_order_waiting(shop: Shop, stage: PaymentStage) -> None:
    """The customer may pay yet."""
    who = shop.customer()
    order = await shop.order(who)
    opened = await shop.show(who, order=order, read=facts())
    await shop.settle(opened.id, stage, "Anna", reason="не та сума")
    row = await shop.row(opened.id)
    assert ("awaiting_payment", stage, "не та сума") == (await shop.status(order), row["stage"], row["reason"])


async def test_a_large_sum_takes_two_people(shop: Shop) -> None:
    """After the first nothing is paid; after the second the order is."""
    who = shop.customer()
    order = await shop.order(who)
    opened = await shop.show(who, order=order, read=facts(), approvals_needed=2)
    await shop.settle(opened.id, PaymentStage.APPROVED_ONCE, "Anna")
    half = (await shop.status(order), (await shop.row(opened.id))["stage"], (await shop.row(opened.id))["decided_at"])
    await shop.settle(opened.id, PaymentStage.APPROVED, "Anna", "Boris")

    assert ("awaiting_payment", "approved_once", None) == half
    assert ("paid", ["Anna", "Boris"]) == (await shop.status(order), (await shop.row(opened.id))["approved_by"])


async def test_a_late_word_changes_nothing(shop: Shop) -> None:
    """What is decided stays, whatever is retried in whatever order."""
    who = shop.customer()
    order = await shop.order(who)
    opened = await shop.show(who, order=order, read=facts())
    await shop.settle(opened.id, PaymentStage.REFUSED, "Anna", reason="чужий чек")
    await shop.settle(opened.id, PaymentStage.APPROVED, "Boris")
    await shop.settle(opened.id, PaymentStage.APPROVED_ONCE, "Boris")
    await shop.grow(opened.id, Urgency.ESCALATED)
    row = await shop.row(opened.id)
    assert ("awaiting_payment", "refused", "fresh") == (await shop.status(order), row["stage"], row["urgency"])


async def test_what_the_conversation_answered_is_seen_before_it_is_written_down(shop: Shop) -> None:
    """The list shows it at once; the order and the hour of the decision follow with the conversation's own word."""
    who = shop.customer()
    order = await shop.order(who)
    opened = await shop.show(who, order=order, read=facts())
    await shop.records.foretell(int(opened.id), PaymentStage.APPROVED, ("Anna",))
    seen, unpaid = await shop.row(opened.id), await shop.status(order)
    await shop.settle(opened.id, PaymentStage.APPROVED, "Anna")

    assert ("approved", None, "awaiting_payment") == (seen["stage"], seen["decided_at"], unpaid)
    assert "paid" == await shop.status(order)
    await shop.records.foretell(int(opened.id), PaymentStage.REFUSED, ("Boris",), "late")
    assert "approved" == (await shop.row(opened.id))["stage"]


async def test_a_cancelled_order_is_not_raised_by_a_payment(shop: Shop) -> None:
    """Somebody cancelled it meanwhile: a person has to look, no machine revives it."""
    who = shop.customer()
    order = await shop.order(who, status="cancelled")
    opened = await shop.show(who, order=order, read=facts())
    await shop.settle(opened.id, PaymentStage.APPROVED, "Anna")
    assert ("cancelled", "approved") == (await shop.status(order), (await shop.row(opened.id))["stage"])


# --- looking through them -------------------------------------------------------------------------------------------


async def test_the_most_urgent_come_first_then_the_oldest_page_by_page(shop: Shop) -> None:
    """Whoever has waited longest is at the top; pages join without a gap."""
    ids = [(await shop.show(shop.customer(), read=facts())).id for _ in range(6)]
    await shop.grow(ids[4], Urgency.REMINDED)
    await shop.grow(ids[2], Urgency.REMINDED)
    await shop.grow(ids[3], Urgency.REMINDED)
    await shop.grow(ids[3], Urgency.ESCALATED)
    await shop.grow(ids[3], Urgency.REMINDED)  # a late retry
    await shop.settle(ids[0], PaymentStage.APPROVED_ONCE, "Anna")
    await shop.settle(ids[5], PaymentStage.REFUSED, "Anna", reason="x")

    seen, after = [], None
    while page := await waiting_payments(shop.pool, account=shop.account, after=after, limit=2):
        seen += [str(row["id"]) for row in page]
        after = (page[-1]["urgency_rank"], page[-1]["id"])
    half = await waiting_payments(shop.pool, stage=PaymentStage.APPROVED_ONCE, account=shop.account)
    refused = await settled_payments(shop.pool, PaymentStage.REFUSED, account=shop.account)

    assert [ids[3], ids[2], ids[4], ids[0], ids[1]] == seen
    assert ([ids[0]], [ids[5]]) == ([str(row["id"]) for row in half], [str(row["id"]) for row in refused])
    assert await count_waiting(shop.pool) >= 5


async def test_a_proof_leads_to_its_order_and_its_pictures(shop: Shop) -> None:
    """In the order the customer sent them; a picture of another conversation is not shown, whatever is claimed."""
    who = shop.customer()
    order = await shop.order(who)
    media = [await shop.kept(who, PDF), await shop.kept(who, drawn(transfer(Random(5), BANKS[3])))]
    stranger = await shop.kept(shop.customer(), PDF)
    opened = await shop.open(asked(who, (*media, stranger, "gone"), order=order, read=facts()))
    row = await shop.row(opened.id)
    found = await order_of(shop.pool, row)

    assert found is not None
    assert (order, media) == (found["id"], [file.id for file in await files_of(shop.pool, row["id"])])


async def test_the_waiting_list_is_read_by_index(shop: Shop) -> None:
    """Ten thousand decided proofs do not slow down the list of those that wait."""
    await fetch_one(shop.pool, MANY, {"account": f"many-{shop.account}", "findings": Jsonb([])})
    await fetch_one(shop.pool, "ANALYZE payments")
    began = datetime.now(UTC)
    await waiting_payments(shop.pool, limit=50)
    assert datetime.now(UTC) - began < timedelta(seconds=0.2)
    plan = await fetch_all(
        shop.pool,
        """EXPLAIN SELECT * FROM payments WHERE stage IN ('waiting', 'approved_once')
           ORDER BY urgency_rank, id LIMIT 50""",
    )
    assert "idx_payments_waiting" in str(plan)


MANY = """
INSERT INTO payments (payment_key, conversation_id, platform, account, contact, findings, stage, decided_at)
SELECT %(account)s || n, 'conv:telegram:x:' || n, 'telegram', %(account)s, n::text, %(findings)s, 'approved', now()
  FROM generate_series(1, 10000) AS n"""


async def test_an_erased_order_leaves_its_proof(shop: Shop) -> None:
    """The books of payments outlive an order's row."""
    who = shop.customer()
    order = await shop.order(who)
    opened = await shop.show(who, order=order, read=facts())
    await fetch_one(shop.pool, "DELETE FROM orders WHERE id = %(id)s", {"id": order})
    await shop.settle(opened.id, PaymentStage.APPROVED, "Anna")
    assert (None, "approved") == ((await shop.row(opened.id))["order_id"], (await shop.row(opened.id))["stage"])


async def test_an_unknown_proof_is_no_error(shop: Shop) -> None:
    """A customer's rows may be erased while their conversation still settles."""
    await shop.settle("999999999", PaymentStage.APPROVED, "Anna")
    assert await PaymentRecords(shop.pool).find(999999999) is None
