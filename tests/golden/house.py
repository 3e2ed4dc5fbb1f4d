"""The whole house on a clock that skips: real doors, worker and PostgreSQL; platforms and model played over HTTP."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send
from temporalio.api.enums.v1 import PendingActivityState
from temporalio.client import WorkflowHandle
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from activities.budget import Budget
from activities.gallery import Gallery, GalleryRules
from activities.inquiry import Sources
from api.app import create_app
from commands.script_file import Script
from domain.catalog import Item
from domain.language import Eyes
from domain.messages import MessageKind
from flows.registry import FLOWS
from platforms.http import build_client
from platforms.registry import names, platforms, simulators, variables
from platforms.simulation import Setting, World
from providers.demo_shop.assortment import items as demo_items
from providers.demo_shop.loading import load_demo_shop
from providers.imports.documents import read_document
from providers.media.download import Downloader
from providers.media.pictures import Pictures
from providers.media.store import open_store
from providers.media.transcription import Heard, NobodyListens, OpenAITranscriber
from providers.model.anthropic import AnthropicModel
from providers.model.breaker import Breaker
from providers.model.patient import PatientModel
from providers.model.simulated import SimulatedModel
from providers.records import catalog_shelf, knowledge_shelf
from providers.records.catalog import Catalog
from providers.records.credits import Credits
from providers.records.dialogues import Dialogues
from providers.records.directory import Directory
from providers.records.disclosures import Disclosures
from providers.records.knowledge import Knowledge
from providers.records.leases import Lease
from providers.records.media import MediaRecords
from providers.records.pool import Pool, fetch_all, open_pool
from providers.records.shelves import Kind, Shelf
from providers.records.sightings import Sightings
from providers.records.tenants import Tenant, Tenants
from providers.records.turns import TurnRecords
from providers.secrets import SecretBox, new_key
from runtime.accounts import StatedAccounts
from runtime.model_settings import ModelSettings
from tests.activities.thinking import Street
from tests.api.running import settings_for
from tests.media.serving import serving
from tests.workflows.servers import time_skipping
from worker import build_hands, conversations_worker, delivery_worker

TOKEN = "operator-secret"
MODELS = {Eyes.TEXT: "claude-haiku-5-5", Eyes.VISION: "claude-sonnet-5-5"}
LONGEST = dict.fromkeys((MessageKind.IMAGE, MessageKind.AUDIO, MessageKind.DOCUMENT), 5_000_000)
BOOKS = (
    "message_logs", "media", "orders", "payments", "payment_prints", "dialog_outcomes", "outbox", "dead_letters",
    "decisions", "sightings", "dialogue_summaries", "accounts", "audit_log", "conversations", "aliases", "receipts",
    "inbox",
)  # fmt: skip
SETTLED = timedelta(seconds=4)
"""More than the quiet period, less than the interim message's patience."""
IDLE_WITHIN = 20.0
SHOP = "http://shop.example"
"""Where pictures of goods are said to lie; nobody fetches them."""


@dataclass
class Ears:
    """A transcription endpoint that hears what it is told, or is not there."""

    url: str = ""
    heard: str = ""

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers as OpenAI's transcription API does."""
        await JSONResponse({"text": self.heard, "duration": 3.0})(scope, receive, send)


class Listening:
    """Listens to voice notes in the steps that say what is heard in them."""

    def __init__(self, client: httpx.AsyncClient, ears: Ears) -> None:
        self._client, self._ears = client, ears

    async def listen(self, content: bytes, mime: str) -> Heard:
        """As the worker does, with TRANSCRIPTION_BASE_URL or without."""
        somebody = OpenAITranscriber(self._client, self._ears.url) if self._ears.heard else NobodyListens()
        return await somebody.listen(content, mime)


@dataclass
class House:
    """Everything a golden file needs."""

    env: WorkflowEnvironment
    app: FastAPI
    client: httpx.AsyncClient
    world: World
    model: SimulatedModel
    street: Street
    patient: PatientModel
    real: AnthropicModel
    pool: Pool
    directory: Directory
    catalog: Catalog
    played: str
    folder: Path
    ears: Ears
    goods_changed: bool = False
    restocked: list[str] = field(default_factory=list)

    # --- between files -----------------------------------------------------------------------------------------

    async def set_up(self, script: Script, platform: str) -> None:
        """A morning like the first: empty books, the demo shop's goods, this file's settings."""
        # An order takes its items off the shelf.
        self.goods_changed = self.goods_changed or bool(await fetch_all(self.pool, "SELECT FROM orders LIMIT 1", {}))
        async with self.pool.connection() as connection:
            await connection.execute(f"TRUNCATE {', '.join(BOOKS)} RESTART IDENTITY CASCADE".encode())
        await self._stock(script)
        shop = script.shop
        tenant = Tenant(
            platform=platform, account="default", flow=shop.flow, language=shop.language, options=shop.options,
            turn_taking=shop.patience,
        )  # fmt: skip
        await Tenants(self.pool, SecretBox(lambda _: [new_key()])).add(tenant, {})
        self.directory.forget()
        self.app.state.house.accounts.forget()
        self.refresh_model(has_model=script.model is not None)

    def refresh_model(self, *, has_model: bool) -> None:
        """A model nobody has given up on yet, or none."""
        self.patient.model = self.real if has_model else None
        self.patient.breakers = {eyes: Breaker(failures=10, seconds=15, clock=time.monotonic) for eyes in Eyes}

    async def _stock(self, script: Script) -> None:
        if self.goods_changed or script.shop.goods:
            more = [_item(one.model_dump()) for one in script.shop.goods]
            await catalog_shelf.put(self.pool, Shelf(kind=Kind.CATALOG), [*demo_items(SHOP), *more], replace=True)
            self._forget_goods()
        self.goods_changed = bool(script.shop.goods)
        if self.restocked:
            await knowledge_shelf.remove(self.pool, Shelf(kind=Kind.KNOWLEDGE), self.restocked)
        self.restocked = list(script.shop.documents)
        for name, text in script.shop.documents.items():
            (self.folder / name).write_text(text, "utf-8")
            document = read_document(name, self.folder / name)
            await knowledge_shelf.put(self.pool, Shelf(kind=Kind.KNOWLEDGE), [document], None)

    async def restock(self, sku: str, changes: dict[str, Any]) -> None:
        """The shop changes an item while a customer thinks."""
        found = [item async for item in catalog_shelf.everything(self.pool, Shelf(kind=Kind.CATALOG))]
        item = next(one for one in found if one.sku == sku)
        await catalog_shelf.put(self.pool, Shelf(kind=Kind.CATALOG), [item.model_copy(update=changes)])
        self.goods_changed = True

    def _forget_goods(self) -> None:
        self.catalog._products.clear()
        self.catalog._items.clear()

    # --- time ---------------------------------------------------------------------------------------------------

    async def pass_time(self, seconds: float) -> None:
        """Let it pass; whoever works meanwhile is waited for."""
        if seconds:
            await self.env.sleep(timedelta(seconds=seconds))

    async def settle(self, conversation: str) -> None:
        """Until the conversation has answered, sent and written down everything."""
        await self.env.sleep(SETTLED)
        async with asyncio.timeout(IDLE_WITHIN):
            while not await self._is_idle(conversation):
                await self.env.sleep(SETTLED)

    async def _is_idle(self, conversation: str) -> bool:
        handle = self.env.client.get_workflow_handle(conversation)
        try:
            overview = await self.overview(conversation)
            told = (await handle.describe()).raw_description
        except RPCError:
            return True  # nobody has ever spoken here
        busy = [
            one
            for one in told.pending_activities
            if one.state != PendingActivityState.PENDING_ACTIVITY_STATE_UNSPECIFIED
        ]
        return not (overview["waiting_messages"] or overview["outbox"] or busy)

    # --- looking ------------------------------------------------------------------------------------------------

    def handle(self, conversation: str) -> WorkflowHandle[Any, Any]:
        """The conversation."""
        return self.env.client.get_workflow_handle(conversation)

    async def overview(self, conversation: str) -> dict[str, Any]:
        """The conversation at a glance, as the operator API tells it."""
        answer = await self.client.get(f"/api/conversations/{conversation}")
        return dict(answer.raise_for_status().json())

    async def rows(self, query: str, conversation: str) -> list[dict[str, Any]]:
        """Look into the books."""
        return await fetch_all(self.pool, query, {"conversation": conversation})


def _item(told: dict[str, Any]) -> Item:
    return Item.model_validate(told | {"product": told["sku"], "currency": "UAH"})


@asynccontextmanager
async def open_house(database_url: str, folder: Path) -> AsyncIterator[House]:
    """Open every door."""
    async with AsyncExitStack() as stack:
        env = await stack.enter_async_context(time_skipping())
        world, model = World(), SimulatedModel()
        street = Street(model.app)
        ears = Ears()
        app = Starlette(routes=[Mount("/model", street), Mount("/ears", ears.app), Mount("/", simulators(world))])
        played = await stack.enter_async_context(serving(app))
        ears.url = f"{played}/ears/v1"
        at = {one.variable("api_base_url").lower(): f"{played}/{one.platform}" for one in variables()}
        settings = settings_for(
            operator_token=TOKEN,
            temporal_address=env.client.service_client.config.target_host,
            database_url=database_url,
            **at,
        )  # fmt: skip
        for name in names():
            world.faults.change(Setting(platform=name, rate=0))
        pool = open_pool(database_url, size=8, name="golden")
        await pool.open()
        stack.push_async_callback(pool.close)
        await load_demo_shop(pool, SHOP)
        real = AnthropicModel("key", MODELS, f"{played}/model")
        stack.push_async_callback(real.close)
        patient = PatientModel(real, MODELS, ModelSettings(_env_file=None), sleep=_at_once)
        directory = Directory(
            Tenants(pool, SecretBox(lambda _: [new_key()])), StatedAccounts.of_settings(settings, variables(), FLOWS)
        )
        catalog = Catalog(pool)
        await _work(stack, env, pool, database_url, directory, patient, catalog, folder, played, ears)
        api = create_app(settings)
        url = await stack.enter_async_context(serving(api))
        headers = {"Authorization": f"Bearer {TOKEN}"}
        client = await stack.enter_async_context(
            httpx.AsyncClient(base_url=url, headers=headers, timeout=20, trust_env=False)
        )
        yield House(
            env, api, client, world, model, street, patient, real, pool, directory, catalog, played, folder, ears
        )


async def _at_once(_: float) -> None:
    """Waiting between tries costs nothing here."""


async def _work(
    stack: AsyncExitStack, env: WorkflowEnvironment, pool: Pool, database_url: str, directory: Directory,
    patient: PatientModel, catalog: Catalog, folder: Path, played: str, ears: Ears,
) -> None:  # fmt: skip
    """The worker, built as worker.py builds it."""
    http = await stack.enter_async_context(build_client())
    speaking = platforms(http)
    pictures = Pictures()
    stack.callback(pictures.close)
    gallery = Gallery(
        speaking,
        Downloader(trusted_hosts=(played.removeprefix("http://"),)),
        pictures,
        open_store((folder / "media").as_uri()),
        MediaRecords(pool),
        Listening(http, ears),
        GalleryRules(LONGEST, lambda _: timedelta(days=30)),
    )
    lease = Lease(database_url, pool)
    keeping = asyncio.create_task(lease.keep())
    stack.callback(keeping.cancel)
    sources = Sources(
        model=patient,
        catalog=catalog,
        knowledge=Knowledge(pool),
        dialogues=Dialogues(pool),
        sightings=Sightings(pool),
        gallery=gallery,
        records=TurnRecords(pool),
        disclosures=Disclosures(pool),
    )
    hands = build_hands(directory, speaking, pool, lease, Budget(Credits(pool), directory), sources)
    workers: Sequence[Any] = [
        conversations_worker(env.client, hands),
        *(delivery_worker(env.client, name, hands) for name in speaking),
    ]
    for one in workers:
        await stack.enter_async_context(one)
