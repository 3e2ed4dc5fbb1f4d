"""How we are: for people, load balancers and Prometheus."""

import asyncio
import os
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.responses import Response
from temporalio.service import RPCError

from api import checks
from api.checks import Part, State
from api.gauges import more_gauges
from api.house import House, TheHouse
from contracts.conversation import DELIVERY_QUEUE_PREFIX, TASK_QUEUE
from domain.failures import Unavailable
from providers.records import listings
from runtime import metrics
from runtime.in_time import in_time

FRESH = 1.0
"""Seconds a health answer may be old: however often it is asked, the servers behind are asked once."""

router = APIRouter(tags=["health"])

try:
    VERSION = version("everturn")
except PackageNotFoundError:
    VERSION = "0.0.0"


class Health(BaseModel):
    """How each part is, and how we are all in all."""

    status: State
    version: str = VERSION
    temporal: Part
    postgres: Part
    worker: Part
    model: Part
    accounts: Part
    inbox: Part
    """What waits for Temporal to come back."""
    backlog: dict[str, int | None]
    """Tasks that wait, by task queue; null: cannot be told."""


class Physician:
    """Examines the house, at most once a second."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._lock = asyncio.Lock()
        self._last: tuple[float, Health] | None = None

    async def examine(self) -> Health:
        """The health of a second ago or less."""
        async with self._lock:
            if self._last is None or time.monotonic() - self._last[0] > FRESH:
                self._last = (time.monotonic(), await self._look())
            return self._last[1]

    async def _look(self) -> Health:
        house = self._house
        needed = asyncio.gather(
            checks.timed(checks.temporal(house.temporal), "Temporal"),
            checks.timed(checks.postgres(house.pool, house.settings), "PostgreSQL"),
            checks.timed(checks.worker(house.temporal, house.settings), "Temporal"),
        )
        wished = asyncio.gather(
            checks.timed(checks.paused(house.pool), "PostgreSQL"),
            checks.timed(checks.inbox(house.pool), "PostgreSQL"),
            checks.timed(checks.model(house.pool, house.settings), "PostgreSQL"),
        )
        (temporal, postgres, worker), (accounts, inbox, model), backlog = await asyncio.gather(
            needed, wished, backlogs(house)
        )
        status = _overall([temporal, postgres, worker], [model, accounts, inbox])
        return Health(
            status=status, temporal=temporal, postgres=postgres, worker=worker, model=model, accounts=accounts,
            inbox=inbox, backlog=backlog,
        )  # fmt: skip


def _overall(needed: list[Part], wished: list[Part]) -> State:
    """Down when a part we cannot do without is down; degraded when any is not as it should be."""
    if any(part.status is State.DOWN for part in needed):
        return State.DOWN
    everything_ok = all(part.status is State.OK for part in (*needed, *wished))
    return State.OK if everything_ok else State.DEGRADED


async def backlogs(house: House) -> dict[str, int | None]:
    """The tasks that wait on each of our task queues."""
    queues = [TASK_QUEUE, *(DELIVERY_QUEUE_PREFIX + platform for platform in house.platforms)]
    return dict(zip(queues, await asyncio.gather(*(_backlog(house, queue) for queue in queues)), strict=True))


async def _backlog(house: House, queue: str) -> int | None:
    try:
        return await in_time(checks.backlog(house.temporal, queue), checks.CHECK_WITHIN)
    except (TimeoutError, RPCError, RuntimeError):
        return None


@router.get("/", summary="Who we are")
async def about(house: TheHouse) -> dict[str, Any]:
    """Name, version, and where to go from here."""
    links = {"health": "/health", "metrics": "/metrics", "docs": "/docs", "openapi": "/openapi.json"}
    if not house.settings.is_production:
        links["simulator"] = "/simulator"
    webhooks = {name: platform.webhook_path for name, platform in house.platforms.items()}
    return {"name": "everturn", "version": VERSION, "links": links, "webhooks": webhooks}


@router.get("/health", response_model=Health, responses={503: {"model": Health}}, summary="How each part is")
async def health(request: Request) -> Response:
    """200 when everything needed works, perhaps degraded; 503 when Temporal, PostgreSQL or the worker is down."""
    physician: Physician = request.app.state.physician
    found = await physician.examine()
    return JSONResponse(found.model_dump(mode="json"), 503 if found.status is State.DOWN else 200)


@router.get("/metrics", summary="Prometheus metrics", response_class=Response)
async def scrape(house: TheHouse) -> Response:
    """Everything counted by this process (under `everturn up`: by all of them), and what waits right now."""
    home = Path(os.environ.get("EVERTURN_HOME", "."))
    waiting, backlog, others = await asyncio.gather(_counts(house), backlogs(house), more_gauges(house, home))
    queued: dict[metrics.Labels, float] = {
        (queue,): float(count) for queue, count in backlog.items() if count is not None
    }
    more = [
        metrics.render_gauge(name, what, metrics.ACCOUNT, waiting[name]) for name, what in _WAITING.items() if waiting
    ]
    if queued:
        more.append(metrics.render_gauge("queue_backlog", "Tasks that wait, by task queue", ["kind"], queued))
    # In a thread: with several processes their files are read, and webhooks shall not wait for that.
    text = await asyncio.to_thread(metrics.render, *more, *others)
    return Response(text, media_type=metrics.CONTENT_TYPE)


_WAITING = {
    "outbox_pending": "Parts that wait to be sent",
    "dead_letters": "Parts a person must decide about",
    "unaccounted_messages": "Messages accepted minutes ago without a fate, and all that no conversation has heard yet",
}


async def _counts(house: House) -> dict[str, dict[metrics.Labels, float]]:
    """What waits by account, with a zero for the accounts where nothing does; empty when PostgreSQL is away."""
    try:
        found = await in_time(
            listings.counts(house.pool, house.settings.unaccounted_after_minutes * 60), checks.CHECK_WITHIN
        )
    except (TimeoutError, Unavailable):
        return {}
    nothing: dict[metrics.Labels, float] = {
        (account.platform, account.account): 0.0 for account in await house.accounts.all()
    }
    return {name: {**nothing, **values} for name, values in found.items()}
