"""Keeps payment proofs: written down, looked at beside every other, and settled as people decide."""

import asyncio
import hashlib
import re
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Any, TypeVar

import structlog
from temporalio import activity

from activities import proofs
from activities.failures import as_application_error
from activities.gallery import Gallery
from contracts import payments as contract
from contracts.payments import NotePayment, OpenedPayment, OpenPayment, SettlePayment
from contracts.records import Done
from domain.failures import MediaRefused
from providers.media.fingerprints import ALIKE, Fingerprints
from providers.records.payments import Finding, NewProof, PaymentRecords, Print

NUMBER = re.compile(r"[0-9]{1,18}")
"""An order's."""

log = structlog.get_logger()
Written = TypeVar("Written")


async def _written(writing: Awaitable[Written]) -> Written:
    """Write; a database that is away is waited for, a bug gives up after three tries."""
    try:
        return await writing
    except Exception as error:
        raise as_application_error(error, activity.info().attempt) from error


class Payments(contract.Payments):
    """Keeps the payment proofs."""

    def __init__(self, records: PaymentRecords, gallery: Gallery, fingerprints: Fingerprints) -> None:
        self._records = records
        self._gallery = gallery
        self._fingerprints = fingerprints

    @activity.defn(name="open_payment")
    async def open_payment(self, payment: OpenPayment) -> OpenedPayment:
        """Write the proof down and compare it: with its order, and with every proof the tenant has seen."""
        row = await _written(self._opened(payment))
        findings = [Finding.model_validate(one) for one in row["findings"]]
        log.info("payment_opened", conversation=payment.address.conversation_id, payment=row["id"],
                 order=row["order_id"], findings=[finding.kind.value for finding in findings])  # fmt: skip
        return OpenedPayment(id=str(row["id"]), note=proofs.note_of(findings))

    async def _opened(self, payment: OpenPayment) -> dict[str, Any]:
        row = await self._records.of_key(payment.key)
        if row is None:
            prints = await asyncio.gather(*(self._print(media_id) for media_id in payment.asked.media_ids))
            row = await self._records.open(_proof_of(payment), [one for one in prints if one is not None])
        if row["findings"] is None:
            await self._compare(row)
            row = await self._records.find(row["id"]) or row
        return row

    async def _print(self, media_id: str) -> Print | None:
        """How a file looks; None when nothing is kept of it."""
        content = await self._gallery.content(media_id)
        if content is None:
            return None
        digest = hashlib.sha256(content).hexdigest()
        try:
            return Print(media_id=media_id, digest=digest, views=await self._fingerprints.of(content))
        except MediaRefused:  # a PDF, say: the very same file is found by its digest
            return Print(media_id=media_id, digest=digest)

    async def _compare(self, row: dict[str, Any]) -> None:
        twins = await self._records.twins(row, ALIKE)
        findings = [*proofs.against_order(row, datetime.now(UTC).date()), *proofs.against_twins(row, twins)]
        await self._records.note_findings(row["id"], proofs.ordered(findings))

    @activity.defn(name="note_payment")
    async def note_payment(self, note: NotePayment) -> Done:
        """Write down that it waits for too long, where people look."""
        await _written(self._records.set_urgency(int(note.id), note.urgency))
        return Done()

    @activity.defn(name="settle_payment")
    async def settle_payment(self, settled: SettlePayment) -> Done:
        """Write down what was decided; an approved one makes its order paid."""
        row = await _written(self._records.settle(int(settled.id), settled.stage, settled.by, settled.reason))
        if row is not None:
            log.info("payment_settled", conversation=row["conversation_id"], payment=row["id"],
                     stage=settled.stage.value, order=row["order_id"], paid=row["paid_order"] is not None)  # fmt: skip
        return Done()


def _proof_of(payment: OpenPayment) -> NewProof:
    asked = payment.asked
    read = tuple(proofs.bounded(facts) for facts in asked.read)
    return NewProof(
        address=payment.address,
        key=payment.key,
        order=int(payment.order) if NUMBER.fullmatch(payment.order) else None,
        expected=asked.expected,
        currency=asked.currency,
        expected_payee=asked.payee,
        told=proofs.told_by(read, asked.expected),
        read=read,
        media_ids=asked.media_ids,
        marks=proofs.marks_of(read),
        approvals_needed=asked.approvals_needed,
    )
