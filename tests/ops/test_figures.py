"""Figures of what is rare: dialogs that end, expire, fail; counted once, however often it is tried."""

from collections.abc import AsyncIterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import Counter
from temporalio.testing import ActivityEnvironment

from activities.dialog import Dialog
from activities.records import Records
from contracts.dialog import Phrase
from contracts.records import CloseDialog
from domain.decisions import Outcome
from domain.identifiers import Address
from providers.records.books import Books
from providers.records.pool import Pool, open_pool
from runtime import metrics
from tests.accounts.conftest import NOON

NOBODY: list[Any] = [*[None] * 5, SimpleNamespace(disclosures=None)]
"""Whom these activities do not ask."""
TO = Address(platform="telegram", account="figures", contact="7")


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    """Empty books."""
    async with open_pool(database_url, size=2, name="test") as opened:
        yield opened


def counted(counter: Counter) -> float:
    """What a dashboard would show of this shop."""
    return float(counter.labels(TO.platform, TO.account, "sales")._value.get())


@pytest.mark.parametrize(("outcome", "expired"), [(Outcome.EXPIRED, 1), (Outcome.COMPLETED, 0)])
async def test_a_dialog_that_ends_is_counted_once(pool: Pool, outcome: Outcome, expired: int) -> None:
    """And as expired where its customer went away."""
    records = Records(Books(pool), *NOBODY[:2])
    before = counted(metrics.conversations_processed), counted(metrics.conversations_timed_out)
    closing = CloseDialog(
        key=f"figures-{outcome}", address=TO, flow="sales", outcome=outcome, waiting_for="size", messages=3,
        opened_at=NOON, ended_at=NOON + timedelta(hours=24),
    )  # fmt: skip
    for _ in range(2):
        await ActivityEnvironment().run(records.close_dialog, closing)
    assert (1, expired) == (
        counted(metrics.conversations_processed) - before[0], counted(metrics.conversations_timed_out) - before[1],
    )  # fmt: skip


async def test_a_turn_that_fails_is_counted() -> None:
    """The customer hears an apology; other standing sentences are no failures."""
    before = counted(metrics.conversations_failed)
    for name in ("apology", "interim"):
        spoken = Phrase(address=TO, flow="sales", name=name)
        assert (await ActivityEnvironment().run(Dialog(*NOBODY).phrase, spoken)).text
    assert 1 == counted(metrics.conversations_failed) - before
