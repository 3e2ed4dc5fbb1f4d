"""What everything is measured on: a whole `everturn up` of our own, a bare worker beside it, and clients to both."""

import asyncio
import os
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
from temporalio.client import Client

from benchmarks.bare import PAUSE, BareSide
from benchmarks.door import Door
from benchmarks.sides import Customers
from commands.home import Home, Running
from platforms.registry import variables
from providers.servers.child import Child, ChildSpec, last_lines, start_child
from providers.servers.ports import any_free
from runtime.settings import Settings
from runtime.variables import Stated

LOOPBACK = "127.0.0.1"
FIRST_START = 240.0
SETTLED = 10.5
"""Seconds after which a supervisor takes a child for settled, and starts it again at once if it dies."""
CHANGED = {
    "CHAT2DESK_QUIET_PERIOD_SECONDS": str(PAUSE),
    "CHAT2DESK_RATE_LIMIT_REQUESTS_PER_MINUTE": "600000",
    "MANYCHAT_RATE_LIMIT_REQUESTS_PER_MINUTE": "600000",
    "FLOOD_MESSAGES_PER_MINUTE": "1000000",
    "CHAT2DESK_FLOW": "water_order",
    "MANYCHAT_FLOW": "water_order",
}
"""Pacing protects platforms and is not what is measured; ManyChat keeps the stock quiet period of two seconds."""


@dataclass(frozen=True)
class Ground:
    """Everything a benchmark needs."""

    home: Home
    client: Client
    door: Door
    customers: Customers
    bare: BareSide
    quick: bool
    tell: Callable[[str], None]
    conversations: int | None = None
    """How many the person at the keyboard asked for; None: the benchmark's own number."""
    seed: int = 1
    minutes: float | None = None
    """How long the person at the keyboard wants the load of `faults` to last."""
    write: Path | None = None
    """The folder that a report goes into; None: nothing is written."""

    @property
    def running(self) -> Running:
        """Where everything is now."""
        found = self.home.running()
        if found is None:
            raise RuntimeError("`everturn up` has ended")
        return found

    def pid(self, child: str) -> int:
        """The process id of the API or the worker, whichever start it is."""
        return self.running.children[child][0]

    async def worker_settled(self) -> None:
        """Wait until a death of the worker would be its first one in a row."""
        alive = min(time.time() - psutil.Process(pid).create_time() for pid in self.workers())
        await asyncio.sleep(max(0.0, SETTLED - alive))

    async def replaced_worker(self, how: signal.Signals) -> None:
        """End the workers behind their keeper, who starts others."""
        before = self.workers()
        for pid in before:
            os.kill(pid, how)
        while not self.workers() - before:
            await asyncio.sleep(0.02)

    def workers(self) -> set[int]:
        """The process ids of those who work; their keeper is not one of them."""
        return {child.pid for child in psutil.Process(self.pid("worker")).children()}


@asynccontextmanager
async def laid(
    *,
    quick: bool,
    tell: Callable[[str], None],
    environment: Mapping[str, str] = CHANGED,
    workers: int = 2,
    wishes: Mapping[str, Any] | None = None,
) -> AsyncIterator[Ground]:
    """Start everything, with these variables beside the stock ones, and stop it at the end.

    `wishes`: fields of the ground that the person at the keyboard set.
    """
    with tempfile.TemporaryDirectory(prefix="everturn-bench-") as folder:
        home = Home(Path(folder) / "home")
        tell("starting everturn up")
        child = await start_child(_up(home, environment, workers))
        try:
            await _ready(child, home)
            async with _clients(home, quick=quick, tell=tell) as ground:
                yield replace(ground, **(wishes or {}))
        finally:
            tell("stopping")
            await child.stop()


def _up(home: Home, environment: Mapping[str, str], workers: int) -> ChildSpec:
    ports = [("--port", any_free(LOOPBACK)), ("--temporal-port", any_free(LOOPBACK)), ("--ui-port", any_free(LOOPBACK))]
    ports.append(("--workers", workers))
    options = [text for name, port in ports for text in (name, str(port))]
    return ChildSpec(
        name="up",
        # One worker, as the bare side has: what a second one brings is not what is compared.
        argv=(*everturn(), "up", "--home", str(home.path), "--workers", "1", *options),
        log=home.path.with_suffix(".log"),
        env=stock_environment() | dict(environment),
        patience=15,
    )


def everturn() -> tuple[str, str]:
    """The program, as it is called."""
    return sys.executable, str(Path(sys.executable).with_name("everturn"))


def stock_environment() -> dict[str, str]:
    """Our variables emptied: whatever this shell sets, the stock values count."""
    names = [name.upper() for name in Settings.model_fields]
    for known in variables():
        names += [known.variable(field) for field in Stated.model_fields if field != "options"]
        names += [option.variable for option in known.options.values()]
    return dict.fromkeys(names, "")


async def _ready(child: Child, home: Home) -> None:
    until = time.monotonic() + FIRST_START
    while not any(line.startswith("ready ") for line in last_lines(child.spec.log)):
        if not child.is_alive or time.monotonic() > until:
            raise RuntimeError("everturn up did not start: " + " | ".join(last_lines(child.spec.log)))
        await asyncio.sleep(0.1)


@asynccontextmanager
async def _clients(home: Home, *, quick: bool, tell: Callable[[str], None]) -> AsyncIterator[Ground]:
    running = home.running()
    assert running is not None
    client = await Client.connect(running.temporal_address)
    door = Door(running.api_url)
    for platform in ("chat2desk", "manychat"):
        await door.set_up("/simulator/_settings", f'{{"platform": "{platform}", "rate": 0, "latency": 0}}'.encode())
    bare = BareSide(client, "bare")
    await bare.start_worker(running.temporal_address)
    customers = Customers(door, home.path / "simulator.sqlite")
    try:
        yield Ground(home, client, door, customers, bare, quick, tell)
    finally:
        await bare.stop()
        await customers.close()
        door.close()
