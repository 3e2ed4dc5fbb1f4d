"""Tells the Temporal server how fast an account may send: it then holds across any number of workers.

One pace for all accounts of a platform: its own, or a faster one that the environment states. Who has a rate of its
own passes `providers/records/turnstile.py` too.
"""

import asyncio
import random
from collections.abc import Mapping
from datetime import timedelta

import structlog
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import RateLimit
from temporalio.api.workflowservice.v1 import UpdateTaskQueueConfigRequest
from temporalio.client import Client
from temporalio.service import RPCError

from contracts.conversation import DELIVERY_QUEUE_PREFIX
from domain.failures import EverturnError
from platforms.base import Platform
from runtime.accounts import Accounts

RATE_MARGIN = 0.8
"""The server lets a small burst pass before it paces: measured at 5 to 7, so pace at four fifths of the limit."""
LOOK_AGAIN_SECONDS = 30.0
"""How soon an account's new rate holds."""
UNTIL_SET_SECONDS = 5.0
MOST_COLLISIONS = 5
log = structlog.get_logger()


async def keep_pace(client: Client, accounts: Accounts, platforms: Mapping[str, Platform]) -> None:
    """Set every platform's pace and keep it true to its accounts; sending need not wait for it."""
    known: dict[str, int] = {}
    while True:
        for name, platform in platforms.items():
            await _renew(client, name, platform, accounts, known)
        await asyncio.sleep(LOOK_AGAIN_SECONDS if len(known) == len(platforms) else UNTIL_SET_SECONDS)


async def _renew(client: Client, name: str, platform: Platform, accounts: Accounts, known: dict[str, int]) -> None:
    try:
        own = (await accounts.default(name)).requests_per_minute
        wanted = max(platform.abilities("").requests_per_minute, own or 0)
        if known.get(name) != wanted:
            await _insist(client, name, wanted)
            known[name] = wanted
    except (RPCError, EverturnError) as error:
        log.warning("pace_not_set", platform=name, reason=str(error)[:200])


async def _insist(client: Client, name: str, wanted: int) -> None:
    """Two workers that start together write the same thing at once, and the server refuses one of them."""
    for _ in range(MOST_COLLISIONS):
        try:
            return await pace(client, name, wanted)
        except RPCError:
            await asyncio.sleep(random.uniform(0.05, 0.5))  # noqa: S311 — to part from the other one, not a secret
    return await pace(client, name, wanted)


async def pace(client: Client, platform: str, requests_per_minute: int) -> None:
    """Set the rate of every fairness key, which is an account."""
    limit = UpdateTaskQueueConfigRequest.RateLimitUpdate(
        rate_limit=RateLimit(requests_per_second=requests_per_minute / 60 * RATE_MARGIN),
        reason=f"{requests_per_minute} a minute per account",
    )
    request = UpdateTaskQueueConfigRequest(
        namespace=client.namespace,
        identity=client.identity,
        task_queue=DELIVERY_QUEUE_PREFIX + platform,
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
        update_fairness_key_rate_limit_default=limit,
    )
    await client.workflow_service.update_task_queue_config(request, timeout=timedelta(seconds=10))
