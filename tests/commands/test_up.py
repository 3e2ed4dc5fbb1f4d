"""`everturn up` before it starts anything."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import filelock
import pytest

from commands.home import Home, Running
from commands.outcome import Failed, WrongUse
from commands.terminal import Terminal
from commands.up import Places, Up, go_up
from tests.api.running import settings_for

EVERTURN = str(Path(sys.executable).parent / "everturn")


@pytest.mark.parametrize("variable", ["CHAT2DESK_FLOW", "MANYCHAT_FLOW"])
def test_a_flow_that_does_not_exist_is_refused_before_anything_starts(tmp_path: Path, variable: str) -> None:
    """A typing error in a setting costs the operator one line to read, not a search through four logs."""
    home = tmp_path / "home"
    ended = subprocess.run(
        [EVERTURN, "up", "--home", str(home)],
        capture_output=True, text=True, timeout=30, cwd=tmp_path, env=os.environ | {variable: "nonsense"},
    )  # fmt: skip

    assert (2, "") == (ended.returncode, ended.stdout)
    (line,) = ended.stderr.splitlines()
    assert line.startswith(f"everturn: {variable}: there is no flow 'nonsense'")
    assert not home.exists(), "no server was started, for a server needs a home"


@pytest.mark.parametrize(("environment", "invites"), [("dev", True), ("production", False)])
def test_nobody_is_invited_to_play_a_customer_in_production(tmp_path: Path, environment: str, invites: bool) -> None:
    """There, what is posted without a secret is refused: the first thing a newcomer tries must not fail."""
    settings = settings_for(everturn_env=environment)
    lines = Up(Places("127.0.0.1", 8080, 7233, 8233, None), settings, Home(tmp_path), Terminal()).directions()
    assert invites is ("everturn say" in "".join(lines))
    assert invites is ("/simulator" in "".join(lines))


def begin(home: Path) -> None:
    """`everturn up --home HOME`; where the home is no good, no server is started."""
    go_up(Places("127.0.0.1", 8080, 7233, 8233, None), settings_for(), home)


@pytest.mark.parametrize("below", ["", "home"])
def test_a_file_is_no_home(tmp_path: Path, below: str) -> None:
    """I typed --home README.md: one line names the file and tells me to name a folder; that was my mistake."""
    file = tmp_path / "README.md"
    file.write_text("# ours")
    with pytest.raises(WrongUse) as refused:
        begin(file / below)
    assert str(file) in str(refused.value)
    assert "choose another --home" in str(refused.value)
    assert "# ours" == file.read_text()


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.EROFS, "Read-only file system"), (errno.ENOSPC, "No space left on device"), (errno.EIO, "error")],
)
@pytest.mark.parametrize("step", ["mkdir", "acquire"])
def test_a_disk_that_takes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: str, step: str
) -> None:
    """On a read-only or full disk one line says why it cannot start, and what to do."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr({"mkdir": Path, "acquire": filelock.FileLock}[step], step, refuse)
    with pytest.raises(Failed, match=words) as refused:
        begin(tmp_path / "home")
    assert 1 == refused.value.status
    assert "--home" in str(refused.value)


def test_a_disk_that_fills_up_while_all_starts(tmp_path: Path) -> None:
    """The lock fits on the disk and the next file does not: that is told the same way."""
    home = Home(tmp_path)
    (tmp_path / "running.json.new").symlink_to("/dev/full")
    with pytest.raises(Failed, match="No space left on device") as refused, home.held():
        home.write_running(Running(pid=1, born=0))
    assert "free some space, or choose another --home" in str(refused.value)


def test_a_log_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """Wherever in the home it fails, the line says at which file."""
    home = Home(tmp_path)
    with pytest.raises(Failed, match=f"{tmp_path}/logs"), home.held():
        (home.logs / "api.log").write_text("")


def test_a_program_that_may_not_run_is_named(tmp_path: Path) -> None:
    """What lies elsewhere is no fault of the home."""
    program = tmp_path / "postgres"
    program.touch(mode=0o600)
    with pytest.raises(Failed, match=f"^{program}: Permission denied$"), Home(tmp_path / "home").held():
        subprocess.run([program], check=True)


def test_what_is_no_fault_of_the_disk_is_not_blamed_on_it(tmp_path: Path) -> None:
    """A broken connection is no reason to look for another home."""
    with pytest.raises(ConnectionResetError), Home(tmp_path).held():
        raise ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
