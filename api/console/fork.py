"""What if: the rest of a conversation again, with other words or another model, beside what it was. For managers."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import ValidationError
from starlette.responses import Response
from temporalio.client import Client

from api.console.conversation import ConversationId
from api.console.office import Here, TheManager, ThePosted
from api.console.shown import ConsoleRoute, show
from api.console.words import WORDS
from api.problems import Problem
from domain.identifiers import Address
from domain.operators import Act
from domain.what_if import WhatIf, Wish

router = APIRouter(prefix="/console", route_class=ConsoleRoute, include_in_schema=False)

MOST_TURNS = 15
"""Turns that a page waits for; the command line takes them all."""
PATIENCE = 100.0
"""Seconds."""
Rehearse = Callable[[Client, Address, Wish], Awaitable[WhatIf]]
"""Takes the turns again; raises `Problem` 422 where that cannot be. Handed in by whoever starts the API."""
_one_at_a_time = asyncio.Semaphore(1)


@router.get("/conversations/{conversation:path}/fork")
async def form(
    here: TheManager, conversation: ConversationId, turn: Annotated[int, Query(ge=1, le=1_000_000)] = 1
) -> Response:
    """What to change, and from where on."""
    address = await here.house.address(conversation)
    return _page(here, address, Wish(turn=turn))


@router.post("/conversations/{conversation:path}/fork")
async def taken_again(here: TheManager, conversation: ConversationId, posted: ThePosted) -> Response:
    """Both, side by side."""
    address = await here.house.address(conversation)
    wish = _wish(posted.get("turn", ""), posted.get("prompt", ""), posted.get("model", ""))
    rehearse = _rehearse_of(here.request)
    if rehearse is None:
        raise Problem(503, WORDS.fork.not_here)
    try:
        async with asyncio.timeout(PATIENCE), _one_at_a_time:
            found = await rehearse(here.house.temporal, address, wish)
    except TimeoutError:
        raise Problem(503, WORDS.fork.too_long) from None
    await here.note(Act.OTHER, address.conversation_id, f"what if from turn {wish.turn}: {', '.join(found.changes)}")
    return _page(here, address, wish, found)


def _page(here: Here, address: Address, wish: Wish, found: WhatIf | None = None) -> Response:
    return show(
        here, "fork.html", conversation=address.conversation_id, wish=wish, found=found, most=MOST_TURNS,
        is_here=_rehearse_of(here.request) is not None,
    )  # fmt: skip


def _rehearse_of(request: Request) -> Rehearse | None:
    rehearse: Rehearse | None = getattr(request.app.state, "rehearse", None)
    return rehearse


def _wish(turn: str, prompt: str, model: str) -> Wish:
    try:
        return Wish(turn=int(turn), prompt=prompt.strip(), model=model.strip(), most=MOST_TURNS)
    except (ValueError, ValidationError):
        raise Problem(422, WORDS.fork.wrong) from None
