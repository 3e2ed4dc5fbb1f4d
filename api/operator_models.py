"""What the operator API takes and gives."""

import base64
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from api.problems import Problem
from domain.messages import MessageKind

Item = TypeVar("Item")


class Page(BaseModel, Generic[Item]):
    """One page of a list. `next_cursor` goes back as `?cursor=`; null: this was the last page."""

    items: list[Item]
    next_cursor: str | None = None


class Row(BaseModel):
    """A row of a table, without what is only ours."""

    model_config = ConfigDict(extra="ignore")


class Order(Row):
    """One order."""

    id: int
    conversation_id: str
    contact: str | None
    source: str
    status: str
    kind: str
    """"order", or "booking" where somebody wants to come or to be called."""
    client_name: str
    client_phone: str
    delivery_address: str
    payment_method: str
    comment: str
    bottles_count: int | None
    items: list[dict[str, Any]]
    total: Decimal | None
    currency: str
    shortage: str = ""
    """What the shelf no longer held when it was placed (title, number, how many of how many); empty: all was there."""
    chat2desk_client_id: str | None
    order_key: str
    created_at: datetime
    updated_at: datetime


class KeptMedia(BaseModel):
    """One picture, voice note or file of a message."""

    kind: MessageKind
    problem: str = ""
    """Why it could not be used; empty: it is kept."""
    url: str = ""
    """Where it can be seen, for a day; empty: nothing is kept."""
    mime: str = ""
    transcript: str = ""


class Line(Row):
    """One message of a transcript."""

    id: int
    at: datetime = Field(validation_alias="timestamp")
    direction: str
    """"in": from the customer; "out": to the customer."""
    kind: str
    text: str
    media: list[dict[str, Any]]
    """As the platform named them."""
    kept: list[KeptMedia] = []
    """What became of them here."""
    message_id: str
    turn: int
    success: bool
    error_reason: str


class WaitingPart(Row):
    """One part of a reply, and where it stands."""

    key: str
    conversation_id: str
    state: str
    attempts: int
    part: dict[str, Any]
    turn: int
    last_error: str
    next_attempt_at: datetime | None
    message_id: str
    created_at: datetime
    updated_at: datetime


class DeadLetter(Row):
    """A part that could not be delivered, or whose outcome nobody knows. A person decides."""

    id: int
    outbox_key: str
    conversation_id: str
    platform: str
    account: str
    contact: str
    reason: str
    outcome_unknown: bool
    """True: it may have reached the customer; sending it again may show it twice."""
    attempts: int
    part: dict[str, Any]
    turn: int
    created_at: datetime


class Decided(BaseModel):
    """What became of a dead letter."""

    id: int
    outbox_key: str
    state: str


class ListedConversation(BaseModel):
    """A conversation as Temporal's visibility knows it."""

    id: str
    platform: str
    account: str
    contact: str
    flow: str
    phase: str
    holder: str
    attention: str
    order_id: str
    status: str
    opened_at: datetime
    closed_at: datetime | None


class Who(BaseModel):
    """Who does it, for the record."""

    operator: str = Field(default="operator", min_length=1, max_length=100)


def without_nul(text: Any) -> Any:
    """PostgreSQL keeps no NUL, and nobody means one."""
    return text.replace("\x00", "") if isinstance(text, str) else text


class GivesBack(Who):
    """An operator gives the conversation back to the assistant."""

    summary: Annotated[str, BeforeValidator(without_nul), Field(max_length=1_000)] = ""
    """What happened meanwhile: the assistant knows it from then on."""


class Reply(Who):
    """What the operator writes to the customer."""

    text: Annotated[str, BeforeValidator(without_nul), Field(min_length=1, max_length=4_000, pattern=r"\S")]


def encode_cursor(*values: str | int) -> str:
    """Where the next page begins, as one opaque word."""
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode()


def decode_cursor(cursor: str | None, *kinds: type) -> tuple[Any, ...] | None:
    """Read a cursor of ours back.

    Raises:
        Problem: 400, it is none.
    """
    if cursor is None:
        return None
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except ValueError:
        values = None
    if not isinstance(values, list) or [type(value) for value in values] != list(kinds) or not all(map(_fits, values)):
        raise Problem(400, "this cursor is not one of ours")
    return tuple(values)


def _fits(value: str | int) -> bool:
    """Whether PostgreSQL can look for it."""
    if isinstance(value, int):
        return abs(value) < 2**63
    return not any(sign == "\x00" or "\ud800" <= sign <= "\udfff" for sign in value)


def decode_moment(cursor: str | None) -> tuple[datetime, str] | None:
    """Read back a cursor of a moment and an id.

    Raises:
        Problem: 400, it is none.
    """
    found = decode_cursor(cursor, str, str)
    if found is None:
        return None
    try:
        return datetime.fromisoformat(found[0]).astimezone(UTC), found[1]
    except (ValueError, OverflowError):
        raise Problem(400, "this cursor is not one of ours") from None
