"""Payment proofs: what waits, and one with its picture beside its order, to be decided about."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Path, Query
from psycopg.rows import DictRow
from pydantic import ValidationError
from starlette.responses import Response

from api.console import shaping
from api.console.acts import key_of, noted
from api.console.office import Here, TheOperator, ThePosted
from api.console.shown import ConsoleRoute, back, show
from api.console.words import WORDS
from api.operator_models import decode_cursor, encode_cursor
from api.payment_models import PaymentInFull, Verdict
from api.payments import decide, in_full, same_person
from api.problems import Problem
from domain.operators import Act
from domain.payments import PaymentStage
from providers.records.payment_listings import settled_payments, waiting_payments

router = APIRouter(prefix="/console", route_class=ConsoleRoute, include_in_schema=False)

ROWS = 50
SETTLED = (PaymentStage.APPROVED, PaymentStage.REFUSED, PaymentStage.EXPIRED)
PaymentId = Annotated[int, Path(ge=1, le=2**63 - 1)]


@router.get("/payments")
async def payments(
    here: TheOperator,
    stage: PaymentStage | None = None,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """Those that wait, most urgent first; or those decided so, newest first."""
    wanted = stage if stage in SETTLED else None
    found = await _page(here, wanted, cursor)
    await here.house.names.unmask(found)
    names = ("id",) if wanted else ("urgency_rank", "id")
    following = encode_cursor(*(found[-1][name] for name in names)) if len(found) == ROWS else None
    return show(
        here, "payments.html", payments=found, wanted=wanted, stages=SETTLED, following=following, cursor=cursor,
        now=datetime.now(UTC),
    )  # fmt: skip


async def _page(here: Here, wanted: PaymentStage | None, cursor: str | None) -> list[DictRow]:
    if wanted:
        before = decode_cursor(cursor, int)
        return await settled_payments(here.house.pool, wanted, before=before[0] if before else None, limit=ROWS)
    after = decode_cursor(cursor, int, int)
    return await waiting_payments(here.house.pool, after=(after[0], after[1]) if after else None, limit=ROWS)


@router.get("/payments/{payment}")
async def payment(here: TheOperator, payment: PaymentId) -> Response:
    """The picture beside the order."""
    found = await in_full(here.house, here.office.shelf, payment)
    pictures = [(one, shaping.media_path(one.url)) for one in found.pictures]
    return show(
        here, "payment.html", payment=found, pictures=pictures, link_there=shaping.safe_link(found.link),
        may=may_approve(here, found), why_not=why_not(here, found), waits=waits(found), once=uuid4().hex,
    )  # fmt: skip


def waits(payment: PaymentInFull) -> bool:
    """Whether a person is waited for."""
    return payment.stage in (PaymentStage.WAITING, PaymentStage.APPROVED_ONCE)


def why_not(here: Here, payment: PaymentInFull) -> str:
    """Why this person cannot agree to it; empty: they can."""
    return _why_not(here, {"stage": payment.stage, "approved_by": payment.approved_by})


def _why_not(here: Here, row: dict[str, Any]) -> str:
    return str(WORDS.payments.already) if _has_agreed(here, row["approved_by"]) else _not_a_manager(here, row)


def _has_agreed(here: Here, approved_by: list[str]) -> bool:
    return any(same_person(here.name, name) for name in approved_by)


def _not_a_manager(here: Here, row: dict[str, Any]) -> str:
    """A form that was posted twice is not a second decision: what became of the first is the conversation's to say."""
    is_second = row["stage"] == PaymentStage.APPROVED_ONCE and not _has_agreed(here, row["approved_by"])
    return str(WORDS.payments.managers) if is_second and not here.operator.is_manager else ""


def may_approve(here: Here, payment: PaymentInFull) -> bool:
    """Four eyes: the second pair is a manager's, and another person's."""
    return waits(payment) and not why_not(here, payment)


@router.post("/payments/{payment}/decision")
async def decision(here: TheOperator, payment: PaymentId, form: ThePosted) -> Response:
    """Approve it or refuse it."""
    verdict = _verdict(here, form)
    found = await in_full(here.house, here.office.shelf, payment)
    what = f"payment {payment}: {'approve' if verdict.approve else 'refuse'}"
    async with noted(here, Act.DECIDE_PAYMENT, found.conversation_id, what):
        key = key_of(here, f"decision/{verdict.approve}", form.get("once"))
        refusal = _not_a_manager if key else _why_not
        await decide(here.house, payment, verdict, key, lambda row: refusal(here, row))
    return back(f"/console/payments/{payment}")


def _verdict(here: Here, form: Any) -> Verdict:
    try:
        return Verdict(approve=form.get("approve") == "yes", reason=form.get("reason", ""), operator=here.name)
    except ValidationError as error:
        raise Problem(422, "; ".join(item["msg"].removeprefix("Value error, ") for item in error.errors())) from None
