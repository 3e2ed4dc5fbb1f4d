"""One house with a skipping clock for all golden files of this process."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.golden.house import House, open_house
from tests.servers_here import Servers


@pytest.fixture(scope="session")
def golden_database(servers: Servers) -> str:
    """A migrated database of their own."""
    return servers.fresh_database(f"golden_{uuid4().hex[:12]}")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def house(golden_database: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """Doors, worker, books, platforms and model; opening them takes longer than a file."""
    async with open_house(golden_database, tmp_path_factory.mktemp("golden")) as opened:
        yield opened
