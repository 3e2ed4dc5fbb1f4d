"""A browser in front of the simulator's page."""

import shutil
from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Browser, async_playwright

from tests.api.running import serving, settings_for
from tests.servers_here import Servers

QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


def chromium() -> str:
    """Where Chromium is; without it these tests are skipped."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no Chromium here: `apt-get install chromium` (or put google-chrome on the path)")
    return found


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Chromium, alone with this machine."""
    path = chromium()
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=path, args=QUIET)
        yield running
        await running.close()


@pytest.fixture(scope="module")
def site(servers: Servers) -> Iterator[str]:
    """The API in dev with its servers and no worker."""
    chromium()
    settings = settings_for(
        temporal_address=servers.temporal_address,
        database_url=servers.database_url,
        temporal_ui_url="http://127.0.0.1:8233",
        manychat_webhook_secret="many-secret",
    )
    with serving(settings) as url:
        yield url
