"""`everturn outbox` as the person who looks after undelivered replies uses it, against the real API."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import psycopg
import pytest

import cli
from tests.api.running import serving, settings_for
from tests.servers_here import Servers


class Ended(NamedTuple):
    """How a command ended, and what it said."""

    status: int
    out: str
    err: str


Everturn = Callable[..., Ended]


@pytest.fixture(scope="module")
def database(servers: Servers) -> str:
    """A database of this module's own."""
    return servers.fresh_database(f"outbox_{uuid4().hex[:12]}")


@pytest.fixture(scope="module")
def url(servers: Servers, database: str) -> Iterator[str]:
    """The API with its servers and no worker: what is sent again stays waiting."""
    with serving(settings_for(temporal_address=servers.temporal_address, database_url=database)) as url:
        yield url


@pytest.fixture
def everturn(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Everturn]:
    """`everturn outbox …`, in a folder without an environment file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPERATOR_TOKEN", "operator-secret")

    def run(*words: str, api: str = url) -> Ended:
        where = ["--home", str(tmp_path), "--api", api] if words and "--help" not in words else []
        monkeypatch.setattr(sys, "argv", ["everturn", "outbox", *words, *where])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return Ended(int(ended.value.code or 0), *capsys.readouterr())

    return run


def write(database: str, statement: str, **values: Any) -> Any:
    """Write a row as the worker would; its id comes back."""
    with psycopg.connect(database, autocommit=True) as connection:
        found = connection.execute(statement.encode(), values).fetchone()
        return found[0] if found else None


WAITING = """
INSERT INTO outbox (key, conversation_id, platform, account, contact, part, state, attempts, last_error)
VALUES (%(key)s, %(conversation)s, 'manychat', 'default', '70', '{"text": "hi"}', 'pending', 3, %(error)s)
RETURNING key"""
LETTER = """
WITH part AS (INSERT INTO outbox (key, conversation_id, platform, account, contact, part, state, attempts)
  VALUES (%(key)s, %(conversation)s, 'manychat', 'default', '71', '{"text": "hi"}', 'unknown', 5) RETURNING *)
INSERT INTO dead_letters (outbox_key, conversation_id, platform, account, reason, outcome_unknown)
SELECT key, conversation_id, platform, account, %(reason)s, true FROM part RETURNING id"""
REFUSED = """
INSERT INTO inbox (conversation_id, platform, account, message_id, message, attempts, last_error, refused_at)
VALUES ('conv:manychat:gone:72', 'manychat', 'gone', %(key)s, '{}', 10, 'no account', now()) RETURNING id"""
STATE = "SELECT state FROM outbox WHERE key = %(key)s"


@pytest.fixture
def letter(database: str) -> Iterator[tuple[str, str]]:
    """A dead letter: its number and its key."""
    key = uuid4().hex
    yield str(write(database, LETTER, key=key, conversation="conv:manychat:default:71", reason="blocked")), key
    write(database, "DELETE FROM outbox WHERE key = %(key)s RETURNING key", key=key)


def test_an_empty_outbox_says_so(everturn: Everturn) -> None:
    """Silence would leave the person wondering whether it worked."""
    assert Ended(0, "the outbox is empty and there are no dead letters\n", "") == everturn("list")


def test_the_list_says_whose_reply_waits_and_why(everturn: Everturn, database: str) -> None:
    """Whoever reads it sees the customer, how often it was tried, what the platform said, and since when."""
    error, key = "HTTP 500 [/b] :smile: [red]", uuid4().hex
    write(database, WAITING, key=key, conversation="conv:manychat:default:70", error=error)
    ended = everturn("list")
    write(database, "DELETE FROM outbox WHERE key = %(key)s RETURNING key", key=key)

    row = _row(ended.out, "conv:manychat:default:70")
    assert 0 == ended.status, ended.err
    assert "waiting: 1" in ended.out
    assert {"state": "pending", "attempts": "3", "last_error": error}.items() <= row.items()
    assert row["created_at"]


def test_the_list_says_what_must_be_decided_and_by_which_number(everturn: Everturn, letter: tuple[str, str]) -> None:
    """A dead letter is shown with the number to act on it, its reason, and whether the customer may have it already."""
    ended = everturn("list")
    row = _row(ended.out, "conv:manychat:default:71")
    assert "dead letters: 1" in ended.out
    assert {"id": letter[0], "reason": "blocked", "outcome_unknown": "True", "attempts": "5"}.items() <= row.items()


def _row(out: str, conversation: str) -> dict[str, str]:
    """The table's row of a conversation, by the names of its columns: one line each, nothing wrapped or cut."""
    lines = [[cell.strip() for cell in line.strip("┃│").replace("┃", "│").split("│")] for line in out.splitlines()]
    (row,) = (line for line in lines if conversation in line)
    heads = next(line for line in lines if "conversation_id" in line)
    return dict(zip(heads, row, strict=True))


def test_a_letter_is_sent_again_once(everturn: Everturn, database: str, letter: tuple[str, str]) -> None:
    """`retry` puts the reply back among those that wait; a second press is told that it came too late."""
    number, key = letter
    assert Ended(0, f"{number}: will be sent again\n", "") == everturn("retry", number)
    assert "pending" == write(database, STATE, key=key)
    again = everturn("retry", number)
    assert (1, "") == (again.status, again.out)
    assert "no such dead letter" in again.err


def test_a_letter_is_dropped(everturn: Everturn, database: str, letter: tuple[str, str]) -> None:
    """`drop` gives the reply up, and the list no longer asks for a decision."""
    number, key = letter
    assert Ended(0, f"{number}: dropped\n", "") == everturn("drop", number)
    assert "dropped" == write(database, STATE, key=key)
    assert "dead letters" not in everturn("list").out.replace("no dead letters", "")


def test_a_customers_message_that_nobody_took_is_decided_about(everturn: Everturn, database: str) -> None:
    """It is listed beside the dead letters, with its reason and a number to act on it."""
    number = f"in-{write(database, REFUSED, key=uuid4().hex)}"
    row = _row(everturn("list").out, "conv:manychat:gone:72")
    assert {"id": number, "kind": "message", "attempts": "10", "reason": "no account"}.items() <= row.items()
    assert Ended(0, f"{number}: dropped\n", "") == everturn("drop", number)
    assert 1 == everturn("retry", number).status, "it is gone"


@pytest.mark.parametrize("words", [
    [], ["retry"], ["drop"], ["retry", "1", "2"], ["list", "--limit", "0"], ["list", "--limit", "many"], ["send", "1"],
    ["retry", "first"], ["retry", "0"], ["drop", "-1"], ["drop", "../../api/orders"], ["drop", "1?x="], ["retry", "²"],
    ["retry", "9" * 30],
])  # fmt: skip
def test_wrong_use_is_one_line_and_status_2(everturn: Everturn, words: list[str]) -> None:
    """A slip of the hand changes nothing and says what was wrong."""
    ended = everturn(*words)
    assert (2, "", 1) == (ended.status, ended.out, ended.err.count("\n")), ended
    assert ended.err.startswith("everturn: ")


def test_an_api_that_does_not_run_is_named(everturn: Everturn) -> None:
    """The person learns that nothing listens, where, and how to start it."""
    ended = everturn("list", api="http://127.0.0.1:1")
    assert (1, "") == (ended.status, ended.out)
    assert "http://127.0.0.1:1" in ended.err
    assert "everturn up" in ended.err


def test_a_refused_token_names_its_variable(everturn: Everturn, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a bare 401."""
    monkeypatch.setenv("OPERATOR_TOKEN", "wrong")
    ended = everturn("list")
    assert (1, True) == (ended.status, "OPERATOR_TOKEN" in ended.err)
