"""Real servers for a test session: PostgreSQL and Temporal on free ports, in a folder that goes away."""

import asyncio
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg

from providers.records import migrate
from providers.servers.ports import any_free
from providers.servers.postgres import PostgresServer, find_postgres
from providers.servers.supervisor import Supervisor
from providers.servers.temporal import TemporalServer, find_temporal

LOOPBACK = "127.0.0.1"
TEMPLATE = "empty_and_migrated"


@dataclass(frozen=True)
class Servers:
    """Where they are."""

    database_url: str
    temporal_address: str

    postgres_data: Path

    def kill_postgres(self) -> None:
        """kill -9; its supervisor starts it again."""
        for process in psutil.process_iter(["cmdline"]):
            if str(self.postgres_data) in (process.info["cmdline"] or []):
                process.kill()
                process.wait(5)

    def fresh_database(self, name: str) -> str:
        """An empty, migrated database of its own: a copy of one that nobody speaks to, twice as quick as migrating."""
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{TEMPLATE}"'.encode())
        return f"{self.database_url.rsplit('/', 1)[0]}/{name}"


@contextmanager
def running(folder: Path) -> Iterator[Servers]:
    """Start both, watched from a thread of their own, and stop them at the end."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="servers", daemon=True)
    thread.start()
    supervisor = Supervisor()
    try:
        yield asyncio.run_coroutine_threadsafe(_start(supervisor, folder), loop).result(60)
    finally:
        asyncio.run_coroutine_threadsafe(supervisor.stop(), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()


async def _start(supervisor: Supervisor, folder: Path) -> Servers:
    postgres = PostgresServer(folder / "postgres", any_free(LOOPBACK), folder / "postgres.log")
    temporal = TemporalServer(
        folder / "temporal.sqlite", any_free(LOOPBACK), any_free(LOOPBACK), folder / "temporal.log"
    )
    started = [
        await supervisor.start(await asyncio.to_thread(postgres.child, find_postgres(postgres.data))),
        await supervisor.start(temporal.child(find_temporal())),
    ]
    for watched in started:
        await watched.answered(40)
    await migrate(postgres.url)
    await _make_template(postgres.url)
    return Servers(postgres.url, temporal.address, postgres.data)


async def _make_template(url: str) -> None:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        # Tests kill the server, never the machine: what the kernel has is not lost.
        await connection.execute("ALTER SYSTEM SET fsync = off")
        await connection.execute("SELECT pg_reload_conf()")
        if sys.platform == "linux":  # a killed server looks at each file of dozens of databases otherwise
            await connection.execute("ALTER SYSTEM SET recovery_init_sync_method = 'syncfs'")
        await connection.execute(f'CREATE DATABASE "{TEMPLATE}"'.encode())
    await migrate(f"{url.rsplit('/', 1)[0]}/{TEMPLATE}")
