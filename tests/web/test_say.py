"""`everturn say` against the same house: a picture and a voice note from files, and a tapped choice."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.simulator import samples
from domain.messages import Choice, MessageKind
from platforms.simulation import Direction, Entry
from tests.web.conftest import EVERTURN, Site

pytestmark = [pytest.mark.long, pytest.mark.slow]


def say(site: Site, *words: str) -> subprocess.CompletedProcess[str]:
    """Run it beside the house."""
    command = [EVERTURN, "say", "--platform", "whatsapp", "--contact", "4242", "--api", site.url, *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=40)


def test_a_picture_a_voice_note_and_a_choice(site: Site, tmp_path: Path) -> None:
    """Files go to the simulated platform first; a choice is named by its title; what comes back is printed."""
    paths = {"dress": tmp_path / "dress.png", "voice": tmp_path / "voice.wav"}
    for name, path in paths.items():
        path.write_bytes(samples.content(name)[1])
    offered = (Choice(id="yes", title="Так"),)
    now = datetime.now(UTC)
    site.world.show(
        Entry(platform="whatsapp", contact="4242", at=now, direction=Direction.OUT, text="?", choices=offered)
    )

    done = say(site, "--choice", "Так", "--image", str(paths["dress"]), "--audio", str(paths["voice"]), "привет")

    assert 0 == done.returncode, done.stderr
    assert ["> [Так]", "> [dress.png]", "> [voice.wav]", "> привет"] == done.stdout.splitlines()[:4]
    assert "< " in done.stdout
    shown = [entry for entry in site.world.phone("whatsapp", "4242") if entry.direction is Direction.IN]
    kinds = [medium.kind for entry in shown for medium in entry.media]
    assert [MessageKind.IMAGE, MessageKind.AUDIO] == kinds
    assert [medium.id for entry in shown for medium in entry.media if site.world.media(medium.id) is None] == []


def test_what_is_not_there_is_one_clear_line(site: Site) -> None:
    """Neither a choice the phone does not show nor a missing file is sent."""
    wrong = {("--choice", "Може"): "no choice 'Може'", ("--image", "nowhere.png"): "nowhere.png"}
    for words, reason in wrong.items():
        done = say(site, *words)
        assert (1, 1) == (done.returncode, len(done.stderr.splitlines()))
        assert reason in done.stderr
