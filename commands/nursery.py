"""Several workers of one program that is loaded once: a keeper loads it and forks them, so a successor starts at once.

A worker loads for more than a second; a conversation whose worker died should not wait for that. The forks also share
the memory of what was loaded. When the keeper itself dies, its workers go on until their successors should stand.
"""

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import psutil
import setproctitle
import structlog

from providers.servers.supervisor import MOST_FAILURES, PAUSES, SETTLED_AFTER
from runtime import metrics

HOPELESS = 2
"""Exit status of a worker that says: starting me again as I am cannot help."""
PATIENCE = 5.5
"""Seconds the workers have to finish what is under way."""
LINGER = 5.0
"""Seconds a worker goes on without its keeper: as long as a new keeper needs."""
LOOK = 0.5

log = structlog.get_logger()


class Nursery:
    """Keeps `count` workers alive until told to stop."""

    def __init__(self, count: int, work: Callable[[int], int]) -> None:
        self._count = count
        self._work = work
        """A worker's life, given its place among them."""
        self._born: dict[int, float] = {}
        self._places: dict[int, int] = {}
        self._failures = 0
        self._told = False
        self._status = 0

    def run(self) -> int:
        """Fork, watch, fork again; the exit status."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGALRM, self._kill)
        for place in range(self._count):
            self._launch(place)
        while self._born:
            self._bury(*os.wait())
        return self._status

    def _launch(self, place: int) -> None:
        pid = os.fork()
        if pid == 0:
            self._live(place)
        self._born[pid], self._places[pid] = time.monotonic(), place

    def _live(self, place: int) -> None:
        """The worker's own life; never returns."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM):
            signal.signal(number, signal.SIG_DFL)
        setproctitle.setproctitle("everturn worker")
        threading.Thread(target=_outlive, args=(os.getppid(), _grandparent()), name="keeper", daemon=True).start()
        status = 1
        try:
            status = self._work(place)
        finally:
            logging.shutdown()
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    def _bury(self, pid: int, ended: int) -> None:
        lived, place = time.monotonic() - self._born.pop(pid), self._places.pop(pid)
        if folder := os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
            metrics.forget_process(pid, Path(folder))
        status = os.waitstatus_to_exitcode(ended)
        if self._told:
            return
        self._failures = 1 if lived > SETTLED_AFTER else self._failures + 1
        log.warning("worker_died", pid=pid, status=status, in_a_row=self._failures)
        if status == HOPELESS or self._failures >= MOST_FAILURES:
            self._status = status or 1
            self._stop(signal.SIGTERM, None)
            return
        time.sleep(PAUSES[min(self._failures, len(PAUSES)) - 1])
        if not self._told:
            self._launch(place)

    def _stop(self, _: int, __: FrameType | None) -> None:
        """Ask every worker to finish; who takes too long is ended."""
        self._told = True
        self._send(signal.SIGTERM)
        signal.setitimer(signal.ITIMER_REAL, PATIENCE)

    def _kill(self, _: int, __: FrameType | None) -> None:
        self._send(signal.SIGKILL)

    def _send(self, what: signal.Signals) -> None:
        for pid in self._born:
            try:
                os.kill(pid, what)
            except ProcessLookupError:
                continue


def _grandparent() -> int:
    """Who started the keeper; 0: nobody we could see."""
    try:
        return psutil.Process(os.getppid()).ppid()
    except psutil.Error:
        return 0


def _outlive(keeper: int, starter: int) -> None:
    """Notice the keeper's death: go on until a new one should have its own workers, or end at once with the house."""
    while os.getppid() == keeper:
        time.sleep(LOOK)
    until = time.monotonic() + LINGER
    while time.monotonic() < until and psutil.pid_exists(starter):
        time.sleep(LOOK)
    if not psutil.pid_exists(starter):
        os._exit(1)
    os.kill(os.getpid(), signal.SIGTERM)
