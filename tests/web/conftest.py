"""A browser in front of the simulator's page, the API behind it, and a worker that answers."""

import asyncio
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

import httpx
import psycopg
import pytest
import pytest_asyncio
import uvicorn
from fastapi import FastAPI
from playwright.async_api import Browser, BrowserContext, Page, Response, async_playwright
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import expect as expect_page

from api.app import create_app
from platforms.registry import names
from platforms.simulation import World
from providers.servers.ports import any_free
from tests.api.namespaces import fresh_namespace
from tests.api.running import settings_for
from tests.servers_here import LOOPBACK, Servers

EVERTURN = str(Path(sys.executable).parent / "everturn")
TOKEN = "operator-secret"
DESK, PHONE = (1280, 800), (375, 812)
PATIENCE_MS = 20_000
"""Longest wait for what the page shows: two cores are shared with others."""
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]  # fmt: skip


def chromium() -> str:
    """Where Chromium is; without it these tests are skipped."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no Chromium here: `apt-get install chromium` (or put google-chrome on the path)")
    return found


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium, alone with this machine, with a microphone that beeps."""
    path = chromium()
    expect_page.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield running
        await running.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def window(browser: Browser) -> BrowserContext:
    """What all pages share: what the browser keeps, and the permission to use the microphone."""
    return await browser.new_context(locale="uk-UA")


@dataclass
class Site:
    """The API in dev, its simulated world, and its worker."""

    url: str
    world: World
    database_url: str

    async def ask(self, path: str, **options: Any) -> httpx.Response:
        """Ask the operator API."""
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with httpx.AsyncClient(base_url=self.url, headers=headers, timeout=20, trust_env=False) as client:
            return await client.request(options.pop("method", "GET"), path, **options)

    def conversation(self, platform: str, contact: str, act: str = "") -> str:
        """Where the operator API has it."""
        return f"/api/conversations/{quote(f'conv:{platform}:default:{contact}', safe='')}{act}"

    async def holder(self, platform: str, contact: str) -> str:
        """Who may answer now."""
        answer = await self.ask(self.conversation(platform, contact))
        return str(answer.json().get("holder", answer.text))

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """What stands in our books."""
        with psycopg.connect(self.database_url) as connection:
            return connection.execute(query.encode(), values).fetchall()


@pytest.fixture(scope="session")
def site(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The whole house but for its servers, in a namespace of its own: it takes up nobody else's conversations."""
    chromium()
    namespace, port = fresh_namespace(servers, "web"), any_free(LOOPBACK)
    shared: dict[str, Any] = {
        "temporal_address": servers.temporal_address,
        "temporal_namespace": namespace,
        "temporal_ui_url": "http://127.0.0.1:8233",
        "database_url": servers.fresh_database(f"web_{uuid4().hex[:12]}"),
        "everturn_api_url": f"http://{LOOPBACK}:{port}",
        "manychat_webhook_secret": "many-secret",
        **{f"{name}_quiet_period_seconds": 0 for name in names()},
        **{f"{name}_flow": "water_order" for name in names()},
    }
    folder = tmp_path_factory.mktemp("web")
    app = create_app(settings_for(**shared))
    with _serving(app, port), _working(shared, folder):
        yield Site(shared["everturn_api_url"], app.state.visit.world, shared["database_url"])


@contextmanager
def _serving(app: FastAPI, port: int) -> Iterator[None]:
    config = uvicorn.Config(
        app, LOOPBACK, port, access_log=False, log_config=None, timeout_graceful_shutdown=1, lifespan="on"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), name="api", daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the API could not start"
        time.sleep(0.01)
    yield
    server.should_exit = True
    thread.join(10)


@contextmanager
def _working(shared: dict[str, Any], folder: Path) -> Iterator[None]:
    environment = os.environ | {name.upper(): str(value) for name, value in shared.items()}
    environment |= {"OPERATOR_TOKEN": TOKEN, "EVERTURN_HOME": str(folder / "home")}
    with (folder / "worker.log").open("wb") as log:
        process = subprocess.Popen([EVERTURN, "worker"], env=environment, cwd=folder, stdout=log, stderr=log)
        try:
            yield
        finally:
            process.terminate()
            process.wait(15)


@dataclass
class Visitor:
    """Somebody at the page."""

    page: Page
    site: Site
    platform: str
    contact: str
    errors: list[str] = field(default_factory=list)

    async def note_trouble(self, answer: Response) -> None:
        """The console tells the status of a failed request alone; what we said of it names the cause."""
        if answer.status >= 500:
            try:
                said = await answer.text()
            except PlaywrightError as error:  # the page is gone
                said = str(error)
            self.errors.append(f"{answer.request.method} {answer.url}: {answer.status} {said[:500]}")

    async def write(self, text: str) -> None:
        """Type as the customer and press Enter."""
        box = self.page.get_by_role("textbox", name="Message")
        await box.fill(text)
        await box.press("Enter")

    async def takes(self, statuses: str = "HTTP 2") -> None:
        """Our webhook took it."""
        await expect_page(self.page.locator("#status")).to_contain_text(statuses)

    async def until(self, condition: Callable[[], Awaitable[Any]], seconds: float = 20) -> None:
        """Wait for what is about to happen behind the page."""
        end = time.monotonic() + seconds
        while not await condition():
            assert time.monotonic() < end, self.site.world.phone(self.platform, self.contact)
            await asyncio.sleep(0.05)


Visit = Callable[..., Awaitable[Visitor]]


@pytest_asyncio.fixture(loop_scope="session")
async def visit(window: BrowserContext, site: Site) -> AsyncIterator[Visit]:
    """Opens the page for a new customer; any error in its console fails the test."""
    visitors: list[Visitor] = []

    async def open_page(platform: str = "chat2desk", size: tuple[int, int] = DESK, **query: str) -> Visitor:
        page = await window.new_page()
        await page.set_viewport_size({"width": size[0], "height": size[1]})
        contact = query.pop("contact", str(10**8 + uuid4().int % 10**8))
        visitor = Visitor(page, site, platform, contact)
        visitors.append(visitor)
        page.on("console", lambda said: visitor.errors.append(said.text) if said.type == "error" else None)
        page.on("response", visitor.note_trouble)
        page.on("pageerror", lambda error: visitor.errors.append(str(error)))
        await page.goto(f"{site.url}/simulator?{urlencode({'platform': platform, 'contact': contact, **query})}")
        await expect_page(page.locator("#whose")).to_contain_text(contact)
        return visitor

    yield open_page
    for visitor in visitors:
        await visitor.page.close()
    assert [] == [error for visitor in visitors for error in visitor.errors]
