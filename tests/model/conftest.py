"""The simulated model on a real socket, and the real client before it."""

from collections.abc import AsyncIterator

import pytest

from providers.model.anthropic import AnthropicModel
from providers.model.simulated import SimulatedModel
from tests.media.serving import serving
from tests.model.asking import anthropic


@pytest.fixture
def simulated() -> SimulatedModel:
    """The vendor's side."""
    return SimulatedModel()


@pytest.fixture
async def url(simulated: SimulatedModel) -> AsyncIterator[str]:
    """Where it listens."""
    async with serving(simulated.app) as address:
        yield address


@pytest.fixture
async def model(url: str) -> AsyncIterator[AnthropicModel]:
    """Our side."""
    opened = anthropic(url)
    yield opened
    await opened.close()
