"""Processor time by program: unlike a rate, it hardly changes when others use the machine too."""

from collections.abc import Mapping

import psutil

Effort = Mapping[str, float]


def spent(pids: Mapping[str, int]) -> dict[str, float]:
    """Seconds of processor time each program has used since it began, its children included."""
    return {name: _seconds(psutil.Process(pid)) for name, pid in pids.items()}


def _seconds(process: psutil.Process) -> float:
    own = process.cpu_times()
    gone = own.children_user + own.children_system
    alive = sum(sum(child.cpu_times()[:4]) for child in process.children())
    return float(own.user + own.system + gone + alive)


def a_turn(before: Effort, after: Effort, turns: int) -> dict[str, float]:
    """Milliseconds a turn; children that ended and began between may make a program's part a little wrong."""
    return {name: max(0.0, after[name] - before[name]) * 1000 / max(1, turns) for name in before}


def worded(effort: Effort) -> str:
    """`worker 12, api 3 = 15 ms`."""
    parts = ", ".join(f"{name} {value:.0f}" for name, value in effort.items())
    return f"{parts} = {sum(effort.values()):.0f} ms"
