"""Whoever asks for help is asked which version they have."""

import sys

import pytest

import cli
from api.health import VERSION


def everturn(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """How a command ended, and what it said."""
    monkeypatch.setattr(sys, "argv", ["everturn", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0), *capsys.readouterr()


def test_the_program_says_which_it_is(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The same version that the API tells."""
    assert (0, f"everturn {VERSION}\n", "") == everturn(monkeypatch, capsys, "--version")


def test_without_a_command_it_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is started by mistake."""
    status, said, complaint = everturn(monkeypatch, capsys)
    assert (2, "") == (status, said)
    assert "command" in complaint


def test_help_lists_every_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What the shop's engineer may do, and what the program is for."""
    status, said, _ = everturn(monkeypatch, capsys, "--help")
    promised = "up api worker migrate doctor say replay account outbox erase export load deploy history fork"
    listed = {line.split()[0] for line in said.split("Commands:")[1].splitlines() if line.strip()}
    assert (0, set()) == (status, set(promised.split()) - listed)
    assert "durably" in said
