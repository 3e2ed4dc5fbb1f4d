"""Messages that were taken and that no conversation would hear, however often it was tried: a person decides."""

from datetime import datetime
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Path
from pydantic import BaseModel

from api.house import House, TheHouse
from api.operator import Cursor, Limit
from api.operator_auth import OperatorsOnly
from api.operator_models import Page, Row, decode_cursor, encode_cursor
from api.problems import Problem, refusals
from providers.records.inbox import Inbox

router = APIRouter(
    prefix="/api/inbox", tags=["delivery"], dependencies=[OperatorsOnly], responses=refusals(401, 403, 422, 503)
)
log = structlog.get_logger(__name__)

RowId = Annotated[int, Path(ge=1, le=2**63 - 1)]
FOUND = refusals(404)


class Refused(Row):
    """Something heard that could not be handed over to its conversation."""

    id: int
    conversation_id: str
    platform: str
    account: str
    kind: str
    """"message", "receipt", "echo" or "unsent"."""
    message: Any
    reason: str
    attempts: int
    accepted_at: datetime
    refused_at: datetime


class Standing(BaseModel):
    """What became of it."""

    id: int
    state: str
    """"waiting" or "dropped"."""


@router.get("", responses=refusals(400))
async def list_refused(house: TheHouse, limit: Limit = 50, cursor: Cursor = None) -> Page[Refused]:
    """What could not be handed over, newest first. Nothing of it is tried again by itself."""
    before = decode_cursor(cursor, int)
    rows = await Inbox(house.pool).letters(before[0] if before else None, limit)
    following = encode_cursor(rows[-1]["id"]) if len(rows) == limit else None
    await house.names.unmask(rows)
    return Page(items=[Refused.model_validate(row) for row in rows], next_cursor=following)


@router.post("/{row_id}/retry", status_code=202, responses=FOUND)
async def retry_refused(house: TheHouse, row_id: RowId) -> Standing:
    """Try again, as if it had just come in. 202: it will be tried."""
    return await _decided(house, row_id, "waiting")


@router.post("/{row_id}/drop", responses=FOUND)
async def drop_refused(house: TheHouse, row_id: RowId) -> Standing:
    """Give it up: no conversation will ever hear it."""
    return await _decided(house, row_id, "dropped")


async def _decided(house: House, row_id: int, state: str) -> Standing:
    inbox = Inbox(house.pool)
    conversation = await (inbox.drop(row_id) if state == "dropped" else inbox.try_again(row_id))
    if conversation is None:
        raise Problem(404, "there is no such message here, or it was decided about already")
    log.info("refused_message_decided", id=row_id, conversation=conversation, state=state)
    return Standing(id=row_id, state=state)
