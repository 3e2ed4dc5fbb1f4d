"""The composition root of the API: builds the clients and opens the doors."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send
from temporalio.client import Client

from api import codec, docs, health, operator, problems
from api.accounts import Desk
from api.accounts import router as accounts_router
from api.arrivals import Arrivals
from api.catalog import router as demo_shop_router
from api.conservation import Bookkeeper
from api.console import door as console
from api.console.recording import Recorded
from api.contacts import router as contacts_router
from api.conversations import Conversations
from api.flood import FloodGate
from api.hedge import Hedge
from api.house import House
from api.media import MediaShelf
from api.media import router as media_router
from api.orders import router as orders_router
from api.pages import HERE
from api.payments import router as payments_router
from api.reception import Reception
from api.refused import router as refused_router
from api.response_mode import ResponseMode
from api.simulator import door as simulator
from api.webhooks import Webhook
from flows.registry import FLOWS
from flows.registry import flow as find_flow
from platforms import registry
from platforms.http import build_client
from platforms.unmasking import unmasking
from providers.media.keeping import Keeping
from providers.media.links import MediaLinks
from providers.media.opening import open_media_store
from providers.records.aliases import Aliases
from providers.records.books import Books
from providers.records.conservation import Conservation
from providers.records.directory import Directory
from providers.records.inbox import Inbox
from providers.records.leases import Lease
from providers.records.media import MediaRecords
from providers.records.outbox import Outbox
from providers.records.pool import Pool, open_pool
from providers.records.privacy import open_discretion, wanted_privacy
from providers.records.receipts import Receipts
from providers.records.tenants import Tenants
from providers.secrets import SecretBox, secret_box
from runtime import metrics
from runtime.account_settings import AccountSettings, load_account_settings
from runtime.accounts import Accounts, StatedAccounts
from runtime.codec import HistoryCodec
from runtime.logs import configure_logs
from runtime.media_settings import MediaSettings, load_media_settings
from runtime.settings import Settings, WrongSetting, load_settings
from runtime.temporal import connect
from runtime.tracing import Tracing, open_tracing

NO_TELEMETRY = TelemetryConfig(tracing=False, metrics=False, logs=False, auto_configure=False)
"""FastAPI's own: our tracing watches this application, and no exception's words leave the house unread."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Means:
    """What the environment gave us."""

    settings: Settings
    stated: StatedAccounts
    kept: AccountSettings
    box: SecretBox
    media: MediaSettings
    tracing: Tracing


def create_app(settings: Settings | None = None) -> FastAPI:
    """The API as an ASGI application: `uvicorn --factory api.app:create_app`.

    Raises:
        WrongSetting: a variable is missing or wrong; the text names it.
    """
    settings = settings or load_settings()
    configure_logs(settings)
    check(settings)
    kept = load_account_settings(everturn_env=settings.everturn_env)
    box, media = secret_box(kept), load_media_settings()
    wanted_privacy(settings, box)
    accounts = StatedAccounts.of_settings(settings, registry.variables(), FLOWS)
    tracing = open_tracing(settings, "api")
    app = FastAPI(
        title="Everturn",
        version=health.VERSION,
        summary="A durable orchestrator for customer conversations",
        docs_url=None,
        redoc_url=None,
        telemetry=NO_TELEMETRY,
        lifespan=lambda app: _open(app, Means(settings, accounts, kept, box, media, tracing)),
    )
    problems.install(app)
    ours = (operator.router, orders_router, payments_router, accounts_router, refused_router)
    for router in (health.router, docs.router, *ours, media_router):
        app.include_router(router, dependencies=[Recorded])
    app.include_router(contacts_router)  # it writes down itself what was done: never for whom
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    app.add_middleware(CarefulHeaders)
    tracing.watch(app)
    return app


@asynccontextmanager
async def _open(app: FastAPI, means: Means) -> AsyncIterator[None]:
    """Open the clients. None of them waits for its server: the API answers /health even when everything is away."""
    settings = means.settings
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(build_client())
        pool = open_pool(settings.database_url, size=settings.database_pool_size, name="everturn-api", careful=True)
        if settings.database_url:  # without one libpq would guess
            await pool.open(wait=False)
            stack.push_async_callback(pool.close, 2)
        accounts = _accounts(means, pool, stack)
        discretion = open_discretion(settings, means.box, pool)
        temporal = await _connected(means, discretion.codec, stack)
        hedge = await _hedge(settings, stack)
        conversations = Conversations(temporal, accounts, lambda name: find_flow(name).first_phase, hedge)
        reception = _reception(settings, conversations, pool, hedge, stack)
        stack.push_async_callback(_ended, asyncio.create_task(discretion.keep(settings.database_url)))
        house = House(
            settings, accounts, unmasking(registry.platforms(http), discretion.names), temporal, pool, conversations,
            reception, discretion,
        )  # fmt: skip
        app.state.house, app.state.physician = house, health.Physician(house)
        app.state.desk = Desk.of(means.box, pool, means.stated, house.platforms)
        app.state.media = _shelf(means, pool)
        lease = Lease(settings.database_url, pool)
        if settings.database_url:
            stack.callback(asyncio.create_task(lease.keep()).cancel)
        await _open_webhooks(app, house, lease)
        await stack.enter_async_context(console.opened(app, house, app.state.media))
        app.mount(codec.PATH, codec.CodecDoor(app, house).application())
        if not settings.is_production:
            app.include_router(demo_shop_router)
            await stack.enter_async_context(simulator.opened(app, house, os.environ.get("EVERTURN_HOME", "")))
        log.info("api_opened", platforms=list(house.platforms), environment=settings.everturn_env.value)
        yield


async def _connected(means: Means, codec: HistoryCodec | None, stack: AsyncExitStack) -> Client:
    """The Temporal client; it connects when it is first needed."""
    stack.push_async_callback(means.tracing.close)
    return await connect(means.settings, lazy=True, codec=codec, interceptors=means.tracing.interceptors)


async def _hedge(settings: Settings, stack: AsyncExitStack) -> Hedge | None:
    """Its connection is its own: whoever waits for one, or looks whether it is alive, hedges nothing."""
    if not settings.database_url or not settings.hedge_webhooks:
        return None
    pool = open_pool(settings.database_url, size=2, name="everturn-hedge")
    await pool.open(wait=False)
    stack.push_async_callback(pool.close, 2)
    hedge = Hedge(Inbox(pool))
    stack.push_async_callback(_ended, asyncio.create_task(hedge.keep()))
    return hedge


def _reception(
    settings: Settings, conversations: Conversations, pool: Pool, hedge: Hedge | None, stack: AsyncExitStack
) -> Reception:
    """The desk that everything heard goes over, and the book of what it owes a fate."""
    bookkeeper = Bookkeeper(Conservation(pool), conversations, settings.unaccounted_after_minutes * 60)
    reception = Reception(conversations, Inbox(pool), hedge, bookkeeper.note)
    for errand in (reception.keep_handing_over(), bookkeeper.keep()):
        stack.push_async_callback(_ended, asyncio.create_task(errand))
    return reception


async def _ended(errand: asyncio.Task[None]) -> None:
    """Stop an errand, and let it finish what it owes."""
    errand.cancel()
    await asyncio.wait({errand}, timeout=2)


def _accounts(means: Means, pool: Pool, stack: AsyncExitStack) -> Accounts:
    """The accounts of the environment and those in PostgreSQL, if there is one; it is listened to for changes."""
    if not means.settings.database_url:
        return means.stated
    kept = means.kept
    directory = Directory(
        Tenants(pool, means.box), means.stated, seconds=kept.account_cache_seconds, size=kept.account_cache_size
    )
    stack.callback(asyncio.create_task(directory.keep(means.settings.database_url)).cancel)
    return directory


def _shelf(means: Means, pool: Pool) -> MediaShelf:
    """Kept media, and the links to them; signed by what every process of this house knows."""
    secret = means.media.media_link_secret or means.settings.operator_token or secrets.token_urlsafe()
    store = open_media_store(means.media, Path(means.kept.everturn_home))
    return MediaShelf(store, MediaLinks(secret, means.settings.everturn_api_url), MediaRecords(pool))


async def _open_webhooks(app: FastAPI, house: House, lease: Lease) -> None:
    gate = FloodGate(house.settings.flood_messages_per_minute)
    shelf: MediaShelf = app.state.media
    keeping = Keeping(shelf.store, shelf.records)
    arrivals = Arrivals(
        house.reception, gate, Books(house.pool), Receipts(house.pool), keeping, Aliases(house.pool), house.names
    )
    outbox = Outbox(house.pool, lease.holder)
    response_mode = ResponseMode(house.conversations, house.reception, outbox, lambda flow: find_flow(flow).interim())
    for name, platform in house.platforms.items():
        account = await house.accounts.default(name)
        metrics.announce(name, account.account, account.flow)
        door = Webhook(platform, house.accounts, arrivals, response_mode, production=house.settings.is_production)
        # First of all routes: webhooks are what we are for, and each route passed over costs.
        app.router.routes[:0] = door.routes()


def check(settings: Settings) -> None:
    """Refuse to start with what could not work, before anything is opened."""
    if settings.is_production and not settings.operator_token:
        raise WrongSetting("OPERATOR_TOKEN: is required in production")


class CarefulHeaders:
    """Headers every answer carries, and HEAD wherever there is GET; pure ASGI, so nothing is buffered."""

    EXTRA = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"))

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on; add to the start of each answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *self.EXTRA]
            await send(message)

        if scope["method"] == "HEAD":
            await self._answer_head(scope, receive, send_with_headers)
        else:
            await self._app(scope, receive, send_with_headers)

    async def _answer_head(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What GET would begin with. The rest is called off: it might be a stream without an end."""
        told = asyncio.Event()

        async def send_start(message: Any) -> None:
            if not told.is_set():
                await send(message)
                await send({"type": "http.response.body", "body": b""})
                told.set()

        tasks = {
            asyncio.ensure_future(self._app({**scope, "method": "GET"}, receive, send_start)),
            asyncio.ensure_future(told.wait()),
        }
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
