"""The whole product as a newcomer runs it: `everturn up`, real processes, real HTTP; and the means to kill them."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg

from platforms.base import Credentials
from platforms.kit import Said
from platforms.registry import PLATFORMS
from providers.secrets import new_key
from providers.servers.ports import is_free
from providers.servers.postgres import PostgresServer

EVERTURN = str(Path(sys.executable).parent / "everturn")
START_SECONDS = 60
_ids = count(int(time.time() * 1000))

EVERYDAY = {
    "CHAT2DESK_QUIET_PERIOD_SECONDS": "0.3",
    "MANYCHAT_QUIET_PERIOD_SECONDS": "0.2",
    "MANYCHAT_RATE_LIMIT_REQUESTS_PER_MINUTE": "60",
    "MANYCHAT_FLOW": "water_order",
    "CHAT2DESK_FLOW": "water_order",
}
"""The settings of most tests."""
ON_THE_LINE = {
    "OPERATOR_TOKEN": "operator-secret",
    "MANYCHAT_PUSH_MODE": "false",
    "MANYCHAT_QUIET_PERIOD_SECONDS": "0.2",
    "MANYCHAT_INTERIM_TEXT": "Секунду…",
    "MANYCHAT_FLOW": "water_order",
    "CHAT2DESK_QUIET_PERIOD_SECONDS": "0.2",
    "CHAT2DESK_RATE_LIMIT_REQUESTS_PER_MINUTE": "240",
    "CHAT2DESK_FLOW": "water_order",
    "EVERTURN_SECRETS_KEY": new_key(),
}
"""ManyChat waits for its answers, Chat2Desk is slow; a worker on another machine can read the accounts' secrets."""

MARKS = {
    "api": "everturn api",
    "worker": "everturn worker",
    "temporal": "temporal server start-dev",
    "postgres": "postgres",
}
"""How the contract lets each child be told apart in a process list."""


def _port() -> int:
    """One for a house that may start much later: the kernel gives nobody a port below 32768 (Linux's default)."""
    while not is_free("127.0.0.1", port := random.randrange(15_000, 32_000)):
        pass
    return port


class House:
    """One running `everturn up`."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.home = home
        self.port, self.temporal_port, self.ui_port, self.postgres_port = (_port() for _ in range(4))
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = environment
        self.lines: list[str] = []
        self.client = httpx.Client(base_url=self.url, timeout=15, trust_env=False)

    def start(self) -> None:
        """Start it and wait for its `ready` line."""
        self.lines.clear()
        clean = {name: value for name, value in os.environ.items() if "EVERTURN" not in name and "DATABASE" not in name}
        self.process = subprocess.Popen(
            [EVERTURN, "up", "--home", str(self.home), "--port", str(self.port), "--temporal-port",
             str(self.temporal_port), "--ui-port", str(self.ui_port), "--postgres-port", str(self.postgres_port)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=clean | self.environment,
            cwd=self.home.parent,
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.until(lambda: any(line.startswith("ready ") for line in self.lines), START_SECONDS)

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as output:
            for line in output:
                self.lines.append(line.rstrip())

    def until(self, condition: Callable[[], Any], seconds: float = 20) -> Any:
        """Wait until something holds; on a time-out say what the house said."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if found := condition():
                return found
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise AssertionError("it did not happen; the last lines were:\n" + "\n".join(self.lines[-25:]))

    def children(self, name: str) -> list[psutil.Process]:
        """The running processes of one kind, the parent first."""
        found = []
        for process in psutil.Process(self.process.pid).children(recursive=True):
            try:
                words = " ".join(process.cmdline())
            except psutil.Error:
                continue
            if MARKS[name] in words:
                found.append(process)
        return found

    def kill(self, *names: str) -> None:
        """kill -9 of all that is called so, all at once, and wait until it is gone."""
        victims = [process for name in names for process in self.children(name)]
        if "postgres" in names:  # its own children end by themselves, and only it is watched
            victims = [process for process in victims if process.ppid() not in {other.pid for other in victims}]
        for victim in victims:
            with contextlib.suppress(psutil.NoSuchProcess):  # the keeper's death takes its workers along
                victim.kill()
        psutil.wait_procs(victims, timeout=5)

    def kill_one(self, name: str, place: int) -> None:
        """kill -9 of one of several of the same name."""
        victim = self.children(name)[place]
        victim.kill()
        psutil.wait_procs([victim], timeout=5)

    def processes(self, name: str) -> list[psutil.Process]:
        """Everything on this machine that is called so and works in our home, orphans included."""
        return [process for process in psutil.process_iter() if self._is_ours(process, MARKS[name])]

    def _is_ours(self, process: psutil.Process, mark: str) -> bool:
        try:
            return mark in " ".join(process.cmdline()) and str(self.home) in str(process.open_files())
        except psutil.Error:
            return False

    def kill_everything(self) -> None:
        """kill -9 of the supervisor; its children go with it."""
        family = psutil.Process(self.process.pid).children(recursive=True)
        self.process.kill()
        self.process.wait(5)
        psutil.wait_procs(family, timeout=10)

    def stop(self) -> int:
        """Ctrl-C; returns the exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(15)

    def healthy(self) -> bool:
        """Whether /health says that all that is needed works."""
        try:
            return self.client.get("/health").status_code == 200
        except httpx.HTTPError:
            return False

    # --- being a customer --------------------------------------------------------------------------------------

    def write(self, contact: str, text: str, *, id: str = "", platform: str = "chat2desk") -> str:
        """Post a real webhook, again until it is taken, as the platform would; returns the message's id."""
        id = id or str(next(_ids))
        credentials = Credentials(account="default", access_token="simulator")
        said = Said(contact=contact, text=text, message_id=id, at=datetime.now(UTC))
        hook = PLATFORMS[platform].inbound(said, credentials)
        for _ in range(200):
            try:
                query, headers = dict(hook.query), dict(hook.headers)
                answer = self.client.post(hook.path, params=query, headers=headers, content=hook.body)
                if answer.is_success:
                    return id
            except httpx.HTTPError:
                pass
            time.sleep(0.1)
        raise AssertionError("the webhook was never taken")

    def phone(self, contact: str) -> list[str]:
        """What the customer was told."""
        try:
            entries = self.client.get(f"/simulator/_world/chat2desk/{contact}").json()
        except httpx.HTTPError:
            return []
        return [entry["text"] for entry in entries if entry["direction"] == "out"]

    def calls(self, platform: str) -> list[datetime]:
        """When the platform's send API was called."""
        return [datetime.fromisoformat(call["at"]) for call in self.client.get(f"/simulator/_calls/{platform}").json()]

    @contextmanager
    def another_worker(self) -> Iterator[None]:
        """A second worker beside the house's own, as on another machine."""
        environment = os.environ | self.environment | {
            "TEMPORAL_ADDRESS": f"127.0.0.1:{self.temporal_port}",
            "DATABASE_URL": self._database_url(),
            "EVERTURN_API_URL": self.url,
        }  # fmt: skip
        command, quiet = [EVERTURN, "worker"], subprocess.DEVNULL
        process = subprocess.Popen(command, env=environment, cwd=self.home.parent, stderr=quiet)
        try:
            yield
        finally:
            process.terminate()
            process.wait(15)

    def answered(self, contact: str, replies: int, seconds: float = 25) -> list[str]:
        """Wait until the customer has been told so many things."""
        self.until(lambda: len(self.phone(contact)) >= replies, seconds)
        return self.phone(contact)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Look into the database."""
        with psycopg.connect(self._database_url(), autocommit=True) as connection:
            return connection.execute(query.encode()).fetchall()

    def _database_url(self) -> str:
        return PostgresServer(self.home / "postgres", self.postgres_port, self.home / "unused.log").url


@contextmanager
def living(home: Path, **environment: str) -> Iterator[House]:
    """A house that is started, and stopped at the end whatever happened."""
    house = House(home, **environment)
    try:
        house.start()
        yield house
    finally:
        if house.process.poll() is None:
            house.process.send_signal(signal.SIGTERM)
            try:
                house.process.wait(12)
            except subprocess.TimeoutExpired:
                house.kill_everything()
        house._reader.join(5)
        house.client.close()
