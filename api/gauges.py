"""Figures that are read when they are asked for: how long things wait, who works, how much disk is left."""

import asyncio
import shutil
from datetime import UTC, datetime
from pathlib import Path

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.service import RPCError

from api import checks
from api.house import House
from contracts.conversation import TASK_QUEUE
from domain.failures import Unavailable
from providers.records.ages import NAMES, Ages, ages
from runtime import metrics
from runtime.in_time import in_time


async def more_gauges(house: House, home: Path) -> list[bytes]:
    """As Prometheus text; what cannot be read is left out, so that "none" is never a guess."""
    waiting, working = await asyncio.gather(_ages(house), _workers(house))
    told = [metrics.render_gauge(name, NAMES[name], metrics.ACCOUNT, values) for name, values in waiting.items()]
    if working is not None:
        what = "Worker processes that ask for conversations' work"
        told.append(metrics.render_gauge("workers_polling", what, (), {(): float(working)}))
    return [*told, *_disk(home)]


async def _ages(house: House) -> Ages:
    """With a zero for the accounts where nothing waits."""
    try:
        found = await in_time(ages(house.pool), checks.CHECK_WITHIN)
    except (TimeoutError, Unavailable):
        return {}
    nothing: dict[metrics.Labels, float] = {
        (account.platform, account.account): 0.0 for account in await house.accounts.all()
    }
    return {name: {**nothing, **values} for name, values in found.items()}


async def _workers(house: House) -> int | None:
    try:
        asking = checks.describe(house.temporal, TASK_QUEUE, TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW)
        queue = await in_time(asking, checks.CHECK_WITHIN)
    except (TimeoutError, RPCError, RuntimeError):
        return None
    now, local = datetime.now(UTC), not house.settings.is_production
    return len({poller.identity for poller in queue.pollers if checks.is_alive(poller, now, local=local)})


def _disk(home: Path) -> list[bytes]:
    """Of the home's disk: with embedded servers everything lies there, else media, if they lie in a folder."""
    here = next((folder for folder in (home, *home.parents) if folder.exists()), Path("/"))
    disk = shutil.disk_usage(here)
    sizes = {"disk_free_bytes": (disk.free, "Left on the home's disk"), "disk_size_bytes": (disk.total, "Of that disk")}
    return [metrics.render_gauge(name, what, (), {(): float(size)}) for name, (size, what) in sizes.items()]
