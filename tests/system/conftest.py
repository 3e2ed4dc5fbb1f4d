"""One house after another: tests that want the same settings share one, for a start takes longer than most tests."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.system.house import House, living

Let = Callable[..., House]
"""Gives a house with these settings: the one that stands, or a new one in its place. Never do two stand at once."""


@pytest.fixture(scope="session")
def let(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Let]:
    """Whoever wants a house asks here, and has customers of its own."""
    with ExitStack() as stands:
        lately: list[House] = []

        def let_house(**environment: str) -> House:
            if not lately or lately[-1].environment != environment:
                stands.close()
                lately.append(stands.enter_context(living(tmp_path_factory.mktemp("house") / "home", **environment)))
            lately[-1].until(lately[-1].healthy, 60)
            return lately[-1]

        yield let_house
