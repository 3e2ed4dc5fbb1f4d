"""`everturn operator`, as whoever sits at the machine uses it."""

import os
import subprocess
import sys
from pathlib import Path

from tests.console.conftest import PASSWORD
from tests.console.seeding import Books

EVERTURN = str(Path(sys.executable).parent / "everturn")


def run(database_url: str, folder: Path, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    """One command."""
    environment = os.environ | {"DATABASE_URL": database_url, "EVERTURN_HOME": str(folder / "home")}
    return subprocess.run(
        [EVERTURN, "operator", *arguments], env=environment, cwd=folder, input=typed, capture_output=True, text=True
    )


def test_operators_are_added_listed_and_shut_out(database_url: str, tmp_path: Path) -> None:
    """Everything that a house without a manager yet needs."""
    assert "owner logs in" in run(database_url, tmp_path, "list").stdout
    added = run(database_url, tmp_path, "add", "Олена", "--role", "manager", "--password-file", "-", typed=PASSWORD)
    assert (0, "Олена may log in as manager\n") == (added.returncode, added.stdout)
    assert "Олена\tmanager\n" == run(database_url, tmp_path, "list").stdout
    assert (
        0
        == run(database_url, tmp_path, "password", "олена", "--password-file", "-", typed="another long one").returncode
    )
    assert 0 == run(database_url, tmp_path, "disable", "Олена").returncode
    assert "Олена\tshut out\n" == run(database_url, tmp_path, "list").stdout
    acts = [row[0] for row in Books(database_url).run("SELECT act FROM audit_log WHERE via = 'command' ORDER BY id")]
    assert ["add_operator", "change_password", "disable_operator"] == acts


def test_what_cannot_be_is_one_line(database_url: str, tmp_path: Path) -> None:
    """No trace, and never the password."""
    for arguments, typed, status in (
        (("add", "x", "--role", "king", "--password-file", "-"), PASSWORD, 2),
        (("add", "Anna", "--password-file", "-"), "short", 1),
        (("add", "owner", "--password-file", "-"), PASSWORD, 1),
        (("disable", "nobody"), "", 1),
    ):
        answer = run(database_url, tmp_path, *arguments, typed=typed)
        assert (status, 1) == (answer.returncode, answer.stderr.count("\n")), answer.stderr
        assert PASSWORD not in answer.stderr
