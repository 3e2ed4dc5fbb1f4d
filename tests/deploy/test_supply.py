"""What CI asks about the clone itself: secrets in it, and packages with known weaknesses."""

import json
import re
from pathlib import Path

import pytest

from ops import audit, secrets

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "threat-model.md").read_text()


def test_a_secret_is_seen_by_its_shape(tmp_path: Path) -> None:
    """A key and a bot's token that somebody pasted are named with their lines; words about passwords are not."""
    lines = ['AWS = "AKIA' + 'IOSFODNN7EXAMPLQ"', 'password = "hunter2-is-what-the-docs-say"',
             'BOT = "110201543:' + 'AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1"']  # fmt: skip
    (tmp_path / "notes.py").write_text("\n".join(lines))
    found = secrets.scanned(tmp_path, ["notes.py"])
    assert {1: "AWS Access Key", 3: "Telegram Bot Token"} == {line: kind for (_, kind, _), line in found.items()}


def test_false_alarms_are_few_and_known() -> None:
    """The list of harmless ones is short enough to have been looked at."""
    assert {".env.example"} == {file for file, _, _ in secrets.known()}


def test_a_weakness_is_named_with_its_cure() -> None:
    """What the advisory service knows becomes a line that says what to do."""
    weak = {"id": "PYSEC-1", "fix_versions": ["1.2"]}
    answer = {"dependencies": [{"name": "a", "version": "1.1", "vulns": [weak]}, {"name": "b", "version": "2"}]}
    assert ["a 1.1: PYSEC-1, mended in 1.2"] == audit.weaknesses(json.dumps(answer))
    assert [] == audit.weaknesses('{"dependencies": []}')


@pytest.mark.parametrize("answer", ["", "ConnectionError", "[]", "{}"])
def test_without_a_network_the_audit_says_so_and_fails_nothing(
    answer: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An offline machine can still be sure of its own tests."""
    monkeypatch.setattr(audit, "answer_of", lambda _: answer)
    assert (0, "no advisory service could be asked") == (audit.main(), capsys.readouterr().out[:34])


def test_the_threat_model_names_tests_that_exist() -> None:
    """Whoever renames a test that guards something is told to mend the page."""
    written = "\n".join(path.read_text() for path in ROOT.glob("tests/**/test_*.py"))
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    assert set() == {name for name in named if f"def {name}(" not in written}
    files = set(re.findall(r"`(tests/[\w/.*-]+)`", PAGE))
    assert set() == {name for name in files if not list(ROOT.glob(name))}
