"""The worker: builds the clients, registers workflows and activities, and runs until it is told to stop."""

import asyncio
import importlib
import signal
import sys
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import structlog
import uvloop
from temporalio.client import Client
from temporalio.runtime import Runtime
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Worker

from activities.budget import Budget
from activities.delivery import Delivery
from activities.dialog import Dialog
from activities.gallery import Gallery, GalleryRules
from activities.inquiry import Sources
from activities.pace import keep_pace
from activities.payments import Payments
from activities.records import Orders, Records
from activities.renewal import Renewal
from contracts import search_attributes
from contracts.conversation import DELIVERY_QUEUE_PREFIX, TASK_QUEUE
from domain.failures import EverturnError
from flows.registry import FLOWS
from flows.registry import flow as find_flow
from platforms.base import Platform
from platforms.http import build_client
from platforms.registry import platforms as build_platforms
from platforms.registry import variables as platform_variables
from platforms.unmasking import unmasking
from providers.media.download import Downloader
from providers.media.fingerprints import Fingerprints
from providers.media.opening import open_media_store, retention_of
from providers.media.pictures import Pictures
from providers.media.transcription import NobodyListens, OpenAITranscriber, Transcriber
from providers.model.opening import open_model
from providers.records.accounts import Pauses
from providers.records.books import Books
from providers.records.credits import Credits
from providers.records.directory import Directory
from providers.records.inbox import Inbox
from providers.records.leases import Lease
from providers.records.media import MediaRecords
from providers.records.outbox import Outbox
from providers.records.payments import PaymentRecords
from providers.records.pool import Pool, open_pool
from providers.records.privacy import open_discretion
from providers.records.tenants import Tenants
from providers.records.turnstile import Turnstile
from providers.search.opening import open_embedder
from providers.secrets import secret_box
from runtime import metrics
from runtime.account_settings import load_account_settings
from runtime.accounts import Accounts, StatedAccounts
from runtime.codec import HistoryCodec
from runtime.logs import configure_logs
from runtime.media_settings import MediaSettings, load_media_settings
from runtime.sandbox import sandbox
from runtime.sdk_metrics import carry_over, measured_runtime
from runtime.sdk_runtime import leave
from runtime.search_settings import load_search_settings
from runtime.settings import Settings, WrongSetting, load_settings
from runtime.temporal import connect, is_running, register_search_attributes
from runtime.tracing import open_tracing
from runtime.versioning import WhichBuild, settle, which_build
from workflows.conversation import ConversationWorkflow

log = structlog.get_logger()

SWEEP_SECONDS = 900.0
SETTLED_AFTER = 3.0
"""Seconds after its start from which a worker looks after the inbox, too."""

NOT_OURS_TO_REGISTER = (RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED)
"""Temporal Cloud, or a cluster whose owner does that: they were added by hand."""
NO_BUILD = WhichBuild(build_id="-")
"""Stands in ten events of every turn: short on purpose, where the SDK's own is a 32-character digest."""

AT_HAND = 600
"""Conversations a worker keeps in memory. A long run weighs 0.7 MB (seen in a soak), so all of them take less than half
of the gigabyte the compose file grants; one core carries fewer customers who write at the same time."""

SPEED = {
    "graceful_shutdown_timeout": timedelta(seconds=6),
    "sticky_queue_schedule_to_start_timeout": timedelta(seconds=1.5),
    "max_heartbeat_throttle_interval": timedelta(milliseconds=500),
    "default_heartbeat_throttle_interval": timedelta(milliseconds=500),
}


@dataclass(frozen=True)
class Hands:
    """The activities with their clients inside."""

    dialog: Dialog
    orders: Orders
    records: Records
    payments: Payments
    delivery: Delivery


def conversations_worker(client: Client, hands: Hands, build: WhichBuild | None = None) -> Worker:
    """Carries conversations: workflow tasks, decisions, books."""
    return Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=[ConversationWorkflow],
        activities=[
            hands.dialog.decide,
            hands.dialog.phrase,
            hands.orders.place_order,
            hands.records.close_dialog,
            hands.records.keep_messages,
            hands.records.forget_message,
            hands.payments.open_payment,
            hands.payments.note_payment,
            hands.payments.settle_payment,
        ],
        workflow_runner=sandbox(),
        max_cached_workflows=AT_HAND,
        max_concurrent_workflow_tasks=4,
        max_concurrent_activities=200,
        **(build or NO_BUILD),
        **SPEED,  # type: ignore[arg-type]  # one dict for both workers; each value has the keyword's type
    )


def delivery_worker(client: Client, platform: str, hands: Hands, build: WhichBuild | None = None) -> Worker:
    """Sends parts to one platform; its queue is paced by the server, per account."""
    return Worker(
        client,
        task_queue=DELIVERY_QUEUE_PREFIX + platform,
        activities=[hands.delivery.send, hands.delivery.withdraw],
        max_concurrent_activities=200,
        **(build or NO_BUILD),
        **SPEED,  # type: ignore[arg-type]  # as above
    )


def build_hands(
    accounts: Accounts,
    platforms: Mapping[str, Platform],
    pool: Pool,
    lease: Lease,
    budget: Budget,
    sources: Sources,
) -> Hands:
    """The activities of this process."""
    books, gallery = Books(pool), sources.gallery
    return Hands(
        dialog=Dialog(accounts, platforms, books, gallery, budget, sources),
        orders=Orders(books),
        records=Records(books, gallery, accounts),
        payments=Payments(PaymentRecords(pool), gallery, Fingerprints()),
        delivery=Delivery(accounts, platforms, Outbox(pool, lease.holder), Pauses(pool), Turnstile(pool), lease),
    )


async def run(settings: Settings, *, measured: bool = True) -> None:
    """Run until SIGTERM or SIGINT; work under way is finished first. `measured`: this process serves the figures.

    Raises:
        RuntimeError: Temporal cannot be reached.
    """
    async with AsyncExitStack() as stack:
        runtime, buffer = measured_runtime()
        pool = open_pool(settings.database_url, size=settings.database_pool_size, name="everturn-worker")
        kept = load_account_settings(everturn_env=settings.everturn_env)
        discretion = open_discretion(settings, secret_box(kept), pool)
        client = await _connected(settings, runtime, discretion.codec, stack)
        await pool.open()
        stack.push_async_callback(pool.close)
        http = await stack.enter_async_context(build_client())
        platforms = unmasking(build_platforms(http), discretion.names)
        stated = await _announced(settings)
        tenants = Tenants(pool, discretion.box)
        accounts = Directory(
            tenants, stated, seconds=kept.account_cache_seconds, size=kept.account_cache_size, strict=True
        )
        gallery = _open_gallery(load_media_settings(), Path(kept.everturn_home), platforms, pool, http, stack)
        budget = Budget(Credits(pool), accounts)
        lease = Lease(settings.database_url, pool)
        for errand in (
            lease.keep(), carry_over(buffer), accounts.keep(settings.database_url), budget.keep(),
            Renewal(accounts, platforms, tenants.tokens).keep(),
            keep_pace(client, accounts, platforms), _keep_sweeping(gallery, accounts, pool, client),
            _hand_over_inbox(client, accounts, pool), discretion.keep(settings.database_url),
        ):  # fmt: skip
            stack.callback(_run_beside(errand).cancel)
        if measured and settings.everturn_metrics_port is not None:
            stack.callback(metrics.serve(settings.everturn_metrics_port).shutdown)
        sources = Sources.of(open_model(settings, pool), pool, gallery, open_embedder(http, load_search_settings()))
        stack.push_async_callback(sources.model.close)
        hands, build = build_hands(accounts, platforms, pool, lease, budget, sources), which_build(settings)
        workers = [conversations_worker(client, hands, build)]
        workers += [delivery_worker(client, name, hands, build) for name in platforms]
        stack.callback(_run_beside(settle(client, settings, [one.task_queue for one in workers])).cancel)
        await _work(workers)


async def _announced(settings: Settings) -> StatedAccounts:
    """The environment's accounts, each with its figures at zero."""
    stated = StatedAccounts.of_settings(settings, platform_variables(), FLOWS)
    for account in await stated.all():
        metrics.announce(account.platform, account.account, account.flow)
    return stated


async def _connected(settings: Settings, runtime: Runtime, codec: HistoryCodec | None, stack: AsyncExitStack) -> Client:
    """A client of a namespace that knows our search attributes."""
    tracing = open_tracing(settings, "worker")
    stack.push_async_callback(tracing.close)
    client = await connect(settings, runtime=runtime, codec=codec, interceptors=tracing.interceptors)
    try:
        await register_search_attributes(client, search_attributes.ALL)
    except RPCError as error:
        if error.status not in NOT_OURS_TO_REGISTER:
            raise RuntimeError(f"Temporal at {settings.temporal_address} refuses: {error}") from error
        log.warning("search_attributes_not_registered", namespace=client.namespace, reason=str(error)[:200])
    return client


def _open_gallery(
    wanted: MediaSettings,
    home: Path,
    platforms: Mapping[str, Platform],
    pool: Pool,
    http: httpx.AsyncClient,
    stack: AsyncExitStack,
) -> Gallery:
    """Where media are taken in."""
    pictures = Pictures(most_pixels=wanted.media_most_pixels)
    stack.callback(pictures.close)
    listener: Transcriber = NobodyListens()
    if wanted.transcription_base_url:
        listener = OpenAITranscriber(
            http, wanted.transcription_base_url, wanted.transcription_api_key, wanted.transcription_model
        )
    return Gallery(
        platforms,
        Downloader(trusted_hosts=wanted.media_trusted_hosts),
        pictures,
        open_media_store(wanted, home),
        MediaRecords(pool),
        listener,
        GalleryRules(longest=wanted.longest_bytes, retention=partial(retention_of, wanted)),
    )


async def _keep_sweeping(gallery: Gallery, accounts: Accounts, pool: Pool, client: Client) -> None:
    """Let go of records and media whose time is over, a few times an hour."""
    while True:
        await asyncio.sleep(SWEEP_SECONDS)
        retention = await asyncio.to_thread(importlib.import_module, "providers.records.retention")
        try:
            await retention.sweep_all(accounts, pool, datetime.now(UTC))
            await gallery.keeping.sweep(datetime.now(UTC))
            await retention.forget_all(accounts, pool, datetime.now(UTC), partial(is_running, client))
        except EverturnError as error:
            log.warning("records_not_swept", reason=str(error)[:200])


async def _hand_over_inbox(client: Client, accounts: Accounts, pool: Pool) -> None:
    """Hand over what the API took while Temporal was away, should no API be left to do it."""
    await asyncio.sleep(SETTLED_AFTER)
    # Late, and beside the loop: the successor of a killed worker must not wait for modules it does not need.
    reception = await asyncio.to_thread(importlib.import_module, "api.reception")
    conversations = await asyncio.to_thread(importlib.import_module, "api.conversations")
    speaking = conversations.Conversations(client, accounts, lambda name: find_flow(name).first_phase)
    await reception.Reception(speaking, Inbox(pool)).keep_handing_over()


def _run_beside(errand: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
    """Run an errand for as long as the worker lives; one that breaks is a bug, and is said."""
    task = asyncio.create_task(errand, name=getattr(errand, "__qualname__", "errand"))
    task.add_done_callback(_say_if_broken)
    return task


def _say_if_broken(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (error := task.exception()):
        log.critical("errand_broke", errand=task.get_name(), error=type(error).__name__, exc_info=error)


async def _work(workers: Sequence[Worker]) -> None:
    """Poll until told to stop; then finish what is under way."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        for worker in workers:
            await stack.enter_async_context(worker)
        log.info("worker_ready", queues=[worker.task_queue for worker in workers])
        await stop.wait()
        log.info("worker_stopping")
        async with asyncio.TaskGroup() as group:
            for worker in workers:
                group.create_task(worker.shutdown())


def main(*, measured: bool = True) -> int:
    """Run the worker with the settings of the environment."""
    try:
        settings = load_settings()
    except WrongSetting as error:
        sys.stderr.write(f"{error}\n")
        return 2
    configure_logs(settings)
    try:
        uvloop.run(run(settings, measured=measured))
    except WrongSetting as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except (RuntimeError, OSError) as error:
        log.error("worker_cannot_run", reason=str(error)[:300])
        return 1
    return 0


if __name__ == "__main__":
    leave(main())
