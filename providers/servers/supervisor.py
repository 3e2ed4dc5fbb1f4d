"""Watches children: a dead one is started again, one that keeps dying stops everything, and they stop in order."""

import asyncio
import time
from collections.abc import Callable

import structlog

from providers.servers.child import Child, ChildSpec, last_lines, rotate_log, start_child
from providers.servers.problems import CannotStart, KeepsDying, Refuses

PAUSES = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 5.0)
"""Seconds before the first, second, … start in a row; the last one repeats."""
MOST_FAILURES = 10
SETTLED_AFTER = 3.0
"""A child that lived this long has started; the count begins again."""
log = structlog.get_logger()


class Watched:
    """One child and its watch."""

    def __init__(self, spec: ChildSpec, on_change: Callable[[], None]) -> None:
        self.spec = spec
        self.child: Child | None = None
        self.failures = 0
        self._on_change = on_change
        self._watch: asyncio.Task[None] | None = None

    async def start(self) -> asyncio.Task[None]:
        """Start it and watch it from now on."""
        rotate_log(self.spec.log)
        await self._launch()
        self._watch = asyncio.create_task(self._keep_alive(), name=self.spec.name)
        return self._watch

    async def answered(self, seconds: float) -> None:
        """Wait until it does its work.

        Raises:
            CannotStart: not within that time; the text carries its last words.
            KeepsDying, Refuses: it could not be kept alive.
        """
        until = time.monotonic() + seconds
        while not (self.spec.answers and await self.spec.answers()):
            if self._watch and self._watch.done():
                self._watch.result()
            if time.monotonic() > until:
                said = " | ".join(last_lines(self.spec.log, 3))
                raise CannotStart(f"{self.spec.name} did not answer within {seconds:.0f} s; its log says: {said}")
            await asyncio.sleep(0.05)

    async def stop(self) -> None:
        """Stop watching, then stop the child."""
        await self.stop_watching()
        if self.child:
            await self.child.stop()

    async def stop_watching(self) -> None:
        """Leave the child alone: it is not started again."""
        if self._watch:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)

    def kill(self) -> None:
        """No more patience."""
        if self.child:
            self.child.kill()

    async def _launch(self) -> None:
        self.child = await start_child(self.spec)
        self._on_change()

    async def _keep_alive(self) -> None:
        while True:
            await self._lived_and_died()
            # `failures` counts from one here; the first restart does not wait.
            await asyncio.sleep(PAUSES[min(self.failures, len(PAUSES)) - 1])
            await self._launch()
            log.warning("child_restarted", child=self.spec.name, pid=self.child.pid if self.child else None)

    async def _lived_and_died(self) -> None:
        assert self.child is not None, "watched before it was started"  # noqa: S101 — a bug, not a state
        began = time.monotonic()
        status = await self.child.ended()
        if self.spec.after:
            self.spec.after(self.child.pid)
        self.failures = 1 if time.monotonic() - began > SETTLED_AFTER else self.failures + 1
        log.warning("child_died", child=self.spec.name, status=status, in_a_row=self.failures)
        if status in self.spec.hopeless:
            raise Refuses(self.spec.name, last_lines(self.spec.log))
        if self.failures >= MOST_FAILURES:
            raise KeepsDying(self.spec.name, self.failures, last_lines(self.spec.log))


class Supervisor:
    """All children of one `everturn up`, in the order they were started."""

    def __init__(self, on_change: Callable[[], None] = lambda: None) -> None:
        self._watched: list[Watched] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._on_change = on_change

    async def start(self, spec: ChildSpec) -> Watched:
        """Start a child and keep it alive from now on."""
        watched = Watched(spec, self._on_change)
        self._watched.append(watched)
        self._tasks.add(await watched.start())
        return watched

    def pids(self) -> dict[str, int]:
        """The process ids by the children's names."""
        return {watched.spec.name: watched.child.pid for watched in self._watched if watched.child}

    async def run(self) -> None:
        """Watch until a child cannot be kept alive.

        Raises:
            KeepsDying: which child, and what it said last.
            Refuses: a child said that trying again cannot help.
        """
        done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()

    async def stop(self, *waves: tuple[str, ...]) -> None:
        """Stop the children wave by wave; whoever is in no wave goes last."""
        named = {name for wave in waves for name in wave}
        rest = tuple(watched.spec.name for watched in self._watched if watched.spec.name not in named)
        for wave in (*waves, rest):
            await asyncio.gather(*(watched.stop() for watched in self._watched if watched.spec.name in wave))

    def kill(self) -> None:
        """End every child at once."""
        for watched in self._watched:
            watched.kill()
