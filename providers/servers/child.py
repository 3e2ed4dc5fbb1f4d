"""One child process: how it is started, how it is asked to stop, and that it never outlives us."""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from providers.servers.other_user import SystemUser

PR_SET_PDEATHSIG = 1
KEPT_LOGS = 3
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True)
class ChildSpec:
    """What a child is."""

    name: str
    argv: tuple[str, ...]
    log: Path
    env: Mapping[str, str] = field(default_factory=dict)
    """Set on top of our own environment."""
    user: SystemUser | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    """Asks for an orderly stop; also what the child gets from the kernel when we die without a word."""
    patience: float = 5.0
    """Seconds it may take to stop before it is killed."""
    hopeless: frozenset[int] = frozenset()
    """Exit statuses that say: starting it again as it is cannot help."""
    before: Callable[[], None] | None = None
    """Puts right what an earlier, killed child may have left behind; runs before every start."""
    after: Callable[[int], None] | None = None
    """Clears away what a dead child of this process id leaves behind."""
    answers: Callable[[], Awaitable[bool]] | None = None
    """Whether the child does its work."""


class Child:
    """A running child process."""

    def __init__(self, spec: ChildSpec, running: asyncio.subprocess.Process) -> None:
        self.spec = spec
        self._running = running

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._running.pid

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended yet."""
        return self._running.returncode is None

    async def ended(self) -> int:
        """Wait until it ends; its exit status (negative: the signal that killed it)."""
        return await self._running.wait()

    async def stop(self) -> None:
        """Ask it to stop; kill it when it does not."""
        self._send(self.spec.stop_signal)
        try:
            await asyncio.wait_for(self._running.wait(), self.spec.patience)
        except TimeoutError:
            self.kill()
            await self._running.wait()

    def kill(self) -> None:
        """End it at once."""
        self._send(signal.SIGKILL)

    def _send(self, what: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._running.send_signal(what)


async def start_child(spec: ChildSpec) -> Child:
    """Start a child in a process group of its own, so that Ctrl-C reaches us alone and the order of stopping is ours.

    It has to be called on the main thread: the kernel ties "die with your parent" to the thread that starts the child.
    """
    if spec.before:
        await asyncio.to_thread(spec.before)
    with spec.log.open("ab") as log:
        running = await asyncio.create_subprocess_exec(
            *spec.argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, **spec.env},
            process_group=0,
            preexec_fn=_die_with_parent(spec.stop_signal),
            user=spec.user.uid if spec.user else None,
            group=spec.user.gid if spec.user else None,
            extra_groups=[] if spec.user else None,
        )
    return Child(spec, running)


def rotate_log(log: Path) -> None:
    """Put the last start's log aside and open an empty one; the last three are kept."""
    log.parent.mkdir(parents=True, exist_ok=True)
    for number in range(KEPT_LOGS, 0, -1):
        older = log.with_suffix(f".log.{number}")
        newer = log.with_suffix(f".log.{number - 1}") if number > 1 else log
        if newer.exists():
            newer.replace(older)
    log.touch(mode=0o600)


def last_lines(log: Path, count: int = 15) -> list[str]:
    """The end of a log, for a person who wants to know why a child died."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 16_384))
            return file.read().decode(errors="replace").splitlines()[-count:]
    except OSError:
        return []


def _die_with_parent(how: signal.Signals) -> Callable[[], None] | None:
    """The kernel sends `how` when we are gone, even after kill -9 (Linux; elsewhere the next start clears up).

    `preexec_fn` runs after setuid, which would have cleared the wish.
    """
    if _libc is None:
        return None
    libc, parent = _libc, os.getpid()

    def wish() -> None:
        libc.prctl(PR_SET_PDEATHSIG, int(how), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return wish
