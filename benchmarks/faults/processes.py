"""The processes of one `everturn up`, and what can be done to them."""

import contextlib
import os
import signal
import time

import psutil

from benchmarks.faults.plan import Victim
from commands.home import Home

SETTLED = 3.3
"""Seconds after which a supervisor forgets an earlier death: ten in a row would stop the house."""
WORKING = (Victim.WORKER, Victim.WORKERS)


class Processes:
    """Finds them anew each time: they have other ids after every death."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def of(self, victim: Victim) -> list[int]:
        """The process ids behind a name, the parent first; empty while it is being started again."""
        found = self._home.running()
        if found is None:
            raise RuntimeError("`everturn up` has ended")
        name = "worker" if victim in WORKING else victim.value
        try:
            parent = psutil.Process(found.children[name][0])
            family = [child.pid for child in parent.children(recursive=True)]
        except (KeyError, psutil.Error):
            return []
        if victim is Victim.WORKER:
            return family[:1]
        return [parent.pid, *family]

    def settled_in(self, victim: Victim) -> float:
        """Seconds until a death of it would be the first one in a row."""
        pids = self.of(victim)
        if not pids or (victim in WORKING and len(self.of(Victim.WORKERS)) < 3):
            return SETTLED
        born = []
        for pid in pids:
            with contextlib.suppress(psutil.Error):
                born.append(psutil.Process(pid).create_time())
        watched = born if victim in WORKING else born[:1]
        return max(0.0, SETTLED - (time.time() - max(watched, default=time.time())))

    def send(self, pids: list[int], what: signal.Signals) -> None:
        """Send a signal to all of them; who is gone is gone."""
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, what)
