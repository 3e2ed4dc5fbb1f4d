"""What an operator notices of a database that was away for a moment."""

import asyncio
from pathlib import Path

import httpx
import pytest

from providers.records import migrate
from providers.servers.ports import any_free
from providers.servers.postgres import PostgresServer, find_postgres
from providers.servers.supervisor import Supervisor
from tests.api.running import serving, settings_for

OPERATOR = {"Authorization": "Bearer operator-secret"}


@pytest.mark.slow
async def test_the_first_look_after_a_restart_of_postgres_succeeds(tmp_path: Path) -> None:
    """PostgreSQL was restarted over night; the operator's first look in the morning shows the orders, not an error."""
    server = PostgresServer(tmp_path / "postgres", any_free("127.0.0.1"), tmp_path / "postgres.log")
    spec = await asyncio.to_thread(lambda: server.child(find_postgres(server.data)))
    supervisor = Supervisor()
    try:
        watched = await supervisor.start(spec)
        await watched.answered(30)
        await migrate(server.url)
        settings = settings_for(database_url=server.url)
        with serving(settings) as url:
            async with httpx.AsyncClient(base_url=url, headers=OPERATOR, timeout=20, trust_env=False) as operator:
                # Several at once: the pool then holds several connections.
                before = await asyncio.gather(*(operator.get("/api/orders") for _ in range(8)))
                await watched.stop()
                watched = await supervisor.start(spec)
                await watched.answered(30)
                after = [await operator.get("/api/orders") for _ in range(8)]
    finally:
        await supervisor.stop()

    assert {200} == {answer.status_code for answer in before}
    assert [200] * 8 == [answer.status_code for answer in after]
