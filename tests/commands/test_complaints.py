"""Ordinary mistakes are told in a line that says what to do, never in a traceback."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.change.talking import Everturn

NOBODY = 65534


@pytest.fixture
def everturn(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Everturn:
    """`everturn` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return Everturn(monkeypatch, capsys)


@contextmanager
def as_somebody_else() -> Iterator[None]:
    """Another user of the machine; whoever is not root is kept out by a file's mode already."""
    own = os.geteuid()
    if own == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(own)


def test_settings_in_another_encoding_are_said(everturn: Everturn, tmp_path: Path) -> None:
    """An editor of another decade saved `.env`: the file is named, and what to do."""
    (tmp_path / ".env").write_bytes("MANYCHAT_INTERIM_TEXT=Хвилинку".encode("cp1251"))
    status, said, complaint = everturn("outbox", "list")
    assert (2, "", True) == (status, said, ".env is not in UTF-8: save it" in complaint)
    assert 1 == complaint.count("\n")


def test_somebody_elses_home_is_said(everturn: Everturn, tmp_path: Path) -> None:
    """Root started the house, and another user asks it."""
    home = tmp_path / "home"
    home.mkdir(0o711)
    token = home / "operator-token"
    token.write_text("secret")
    token.chmod(0)
    with as_somebody_else():
        status, said, complaint = everturn("outbox", "list", "--home", str(home))
    assert (1, "", True) == (status, said, "run it as the user it belongs to" in complaint)
    assert 1 == complaint.count("\n")
