"""Posts to our own door what a platform would post, over real HTTP."""

import httpx
import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from api.problems import unavailable
from platforms.simulation import Webhook

KEEP_ALIVE_SECONDS = 1.0
"""Shorter than any server keeps them (uvicorn: 5): one it is just closing would look like a door that is shut."""

TRIES = 3
"""Every platform delivers again what was not answered; ours drops what it knows."""

log = structlog.get_logger(__name__)


class Posting:
    """Where our door is, and a way there: the socket by which the simulator itself was asked last."""

    def __init__(self) -> None:
        self.url = ""
        # Never through a proxy: it is our own door, on this machine.
        limits = httpx.Limits(keepalive_expiry=KEEP_ALIVE_SECONDS)
        self._client = httpx.AsyncClient(timeout=15, limits=limits, trust_env=False)

    def learn(self, scope: Scope) -> None:
        """Note by which socket a request came in, whatever the settings say of our URL."""
        host, port = scope.get("server") or ("", None)
        if port:
            self.url = f"http://{f'[{host}]' if ':' in host else host}:{port}"

    async def post(self, hook: Webhook) -> int:
        """Post a webhook; returns the status it was answered with.

        Raises:
            Problem: 503 our own door does not answer.
        """
        for left in reversed(range(TRIES)):
            try:
                answer = await self._client.post(
                    self.url + hook.path, params=dict(hook.query), headers=dict(hook.headers), content=hook.body
                )
            except httpx.HTTPError as error:
                log.warning("delivery_failed", path=hook.path, error=type(error).__name__, tries_left=left)
                reason = type(error).__name__
            else:
                return answer.status_code
        raise unavailable(f"our own webhook does not answer ({reason})")

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()


class Learning:
    """The simulated platforms behind a doorman who notes by which socket they were called; pure ASGI."""

    def __init__(self, app: ASGIApp, posting: Posting) -> None:
        self._app = app
        self._posting = posting

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Note, and pass on."""
        if scope["type"] == "http":
            self._posting.learn(scope)
        await self._app(scope, receive, send)
