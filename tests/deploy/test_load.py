"""`everturn load` says whether the promises held, and never loads what it must not."""

import asyncio
import subprocess
import sys
import xml.dom.minidom
from pathlib import Path

import pytest

from commands.home import Home
from commands.load.going import go, loaded
from commands.load.plan import Plan, Sample, Seen, Turn
from commands.load.report import written
from commands.load.verdict import promises
from commands.outcome import Failed, WrongUse
from runtime.settings import load_settings
from tests.api.running import serving, settings_for

PLAN = Plan(conversations=4, minutes=1, rate=1, platform="manychat", seed=1)
EVERTURN = str(Path(sys.executable).with_name("everturn"))


def seen(*, wait: float | None = 2.0, ack: float = 0.02, grown: float = 0.0, connections: int | None = 20) -> Seen:
    """A minute in which everything went like this."""
    found = Seen(processes=2)
    for second in range(60):
        found.acks.append((second, ack))
        found.turns.append(Turn(second, 1, wait))
        memory = {"api": 100.0, "worker": 200.0 + grown * second / 60}
        found.samples.append(Sample(second, memory, connections))
    return found


def missed(found: Seen) -> list[str]:
    """Which promises were not kept."""
    return [one.what for one in promises(found, 10) if one.held is False]


def test_a_quiet_minute_keeps_every_promise() -> None:
    """Quick answers, level memory, few connections."""
    assert [] == missed(seen())
    assert all(one.held for one in promises(seen(), 10))


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (seen(ack=0.3), ["webhook answered, p99"]),
        (seen(wait=11.0), ["first reply, p95"]),
        (seen(wait=19.0), ["first reply, p95", "first reply, p99"]),
        (seen(grown=90.0), ["memory of worker"]),
        (seen(connections=33), ["connections to PostgreSQL, most"]),
        (seen(wait=None), ["first reply, p95", "first reply, p99", "bursts without a reply"]),
        (Seen(), ["webhook answered, p99", "first reply, p95", "first reply, p99", "bursts without a reply"]),
    ],
)
def test_each_broken_promise_is_named(found: Seen, wanted: list[str]) -> None:
    """And a load in which nobody was answered, or nobody wrote, is no success."""
    assert wanted == missed(found)


def test_what_cannot_be_seen_from_here_is_neither_kept_nor_broken() -> None:
    """Of an API on another machine nobody knows the memory."""
    found = seen(connections=None)
    found.samples = [Sample(one.at, {}, None) for one in found.samples]
    assert [None, None, None] == [one.held for one in promises(found, 10) if one.measured == "not seen"]


def test_the_report_has_a_picture(tmp_path: Path) -> None:
    """Markdown with the promises, and an SVG that any browser draws."""
    (tmp_path / "pictures").mkdir()
    found = seen(wait=4.0)
    picture = written(tmp_path / "load.md", PLAN, found, promises(found, 10), ["A remark."])
    text = (tmp_path / "load.md").read_text()
    assert (True, True, True) == ("![How it went](pictures/load.svg)" in text, "| yes |" in text, "A remark." in text)
    assert "svg" == xml.dom.minidom.parse(str(picture)).documentElement.tagName


def test_wrong_use_is_said_before_anything_is_sent(tmp_path: Path) -> None:
    """No such platform, and no folder for the report."""
    settings, home = load_settings(_env_file=None), Home(tmp_path)
    with pytest.raises(WrongUse, match="--platform fax"):
        go(settings, home, Plan(1, 1, 1, "fax", 1), None)
    with pytest.raises(WrongUse, match="there is no folder"):
        go(settings, home, PLAN, tmp_path / "nowhere" / "load.md")


def test_customers_in_production_are_never_loaded() -> None:
    """A production API has no simulator, and the command says why it stops."""
    production = settings_for(
        everturn_env="production", operator_token="operator-secret", manychat_webhook_secret="s" * 16
    )
    with serving(production) as url, pytest.raises(Failed, match="never against customers' phones"):
        asyncio.run(loaded(load_settings(_env_file=None), PLAN, [url], dict))


def test_without_a_house_the_command_says_how_to_get_one(tmp_path: Path) -> None:
    """Exit status 1, one line on standard error."""
    done = subprocess.run(
        [EVERTURN, "load", "--minutes", "0.1", "--home", str(tmp_path), "--api", "http://127.0.0.1:9"],
        capture_output=True, text=True, cwd=tmp_path, check=False,
    )  # fmt: skip
    assert (1, 1) == (done.returncode, len(done.stderr.splitlines()))
    assert "start it with `everturn up`" in done.stderr
