"""`python -m benchmarks --only faults`."""

import asyncio
import re
import tempfile
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from benchmarks.faults import recovery, report, trials
from benchmarks.faults.outside import Outside
from benchmarks.faults.recovery import Recovery
from benchmarks.faults.run import Result, Size, broken
from benchmarks.figures import Row
from benchmarks.ground import Ground

FULL = Size(seconds=3600, writers=28, talkers=14, think=0.8, weather=0.5)
"""An hour: about a thousand strikes and other faults over twenty thousand messages on two cores of its own."""
QUICK = Size(seconds=45, writers=10, talkers=6, think=0.6, weather=0.5)
GAUGE_AFTER = 65.0
"""Seconds until the live gauge would show what has no fate: it is told to look back a minute."""
_places: list[Outside] = []


def environment() -> Mapping[str, str]:
    """Platforms and a model of our own, which outlive the API; a gauge that looks back one minute."""
    _places.append(Outside(Path(tempfile.mkdtemp(prefix="everturn-outside-"))))
    return trials.variables(_places[-1])


async def measure(ground: Ground) -> list[Row]:
    """Recovery, then the strikes, then the two trials that need a house of their own."""
    outside = _places[-1]
    size = QUICK if ground.quick else FULL
    if ground.minutes is not None:
        size = Size(ground.minutes * 60, size.writers, size.talkers, size.think, size.weather)
    recovered = await recovery.measure(ground, outside, 1 if ground.quick else 3)
    result = await broken(ground.home, outside, size, ground.seed, ground.tell)
    result.gauge = await _gauge(ground)
    tried: dict[str, Result | str] = {}
    for name, trial in (("disk full", trials.disk_full), ("clock jumps", trials.clock_jumps)):
        _keep(ground, result, recovered, tried)
        ground.tell(name)
        try:
            tried[name] = await trial(ground.seed, ground.tell)
        except (RuntimeError, OSError) as error:
            tried[name] = f"broke off: {' '.join(str(error).split())[:300]}"
    _keep(ground, result, recovered, tried)
    return [*report.rows(result, recovered), *_of_trials(tried)]


def _keep(ground: Ground, result: Result, recovered: Recovery, tried: Mapping[str, Result | str]) -> None:
    """Whatever is known so far; the trials may take as long again."""
    if ground.write is not None:
        report.write(ground.write, result, recovered, tried)


def _of_trials(tried: Mapping[str, Result | str]) -> list[Row]:
    return [
        Row(name, found, aim="0", holds=False) if isinstance(found, str)
        else Row(name, f"{found.messages} messages, {len(found.account.lost)} unaccounted",
                 compared="; ".join(found.account.faults), aim="0", holds=not found.account.faults)
        for name, found in tried.items()
    ]  # fmt: skip


async def _gauge(ground: Ground) -> float:
    ground.tell("waiting for the live gauge")
    await asyncio.sleep(GAUGE_AFTER)
    page = await asyncio.to_thread(
        lambda: urllib.request.urlopen(f"{ground.running.api_url}/metrics", timeout=10).read()
    )
    return sum(
        float(value) for value in re.findall(rb"^unaccounted_messages\{[^}]*\} ([0-9.e+]+)$", page, re.MULTILINE)
    )
