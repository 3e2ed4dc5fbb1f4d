"""Payment proofs: look through them, and decide."""

import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Path, Query

from api.house import House, TheHouse
from api.media import MediaShelf, TheShelf
from api.operator import Cursor, Filter, Key, Limit, once
from api.operator_auth import OperatorsOnly
from api.operator_models import KeptMedia, Order, Page, decode_cursor, encode_cursor
from api.payment_models import Payment, PaymentInFull, PaymentStanding, Verdict
from api.problems import Problem, refusals
from contracts.conversation import DecidePayment, PaymentDecision
from domain.failures import Unavailable
from domain.identifiers import Address
from domain.payments import PaymentStage
from providers.records.media import MediaRow
from providers.records.orders import CANCELLED
from providers.records.payment_listings import files_of, order_of, settled_payments, waiting_payments
from providers.records.payments import WAITING, PaymentRecords

router = APIRouter(
    prefix="/api/payments", tags=["payments"], dependencies=[OperatorsOnly], responses=refusals(401, 403, 422, 503)
)
log = structlog.get_logger(__name__)

WhyNot = Callable[[dict[str, Any]], str]
"""Why somebody cannot agree to a proof as it stands; empty: they can."""
PaymentId = Annotated[int, Path(ge=1, le=2**63 - 1)]
TOLD = refusals(404, _409="It is decided already, this person has agreed already, or the conversation is over")


@router.get("", responses=refusals(400))
async def list_payments(
    house: TheHouse,
    stage: Annotated[PaymentStage | None, Query(description="Without it: those that wait for a person")] = None,
    platform: Filter = None,
    account: Filter = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[Payment]:
    """Those that wait: most urgent first, then oldest. Those that are decided: newest first."""
    where: dict[str, Any] = {"platform": platform, "account": account, "limit": limit}
    names: tuple[str, ...]
    if stage is None or stage in WAITING:
        after = decode_cursor(cursor, int, int)
        rows = await waiting_payments(house.pool, stage=stage, after=(after[0], after[1]) if after else None, **where)
        names = ("urgency_rank", "id")
    else:
        before = decode_cursor(cursor, int)
        rows = await settled_payments(house.pool, stage, before=before[0] if before else None, **where)
        names = ("id",)
    await house.names.unmask(rows)
    following = encode_cursor(*(rows[-1][name] for name in names)) if len(rows) == limit else None
    return Page(items=[Payment.model_validate(row) for row in rows], next_cursor=following)


@router.get("/{payment_id}", responses=refusals(404))
async def read_payment(house: TheHouse, shelf: TheShelf, payment_id: PaymentId) -> PaymentInFull:
    """One proof, with its pictures beside its order."""
    return await in_full(house, shelf, payment_id)


async def in_full(house: House, shelf: MediaShelf, payment_id: int) -> PaymentInFull:
    """See `read_payment`.

    Raises:
        Problem: 404, there is no such proof.
    """
    row = await _found(house, payment_id)
    order = await order_of(house.pool, row)
    await house.names.unmask([row, *([order] if order else [])], "contact", "chat2desk_client_id")
    pictures = [_shown(shelf, file) for file in await files_of(house.pool, payment_id)]
    return PaymentInFull.model_validate(
        {**row, "pictures": pictures, "order": Order.model_validate(order) if order else None}
    )


def _shown(shelf: MediaShelf, file: MediaRow) -> KeptMedia:
    url = shelf.links.url_of(file.id, datetime.now(UTC)) if file.name else ""
    return KeptMedia(kind=file.kind, problem=str(file.problem), url=url, mime=file.mime, transcript=file.transcript)


@router.post("/{payment_id}/decision", responses=TOLD)
async def decide_payment(
    house: TheHouse, payment_id: PaymentId, verdict: Verdict, idempotency_key: Key = None
) -> PaymentStanding:
    """Approve it or refuse it. "approved_once": the sum is large, and a second person has to agree, too."""
    return await decide(house, payment_id, verdict, idempotency_key)


async def decide(
    house: House, payment_id: int, verdict: Verdict, key: str | None = None, why_not: WhyNot = lambda row: ""
) -> PaymentStanding:
    """Let the proof's conversation decide; its answer is shown from now on, and written into the books right after.

    Of two at the same moment, the second sees what the first one did: who agreed, and whether a manager is wanted now.

    Raises:
        Problem: 403 `why_not` says why; 404 there is no such proof; 409 decided already, or by the same person;
            503 nobody answers now.
    """
    made: PaymentStanding | None = None
    try:
        async with PaymentRecords(house.pool).one_by_one(payment_id):
            row = await _found(house, payment_id)
            if verdict.approve and (wrong := why_not(row)):
                raise Problem(403, wrong)
            if verdict.approve and row["order_status"] == CANCELLED:
                raise Problem(
                    409, f"order {row['order_id']} is cancelled: refuse the proof, and say what becomes of it"
                )
            made = await _decide(house, row, verdict, key)
    except Unavailable:  # should the books go away after the decision: it is made all the same
        if made is None:
            raise
    return made


async def _decide(house: House, row: dict[str, Any], verdict: Verdict, key: str | None) -> PaymentStanding:
    payment_id, operator = int(row["id"]), _as_known(verdict.operator, row["approved_by"])
    asked = DecidePayment(payment=str(payment_id), approve=verdict.approve, reason=verdict.reason, operator=operator)
    address = Address.of_conversation(row["conversation_id"])
    try:
        answer = await house.conversations.decide_payment(address, asked, once(f"decision {payment_id}", key))
    except Problem as problem:
        raise await _explained(house, payment_id, problem) from problem
    await _foretell(house, payment_id, answer, verdict)
    log.info("payment_decided", conversation=row["conversation_id"], payment=payment_id, stage=answer.stage.value)
    return PaymentStanding(
        id=payment_id,
        order_id=answer.order,
        stage=answer.stage,
        approved_by=list(answer.approved_by) if answer.stage is not PaymentStage.REFUSED else [],
        approvals_needed=answer.approvals_needed,
    )


def _as_known(operator: str, approved_by: list[str]) -> str:
    """Nobody becomes a second person by the size of a letter, or by a sign that nobody sees."""
    return next((name for name in approved_by if same_person(name, operator)), operator)


def same_person(one: str, other: str) -> bool:
    """Whether two names are told apart by what people do not see."""
    return _folded(one) == _folded(other)


def _folded(name: str) -> str:
    folded = unicodedata.normalize("NFKC", name).casefold()
    return " ".join("".join(sign for sign in folded if unicodedata.category(sign) != "Cf").split())


async def _found(house: House, payment_id: int) -> dict[str, Any]:
    row = await PaymentRecords(house.pool).find(payment_id)
    if row is None:
        raise Problem(404, "there is no such payment")
    return row


async def _explained(house: House, payment_id: int, problem: Problem) -> Problem:
    """Say who was faster, where somebody was."""
    if problem.status != 409:
        return problem
    row = await _found(house, payment_id)
    if row["stage"] in WAITING:
        return problem
    by = f" by {row['decided_by']}" if row["decided_by"] else ""
    return Problem(409, f"this payment is decided already: {row['stage']}{by}")


async def _foretell(house: House, payment_id: int, answer: PaymentDecision, verdict: Verdict) -> None:
    """Lists show it at once. Should it fail: the conversation writes it down in any case, a moment later."""
    by = answer.approved_by or (verdict.operator,)
    try:
        await PaymentRecords(house.pool).foretell(payment_id, answer.stage, by, verdict.reason)
    except Unavailable as error:
        log.warning("payment_not_foretold", payment=payment_id, reason=str(error))
