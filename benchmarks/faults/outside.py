"""The world outside, in a thread of the harness: the platforms and the model, which outlive whatever we kill."""

import asyncio
import threading
import time
from collections.abc import Callable
from pathlib import Path

import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from benchmarks.faults.gates import Gated, Gates, asker_in, codes_in, contact_in
from benchmarks.faults.plan import Step
from platforms.registry import simulators
from platforms.simulation import Direction, Entry, Setting, World
from providers.model.script import Asked, Scripted
from providers.model.simulated import SimulatedModel
from providers.servers.ports import any_free

LOOPBACK = "127.0.0.1"
SLOW = 4.0
TROUBLES = {
    "slow": Scripted(text="Раджу легку сукню", delay=SLOW),
    "overloaded": Scripted(error=529, retry_after=0.5),
    "cut": Scripted(trouble="reset"),
    "garbage": Scripted(trouble="garbage"),
}
"""What may happen to one question."""


class Model(SimulatedModel):
    """Answers with the name of the message it answers; meets troubles that were set for a customer, once each."""

    def __init__(self) -> None:
        super().__init__(otherwise="Раджу легку сукню")
        self.troubles: dict[str, str] = {}
        self.met: list[str] = []
        self.delay = 0.25

    async def _answer(self, asked: Asked, request: Request, number: str) -> Response:
        self.asked.clear()
        named = codes_in(asked.said)
        trouble = self.troubles.pop(named[-1][0], "") if named else ""
        self.script = [TROUBLES[trouble]] if trouble else []
        if trouble:
            self.met.append(trouble)
        word = asked.said[asked.said.rfind("кодик") :].split()[0] if named else ""
        self.script.append(Scripted(text=f"Раджу легку сукню, {word}"))
        if trouble == "slow":
            self.script = [Scripted(text=f"Раджу легку сукню, {word}", delay=SLOW)]
        return await super()._answer(asked, request, number)


class Outside:
    """Platforms and model, with gates."""

    def __init__(self, folder: Path) -> None:
        self.gates = Gates()
        self.path = folder / "world.sqlite"
        self.world = World(self.path)
        self.model = Model()
        self._hears: Callable[[Entry], None] = lambda _: None
        self.world.listeners.append(lambda entry: self._hears(entry))
        for platform in ("chat2desk", "manychat"):
            self.world.faults.change(Setting(platform=platform, rate=0, latency=0))
        platforms = Gated(simulators(self.world), self.gates, Step.SENDING, Step.SHOWN, contact_in)
        model = Gated(self.model.app, self.gates, Step.ASKING, Step.THOUGHT, asker_in)
        self.platforms_url, self.model_url = _served(platforms), _served(model)

    def environment(self) -> dict[str, str]:
        """The variables that lead the system here."""
        return {
            "CHAT2DESK_API_BASE_URL": f"{self.platforms_url}/chat2desk",
            "MANYCHAT_API_URL": f"{self.platforms_url}/manychat",
            "ANTHROPIC_API_KEY": "faults",
            "ANTHROPIC_BASE_URL": self.model_url,
        }

    def listen(self, hear: Callable[[Entry], None]) -> None:
        """Tell the event loop that is running now of every bubble on a customer's phone."""
        loop = asyncio.get_running_loop()

        def hears(entry: Entry) -> None:
            if entry.direction is Direction.OUT:
                loop.call_soon_threadsafe(hear, entry)

        self._hears = hears


def _served(app: ASGIApp) -> str:
    port = any_free(LOOPBACK)
    server = uvicorn.Server(uvicorn.Config(app, LOOPBACK, port, log_level="critical", access_log=False))
    threading.Thread(target=server.run, name="outside", daemon=True).start()
    until = time.monotonic() + 10
    while not server.started and time.monotonic() < until:
        time.sleep(0.02)
    return f"http://{LOOPBACK}:{port}"
