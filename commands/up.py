"""`everturn up`: everything on this machine, watched until told to stop."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg

from api.app import check
from commands.home import Home, Running
from commands.outcome import Failed, WrongUse
from commands.terminal import Tail, Terminal
from flows.registry import FLOWS
from platforms.registry import variables
from providers.demo_shop import loading as demo_shop
from providers.records.migrate import migrate
from providers.records.pool import open_pool
from providers.secrets import FILE_IN_PRODUCTION, KeyFile
from providers.servers import leftovers, ports, postgres, temporal
from providers.servers.child import ChildSpec
from providers.servers.postgres import PostgresServer
from providers.servers.problems import KeepsDying, Refuses
from providers.servers.supervisor import Supervisor
from providers.servers.temporal import TemporalServer, reachable
from runtime import metrics
from runtime.account_settings import load_account_settings
from runtime.accounts import StatedAccounts
from runtime.media_settings import load_media_settings
from runtime.privacy_settings import encrypts, load_privacy_settings
from runtime.settings import Settings, WrongSetting
from runtime.shop_settings import load_shop_settings

FIRST_ANSWER = 60.0
"""Seconds a server may take until it answers: crash recovery and slow disks included."""
REMIND_AFTER = 10.0
NEEDED = ("temporal", "postgres", "worker")


@dataclass(frozen=True)
class Places:
    """Where everything listens."""

    host: str
    port: int
    temporal_port: int
    ui_port: int
    postgres_port: int | None
    workers: int = 2
    """Two, so that the conversations of one that died go on at once with the other."""

    @property
    def api_url(self) -> str:
        """Our own API, as this machine reaches it."""
        return f"http://{reachable(self.host)}:{self.port}"


DEMO_SHOP = {
    "SHOP_NAME": demo_shop.NAME,
    "SHOP_PERSONA_FILE": str(demo_shop.PERSONA),
    "SHOP_PAYMENT_DETAILS": demo_shop.PAYMENT_DETAILS,
}
"""What the workers are told of the shop, in development, where no setting says whose it is."""


class Up:
    """One run of everything."""

    def __init__(self, places: Places, settings: Settings, home: Home, terminal: Terminal) -> None:
        self._places = places
        self._settings = settings
        self._home = home
        self._terminal = terminal
        self._supervisor = Supervisor(self._remember)
        self._errands: set[asyncio.Task[None]] = set()
        self._running = Running(
            pid=os.getpid(),
            born=leftovers.born(os.getpid()),
            api_url=places.api_url,
            temporal_address=settings.temporal_address,
            temporal_ui_url=settings.temporal_ui_url,
            database_url=settings.database_url,
        )

    async def run(self) -> None:
        """Start everything, watch it, and stop it in order when told to.

        Raises:
            CannotStart: something could not be started, or kept dying.
            Failed: the database could not be brought up to date.
        """
        told = self._listen_to_signals()
        work = asyncio.create_task(self._start_and_watch())
        try:
            await asyncio.wait({work, told}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                work.result()
        finally:
            told.cancel()
            await self._stop(work)

    def _listen_to_signals(self) -> asyncio.Task[bool]:
        """Done at the first signal; a second one ends the children without patience."""
        told = asyncio.Event()

        def tell() -> None:
            if told.is_set():
                self._supervisor.kill()
            told.set()

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, tell)
        return asyncio.create_task(told.wait())

    async def _stop(self, work: asyncio.Task[None]) -> None:
        self._terminal.step("stopping")
        for task in (work, *self._errands):
            task.cancel()
        await asyncio.gather(work, *self._errands, return_exceptions=True)
        await self._supervisor.stop(("api", "worker"), ("temporal",), ("postgres",))
        self._home.forget_running()

    async def _start_and_watch(self) -> None:
        await asyncio.to_thread(self._home.clear_leftovers)
        self._remember()
        self._require_ports()
        await asyncio.gather(self._open_postgres(), self._open_temporal())
        self._terminal.step("starting API and workers")
        for name, arguments in (
            ("api", ("--host", self._places.host, "--port", str(self._places.port))),
            ("worker", ("--processes", str(self._places.workers))),
        ):
            spec = self._own_child(name, *arguments)
            await self._supervisor.start(spec)
            self._errand(Tail(name, spec.log, self._terminal).follow())
        self._errand(self._announce())
        await self._supervisor.run()

    def _require_ports(self) -> None:
        here, ours = self._places, [("--port", self._places.port)]
        if not self._settings.temporal_address:
            ours += [("--temporal-port", here.temporal_port), ("--ui-port", here.ui_port)]
        for option, port in ours:
            ports.require_free(here.host, port, option)
        if here.postgres_port and not self._settings.database_url:
            ports.require_free(postgres.HOST, here.postgres_port, "--postgres-port")

    async def _open_postgres(self) -> None:
        if not self._settings.database_url:
            port = self._home.postgres_port(self._places.postgres_port)
            server = PostgresServer(self._home.postgres, port, self._home.logs / "postgres.log")
            first = "" if server.data.exists() else " (the first start makes the database)"
            self._terminal.step(f"starting PostgreSQL{first}")
            spec = await asyncio.to_thread(lambda: server.child(postgres.find_postgres(server.data)))
            watched = await self._supervisor.start(spec)
            await watched.answered(FIRST_ANSWER)
            self._running.database_url = server.url
            self._remember()
        try:
            if applied := await migrate(self._running.database_url):
                self._terminal.step(f"migrations applied: {', '.join(applied)}")
        except psycopg.Error as error:
            raise Failed(f"the database could not be brought up to date: {' '.join(str(error).split())}") from None
        if not self._settings.is_production:
            await self._open_demo_shop()

    async def _open_demo_shop(self) -> None:
        """A newcomer can buy something at once; whoever has goods of their own keeps them alone."""
        async with open_pool(self._running.database_url, size=1, name="everturn-demo-shop") as pool:
            if await demo_shop.load_demo_shop(pool, self._places.api_url):
                self._terminal.step(f"the demo shop «{demo_shop.NAME}» is open")

    async def _open_temporal(self) -> None:
        if self._settings.temporal_address:
            return
        self._terminal.step("starting Temporal")
        server = TemporalServer(
            database=self._home.temporal_database,
            port=self._places.temporal_port,
            ui_port=self._places.ui_port,
            log=self._home.logs / "temporal.log",
            host=self._places.host,
            namespace=self._settings.temporal_namespace,
            codec_endpoint=f"{self._places.api_url}/codec" if encrypts(self._settings) else "",
        )
        watched = await self._supervisor.start(server.child(temporal.find_temporal()))
        self._running.temporal_address, self._running.temporal_ui_url = server.address, server.ui_url
        await watched.answered(FIRST_ANSWER)
        self._remember()

    def _own_child(self, name: str, *arguments: str) -> ChildSpec:
        script = Path(sys.executable).with_name("everturn")
        program = (sys.executable, str(script)) if script.exists() else (sys.executable, "-m", "cli")
        return ChildSpec(
            name=name,
            argv=(*program, name, *arguments),
            log=self._home.logs / f"{name}.log",
            env=self._environment(),
            patience=6.0,
            hopeless=frozenset({WrongUse.status}),
            after=lambda pid: metrics.forget_process(pid, self._home.metrics),
        )

    def _environment(self) -> dict[str, str]:
        """What the children shall know."""
        running, settings = self._running, self._settings
        log_format = "json" if settings.everturn_log_format == "auto" else settings.everturn_log_format
        return {
            "TEMPORAL_ADDRESS": running.temporal_address,
            "TEMPORAL_UI_URL": running.temporal_ui_url,
            "DATABASE_URL": running.database_url,
            "EVERTURN_API_URL": running.api_url,
            "EVERTURN_HOME": str(self._home.path),
            "EVERTURN_LOG_FORMAT": log_format,
            **self._key_file(),
            "OPERATOR_TOKEN": settings.operator_token or self._home.operator_token(create=True),
            "PROMETHEUS_MULTIPROC_DIR": str(self._home.metrics),
            **({} if settings.is_production or load_shop_settings().shop_name else DEMO_SHOP),
        }

    def _key_file(self) -> dict[str, str]:
        """In production without a key of its own, one is kept in the home: this machine is all there is."""
        keys = load_account_settings(everturn_env=self._settings.everturn_env)
        stated = keys.everturn_secrets_key.get_secret_value() or keys.everturn_secrets_key_file
        if stated or not keys.is_production:
            return {}
        file = KeyFile(self._home.path.absolute() / FILE_IN_PRODUCTION)
        file.read(make=True)
        return {"EVERTURN_SECRETS_KEY_FILE": str(file.path)}

    def _remember(self) -> None:
        children = {name: (pid, leftovers.born(pid)) for name, pid in self._supervisor.pids().items()}
        self._home.write_running(self._running.model_copy(update={"children": children}))

    def _errand(self, what: Coroutine[Any, Any, None]) -> None:
        self._errands.add(asyncio.create_task(what))

    async def _announce(self) -> None:
        """Say where everything is; then, as soon as a webhook would be answered, that we are ready."""
        for line in self.directions():
            self._terminal.say(line)
        self._terminal.step("waiting until a webhook would be answered")
        loop, waited = asyncio.get_running_loop(), 0
        began = loop.time()
        async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
            while missing := await _missing(client, self._places.api_url):
                if loop.time() - began > REMIND_AFTER * (waited + 1):
                    waited += 1
                    self._terminal.say(f"still waiting: {missing} (logs: {self._home.logs})")
                await asyncio.sleep(0.1)
        self._terminal.done()
        self._terminal.say(f"ready {self._places.api_url}")

    def directions(self) -> list[str]:
        """Where everything is, and what to try first."""
        url, settings = self._places.api_url, self._settings
        lines = [f"  API             {url}", f"  API docs        {url}/docs", f"  metrics         {url}/metrics"]
        if not settings.is_production:
            lines.append(f"  simulator       {url}/simulator")
        lines.append(f"  Temporal UI     {self._running.temporal_ui_url or '(of the Temporal you brought)'}")
        lines.append(f"  logs            {self._home.logs}")
        if not settings.operator_token:
            lines.append(f"  operator token  {self._home.operator_token(create=True)}")
        if self._places.host not in ("127.0.0.1", "::1", "localhost"):
            lines.append("  note: Temporal and its web UI listen there too, and ask nobody for a password")
        if not settings.is_production:  # there, a webhook needs the platform's secret
            example = 'everturn say --platform manychat --contact 42 "Привіт"'
            lines.append(f"  try             .venv/bin/{example} --home {self._home.path}")
        return lines


def go_up(places: Places, settings: Settings, home_path: Path) -> None:
    """Run everything until told to stop.

    Raises:
        WrongUse: two servers on one port, or a setting is missing.
        CannotStart, Failed: it could not be started, or something kept dying.
    """
    _require_sense(places, settings)
    home = Home(home_path)
    with home.held(), Terminal() as terminal:
        try:
            asyncio.run(Up(places, settings, home, terminal).run())
        except Refuses as error:
            raise WrongUse(str(error)) from None
        except KeepsDying as error:
            terminal.done()
            for line in error.last_lines:
                terminal.say(f"[{error.name}] {line}")
            raise
        terminal.say("stopped")


def _require_sense(places: Places, settings: Settings) -> None:
    try:
        check(settings)
        load_media_settings()
        load_account_settings(everturn_env=settings.everturn_env)
        load_privacy_settings()
        StatedAccounts.of_settings(settings, variables(), FLOWS)
    except WrongSetting as error:
        raise WrongUse(str(error)) from None
    wanted = [("--port", places.port)]
    if not settings.temporal_address:
        wanted += [("--temporal-port", places.temporal_port), ("--ui-port", places.ui_port)]
    if places.postgres_port and not settings.database_url:
        wanted.append(("--postgres-port", places.postgres_port))
    seen: dict[int, str] = {}
    for option, port in wanted:
        if (other := seen.setdefault(port, option)) != option:
            raise WrongUse(f"{other} and {option} are both {port}: every server needs a port of its own")


async def _missing(client: httpx.AsyncClient, api_url: str) -> str:
    """What is not there yet; empty when a webhook sent now would be answered."""
    try:
        health = (await client.get(f"{api_url}/health")).json()
    except (httpx.HTTPError, ValueError):
        return "the API does not answer yet"
    with contextlib.suppress(KeyError, TypeError):
        late = {name: health[name] for name in NEEDED if health[name]["status"] != "ok"}
        return "; ".join(f"{name}: {part.get('reason') or part['status']}" for name, part in late.items())
    return "/health says nothing we understand"
