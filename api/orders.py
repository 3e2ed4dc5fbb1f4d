"""Cancelling an order: the goods go back to the shelf, and the customer hears it."""

from typing import Annotated

import structlog
from fastapi import APIRouter, Path
from pydantic import Field

from api.house import House, TheHouse
from api.operator_auth import OperatorsOnly
from api.operator_models import Order, Who
from api.payment_models import Line
from api.problems import Problem, refusals
from domain.identifiers import Address
from domain.news import OrderCancelled
from providers.records import orders

router = APIRouter(
    prefix="/api/orders", tags=["orders"], dependencies=[OperatorsOnly], responses=refusals(401, 403, 422, 503)
)
log = structlog.get_logger(__name__)

OrderNumber = Annotated[int, Path(ge=1, le=2**63 - 1)]
TOLD = refusals(400, 404, _409="A payment proof of it waits for a decision")


class Cancelling(Who):
    """Why an order is cancelled."""

    reason: Annotated[Line, Field(max_length=500)] = ""
    """Said to the customer."""


class CancelledOrder(Order):
    """The order as it stands now."""

    customer_told: bool
    """False: the conversation is over, and nobody is told."""


@router.get("/{number}", responses=refusals(404))
async def read_order(house: TheHouse, number: OrderNumber) -> Order:
    """One order."""
    found = await orders.find(house.pool, number)
    if found is None:
        raise Problem(404, f"there is no order {number}")
    return Order.model_validate(found)


@router.post("/{number}/cancel", responses=TOLD)
async def cancel_order(house: TheHouse, number: OrderNumber, asked: Cancelling | None = None) -> CancelledOrder:
    """Cancel it: what it took goes back to the shelf, once, and the customer is told."""
    return await cancelled(house, number, (asked or Cancelling()).reason)


async def cancelled(house: House, number: int, reason: str, *, paid_too: bool = True) -> CancelledOrder:
    """Cancel it and tell its conversation. Asked again after the telling failed, it tells.

    Raises:
        Problem: 404 there is none; 403 it is paid, and `paid_too` is not given; 409 a proof waits; 503 it is
            cancelled, and the conversation cannot be told now.
    """
    before = await read_order(house, number)
    if not await orders.cancel(house.pool, number, paid_too=paid_too):
        await _explain(house, number)
    news = OrderCancelled(kind="order_cancelled", order=str(number), reason=reason)
    told = await house.conversations.mention(Address.of_conversation(before.conversation_id), "order_cancelled", news)
    log.info("order_cancelled", conversation=before.conversation_id, order=number, told=told)
    now = await read_order(house, number)
    return CancelledOrder.model_validate({**now.model_dump(), "customer_told": told})


async def _explain(house: House, number: int) -> None:
    """Why it was not cancelled; one that is cancelled already may still have to be told."""
    if (payment := await orders.waiting_payment(house.pool, number)) is not None:
        raise Problem(409, f"payment {payment} of this order waits: decide about it first")
    if (await read_order(house, number)).status == orders.PAID:
        raise Problem(403, "cancelling a paid order is a manager's")
