"""Orders: all of them, one, and as a table for elsewhere."""

import csv
import io
import re
from collections.abc import AsyncIterator, Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Query
from psycopg.rows import DictRow
from pydantic import ValidationError
from starlette.responses import Response, StreamingResponse

from api.console import shaping
from api.console.acts import noted
from api.console.office import Here, TheOperator, ThePosted
from api.console.shown import ConsoleRoute, back, show
from api.operator_models import decode_cursor, encode_cursor
from api.orders import Cancelling, OrderNumber, cancelled
from api.problems import Problem
from domain.operators import Act
from providers.records import console, listings
from providers.records import orders as orders_book

router = APIRouter(prefix="/console", route_class=ConsoleRoute, include_in_schema=False)

ROWS = 50
EXPORTED_AT_ONCE = 500
COLUMNS = (
    "id", "created_at", "status", "source", "contact", "client_name", "client_phone", "delivery_address",
    "bottles_count", "items", "total", "currency", "payment_method", "comment", "conversation_id", "shortage",
)  # fmt: skip
RUNS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""
PLAIN = re.compile(r"[+-]?[\d\s().-]*")
Status = Annotated[str | None, Query(max_length=100, pattern=r"^[^\x00]*$")]
Cursor = Annotated[str | None, Query(max_length=200)]


@router.get("/orders")
async def orders(here: TheOperator, status: Status = None, cursor: Cursor = None) -> Response:
    """Newest first."""
    before = decode_cursor(cursor, int)
    found = await listings.orders(here.house.pool, None, status or None, before[0] if before else None, ROWS)
    await here.house.names.unmask(found)
    statuses = await console.order_statuses(here.house.pool)
    following = encode_cursor(found[-1]["id"]) if len(found) == ROWS else None
    return show(
        here, "orders.html", orders=found, wanted=status or "", statuses=statuses,
        following=following, cursor=cursor,
    )  # fmt: skip


@router.get("/orders.csv")
async def export(here: TheOperator, status: Status = None) -> Response:
    """Every order as CSV, read a few hundred at a time."""
    await here.note(Act.EXPORT_ORDERS, subject=status or "")
    headers = {"Content-Disposition": 'attachment; filename="orders.csv"'}
    return StreamingResponse(_csv(here, status or None), media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/orders/{number}")
async def order(here: TheOperator, number: OrderNumber, told: Annotated[str, Query(max_length=10)] = "") -> Response:
    """One order."""
    found = await orders_book.find(here.house.pool, number)
    if found is None:
        raise Problem(404, f"there is no order {number}")
    await here.house.names.unmask([found])
    may_cancel = found["status"] != orders_book.CANCELLED and (
        here.operator.is_manager or found["status"] != orders_book.PAID
    )
    return show(here, "order.html", order=found, may_cancel=may_cancel, untold=told == "no")


@router.post("/orders/{number}/cancel")
async def cancel(here: TheOperator, number: OrderNumber, form: ThePosted) -> Response:
    """Cancel it; a paid one is a manager's to cancel."""
    found = await orders_book.find(here.house.pool, number)
    try:
        reason = Cancelling(reason=form.get("reason", "")).reason
    except ValidationError:
        raise Problem(422, "a reason is one line of at most 500 characters") from None
    async with noted(here, Act.CANCEL_ORDER, found["conversation_id"] if found else "", f"order {number}"):
        done = await cancelled(here.house, number, reason, paid_too=here.operator.is_manager)
    return back(f"/console/orders/{number}" + ("" if done.customer_told else "?told=no"))


async def _csv(here: Here, status: str | None) -> AsyncIterator[str]:
    yield "\ufeff" + _lines([COLUMNS])  # spreadsheets take it for UTF-8 by this mark alone
    before: int | None = None
    while rows := await listings.orders(here.house.pool, None, status, before, EXPORTED_AT_ONCE):
        await here.house.names.unmask(rows)
        yield _lines([_cells(row) for row in rows])
        before = rows[-1]["id"]


def _cells(row: DictRow) -> list[str]:
    return [cell(row.get(name)) for name in COLUMNS]


def cell(value: Any) -> str:
    """A value that no spreadsheet runs."""
    if isinstance(value, list):
        value = "; ".join(shaping.item_line(item) for item in value)
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(RUNS) and not PLAIN.fullmatch(text) else text


def _lines(rows: Iterable[Iterable[str]]) -> str:
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue()
