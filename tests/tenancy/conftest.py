"""The console of two shops in one house."""

from collections.abc import AsyncIterator

import pytest

from providers.records.pool import Pool, open_pool
from tests.console.conftest import books, browser, database, owner, url

__all__ = ["books", "browser", "database", "owner", "pool", "url"]


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    """Connections to the house's books."""
    pool = open_pool(database, size=4, name="test")
    await pool.open()
    yield pool
    await pool.close()
