"""A shop whose customers pay by card: real PostgreSQL, a real media store, real pictures."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from PIL import Image
from psycopg.rows import DictRow
from temporalio.testing import ActivityEnvironment

from activities.gallery import Gallery, GalleryRules
from activities.payments import Payments
from contracts.payments import NotePayment, OpenedPayment, OpenPayment, SettlePayment
from domain.decisions import AskPaymentDecision
from domain.identifiers import Address
from domain.messages import MessageKind
from domain.orders import OrderDraft
from domain.payments import PaymentStage, ProofFacts, Urgency
from providers.media.download import Downloader
from providers.media.fingerprints import Fingerprints
from providers.media.pictures import Pictures
from providers.media.store import MediaStore, open_store, random_name
from providers.media.transcription import NobodyListens
from providers.records.books import Books
from providers.records.media import MediaRecords, MediaRow
from providers.records.payments import PaymentRecords
from providers.records.pool import Pool, fetch_one, open_pool
from tests.payments import receipts
from tests.servers_here import Servers

PAYEE = "ФОП Коваль Марія Іванівна"
_numbers = count(1)


@dataclass
class Shop:
    """What a worker does about payments, and a look behind it."""

    pool: Pool
    store: MediaStore
    payments: Payments
    account: str = "default"
    env: ActivityEnvironment = field(default_factory=ActivityEnvironment)

    @property
    def records(self) -> PaymentRecords:
        """The payment tables."""
        return PaymentRecords(self.pool)

    def customer(self, account: str = "") -> Address:
        """Somebody who never wrote before."""
        return Address(platform="telegram", account=account or self.account, contact=f"c{next(_numbers)}")

    async def order(self, who: Address, total: str = "1499.00", status: str = "awaiting_payment") -> int:
        """An order that waits for its money."""
        draft = OrderDraft(
            client_phone="+380501112233", delivery_address="Київ", total=Decimal(total), currency="UAH", status=status
        )
        return (await Books(self.pool).place_order(who, f"order/{next(_numbers)}", draft))[0]

    async def kept(self, who: Address, content: bytes | Image.Image, kind: MessageKind = MessageKind.IMAGE) -> str:
        """A picture or file as the gallery keeps it."""
        if isinstance(content, Image.Image):
            content = receipts.kept(content)
        name, now = random_name(), datetime.now(UTC)
        await MediaRecords(self.pool).announce(name)
        await self.store.put(name, content, "image/jpeg")
        row = MediaRow(
            id=uuid4().hex, conversation_id=who.conversation_id, platform=who.platform, account=who.account,
            message_id=uuid4().hex, place=0, kind=kind, mime="image/jpeg", name=name, created_at=now,
            expires_at=now + timedelta(days=30),
        )  # fmt: skip
        assert await MediaRecords(self.pool).keep(row)
        return row.id

    async def show(
        self,
        who: Address,
        *pictures: bytes | Image.Image,
        order: int | str = "",
        read: tuple[ProofFacts, ...] | ProofFacts = (),
        expected: str | None = "1499.00",
        **more: Any,
    ) -> OpenedPayment:
        """A customer shows a proof."""
        media = [
            await self.kept(who, one, MessageKind.IMAGE if isinstance(one, Image.Image) else MessageKind.DOCUMENT)
            for one in pictures
        ]
        return await self.open(asked(who, tuple(media), order=order, read=read, expected=expected, **more))

    async def open(self, proof: OpenPayment) -> OpenedPayment:
        """As the conversation asks for it."""
        return await self.env.run(self.payments.open_payment, proof)

    async def settle(self, id: str, stage: PaymentStage, *by: str, reason: str = "", order: int | str = "") -> None:
        """As the conversation has it written down."""
        settled = SettlePayment(id=id, order=str(order), stage=stage, by=by, reason=reason)
        await self.env.run(self.payments.settle_payment, settled)

    async def grow(self, id: str, urgency: Urgency) -> None:
        """It has waited for long."""
        await self.env.run(self.payments.note_payment, NotePayment(id=id, urgency=urgency))

    async def row(self, id: str) -> DictRow:
        """A proof as it stands."""
        row = await self.records.find(int(id))
        assert row is not None
        return row

    async def findings(self, id: str) -> dict[str, str]:
        """What was found, by kind."""
        return {one["kind"]: one["text"] for one in (await self.row(id))["findings"]}

    async def status(self, order: int) -> str:
        """Where an order stands."""
        row = await fetch_one(self.pool, "SELECT status FROM orders WHERE id = %(id)s", {"id": order})
        assert row is not None
        return str(row["status"])


def asked(
    who: Address,
    media: tuple[str, ...] = (),
    *,
    order: int | str = "",
    read: tuple[ProofFacts, ...] | ProofFacts = (),
    expected: str | None = "1499.00",
    key: str = "",
    **more: Any,
) -> OpenPayment:
    """What the conversation asks for."""
    effect = AskPaymentDecision(
        kind="ask_payment_decision", expected=Decimal(expected) if expected else None, media_ids=media,
        read=(read,) if isinstance(read, ProofFacts) else read, **{"currency": "UAH", "payee": PAYEE, **more},
    )  # fmt: skip
    return OpenPayment(address=who, key=key or f"proof/{next(_numbers)}", order=str(order), asked=effect)


def facts(amount: str | None = "1499.00", **more: Any) -> ProofFacts:
    """What was read out of a good proof."""
    return ProofFacts(
        **{
            "amount": Decimal(amount) if amount else None,
            "currency": "грн",
            "paid_on": f"{datetime.now(UTC):%d.%m.%Y} 12:00",
            "reference": f"TR-{next(_numbers):08}",
            "payee": "Коваль М. І.",
            **more,
        }
    )


@pytest.fixture(scope="session")
def payments_database(servers: Servers) -> str:
    """A database for all tests of payments; each test has an account of its own."""
    return servers.fresh_database(f"payments_{uuid4().hex[:12]}")


@pytest.fixture
async def pool(payments_database: str) -> AsyncIterator[Pool]:
    """Its connections."""
    async with open_pool(payments_database, size=4) as pool:
        yield pool


@pytest.fixture
async def shop(pool: Pool, tmp_path: Path) -> AsyncIterator[Shop]:
    """A shop that has seen no proof yet."""
    store, pictures, prints = open_store(tmp_path.as_uri()), Pictures(), Fingerprints()
    rules = GalleryRules({}, lambda _: timedelta(days=30))
    gallery = Gallery({}, Downloader(), pictures, store, MediaRecords(pool), NobodyListens(), rules)
    yield Shop(pool, store, Payments(PaymentRecords(pool), gallery, prints), f"a{uuid4().hex[:8]}")
    pictures.close()
    prints.close()
