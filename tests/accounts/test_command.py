"""`everturn account`, as whoever runs Everturn uses it."""

import asyncio
import io
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest
import uvicorn

import cli
from platforms.registry import simulators
from platforms.simulation import World
from providers.secrets import new_key


@pytest.fixture(scope="module")
def simulator() -> Iterator[str]:
    """ManyChat, played in a thread."""
    server = uvicorn.Server(uvicorn.Config(simulators(World()), port=0, log_level="warning"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/manychat"
    server.should_exit = True
    thread.join(5)


class Said(NamedTuple):
    """How a command ended."""

    status: int
    out: str
    err: str


Everturn = Callable[..., Said]


@pytest.fixture
def everturn(
    clean: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Everturn:
    """Run a command beside this test's database, with an empty home."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", clean)
    monkeypatch.setenv("EVERTURN_HOME", str(tmp_path / "home"))

    def run(*words: str, stdin: str = "", **environment: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["everturn", "account", *words])
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        with monkeypatch.context() as context:
            for name, value in environment.items():
                context.setenv(name, value)
            with pytest.raises(SystemExit) as ended:
                cli.main()
        said = capsys.readouterr()
        return Said(int(ended.value.code or 0), said.out, said.err)

    return run


ADD = ("add", "manychat", "shop", "--token-file", "-")


def test_an_account_is_added_after_its_platform_was_asked(everturn: Everturn, simulator: str) -> None:
    """From then on it is listed; its secrets are said to be set, and shown nowhere."""
    said = everturn(*ADD, "--api-base-url", simulator, stdin="access_token=tok-1\nwebhook_secret=hook-1\n")
    assert (0, "manychat shop: added, and used from now on\n", "") == said
    listed = everturn("list").out
    assert "access_token, webhook_secret" in listed
    assert "environment" in listed
    assert "tok-1" not in listed
    assert (0, "manychat shop: the credentials work\n") == everturn("check", "manychat", "shop")[:2]
    assert 1 == everturn(*ADD, "--no-check", stdin="t").status
    replaced = everturn(*ADD, "--replace", "--api-base-url", simulator, "--language", "uk", stdin="tok-2")
    assert (0, "manychat shop: replaced, and used from now on\n") == replaced[:2]


def test_a_token_the_platform_refuses_is_not_stored(everturn: Everturn) -> None:
    """One clear line, and nothing in the database."""
    said = everturn(*ADD, stdin="tökén")
    assert (1, 1) == (said.status, said.err.count("\n"))
    assert said.err.startswith("everturn: manychat refuses the credentials")
    assert "tökén" not in said.err
    assert 1 == everturn("check", "manychat", "shop").status


def test_a_platform_that_cannot_be_asked_can_be_passed_over(everturn: Everturn) -> None:
    """The shop is set up before its platform answers."""
    nowhere = ("--api-base-url", "http://127.0.0.1:1")
    said = everturn(*ADD, *nowhere, stdin="t")
    assert 1 == said.status
    assert "--no-check" in said.err
    assert 0 == everturn(*ADD, *nowhere, "--no-check", stdin="t").status
    assert 1 == everturn("check", "manychat", "shop").status
    assert 0 == everturn("remove", "manychat", "shop").status
    assert 1 == everturn("remove", "manychat", "shop").status


def test_the_environment_may_hold_the_secrets(everturn: Everturn, simulator: str) -> None:
    """For a deployment without hands; without any, the command says where it looked."""
    assert 2 == everturn("add", "manychat", "shop").status
    words = ("add", "manychat", "shop", "--api-base-url", simulator)
    assert 0 == everturn(*words, EVERTURN_ACCOUNT_ACCESS_TOKEN="t").status


@pytest.mark.parametrize(
    "words",
    [
        ("add", "pigeon", "shop"),
        ("add", "manychat", "a:b", "--no-check"),
        ("add", "manychat", "shop", "--flow", "none", "--no-check"),
        ("add", "manychat", "shop", "--turn-taking", "quiet_period=soon", "--no-check"),
        ("add", "manychat", "shop", "--turn-taking", "patience=3", "--no-check"),
        ("add", "manychat", "shop", "--token-file", "/does/not/exist"),
        ("plan", "set", "p", "--credits", "many"),
        ("plan", "set", "p", "--features", "smell"),
        ("plan", "set", "p", "--price", "air=3"),
        ("credits", "manychat", "default", "--add", "0.0000001"),
        ("nonsense",),
    ],
)
def test_wrong_use_is_one_line_and_status_two(everturn: Everturn, words: tuple[str, ...]) -> None:
    """It says what is wrong, and nothing has happened."""
    said = everturn(*words)
    assert (2, "", 1) == (said.status, said.out, said.err.count("\n"))


def test_an_unknown_plan_is_refused(everturn: Everturn) -> None:
    """It says which."""
    said = everturn(*ADD, "--plan", "gold", "--no-check", stdin="t")
    assert (1, "everturn: there is no plan 'gold'\n") == (said.status, said.err)


def test_plans_and_credits(everturn: Everturn) -> None:
    """A plan is made, an account is put on it, and its credits are looked at and changed."""
    plan = ("plan", "set", "small", "--credits", "100.5", "--messages", "50", "--features", "image")
    assert 0 == everturn(*plan, "--price", "reply=0.5", "--percent", "manychat=50", "--rate", "manychat=60").status
    assert "100.5" in everturn("plan", "list").out
    assert 1 == everturn("plan", "set", "unlimited", "--credits", "1").status
    assert 0 == everturn(*ADD, "--plan", "small", "--no-check", stdin="t").status
    assert "credits left: 100.5 (0 held), messages left: 50" in everturn("credits", "manychat", "shop").out
    added = everturn("credits", "manychat", "shop", "--add", "-0.5", "--why", "a mistake")
    assert (0, "manychat shop: 100 credits\n") == added[:2]
    assert "adjust" in everturn("credits", "manychat", "shop").out
    too_much = everturn("credits", "manychat", "shop", "--add", "-101")
    assert (1, "everturn: there are only 100 credits to take from\n") == (too_much.status, too_much.err)
    assert 1 == everturn("credits", "manychat", "nobody").status
    assert "unlimited" in everturn("credits", "manychat", "default").out


def test_the_key_is_rotated(everturn: Everturn, clean: str, simulator: str, tmp_path: Path) -> None:
    """A laptop's own key, and a deployment's."""
    everturn(*ADD, "--api-base-url", simulator, stdin="tok")
    first = (tmp_path / "home" / "secrets-key").read_text()
    assert "1 accounts locked" in everturn("rotate-key").out
    second = (tmp_path / "home" / "secrets-key").read_text().strip()
    assert second not in first
    assert 0 == everturn("check", "manychat", "shop").status
    newest = everturn("new-key").out.strip()
    assert 0 == everturn("rotate-key", EVERTURN_SECRETS_KEY=f"{newest},{second}").status
    assert 0 == everturn("check", "manychat", "shop", EVERTURN_SECRETS_KEY=newest).status
    wrong = everturn("check", "manychat", "shop", EVERTURN_SECRETS_KEY=new_key())
    assert 1 == wrong.status
    assert wrong.err.startswith("everturn: EVERTURN_SECRETS_KEY: none of its keys fits")
    with psycopg.connect(clean) as connection:
        assert 1 == len(connection.execute("SELECT 1 FROM accounts WHERE secrets IS NOT NULL").fetchall())


def test_production_without_a_key_stores_no_secret(everturn: Everturn) -> None:
    """It says which variable, and how to get a key."""
    said = everturn(*ADD, "--no-check", stdin="t", EVERTURN_ENV="production")
    assert 1 == said.status
    assert said.err.startswith("everturn: EVERTURN_SECRETS_KEY: is not set")


def test_without_a_database_it_says_so(everturn: Everturn) -> None:
    """Neither a stack of calls nor a guess."""
    assert 2 == everturn("list", DATABASE_URL="").status
    assert 1 == everturn("list", DATABASE_URL="postgresql://nobody@127.0.0.1:1/none").status
