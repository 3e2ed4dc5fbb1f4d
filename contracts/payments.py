"""Activities around a payment proof: opened, noted, settled; every one idempotent by its key."""

from domain.decisions import AskPaymentDecision
from domain.identifiers import Address
from domain.model import Value
from domain.payments import PaymentStage, Urgency
from temporalio import activity

from contracts.records import Done


class OpenPayment(Value):
    """A payment proof for a person to decide about; the key makes it one row."""

    address: Address
    key: str
    order: str
    """The order's number; empty: the customer has none open."""
    asked: AskPaymentDecision


class OpenedPayment(Value):
    """The proof as it stands in the table."""

    id: str
    note: str = ""
    """What a person should know at once: "400.00 instead of 1499.00 UAH", "the same picture as payment 12"."""


class NotePayment(Value):
    """A payment proof has waited long."""

    id: str
    urgency: Urgency


class SettlePayment(Value):
    """What became of a payment proof."""

    id: str
    order: str
    stage: PaymentStage
    by: tuple[str, ...] = ()
    """Who agreed, or who refused."""
    reason: str = ""


class Payments:
    """Keeps the payment proofs."""

    @activity.defn(name="open_payment")
    async def open_payment(self, payment: OpenPayment) -> OpenedPayment:
        """Write the proof down and compare it: with its order, and with every proof the tenant has seen."""
        raise NotImplementedError

    @activity.defn(name="note_payment")
    async def note_payment(self, note: NotePayment) -> Done:
        """Write down that it waits for too long, where people look."""
        raise NotImplementedError

    @activity.defn(name="settle_payment")
    async def settle_payment(self, settled: SettlePayment) -> Done:
        """Write down what was decided; an approved one makes its order paid."""
        raise NotImplementedError
