"""What changes, told to open pages as it changes: server-sent events."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response, StreamingResponse

from api.console.inbox import told
from api.console.office import Here, TheOperator, now
from api.console.shown import ConsoleRoute
from api.live import EVERYTHING, Listener
from api.problems import unavailable
from domain.failures import Unavailable
from providers.records import console

router = APIRouter(prefix="/console", route_class=ConsoleRoute, include_in_schema=False)

HEARTBEAT = 15.0
GATHERED = 0.25
"""Seconds in which changes are told together: a burst of messages is one look at the counts."""
LOOKED_EVERY = 2.0
"""For so long at most somebody who was logged out is told of changes."""
AGAIN_MS = 2_000
"""After this long a browser that was cut off comes back."""


@router.get("/counts")
async def counts(here: TheOperator) -> Response:
    """How many conversations each tab has."""
    here.office.watch.look()
    return JSONResponse(told(await console.counts(here.house.pool, here.name)))


@router.get("/events")
async def events(here: TheOperator) -> Response:
    """A stream of `touched` (ids) and `counts`. A page that comes back looks at everything anew: nothing is kept."""
    if here.office.live.is_full:
        raise unavailable("too many pages are open", 30)
    return StreamingResponse(_stream(here), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


async def _stream(here: Here) -> AsyncIterator[str]:
    """Until the page goes away, its session ends, or this process is told to stop."""
    live, looked = here.office.live, time.monotonic()
    with live.listening() as listener:
        yield f"retry: {AGAIN_MS}\n\n"
        yield _event("counts", await _counted(here))
        while not live.is_closing:
            changed = [what for what in await _changes(listener) if _is_theirs(here, what)]
            if time.monotonic() - looked >= LOOKED_EVERY:
                looked = time.monotonic()
                if not await _is_still_here(here):
                    yield _event("over", {})
                    return
            if not changed:
                yield ": still here\n\n"
                continue
            yield _event("touched", changed)
            yield _event("counts", await _counted(here))


async def _changes(listener: Listener) -> list[str]:
    """What changed, gathered for a moment; empty: nothing did for a while."""
    changed = await listener.heard(HEARTBEAT)
    if changed:
        await asyncio.sleep(GATHERED)
        changed = list(dict.fromkeys([*changed, *await listener.heard(0)]))
    return changed


def _is_theirs(here: Here, what: str) -> bool:
    """Whether a change is in a conversation that they see."""
    return what == EVERYTHING or not here.operator.accounts or here.operator.may_see_conversation(what)


async def _counted(here: Here) -> dict[str, str]:
    here.office.watch.look()
    try:
        return told(await console.counts(here.house.pool, here.name))
    except Unavailable:
        return {}


async def _is_still_here(here: Here) -> bool:
    """Whether the session behind the page still stands; away books end nobody's."""
    try:
        return await here.office.sessions.find(here.secret, now()) is not None
    except Unavailable:
        return True


def _event(name: str, content: Any) -> str:
    return f"event: {name}\ndata: {json.dumps(content)}\n\n"
