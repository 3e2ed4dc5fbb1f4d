"""What each decision took, in a real PostgreSQL."""

from collections.abc import AsyncIterator

import pytest

from domain.plans import Usage
from providers.records.pool import Pool, open_pool
from providers.records.turns import Spent, TurnRecord, TurnRecords
from tests.model.asking import NOON


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    """An empty database."""
    opened = open_pool(database_url, size=2, name="test")
    await opened.open()
    yield opened
    await opened.close()


def record(turn: int, **more: object) -> TurnRecord:
    """A turn of one conversation."""
    known = {"key": f"c:{turn}", "conversation_id": "c", "turn": turn, "prompt_hash": "abc", "at": NOON}
    return TurnRecord.model_validate(known | more)


async def test_cost_so_far(pool: Pool) -> None:
    """The console shows what a conversation cost; a turn that was tried twice is one row."""
    records = TurnRecords(pool)
    await records.write(record(1, input_tokens=100, output_tokens=10, cost=30))
    await records.write(record(1, input_tokens=999, cost=999))
    await records.write(record(2, cached_tokens=50, cost=12, degraded="overloaded", model="claude-haiku-5-5"))
    await records.write(record(3, key="other", conversation_id="d", cost=7))
    usage = Usage(input_tokens=100, output_tokens=10, cached_tokens=50)
    assert Spent(turns=2, cost=42, degraded=1, usage=usage) == await records.cost_of("c")
    assert [(2, "overloaded", "abc"), (1, "", "abc")] == [
        (one.turn, one.degraded, one.prompt_hash) for one in await records.of("c")
    ]


async def test_nothing_yet(pool: Pool) -> None:
    """A conversation without a decision cost nothing."""
    assert Spent(turns=0, cost=0, degraded=0, usage=Usage()) == await TurnRecords(pool).cost_of("nobody")
