"""One time-skipping server a test."""

from collections.abc import AsyncIterator

import pytest
from temporalio.testing import WorkflowEnvironment

from tests.workflows.servers import time_skipping


@pytest.fixture
async def env() -> AsyncIterator[WorkflowEnvironment]:
    """A server whose clock runs ahead whenever everybody waits."""
    async with time_skipping() as environment:
        yield environment
