"""Is each thing we need there? One question each, none of them slow."""

import asyncio
import socket
from collections.abc import Coroutine
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import psutil
from psycopg.rows import DictRow
from pydantic import BaseModel
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import PollerInfo, TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest, DescribeTaskQueueResponse, GetSystemInfoRequest
from temporalio.client import Client
from temporalio.service import RPCError

from contracts.conversation import TASK_QUEUE
from domain.failures import Unavailable
from providers.records import listings
from providers.records.inbox import Inbox
from providers.records.model_state import model_part
from providers.records.pool import Pool
from providers.records.tokens import ending
from runtime.in_time import in_time
from runtime.settings import Settings

CHECK_WITHIN = 2.0
POLLER_SEEN_WITHIN = 75.0
"""Seconds. An idle worker asks anew at the end of each long poll, that is about once a minute."""


class State(StrEnum):
    """How well a part works."""

    OK = "ok"
    DEGRADED = "degraded"
    DOWN = "down"


class Part(BaseModel):
    """One part's health."""

    status: State
    reason: str = ""


OK = Part(status=State.OK)


def down(reason: str) -> Part:
    """It does not work."""
    return Part(status=State.DOWN, reason=reason)


async def timed(check: Coroutine[Any, Any, Part], what: str) -> Part:
    """Let a check take its time, but not ours."""
    try:
        return await in_time(check, CHECK_WITHIN)
    except TimeoutError:
        return down(f"{what} did not answer within {CHECK_WITHIN:g} s")
    except (RPCError, RuntimeError, Unavailable) as error:
        return down(f"{what} cannot be reached: {_short(error)}")


def _short(error: Exception) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__


async def temporal(client: Client) -> Part:
    """Whether the Temporal server answers."""
    await client.workflow_service.get_system_info(GetSystemInfoRequest())
    return OK


async def postgres(pool: Pool, settings: Settings) -> Part:
    """Whether PostgreSQL answers and has our tables."""
    if not settings.database_url:
        return down("DATABASE_URL is not set")
    missing = await listings.missing_migrations(pool)
    return down(f"migrations are missing ({', '.join(missing)}): run `everturn migrate`") if missing else OK


async def worker(client: Client, settings: Settings) -> Part:
    """Whether somebody asks for the conversations' work."""
    queue = await describe(client, TASK_QUEUE, TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW)
    now = datetime.now(UTC)
    if any(is_alive(poller, now, local=not settings.is_production) for poller in queue.pollers):
        return OK
    return down(f"no worker asks for work on the task queue {TASK_QUEUE!r}")


def is_alive(poller: PollerInfo, now: datetime, *, local: bool) -> bool:
    """Whether this poller still lives: the server lists dead ones for minutes.

    Its last question was less than a long poll ago; and, where all processes share this machine (`local`), its process
    exists: the SDK's identity is `pid@host`.
    """
    age = (now - poller.last_access_time.ToDatetime(UTC)).total_seconds()
    if age > POLLER_SEEN_WITHIN:
        return False
    pid, _, host = poller.identity.partition("@")
    return not (local and host == socket.gethostname() and pid.isdecimal()) or psutil.pid_exists(int(pid))


async def backlog(client: Client, queue: str) -> int:
    """How many tasks wait on a queue, of both kinds."""
    kinds = (TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY)
    found = await asyncio.gather(*(describe(client, queue, kind) for kind in kinds))
    return sum(one.stats.approximate_backlog_count for one in found)


async def describe(client: Client, queue: str, kind: "TaskQueueType.ValueType") -> DescribeTaskQueueResponse:
    """What the server knows of a task queue."""
    request = DescribeTaskQueueRequest(
        namespace=client.namespace, task_queue=TaskQueue(name=queue), task_queue_type=kind, report_stats=True
    )
    return await client.workflow_service.describe_task_queue(request)


async def paused(pool: Pool) -> Part:
    """Whether a platform refused one of our credentials, or soon will because it ends."""
    refused, ends = await listings.paused_accounts(pool), await ending(pool)
    names = "; ".join(f"{row['platform']}:{row['account']}: {row['reason']}" for row in refused)
    reasons = [f"sending is paused, mend the credential: {names}"] if refused else []
    reasons += [_of_ending(row) for row in ends]
    return Part(status=State.DEGRADED, reason="; ".join(reasons)) if reasons else OK


def _of_ending(row: DictRow) -> str:
    when = f"ends on {row['expires_at']:%Y-%m-%d}" if row["expires_at"] else "has an end that nobody knows"
    whose = f"the token of {row['platform']}:{row['account']}"
    return f"{whose} {when} and could not be renewed ({row['trouble']}): set a new one"


async def inbox(pool: Pool) -> Part:
    """Whether messages wait for Temporal to come back, or for a person because no conversation took them."""
    kept = Inbox(pool)
    waiting, refused = await kept.waiting(), await kept.refused()
    reasons = [f"{waiting} messages wait in the inbox for Temporal"] if waiting else []
    reasons += [f"{refused} messages were refused and wait for a person: `everturn outbox list`"] if refused else []
    return Part(status=State.DEGRADED, reason="; ".join(reasons)) if reasons else OK


async def model(pool: Pool, settings: Settings) -> Part:
    """Whether the language model can be used, and answers."""
    if not settings.anthropic_api_key:
        return Part(status=State.DEGRADED, reason="ANTHROPIC_API_KEY is not set: flows that need a model run degraded")
    trouble = await model_part(pool)
    return Part(status=State.DEGRADED, reason=f"the model does not answer: {trouble}") if trouble else OK
