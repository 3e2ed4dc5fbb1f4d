"""The real API on a real socket, in a thread of its own, as a process of its own would be."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp

import api.app
from runtime.settings import Settings, load_settings


def settings_for(**values: Any) -> Settings:
    """Settings that know nothing of this machine's environment file.

    Unhedged: who has read 2xx here finds the message in Temporal at once. Hedges have tests of their own.
    """
    known: dict[str, Any] = {
        "operator_token": "operator-secret",
        "temporal_address": "127.0.0.1:1",
        "hedge_webhooks": False,
    }
    return load_settings(_env_file=None, **(known | values))


@contextmanager
def serving(settings: Settings) -> Iterator[str]:
    """Serve the API until the block ends; gives the URL."""
    with serving_app(api.app.create_app(settings)) as url:
        yield url


@contextmanager
def serving_app(app: ASGIApp) -> Iterator[str]:
    """Serve any application until the block ends; gives the URL."""
    config = uvicorn.Config(app, port=0, access_log=False, log_config=None, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), name="api", daemon=True)
    thread.start()
    try:
        yield _url_of(server, thread)
    finally:
        server.should_exit = True
        thread.join(10)


def _url_of(server: uvicorn.Server, thread: threading.Thread) -> str:
    while not server.started:
        assert thread.is_alive(), "the API could not start"
        time.sleep(0.01)
    return f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
