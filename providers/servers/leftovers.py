"""Processes an earlier start of the same home left behind: found by what they hold, and stopped."""

import contextlib
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import structlog

PATIENCE = 5.0
log = structlog.get_logger()


def stop_temporal_of(database: Path) -> None:
    """Stop a Temporal server that still writes to this database file."""
    _stop_all("temporal", lambda process: str(database) in process.cmdline(), signal.SIGTERM)


def stop_postgres_of(directory: Path) -> None:
    """Stop a PostgreSQL server that still works in this directory, and forget a lock file nobody stands behind.

    The lock file holds a process id; after a crash another program may have got that number, and PostgreSQL would
    refuse to start because of it.
    """
    _stop_all("postgres", lambda process: Path(process.cwd()) == directory, signal.SIGINT)
    if not any(_matching("postgres", lambda process: Path(process.cwd()) == directory)):
        (directory / "postmaster.pid").unlink(missing_ok=True)


def stop_known(pids: dict[str, tuple[int, float]]) -> None:
    """Stop processes we wrote down (id, time of birth), if they are still the same ones."""
    alive = [process for process in map(_same, pids.values()) if process]
    _stop(alive, signal.SIGTERM)


def born(pid: int) -> float:
    """When a process began; with its id this names it for good."""
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).create_time()
    return 0.0


def _same(known: tuple[int, float]) -> psutil.Process | None:
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(known[0])
        if abs(process.create_time() - known[1]) < 1 and process.status() != psutil.STATUS_ZOMBIE:
            return process
    return None


def _stop_all(name: str, is_ours: Callable[[psutil.Process], bool], how: signal.Signals) -> None:
    found = list(_matching(name, is_ours))
    parents = [process for process in found if process.ppid() not in {other.pid for other in found}]
    if found:
        log.warning("leftover_stopped", program=name, pids=[process.pid for process in parents])
    _stop(parents, how)
    psutil.wait_procs(found, PATIENCE)
    _kill([process for process in found if process.is_running()])


def _matching(name: str, is_ours: Callable[[psutil.Process], bool]) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.name() == name and process.status() != psutil.STATUS_ZOMBIE and is_ours(process):
                yield process


def _stop(processes: list[psutil.Process], how: signal.Signals) -> None:
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.send_signal(how)
    _, stubborn = psutil.wait_procs(processes, PATIENCE)
    _kill(stubborn)


def _kill(processes: list[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(processes, PATIENCE)
