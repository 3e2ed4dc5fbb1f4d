"""A shop in production: API and workers as processes of their own, the outside world played, all they say kept."""

import asyncio
import os
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from domain.messages import Media, MessageKind
from platforms.base import Credentials
from platforms.kit import Said
from platforms.registry import PLATFORMS, simulators
from platforms.simulation import Direction, Setting, World
from providers.demo_shop.loading import load_demo_shop
from providers.records.pool import open_pool
from providers.secrets import new_key
from providers.servers.ports import any_free
from tests.api.namespaces import fresh_namespace
from tests.api.running import serving_app
from tests.servers_here import LOOPBACK, Servers
from tests.system.house import EVERTURN

BOT_TOKEN = "5000000005:AAsecret-token-of-the-bot"
HOOK_SECRET = "hook-secret-of-telegram"
OPERATOR_TOKEN = "operator-token-of-the-shop"
MODEL_KEY = "sk-ant-key-of-the-shop"
MANYCHAT_SECRET = "hook-secret-of-manychat"
PATIENCE = 40.0
THOUGHT = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-haiku-5-5", "stop_reason": "end_turn",
    "content": [{"type": "text", "text": "Вітаю"}], "usage": {"input_tokens": 10, "output_tokens": 5},
}  # fmt: skip
_numbers = count(700_000_001)


@dataclass
class Shop:
    """One shop with its customers, platforms and collector of traces."""

    folder: Path
    world: World = field(default_factory=World)
    spans: list[tuple[str, Span]] = field(default_factory=list)
    """Service and span, as the collector got them."""
    outside: str = ""
    url: str = ""
    temporal: tuple[str, str] = ("", "")
    """Address and namespace."""
    thinking_is_held: bool = False
    """While it is, the language model says nothing."""
    _stops: dict[str, Callable[[], None]] = field(default_factory=dict)

    # --- the outside world --------------------------------------------------------------------------------------

    def played(self) -> Starlette:
        """Platforms, a language model that knows nobody, and a collector."""
        self.world.faults.change(Setting(platform="telegram", rate=0))
        return Starlette(
            routes=[
                Route("/v1/traces", self._collect, methods=["POST"]),
                Route("/v1/messages", self._refuse, methods=["POST"]),
                Mount("/", simulators(self.world)),
            ]
        )

    async def _refuse(self, _: Request) -> Response:
        """Long thoughts come to something; whoever asks later has no key."""
        if self.thinking_is_held:
            while self.thinking_is_held:
                await asyncio.sleep(0.02)
            return JSONResponse(THOUGHT)
        error = {"type": "authentication_error", "message": "invalid x-api-key"}
        return JSONResponse({"type": "error", "error": error}, 401)

    async def _collect(self, request: Request) -> Response:
        told = ExportTraceServiceRequest.FromString(await request.body())
        for resource in told.resource_spans:
            service = attributes(resource.resource)["service.name"]
            for scope in resource.scope_spans:
                self.spans += [(service, span) for span in scope.spans]
        return Response(b"", media_type="application/x-protobuf")

    def environment(self, servers: Servers) -> dict[str, str]:
        """The settings of production."""
        self.temporal = servers.temporal_address, fresh_namespace(servers, "shop")
        return os.environ | {
            "EVERTURN_ENV": "production", "EVERTURN_LOG_LEVEL": "debug", "EVERTURN_HOME": str(self.folder / "home"),
            "TEMPORAL_ADDRESS": self.temporal[0], "TEMPORAL_NAMESPACE": self.temporal[1],
            "DATABASE_URL": servers.fresh_database(f"shop_{uuid4().hex[:12]}"), "EVERTURN_API_URL": self.url,
            "EVERTURN_SECRETS_KEY": new_key(), "OPERATOR_TOKEN": OPERATOR_TOKEN,
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.outside, "OTEL_BSP_SCHEDULE_DELAY": "200",
            "ANTHROPIC_API_KEY": MODEL_KEY, "ANTHROPIC_BASE_URL": self.outside, "MODEL_RETRIES": "0",
            "MODEL_FAILURES_UNTIL_AWAY": "2", "MODEL_AWAY_SECONDS": "600",
            "TELEGRAM_ACCESS_TOKEN": BOT_TOKEN, "TELEGRAM_API_BASE_URL": f"{self.outside}/telegram",
            "TELEGRAM_WEBHOOK_SECRET": HOOK_SECRET, "TELEGRAM_FLOW": "sales", "TELEGRAM_QUIET_PERIOD_SECONDS": "0.2",
            "TELEGRAM_INTERIM_AFTER_SECONDS": "1",
            "MANYCHAT_WEBHOOK_SECRET": MANYCHAT_SECRET, "MANYCHAT_API_KEY": "1:manychat-key", "MANYCHAT_FLOW": "sales",
            "MANYCHAT_API_URL": f"{self.outside}/manychat", "MANYCHAT_QUIET_PERIOD_SECONDS": "0.2",
            "MEDIA_TRUSTED_HOSTS": self.outside.removeprefix("http://"),
            "PROMETHEUS_MULTIPROC_DIR": str(self.folder / "metrics"), "TMPDIR": str(self.folder),
        }  # fmt: skip

    # --- what it says -------------------------------------------------------------------------------------------

    def lines(self) -> list[str]:
        """Every line of every process."""
        return [line for file in sorted(self.folder.glob("*.log")) for line in file.read_text().splitlines()]

    def metrics(self) -> str:
        """What Prometheus would read."""
        return httpx.get(f"{self.url}/metrics", trust_env=False, timeout=10).text

    def figure(self, name: str, **labels: str) -> float:
        """The sum of all series of this name with these labels."""
        lines = [line for line in self.metrics().splitlines() if re.match(rf"{name}[{{ ]", line)]
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if all(each in line for each in wanted))

    def stop(self, name: str) -> None:
        """Stop `api` or `worker`."""
        self._stops.pop(name, lambda: None)()

    def until(self, condition: Callable[[], Any], seconds: float = PATIENCE) -> Any:
        """Wait until something holds; else say what the shop said."""
        end = time.monotonic() + seconds
        while not (found := condition()):
            assert time.monotonic() < end, "\n".join(self.lines()[-30:])
            time.sleep(0.05)
        return found

    def is_well(self) -> bool:
        """Whether a webhook would be answered by a worker."""
        try:
            return httpx.get(f"{self.url}/health", trust_env=False, timeout=5).status_code == 200
        except httpx.HTTPError:
            return False


class Buyer:
    """A customer on Telegram."""

    def __init__(self, shop: Shop, name: str) -> None:
        self._shop, self._name = shop, name
        self.contact = str(next(_numbers))

    def says(self, text: str) -> list[str]:
        """Write, and read what the shop answers; a choice that is shown is tapped."""
        return self._does(text=text, choice=self._choice(text))

    def shows(self, picture: bytes) -> list[str]:
        """Send a picture, and read what the shop answers."""
        own_id = self._shop.world.keep_media(picture, "image/jpeg")
        return self._does(media=(Media(id=own_id, mime="image/jpeg", kind=MessageKind.IMAGE),))

    def writes(self, *, secret: str = HOOK_SECRET, times: int = 1, **what: Any) -> int:
        """Post what the platform would; the status of the last answer."""
        said = Said(contact=self.contact, name=self._name, message_id=str(next(_numbers)), at=datetime.now(UTC), **what)
        hook = PLATFORMS["telegram"].inbound(said, Credentials(account="default", webhook_secret=secret))
        for _ in range(times):
            answer = httpx.post(
                self._shop.url + hook.path, headers=dict(hook.headers), content=hook.body, trust_env=False, timeout=10
            )
        return answer.status_code

    def _does(self, **what: Any) -> list[str]:
        before = len(self.shown())
        assert 200 == self.writes(**what)
        self._shop.until(lambda: len(self.shown()) > before and self._is_settled())
        return self.shown()[before:]

    def shown(self) -> list[str]:
        """All that was said to them."""
        return [entry.text for entry in self._shown()]

    def _is_settled(self) -> bool:
        """Nothing new for a moment: the parts of a reply come one after another."""
        shown = len(self._shown())
        time.sleep(0.3)
        return shown == len(self._shown())

    def _shown(self) -> list[Any]:
        return [e for e in self._shop.world.phone("telegram", self.contact) if e.direction is Direction.OUT]

    def _choice(self, title: str) -> str:
        choices = [choice for entry in reversed(self._shown()) for choice in entry.choices]
        return next((choice.id for choice in choices if choice.title == title), "")


def attributes(told: Any) -> dict[str, Any]:
    """Attributes by name, whatever their kind."""
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in told.attributes}


@contextmanager
def opened(servers: Servers, folder: Path) -> Iterator[Shop]:
    """Open the shop, and close it at the end."""
    shop = Shop(folder)
    (folder / "metrics").mkdir()
    port = any_free(LOOPBACK)
    shop.url = f"http://{LOOPBACK}:{port}"
    with ExitStack() as stack:
        shop.outside = stack.enter_context(serving_app(shop.played()))
        environment = shop.environment(servers)
        asyncio.run(_stock(environment["DATABASE_URL"], shop.outside))
        for name, *arguments in (("api", "--port", str(port)), ("worker", "--processes", "2")):
            stops = stack.enter_context(ExitStack())
            stops.enter_context(_running(folder, name, arguments, environment))
            shop._stops[name] = stops.close
        shop.until(shop.is_well, 90)
        yield shop


async def _stock(database_url: str, url: str) -> None:
    async with open_pool(database_url, size=1, name="stock") as pool:
        await load_demo_shop(pool, url)


@contextmanager
def _running(folder: Path, name: str, arguments: list[str], environment: dict[str, str]) -> Iterator[None]:
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen([EVERTURN, name, *arguments], env=environment, cwd=folder, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        killer = threading.Timer(15, process.kill)
        killer.start()
        process.wait()
        killer.cancel()
