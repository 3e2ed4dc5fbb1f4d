"""What the person who started the benchmarks sees: a bar on a terminal, plain lines elsewhere."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn


class Watcher:
    """Tells how far the benchmarks are; a benchmark moves the bar by the seconds it is expected to take."""

    def __init__(self, expected: Mapping[str, float]) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._expected = expected
        columns = (
            BarColumn(),
            TextColumn("{task.percentage:3.0f}%"),
            TimeElapsedColumn(),
            TextColumn("{task.description}"),
        )
        self._bar = Progress(*columns, console=self._console, disable=not self._console.is_terminal)
        self._task = self._bar.add_task("starting", total=sum(expected.values()))
        self._name = ""
        self._began = time.monotonic()

    def __enter__(self) -> "Watcher":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def tell(self, text: str) -> None:
        """Something has begun."""
        line = f"{self._name}: {text}" if self._name else text
        self._bar.update(self._task, description=line)
        if not self._console.is_terminal:
            self._console.print(f"{time.monotonic() - self._began:5.0f} s  {line}", markup=False, soft_wrap=True)

    @contextlib.asynccontextmanager
    async def during(self, name: str) -> AsyncIterator[None]:
        """Move the bar while one benchmark runs."""
        self._name = name
        moving = asyncio.create_task(self._move(self._expected[name]))
        try:
            yield
        finally:
            moving.cancel()
            done = list(self._expected).index(name) + 1
            self._bar.update(self._task, completed=sum(list(self._expected.values())[:done]))
            self._name = ""

    async def _move(self, seconds: float) -> None:
        for _ in range(int(seconds) - 1):
            await asyncio.sleep(1)
            self._bar.advance(self._task, 1)
