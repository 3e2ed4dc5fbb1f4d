"""The embedded servers keep what they were given, whatever happens to their processes."""

import asyncio
import json
import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import psycopg
import pytest
from temporalio.client import Client

from contracts import search_attributes
from providers.servers import leftovers, ports, postgres, temporal
from providers.servers.child import ChildSpec
from providers.servers.postgres import PostgresServer
from providers.servers.problems import CannotStart, KeepsDying
from providers.servers.supervisor import Supervisor
from providers.servers.temporal import TemporalServer
from tests.servers.conftest import start_postgres, start_temporal, until

CRASH = """
import asyncio, json, os, signal, sys
from pathlib import Path
from providers.servers import postgres, temporal
from providers.servers.supervisor import Supervisor
from tests.servers.conftest import start_postgres, start_temporal

async def main():
    home, numbers = Path(sys.argv[1]), [int(number) for number in sys.argv[2:]]
    (home / "logs").mkdir(exist_ok=True)
    supervisor = Supervisor()
    server = postgres.PostgresServer(home / "postgres", numbers[0], home / "logs" / "postgres.log")
    other = temporal.TemporalServer(home / "temporal.sqlite", numbers[1], numbers[2], home / "logs" / "temporal.log")
    await asyncio.gather(start_postgres(supervisor, server), start_temporal(supervisor, other))
    print(json.dumps(supervisor.pids()), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


async def _write(server: PostgresServer, value: str) -> None:
    async with await psycopg.AsyncConnection.connect(server.url) as connection:
        await connection.execute("CREATE TABLE IF NOT EXISTS notes (note text)")
        await connection.execute("INSERT INTO notes VALUES (%s)", [value])


async def _notes(server: PostgresServer) -> list[str]:
    async with await psycopg.AsyncConnection.connect(server.url) as connection:
        return [row[0] for row in await (await connection.execute("SELECT note FROM notes")).fetchall()]


async def test_a_killed_postgres_comes_back_with_every_committed_row(
    supervisor: Supervisor, postgres: PostgresServer
) -> None:
    """An order that was taken is still there after the database's process was killed."""
    watched = await start_postgres(supervisor, postgres)
    await _write(postgres, "two bottles")
    assert watched.child is not None
    first = watched.child.pid
    os.kill(first, signal.SIGKILL)

    async def is_back() -> bool:
        return watched.child is not None and watched.child.pid != first and await watched.spec.answers()  # type: ignore[misc]

    await until(is_back)
    assert await _notes(postgres) == ["two bottles"]


async def test_postgres_wants_its_password_and_keeps_it_from_others(
    supervisor: Supervisor, postgres: PostgresServer
) -> None:
    """Whoever shares this machine cannot read the customers' data."""
    await start_postgres(supervisor, postgres)
    password = postgres.folder / "password"
    assert stat.S_IMODE(password.stat().st_mode) == 0o600
    with pytest.raises(psycopg.OperationalError, match="authentication failed"):
        await psycopg.AsyncConnection.connect(postgres.url.replace(password.read_text(), "guess"))


async def test_after_kill_9_of_everything_the_next_start_carries_on(tmp_path: Path) -> None:
    """A power cut costs nothing: nobody has to delete a lock file or find a lost process."""
    numbers = [ports.any_free("127.0.0.1") for _ in range(3)]
    command = [sys.executable, "-c", CRASH, str(tmp_path), *map(str, numbers)]
    ended = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=40)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    pids = json.loads(ended.stdout.splitlines()[-1])
    for pid in pids.values():  # the kernel tells them that we are gone
        await until(lambda pid=pid: _is_gone(pid))
    data = tmp_path / "postgres" / "data"
    (data / "postmaster.pid").write_text(f"{os.getpid()}\n{data}\n")  # the number now belongs to somebody else
    supervisor = Supervisor()
    server = PostgresServer(tmp_path / "postgres", numbers[0], tmp_path / "logs" / "postgres.log")
    other = TemporalServer(tmp_path / "temporal.sqlite", numbers[1], numbers[2], tmp_path / "logs" / "temporal.log")
    try:
        await asyncio.gather(start_postgres(supervisor, server), start_temporal(supervisor, other))
        await Client.connect(other.address)
    finally:
        await supervisor.stop(("temporal",), ("postgres",))


async def _is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


async def test_an_orphan_is_stopped_before_the_next_start(
    supervisor: Supervisor, temporal: TemporalServer, tmp_path: Path
) -> None:
    """Two servers never write to one file."""
    watched = await start_temporal(supervisor, temporal)
    assert watched.child is not None
    await watched.stop_watching()
    await asyncio.to_thread(leftovers.stop_temporal_of, tmp_path / "temporal.sqlite")
    assert await _is_gone(watched.child.pid)


def test_the_search_attributes_are_those_of_the_contracts() -> None:
    """What the server registers is what conversations are filed under."""
    assert temporal.SEARCH_ATTRIBUTES == tuple(key.name for key in search_attributes.ALL)


def test_a_taken_port_is_named_with_its_option_and_its_holder() -> None:
    """The person who starts us learns what to change."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CannotStart, match=rf"port {port} \(--ui-port\) .* by process {os.getpid()} .*--ui-port"):
            ports.require_free("127.0.0.1", port, "--ui-port")


def test_a_machine_without_the_programs_is_told_which_variables_help(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No wheel for this machine: bring your own servers."""
    with pytest.raises(CannotStart, match="TEMPORAL_ADDRESS"):
        temporal.find_temporal(beside=tmp_path)
    monkeypatch.setattr(postgres, "WHEEL", "no_such_wheel")
    with pytest.raises(CannotStart, match="DATABASE_URL"):
        postgres.find_postgres()


async def test_a_child_that_cannot_start_stops_everything_with_its_last_words(
    monkeypatch: pytest.MonkeyPatch, supervisor: Supervisor, tmp_path: Path
) -> None:
    """Better a clear end than an endless loop."""
    monkeypatch.setattr("providers.servers.supervisor.PAUSES", (0.0,))
    spec = ChildSpec("worker", ("sh", "-c", "echo no luck; exit 3"), tmp_path / "worker.log")
    await supervisor.start(spec)
    with pytest.raises(KeepsDying, match="worker could not be started 10 times") as caught:
        await supervisor.run()
    assert caught.value.last_lines[-1] == "no luck"


async def test_a_child_that_does_not_stop_is_killed(supervisor: Supervisor, tmp_path: Path) -> None:
    """Ctrl-C always ends within its time."""
    spec = ChildSpec("stubborn", ("sh", "-c", "trap '' TERM; sleep 60 & wait; wait"), tmp_path / "x.log", patience=0.3)
    watched = await supervisor.start(spec)
    await asyncio.sleep(0.2)
    await asyncio.wait_for(supervisor.stop(), 3)
    assert watched.child is not None
    assert not watched.child.is_alive
