"""What every test may ask for."""

import functools
import ssl
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.servers_here import Servers, running

# Every HTTP client reads all certificates of the world (30 ms); thousands of them speak with this machine alone here.
ssl.create_default_context = functools.cache(ssl.create_default_context)

LONG = (
    "web/test_console", "golden/test_golden", "golden/test_say_script", "web/", "console/test_security", "workflows/",
    "platforms/test_conformance", "api/", "privacy/", "console/", "servers/", "change/", "commands/", "activities/",
    "tenancy/", "catalog/", "payments/", "model/", "ops/",
    "system/test_kill", "system/test_faults", "system/test_away", "system/test_many",
)  # fmt: skip
"""Where tests take long, longest first. Whoever got such a file last would keep all others waiting."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first (`--no-loadscope-reorder`: xdist would begin with those of most tests)."""
    tests = Path(__file__).parent

    def place(item: pytest.Item) -> int:
        path = item.path.relative_to(tests).as_posix()
        return next((number for number, start in enumerate(LONG) if path.startswith(start)), len(LONG))

    items.sort(key=place)


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """A real PostgreSQL and a real Temporal server, shared by the session."""
    with running(tmp_path_factory.mktemp("servers")) as here:
        yield here


@pytest.fixture
def database_url(servers: Servers) -> str:
    """An empty, migrated database for one test."""
    return servers.fresh_database(f"test_{uuid4().hex[:12]}")
