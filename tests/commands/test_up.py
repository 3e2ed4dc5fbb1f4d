"""`everturn up` before it starts anything."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from commands.home import Home
from commands.terminal import Terminal
from commands.up import Places, Up
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
