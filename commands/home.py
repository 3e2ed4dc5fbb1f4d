"""The folder where everything of one `everturn up` lies, and what other commands may read in it."""

import contextlib
import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import filelock
from pydantic import BaseModel, ValidationError

from commands.outcome import Failed, WrongUse
from providers.servers import leftovers, ports

POSTGRES_PORTS = range(20_000, 30_000)
"""Below the range a system takes its outgoing ports from, so that a remembered port stays ours."""

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
DISK = FULL | {errno.EROFS, errno.EIO}
"""What a disk says without naming the file."""
NO_FOLDER = frozenset({errno.EEXIST, errno.ENOTDIR})


class Running(BaseModel):
    """What a running `everturn up` tells other commands."""

    pid: int
    born: float
    api_url: str = ""
    temporal_address: str = ""
    temporal_ui_url: str = ""
    database_url: str = ""
    children: dict[str, tuple[int, float]] = {}


class Home:
    """Paths in the folder, its lock, and its small files."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().resolve()
        self.logs = self.path / "logs"
        self.metrics = self.path / "metrics"
        self.postgres = self.path / "postgres"
        self.temporal_database = self.path / "temporal.sqlite"
        self._running = self.path / "running.json"

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Nobody else runs in this home while we do.

        Raises:
            WrongUse: it is a file.
            Failed: somebody does, or it cannot be written, now or later on.
        """
        with self._taken():
            try:
                yield
            except OSError as error:
                if not error.filename and error.errno not in DISK:
                    raise  # not about a file: broken connections are OSErrors, too
                raise self._refusal(error) from None

    def _taken(self) -> contextlib.AbstractContextManager[object]:
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o711)
            return filelock.FileLock(self.path / "lock", timeout=0).acquire()
        except filelock.Timeout:
            raise Failed(self._in_use()) from None
        except OSError as error:
            raise self._refusal(error) from None

    def _refusal(self, error: OSError) -> Failed:
        """What whoever named this home is told."""
        file, why = Path(str(error.filename or self.path)), error.strerror or type(error).__name__
        if self.path not in (file, *file.parents) and file not in self.path.parents:
            return Failed(f"{file}: {why}")
        where = "" if file == self.path else f": {file}"
        if error.errno in NO_FOLDER:
            return WrongUse(f"the home {self.path} cannot be written (not a folder{where}): choose another --home")
        how = "free some space, or choose another --home" if error.errno in FULL else "choose another --home"
        return Failed(f"the home {self.path} cannot be written ({why}{where}): {how}")

    def clear_leftovers(self) -> None:
        """Stop what an earlier, killed start left running here; its data stays."""
        if earlier := self._read():
            leftovers.stop_known(earlier.children)
        leftovers.stop_temporal_of(self.temporal_database)
        leftovers.stop_postgres_of(self.postgres / "data")
        shutil.rmtree(self.metrics, ignore_errors=True)
        self.metrics.mkdir(parents=True)
        self.logs.mkdir(exist_ok=True)

    def running(self) -> Running | None:
        """What runs here now."""
        found = self._read()
        return found if found and abs(leftovers.born(found.pid) - found.born) < 1 else None

    def write_running(self, running: Running) -> None:
        """Tell other commands; the file holds a password and is ours alone."""
        self._write_private(self._running, running.model_dump_json(indent=1))

    def forget_running(self) -> None:
        """Nothing runs here any more."""
        self._running.unlink(missing_ok=True)

    def operator_token(self, *, create: bool = False) -> str:
        """The development token: made once, so that bookmarks and log-ins survive a restart. Empty: there is none."""
        file = self.path / "operator-token"
        if not file.exists() and create:
            self._write_private(file, secrets.token_urlsafe(24))
        return file.read_text().strip() if file.exists() else ""

    def postgres_port(self, wanted: int | None) -> int:
        """The wanted port, else the one used last time, else a free one; remembered for next time."""
        file = self.postgres / "port"
        port = wanted or self._remembered(file) or next(filter(_is_free, iter(_any_port, 0)))
        self.postgres.mkdir(exist_ok=True, mode=0o755)
        file.write_text(f"{port}\n")
        return port

    def _remembered(self, file: Path) -> int | None:
        with contextlib.suppress(OSError, ValueError):
            port = int(file.read_text())
            return port if _is_free(port) else None
        return None

    def _in_use(self) -> str:
        found = self._read()
        who = f" by process {found.pid}" if found else ""
        how = f" (`kill {found.pid}`, or Ctrl-C where it runs)" if found else ""
        return f"the home {self.path} is in use{who}: stop that{how}, or give this one another --home and other ports"

    def _read(self) -> Running | None:
        try:
            return Running.model_validate_json(self._running.read_bytes())
        except (OSError, ValidationError):
            return None

    def _write_private(self, file: Path, text: str) -> None:
        fresh = file.with_name(f"{file.name}.new")
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            out.write(text)
        fresh.replace(file)


def _any_port() -> int:
    return secrets.choice(POSTGRES_PORTS)


def _is_free(port: int) -> bool:
    return ports.is_free("127.0.0.1", port)
