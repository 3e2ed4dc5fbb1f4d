"""Every golden file on every platform it names: the story goes as it is told, and the same wherever it is had."""

from pathlib import Path

import pytest

from commands.script_reading import load_script
from tests.golden.house import House
from tests.golden.playing import Play

FILES = sorted(Path(__file__).parent.glob("*.yaml"))


@pytest.mark.slow
@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
async def test_a_golden_flow(path: Path, house: House) -> None:
    """The customer's story goes as its file tells it, whether they write in ManyChat, Instagram or WhatsApp."""
    script = load_script(path)
    plays = [Play(house, script, platform) for platform in script.platforms]
    for play in plays:
        if differences := await play.run():
            pytest.fail("\n".join(differences), pytrace=False)
    for play in plays[1:]:
        assert plays[0].dialog == play.dialog
        assert plays[0].standings == play.standings
