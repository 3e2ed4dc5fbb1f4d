"""The same proof used twice in a tenant is found, and two honest ones of one bank are not taken for one."""

import time
from dataclasses import replace
from functools import cache
from itertools import combinations
from random import Random
from uuid import uuid4

import pytest
from PIL import Image

from domain.failures import MediaRefused
from domain.payments import PaymentStage, ProofFacts
from providers.media.fingerprints import ALIKE, BITS, SAME, distance, fingerprints
from providers.records.pool import fetch_one
from tests.media.files import PDF
from tests.payments.conftest import Shop, facts
from tests.payments.receipts import BANKS, COPIES, EDITS, Bank, Transfer, drawn, jpeg, kept, transfer

BANK = pytest.mark.parametrize("bank", BANKS, ids=[bank.name for bank in BANKS])


def prints(image: Image.Image) -> tuple[str, ...]:
    """The fingerprints of a picture as the gallery keeps it."""
    return fingerprints(kept(image))


@cache
def original(told: Transfer) -> tuple[str, ...]:
    """The fingerprints of a receipt as its bank drew it."""
    return prints(drawn(told))


def apart(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    """In how many bits two pictures differ, at the closest."""
    return min(distance(mine, yours) for mine in one for yours in other)


def read_off(told: Transfer) -> ProofFacts:
    """What a model that reads well reads."""
    amount = told.amount.replace(",", ".")
    return facts(amount, reference=told.reference, paid_on=f"{told.on} {told.at}", payee="Koval M. I.")


# --- how pictures look ----------------------------------------------------------------------------------------------


@BANK
@pytest.mark.parametrize("manner", COPIES)
def test_a_copy_looks_like_its_original(bank: Bank, manner: str) -> None:
    """Pressed, resized, darkened, blurred, shown in a gallery and caught again: it is the same picture."""
    told = transfer(Random(bank.name), bank)
    near = ALIKE if "shown again" in manner else SAME
    assert apart(original(told), prints(COPIES[manner](drawn(told)))) <= near


@BANK
def test_two_receipts_of_one_bank_are_not_the_same_picture(bank: Bank) -> None:
    """They have all but the figures in common, and still no two are as near as a copy."""
    random = Random(bank.name)
    looks = [prints(drawn(transfer(random, bank))) for _ in range(8)]
    assert min(apart(one, other) for one, other in combinations(looks, 2)) > SAME


def test_receipts_of_different_banks_are_far_apart() -> None:
    """Not even alike."""
    looks = [prints(drawn(transfer(Random(1), bank))) for bank in BANKS]
    assert min(apart(one, other) for one, other in combinations(looks, 2)) > 2 * ALIKE


@pytest.mark.parametrize("content", [b"", b"no picture", PDF, jpeg(Image.new("RGB", (40, 40)))[:300]])
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    """And does not break whoever looks at it."""
    with pytest.raises(MediaRefused):
        fingerprints(content)


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (3, 3)])
@pytest.mark.parametrize("colour", ["black", "white", "red"])
def test_plain_and_tiny_pictures_have_fingerprints(size: tuple[int, int], colour: str) -> None:
    """There is nothing between the bars of a picture that is one bar."""
    assert {BITS // 4} == {len(one) for one in fingerprints(jpeg(Image.new("RGB", size, colour)))}


# --- in the books ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("manner", ["sent on", "pressed", "darker", "shown again, pressed"])
async def test_a_screenshot_used_again_is_found(shop: Shop, manner: str) -> None:
    """Another customer shows the picture that a friend has sent them: the operator reads whose it was."""
    told = transfer(Random(11), BANKS[0], "1499,00")
    friend = shop.customer()
    order = await shop.order(friend)
    first = await shop.show(friend, drawn(told), order=order, read=read_off(told))
    await shop.settle(first.id, PaymentStage.APPROVED, "Anna")
    again = await shop.show(shop.customer(), COPIES[manner](drawn(told)), read=read_off(told))
    found = await shop.findings(again.id)

    picture = found.get("same_picture") or found["similar_picture"]
    assert f"payment {first.id} (order {order}, approved)" in picture
    assert f"the same reference as payment {first.id} (order {order}, approved)" == found["same_reference"]


@pytest.mark.parametrize("bank", BANKS[1:3], ids=lambda bank: bank.name)
@pytest.mark.parametrize("manner", EDITS)
async def test_a_retouched_screenshot_is_found(shop: Shop, bank: Bank, manner: str) -> None:
    """By its picture, or by the reference that nobody thought of: and what differs is said."""
    told = transfer(Random(12), bank)
    first = await shop.show(shop.customer(), drawn(told), read=read_off(told))
    edited = EDITS[manner](told)
    again = await shop.show(shop.customer(), drawn(edited), read=read_off(edited))
    row = await shop.row(again.id)
    found = {one["kind"] for one in row["findings"] if one["payment"] == first.id}

    assert found & {"same_picture", "similar_picture", "same_reference"}, row["findings"]


@BANK
async def test_honest_customers_of_one_bank_are_left_alone(shop: Shop, bank: Bank) -> None:
    """Each paid, each at another moment: nobody is suspected because the bank draws all receipts alike."""
    random = Random(bank.name)
    for _ in range(4):
        told = transfer(random, bank)
        opened = await shop.show(shop.customer(), drawn(told), read=read_off(told))
        suspected = {one["kind"] for one in (await shop.row(opened.id))["findings"] if one["payment"]}
        assert set() == suspected


async def test_the_same_price_paid_twice_at_one_bank_is_not_the_same_picture(shop: Shop) -> None:
    """Two customers pay the same price on the same day: at the worst they look alike, and it says what differs."""
    random = Random(5)
    for number in range(4):
        told = replace(transfer(random, BANKS[2], "1499,00"), on="21.11.2026", at=f"12:0{number}")
        opened = await shop.show(shop.customer(), drawn(told), read=read_off(told))
        found = await shop.findings(opened.id)
        assert not {"same_picture", "same_reference"} & set(found)
        assert "with another date and reference" in found.get("similar_picture", "with another date and reference")


async def test_a_picture_nothing_can_be_read_from_is_compared_all_the_same(shop: Shop) -> None:
    """No model, no facts: the picture alone tells."""
    told = transfer(Random(14), BANKS[1])
    first = await shop.show(shop.customer(), drawn(told), read=ProofFacts())
    again = await shop.show(shop.customer(), COPIES["darker"](drawn(told)), read=ProofFacts())
    assert f"the same picture as payment {first.id} (no order, waiting)" in again.note


async def test_the_same_file_is_found_though_it_is_no_picture(shop: Shop) -> None:
    """A PDF sent on."""
    first = await shop.show(shop.customer(), PDF, read=facts())
    again = await shop.show(shop.customer(), PDF, read=facts())
    other = await shop.show(shop.customer(), PDF + b"%", read=facts())
    assert f"the same picture as payment {first.id}" in (await shop.findings(again.id))["same_picture"]
    assert "same_picture" not in await shop.findings(other.id)


LINKS = [
    ("https://check.bank.example/r/AbC?id=77", "https://CHECK.bank.example/r/AbC/?id=77", True),
    ("https://check.bank.example/r/AbC?id=77", "https://check.bank.example/r/AbC?id=78", False),
    ("https://check.bank.example/r/AbC", "https://check.bank.example/r/aBc", False),
    ("https://bank.example/", "https://bank.example", False),
    ("http://[", "http://[", False),
]


@pytest.mark.parametrize(("one", "other", "same"), LINKS)
async def test_a_receipts_link_used_again_is_found(shop: Shop, one: str, other: str, same: bool) -> None:
    """A bank's front page is nobody's receipt."""
    await shop.show(shop.customer(), read=facts(reference="", link=one))
    again = await shop.show(shop.customer(), read=facts(reference="", link=other))
    assert same is ("same_reference" in await shop.findings(again.id))


@pytest.mark.parametrize("reference", ["", "1", "№ 12", "without"])
async def test_what_is_no_reference_makes_no_twins(shop: Shop, reference: str) -> None:
    """A word or a line's number stands in many receipts."""
    await shop.show(shop.customer(), read=facts(reference=reference))
    again = await shop.show(shop.customer(), read=facts(reference=reference))
    assert "same_reference" not in await shop.findings(again.id)


async def test_another_tenants_proofs_are_nobodys_business(shop: Shop) -> None:
    """Two shops never hear of one another."""
    told = transfer(Random(15), BANKS[3])
    await shop.show(shop.customer("another"), drawn(told), read=read_off(told))
    again = await shop.show(shop.customer(), drawn(told), read=read_off(told))
    assert {"same_picture", "same_reference"}.isdisjoint(await shop.findings(again.id))


async def test_a_customer_who_sends_it_once_more_is_named_so(shop: Shop) -> None:
    """Impatience is no fraud, and the operator can tell."""
    who = shop.customer()
    told = transfer(Random(16), BANKS[3])
    first = await shop.show(who, drawn(told), read=read_off(told))
    await shop.settle(first.id, PaymentStage.REPLACED)
    again = await shop.show(who, drawn(told), read=read_off(told))
    assert f"the same picture as payment {first.id} of this customer (no order, replaced)" in again.note


@pytest.mark.slow
async def test_a_tenant_of_many_proofs_is_compared_soon(shop: Shop) -> None:
    """Twenty thousand earlier proofs are looked through in less than a turn's patience by far."""
    await fetch_one(shop.pool, MANY, {"account": shop.account, "mark": uuid4().hex})
    told = transfer(Random(17), BANKS[0])
    first = await shop.show(shop.customer(), drawn(told), read=read_off(told))
    row = await shop.row(first.id)
    began = time.monotonic()
    await shop.records.twins(row, ALIKE)
    assert time.monotonic() - began < 2


MANY = """
WITH made AS (
    INSERT INTO payments (payment_key, conversation_id, platform, account, contact, findings, marks)
    SELECT %(mark)s || n, 'conv:telegram:x:' || n, 'telegram', %(account)s, n::text, '[]', ARRAY['ref:' || n]
      FROM generate_series(1, 20000) AS n RETURNING id
)
INSERT INTO payment_prints (payment_id, platform, account, media_id, view, digest, print)
SELECT id, 'telegram', %(account)s, id::text, view, id::text,
       ('x' || repeat(md5(id::text || view), 8))::bit(1024)
  FROM made CROSS JOIN generate_series(0, 1) AS view"""
