"""Two APIs and three workers on one Temporal and one PostgreSQL, as on several machines; one of each dies."""

import asyncio
import gc
from collections import Counter
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from benchmarks.pieces import Pieces, Where, standing
from commands.load.going import loaded
from commands.load.plan import Plan, Seen
from commands.load.verdict import promises
from runtime.settings import load_settings
from tests.api.namespaces import fresh_namespace
from tests.servers_here import Servers

ENVIRONMENT = {
    "MANYCHAT_FLOW": "water_order",
    "MANYCHAT_QUIET_PERIOD_SECONDS": "0.3",
    "MANYCHAT_RATE_LIMIT_REQUESTS_PER_MINUTE": "60000",
}
PLAN = Plan(conversations=12, minutes=0.15, rate=4, platform="manychat", seed=7, patience=30)
STRUCK_AFTER = 12
"""Messages taken."""


async def strike(pieces: Pieces, seen: Seen) -> None:
    """kill -9 of an API and a worker once customers are in the middle of it."""
    while seen.messages < STRUCK_AFTER:
        await asyncio.sleep(0.05)
    for child in (list(pieces.apis.values())[1], pieces.workers[0]):
        child.kill()
        await child.ended()


def states(database_url: str) -> Counter[str]:
    """How many parts stand in each state of the outbox."""
    with psycopg.connect(database_url) as connection:
        return Counter(dict(connection.execute("SELECT state, count(*) FROM outbox GROUP BY state").fetchall()))


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_dead_api_and_a_dead_worker_cost_nobody_an_answer(servers: Servers, tmp_path: Path) -> None:
    """Customers write to both APIs; one API and one of three workers die: every burst is answered all the same.

    But for a part in the hands of the worker that died: whether it came is unknown, and it lies before a person.
    """
    where = Where(
        servers.fresh_database(f"pieces_{uuid4().hex[:12]}"), servers.temporal_address, tmp_path,
        namespace=fresh_namespace(servers, "pieces"),
    )  # fmt: skip
    settings = load_settings(_env_file=None, database_url=where.database_url, manychat_flow="water_order")

    async def carried() -> tuple[Seen, Pieces]:
        async with standing(where, apis=2, workers=3, environment=ENVIRONMENT) as pieces:
            seen = Seen()
            striking = asyncio.create_task(strike(pieces, seen))
            await loaded(settings, PLAN, pieces.urls, pieces.pids, seen)
            await striking
            left = pieces.pids()
            assert (1, 2) == (len(left["api"]), len(left["worker"]))
            return seen, pieces

    seen, _ = asyncio.run(carried())
    gc.collect()  # a webhook given up while its API died leaves a socket, to be found here and not in another test
    parts = states(where.database_url)
    assert seen.unanswered <= parts.pop("unknown", 0), (parts, seen.refused)
    assert ({"sent"}, True, True) == (set(parts), len(seen.turns) > 20, bool(seen.refused)), (parts, seen.refused)
    assert seen.retried > 0, "the platform posts again what a dead API did not take"
    (bounded,) = [one for one in promises(seen, settings.database_pool_size) if "connections" in one.what]
    assert bounded.held, bounded
