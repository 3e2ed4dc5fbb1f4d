"""What operators do through the bearer API is written down, as what they do in the console is."""

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import structlog
from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic_core import from_json

from api.console.office import Office, visitor_of
from api.problems import Problem
from domain.failures import EverturnError, Unavailable
from domain.operators import Act, Via
from providers.records import console
from providers.records.audit import Deed

ACTS = {
    "take-over": Act.TAKE_OVER,
    "release": Act.RELEASE,
    "replies": Act.REPLY,
    "retry": Act.SEND_AGAIN,
    "drop": Act.DROP_LETTER,
    "decision": Act.DECIDE_PAYMENT,
    "cancel": Act.CANCEL_ORDER,
    "credits": Act.ADJUST_CREDITS,
    "check": Act.CHECK_ACCOUNT,
}
"""By the last piece of the address; others by what they act on."""
ON_ACCOUNTS = {"POST": Act.ADD_ACCOUNT, "PATCH": Act.CHANGE_ACCOUNT, "DELETE": Act.REMOVE_ACCOUNT}
HOLDING = frozenset({Act.TAKE_OVER, Act.REPLY})
STRANGERS = frozenset({401, 403})
LONGEST_NAME = 100
READING = frozenset({"GET", "HEAD", "OPTIONS"})

log = structlog.get_logger(__name__)


async def recorded(request: Request) -> AsyncIterator[None]:
    """Write down what this request did, and what came of it; strangers and what is not understood did nothing."""
    office: Office | None = getattr(request.app.state, "office", None)
    if office is None or request.method in READING or not request.url.path.startswith("/api/"):
        yield
        return
    try:
        yield
    except Problem as error:
        if error.status not in STRANGERS:
            await _write(office, await _deed(request, f"refused: {error.status} {error}"[:200]))
        raise
    except RequestValidationError:
        raise
    else:
        await _write(office, await _deed(request, "done"))


Recorded = Depends(recorded)


async def _deed(request: Request, outcome: str) -> Deed:
    given = request.path_params
    conversation = await _masked(request, str(given.get("conversation_id", "")))
    subject = " ".join(f"{name} {value}" for name, value in given.items() if name != "conversation_id")
    said = await _said(request)
    if "approve" in said:
        subject += ": approve" if said["approve"] is True else ": refuse"
    return Deed(
        operator=_name(said),
        via=Via.API,
        act=_act(request),
        conversation=conversation,
        subject=subject,
        address=visitor_of(request).address,
        outcome=outcome,
    )


async def _masked(request: Request, conversation: str) -> str:
    """A conversation by its own id, whichever name of the customer the caller knew."""
    office: Office = request.app.state.office
    with suppress(Problem, EverturnError):
        return (await office.house.address(conversation)).conversation_id if conversation else ""
    return conversation


def _act(request: Request) -> Act:
    pieces = request.url.path.strip("/").split("/")
    if pieces[-1] in ACTS:
        return ACTS[pieces[-1]]
    if pieces[1:2] == ["accounts"]:
        return ON_ACCOUNTS.get(request.method, Act.OTHER)
    return Act.CHANGE_PLAN if pieces[1:2] == ["plans"] else Act.OTHER


async def _said(request: Request) -> dict[str, Any]:
    """What the caller wrote; empty: nothing, or nothing that can be read."""
    if "json" not in request.headers.get("content-type", ""):
        return {}
    try:
        body = from_json(await request.body())
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _name(said: dict[str, Any]) -> str:
    """Whom the caller says to speak for."""
    name = said.get("operator")
    return name[:LONGEST_NAME] if isinstance(name, str) and name.strip() else "operator"


async def _write(office: Office, deed: Deed) -> None:
    """What was done is done: books that cannot be reached now do not undo it."""
    try:
        await office.audit.write(deed)
        if deed.act in HOLDING and deed.outcome == "done":
            await console.note_holder(office.house.pool, deed.conversation, deed.operator)
    except Unavailable:
        log.error("act_not_written_down", act=deed.act.value, via=deed.via.value)
