"""A worker's thinking with everything real around it: PostgreSQL, a media store, HTTP, simulated platforms."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from temporalio.testing import ActivityEnvironment

from activities.budget import Budget
from activities.dialog import Dialog
from activities.gallery import Gallery, GalleryRules
from activities.inquiry import Sources
from contracts.dialog import TakeTurn
from domain.decisions import Decision, FlowDecision
from domain.identifiers import Address
from domain.messages import InboundMessage, Media, MessageKind, OutboundMessage
from domain.model import Value
from domain.plans import Plan
from flows.base import Senses, Turn
from platforms.http import build_client
from platforms.registry import platforms
from platforms.simulation import World
from providers.media.download import Downloader, transports
from providers.media.pictures import Pictures
from providers.media.store import open_store
from providers.media.transcription import Heard, NobodyListens, OpenAITranscriber
from providers.model.patient import PatientModel
from providers.records.books import Books
from providers.records.credits import Credits
from providers.records.directory import Directory
from providers.records.media import MediaRecords
from providers.records.pool import Pool, fetch_all
from providers.records.tenants import Tenant, Tenants
from providers.secrets import SecretBox, new_key
from runtime.accounts import Accounts
from runtime.model_settings import ModelSettings
from tests.media.conftest import TLS

LONGEST = {MessageKind.IMAGE: 200_000, MessageKind.AUDIO: 50_000, MessageKind.DOCUMENT: 50_000}
QUESTION = "Что дальше?"
KEY = new_key()


class Street:
    """The way to the platforms: notes who passes, and can hold calls up or turn them away."""

    def __init__(self, app: ASGIApp) -> None:
        self.passed: list[str] = []
        self._app = app
        self._held: dict[str, asyncio.Event] = {}
        self._refused: dict[str, int] = {}

    def hold(self, piece: str) -> None:
        """Calls with this in their address wait."""
        self._held[piece] = asyncio.Event()

    def let_go(self, piece: str) -> None:
        """They go on."""
        self._held.pop(piece).set()

    def refuse(self, piece: str, status: int = 500) -> None:
        """Calls with this in their address are answered so, by no platform."""
        self._refused[piece] = status

    def count(self, piece: str) -> int:
        """How many calls had this in their address."""
        return sum(piece in call for call in self.passed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One call."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        call = f"{scope['method']} {scope['path']}"
        self.passed.append(call)
        for gate in [gate for piece, gate in self._held.items() if piece in call]:
            await gate.wait()
        if status := next((status for piece, status in self._refused.items() if piece in call), 0):
            return await Response(status_code=status)(scope, receive, send)
        return await self._app(scope, receive, send)


class Asked(Value):
    """The probe's state."""

    times: int = 0


@dataclass
class Probe:
    """A flow that remembers what it was shown, and always asks the same."""

    name: str = "probe"
    language: str = "ru"
    state_model: type[Asked] = Asked
    first_phase: str = "probing"
    seen: list[tuple[Turn, Senses]] = field(default_factory=list)
    breaks: int = 0
    """How many of the next steps break."""

    def opening_state(self) -> Asked:
        """Nothing was asked."""
        return Asked()

    def step(self, state: Asked, turn: Turn, senses: Senses) -> tuple[Asked, FlowDecision]:
        """Ask."""
        self.seen.append((turn, senses))
        if self.breaks:
            self.breaks -= 1
            raise ValueError("the flow is broken")
        say = (OutboundMessage(text=QUESTION),)
        return Asked(times=state.times + 1), FlowDecision(say=say, phase="probing")

    def apology(self) -> str:
        """Not needed."""
        return "apology"

    def interim(self) -> str:
        """Not needed."""
        return "interim"

    def nobody_came(self) -> str:
        """Not needed."""
        return "nobody"


class Hearing:
    """Listens to voice notes where an endpoint is told, as the worker does with TRANSCRIPTION_BASE_URL."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.base_url = ""
        self._client = client

    async def listen(self, content: bytes, mime: str) -> Heard:
        """Ask the endpoint, or hear nothing."""
        listener = OpenAITranscriber(self._client, self.base_url) if self.base_url else NobodyListens()
        return await listener.listen(content, mime)


@dataclass
class Mind:
    """A worker that decides turns, its customers' platforms, and the books."""

    street: Street
    world: World
    pool: Pool
    base_url: str
    accounts: Directory
    tenants: Tenants
    dialog: Dialog
    hearing: Hearing
    probe: Probe
    decisions: int = 0
    """How many were begun."""

    async def set_up(self, platform: str, plan: Plan | None = None, **fields: Any) -> None:
        """Change the platform's account, as its shop would."""
        if plan is not None:
            await self.tenants.put_plan(plan)
            fields["plan"] = plan.name
        await self.tenants.add(Tenant(platform=platform, account="main", **fields), {})
        self.accounts.forget()

    def photo(self, content: bytes, mime: str = "image/jpeg", kind: MessageKind = MessageKind.IMAGE) -> InboundMessage:
        """A message with a medium as WhatsApp tells it: by an id."""
        media = Media(id=self.world.keep_media(content, mime), mime=mime, kind=kind)
        return message(kind=kind, media=(media,))

    async def take(
        self, platform: str, *messages: InboundMessage, contact: str = "42", attempt: int = 1, **more: Any
    ) -> Decision:
        """Decide one turn, as the worker would."""
        turn = turn_of(platform, *messages, contact=contact, **more)
        return await self.environment(attempt).run(self.dialog.decide, turn)

    def environment(self, attempt: int = 1) -> ActivityEnvironment:
        """Temporal's side of one attempt; a first one is another decision."""
        self.decisions += attempt == 1
        environment, now = ActivityEnvironment(), datetime.now(UTC)
        environment.info = dataclasses.replace(
            environment.info, activity_id=str(self.decisions), attempt=attempt, scheduled_time=now, started_time=now
        )
        return environment

    async def rows(self, query: str) -> list[dict[str, Any]]:
        """Look into the database."""
        return await fetch_all(self.pool, query)

    async def ledger(self) -> list[tuple[str, int]]:
        """What moved, and what was left after it, in whole credits."""
        rows = await self.rows("SELECT movement, balance FROM credits ORDER BY id")
        return [(row["movement"], row["balance"] // 1_000_000) for row in rows]


def turn_of(platform: str, *messages: InboundMessage, contact: str = "42", **more: Any) -> TakeTurn:
    """A turn about these messages."""
    address = Address(platform=platform, account="main", contact=contact)
    fields = {"flow": "probe", "turn": 1, **more}
    return TakeTurn(conversation=address.conversation_id, messages=messages, **fields)


def message(text: str = "", **fields: Any) -> InboundMessage:
    """What a customer sent just now."""
    return InboundMessage(id=uuid4().hex, received_at=datetime.now(UTC), text=text, **fields)


@asynccontextmanager
async def thinking(
    street: Street, world: World, pool: Pool, base_url: str, folder: Path, stated: Accounts
) -> AsyncIterator[Mind]:
    """A worker's mind, for a while."""
    tenants = Tenants(pool, SecretBox(lambda _: [KEY]))
    accounts = Directory(tenants, stated)
    async with build_client() as client:
        speaking, pictures, hearing = platforms(client), Pictures(), Hearing(client)
        gallery = Gallery(
            speaking,
            Downloader(open_transport=transports(TLS)),
            pictures,
            open_store((folder / "media").as_uri()),
            MediaRecords(pool),
            hearing,
            GalleryRules(LONGEST, lambda _: timedelta(days=1), fetching=3, listening=3),
        )
        sources = Sources.of(PatientModel(None, {}, ModelSettings()), pool, gallery)
        dialog = Dialog(accounts, speaking, Books(pool), gallery, Budget(Credits(pool), accounts), sources)
        yield Mind(street, world, pool, base_url, accounts, tenants, dialog, hearing, Probe())
        await _signs_are_shown()
        pictures.close()


async def _signs_are_shown() -> None:
    """What platforms are shown beside a turn may outlive it, and needs the client until then."""
    tasks = [task for task in asyncio.all_tasks() if getattr(task.get_coro(), "__name__", "") == "_quietly"]
    await asyncio.gather(*tasks)
