"""PostgreSQL is away, Temporal is not: customers must not notice."""

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import httpx
import pytest

from platforms.base import Credentials
from platforms.kit import Said
from platforms.registry import PLATFORMS, names
from tests.api.running import serving, settings_for
from tests.servers_here import Servers

SHOP = Credentials(account="default", access_token="simulator")


@pytest.fixture(scope="module")
def bookless(servers: Servers) -> Iterator[str]:
    """An API before Temporal alone."""
    away = "postgresql://nobody@127.0.0.1:1/none"
    with serving(settings_for(temporal_address=servers.temporal_address, database_url=away)) as url:
        yield url


@pytest.mark.parametrize("name", names())
def test_a_message_is_taken_while_the_books_are_away(name: str, bookless: str) -> None:
    """Temporal makes it durable; which account is meant, the environment knows, whatever number the body names."""
    contact = str(uuid4().int % 10**12)
    said = Said(contact=contact, text="Привіт", message_id=contact, at=datetime.now(UTC))
    hook = PLATFORMS[name].inbound(said, SHOP)
    headers, query = dict(hook.headers), dict(hook.query)
    answer = httpx.post(
        bookless + hook.path, params=query, headers=headers, content=hook.body, trust_env=False, timeout=20
    )
    assert answer.is_success, (answer.status_code, answer.text)
