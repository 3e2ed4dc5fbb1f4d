"""What every test may ask for."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.servers_here import Servers, running


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """A real PostgreSQL and a real Temporal server, shared by the session."""
    with running(tmp_path_factory.mktemp("servers")) as here:
        yield here


@pytest.fixture
def database_url(servers: Servers) -> str:
    """An empty, migrated database for one test."""
    return servers.fresh_database(f"test_{uuid4().hex[:12]}")
