"""`everturn say --script`: the same files against a house that runs, in real time."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.house import House, living

EVERTURN = str(Path(sys.executable).parent / "everturn")
STORY = """title: Коротко
model: none
story:
  - customer: чорна сукня, розмір M
    sees:
      - Сукня міді «Злата»
      - 1 899 ₴
    conversation: {phase: offer, holder: assistant}
    orders: []
  - after: 3d
    sees: Нагадування
  - operator: {replies: "Це Олена, вітаю!"}
    sees: Це Олена
    conversation: {holder: operator}
  - customer: дякую
    sees: nothing
"""
ENVIRONMENT = {"MANYCHAT_FLOW": "sales", "MANYCHAT_QUIET_PERIOD_SECONDS": "0.2", "ANTHROPIC_API_KEY": ""}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """`everturn up`, as a newcomer runs it."""
    with living(tmp_path_factory.mktemp("golden-live") / "home", **ENVIRONMENT) as house:
        yield house


def said(house: House, folder: Path, story: str) -> tuple[int, str]:
    """Play a story; exit status, and what was printed."""
    path = folder / "story.yaml"
    path.write_text(story, "utf-8")
    done = subprocess.run(
        [EVERTURN, "say", "--script", str(path), "--platform", "manychat", "--home", str(house.home)],
        capture_output=True, text=True, timeout=50, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@pytest.mark.slow
def test_played_and_checked(running: House, tmp_path: Path) -> None:
    """The dialog is printed as it goes; days are named and not waited for; all is as it should be."""
    status, told = said(
        running, tmp_path, STORY.replace("platforms:", "").replace("model:", "platforms: [manychat]\nmodel:")
    )
    assert 0 == status, told
    assert "> чорна сукня, розмір M" in told
    assert "259200 seconds pass in the story; they are not waited for" in told
    assert "# as it should be" in told


@pytest.mark.long
@pytest.mark.slow
def test_a_difference_is_told(running: House, tmp_path: Path) -> None:
    """What differs is named with its line; exit status 1."""
    story = STORY.replace("model:", "platforms: [manychat]\nmodel:").replace("1 899 ₴", "1 ₴ за все")
    status, told = said(running, tmp_path, story)
    assert 1 == status
    assert "story.yaml:5: the phone should show contains '1 ₴ за все'" in told


def test_another_platform_than_the_files(tmp_path: Path) -> None:
    """A story is played where it belongs."""
    path = tmp_path / "story.yaml"
    path.write_text(STORY, "utf-8")
    done = subprocess.run(
        [EVERTURN, "say", "--script", str(path), "--platform", "telegram"], capture_output=True, text=True, check=False
    )
    assert (2, "everturn: story.yaml is played on instagram, not on telegram\n") == (done.returncode, done.stderr)
