"""Two breaks that need a house of their own: its disk is full for a while, and its clocks jump."""

import asyncio
import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks.faults.outside import Outside
from benchmarks.faults.run import Result, Size, broken
from benchmarks.ground import CHANGED, _ready, _up
from commands.home import Home
from providers.servers.child import Child, last_lines, start_child

DISK = "700m"
FULL_FOR = 7.0
JUMPS = (3600.0, -1800.0, 21_600.0, 0.0)
"""Seconds the clocks are wrong by, one after another."""
BETWEEN = 8.0
STARTS = 1
"""Times the patience that the ground has."""
TRIAL = Size(seconds=60, writers=8, talkers=4, think=0.7, weather=0.0)
PRELOAD = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
"""Of Debian's package libfaketime."""
Tell = Callable[[str], None]


def variables(outside: Outside) -> dict[str, str]:
    """What the houses of the faults run are told."""
    quick = {"CHAT2DESK_QUIET_PERIOD_SECONDS": "0.3", "MANYCHAT_QUIET_PERIOD_SECONDS": "0.3"}
    return {**CHANGED, **quick, "MANYCHAT_FLOW": "sales", "UNACCOUNTED_AFTER_MINUTES": "1", **outside.environment()}


@asynccontextmanager
async def _house(folder: Path, environment: Mapping[str, str]) -> AsyncIterator[Home]:
    home = Home(folder / "home")
    child = await start_child(_up(home, environment, 2))
    try:
        await _patiently_ready(child, home)
        yield home
    finally:
        await child.stop()


async def _patiently_ready(child: Child, home: Home) -> None:
    """A machine that others use as well may take minutes to start a house."""
    for _ in range(STARTS):
        with contextlib.suppress(RuntimeError):
            return await _ready(child, home)
        if not child.is_alive:
            break
    raise RuntimeError("a house of its own did not start in time: " + " | ".join(last_lines(child.spec.log)[-3:]))


async def disk_full(seed: int, tell: Tell) -> Result | str:
    """The home lies on a small disk of its own, which is filled to the last byte under load and emptied again."""
    with tempfile.TemporaryDirectory(prefix="everturn-outside-") as beside, _small_disk() as disk:
        if disk is None:
            return "not tried: this machine lets us mount no disk of our own"
        outside = Outside(Path(beside))
        async with _house(disk, variables(outside)) as home:
            return await broken(home, outside, TRIAL, seed, tell, errand=lambda: _fill(disk, tell))


@contextlib.contextmanager
def _small_disk():  # type: ignore[no-untyped-def]  # a generator of Path | None
    folder = Path(tempfile.mkdtemp(prefix="everturn-disk-"))
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=755", "tmpfs", str(folder)]
    mounted = subprocess.run(mount, check=False, capture_output=True).returncode == 0
    try:
        yield folder if mounted else None
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=False)
        shutil.rmtree(folder, ignore_errors=True)


async def _fill(disk: Path, tell: Tell) -> None:
    await asyncio.sleep(10)
    ballast = disk / "ballast"
    for round_number in range(2):
        tell(f"the disk is full ({round_number + 1} of 2)")
        until = time.monotonic() + FULL_FOR
        with ballast.open("ab") as file, contextlib.suppress(OSError):
            while True:
                file.write(b"\0" * 1_000_000)
                file.flush()
        while time.monotonic() < until:  # what a dying server gives back is taken, too
            with ballast.open("ab", buffering=0) as file, contextlib.suppress(OSError):
                while True:
                    file.write(b"\0" * 4_096)
            await asyncio.sleep(0.05)
        ballast.unlink()
        await asyncio.sleep(12)


async def clock_jumps(seed: int, tell: Tell) -> Result | str:
    """The clocks of API, workers and PostgreSQL jump, as at a wrong NTP answer; Temporal's own (Go) cannot be led."""
    if not PRELOAD:
        return "not tried: libfaketime is not installed (Debian: apt install libfaketime)"
    with tempfile.TemporaryDirectory(prefix="everturn-clock-") as folder:
        os.chmod(folder, 0o755)  # the server's own user reads the clock, too
        clock, outside = Path(folder) / "clock", Outside(Path(folder))
        _set(clock, 0.0)
        led = {
            "LD_PRELOAD": str(PRELOAD[0]),
            "FAKETIME_TIMESTAMP_FILE": str(clock),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_RESET": "1",
        }
        async with _house(Path(folder), variables(outside) | led) as home:
            return await broken(home, outside, TRIAL, seed, tell, errand=lambda: _jump(clock, tell))


async def _jump(clock: Path, tell: Tell) -> None:
    await asyncio.sleep(8)
    for seconds in JUMPS:
        tell(f"the clocks jump to {seconds:+.0f} s")
        _set(clock, seconds)
        await asyncio.sleep(BETWEEN)


def _set(clock: Path, seconds: float) -> None:
    fresh = clock.with_suffix(".new")
    fresh.write_text(f"{seconds:+.0f}\n")
    fresh.chmod(0o644)
    fresh.replace(clock)
