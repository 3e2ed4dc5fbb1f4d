"""What waits in the inbox: for Temporal, or for a person because no conversation would take it."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from psycopg.rows import dict_row

from api.conversations import Conversations
from api.reception import Reception
from domain.identifiers import Address
from domain.messages import ReceiptSeen, ReceiptState
from flows.registry import FLOWS
from platforms.registry import variables
from providers.records.inbox import Inbox
from providers.records.pool import open_pool
from runtime.accounts import StatedAccounts
from runtime.temporal import connect
from tests.api.running import serving, settings_for
from tests.servers_here import Servers

WAIT = "Хвилинку…"
INSERT = """
INSERT INTO inbox (conversation_id, platform, account, message_id, kind, message, opens, attempts)
VALUES (%s, 'manychat', %s, %s, 'message', %s, true, %s)
"""


def rows(database: str, query: str, *values: Any) -> list[dict[str, Any]]:
    with psycopg.connect(database, autocommit=True, row_factory=dict_row) as connection:
        asked = connection.execute(query.encode(), values)
        return asked.fetchall() if asked.description else []


def until(condition: Callable[[], bool]) -> None:
    """Look again and again; the API hands over every half second."""
    end = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture(scope="module")
def away(servers: Servers) -> Iterator[httpx.Client]:
    """An API in response mode before PostgreSQL alone."""
    settings = settings_for(
        database_url=servers.fresh_database(f"away_{uuid4().hex[:12]}"),
        manychat_push_mode="false", manychat_interim_text=WAIT,
    )  # fmt: skip
    with serving(settings) as url, httpx.Client(base_url=url, timeout=20, trust_env=False) as client:
        yield client


def test_one_moment_is_said_once_while_temporal_is_away(away: httpx.Client) -> None:
    """A customer who writes on is not told "one moment" for every message; another customer is told it once, too."""

    def told(contact: str, text: str) -> list[str]:
        answer = away.post("/webhooks/manychat", json={"subscriber_id": contact, "text": text, "message_id": text})
        assert 200 == answer.status_code
        return [message["text"] for message in answer.json()["content"]["messages"]]

    assert [[WAIT], [], []] == [told("42", text) for text in ("привіт", "є сукня?", "ау")]
    assert [[WAIT], []] == [told("43", text) for text in ("привіт", "привіт")]


@pytest.fixture
def aside(operator: httpx.Client, database: str) -> dict[str, Any]:
    """Two messages that no conversation takes, and a good one behind the first of them; then what is shown of them."""
    contact = uuid4().hex
    broken, gone = f"conv:manychat:default:{contact}", f"conv:manychat:gone-{contact[:8]}:1"
    good = {"id": "m2", "received_at": "2026-11-21T12:00:00Z", "text": "привет"}
    rows(database, INSERT, broken, "default", "message/m1", json.dumps({"text": ["?"]}), 0)
    rows(database, INSERT, broken, "default", "message/m2", json.dumps(good), 0)
    rows(database, INSERT, gone, "gone", "message/m3", json.dumps(good), 9)

    def shown() -> dict[str, Any]:
        items = operator.get("/api/inbox").json()["items"]
        return {item["conversation_id"]: item for item in items if item["conversation_id"] in (broken, gone)}

    until(lambda: len(shown()) == 2)
    until(lambda: [] == rows(database, "SELECT 1 FROM inbox WHERE message_id = 'message/m2'"))
    return {"unreadable": shown()[broken], "refused": shown()[gone]}


def test_what_no_conversation_takes_waits_for_a_person(
    aside: dict[str, Any], operator: httpx.Client, database: str
) -> None:
    """Nothing is lost, nobody is held up, and it is not tried for ever: a person sees it, with the reason."""
    unreadable, refused = aside["unreadable"], aside["refused"]
    assert ("unreadable: ValidationError", 1) == (unreadable["reason"], unreadable["attempts"])
    assert ("no account", 10) == (refused["reason"][:10], refused["attempts"])
    assert "wait for a person" in operator.get("/health").json()["inbox"]["reason"]
    metrics = operator.get("/metrics").text
    assert {f'inbox_refused{{account="{account}",platform="manychat"}} 1.0' for account in ("default", "gone")} <= set(
        metrics.splitlines()
    )

    assert 202 == operator.post(f"/api/inbox/{refused['id']}/retry").status_code
    assert 404 == operator.post(f"/api/inbox/{refused['id']}/drop").status_code, "it is being tried again"
    assert 200 == operator.post(f"/api/inbox/{unreadable['id']}/drop").status_code
    assert 404 == operator.post(f"/api/inbox/{unreadable['id']}/retry").status_code
    until(lambda: 1 == rows(database, "SELECT attempts FROM inbox WHERE id = %s", refused["id"])[0]["attempts"])
    rows(database, "DELETE FROM inbox WHERE id = %s", refused["id"])


async def test_a_part_taken_and_then_failed_is_both(servers: Servers) -> None:
    """While Temporal is away the platform says that it took a part, and later that it failed: both are heard."""
    pool = open_pool(servers.fresh_database(f"receipts_{uuid4().hex[:12]}"), size=2, name="test")
    await pool.open()
    settings = settings_for()  # Temporal is nowhere
    accounts = StatedAccounts.of_settings(settings, variables(), FLOWS)
    conversations = Conversations(await connect(settings, lazy=True), accounts, lambda _: "greeting")
    reception, to = Reception(conversations, Inbox(pool)), Address(platform="whatsapp", account="default", contact="1")
    for state in (ReceiptState.SENT, ReceiptState.FAILED, ReceiptState.FAILED):
        await reception.take(to, ReceiptSeen(address=to, message_id="wamid.1", state=state), opens=False)
    async with Inbox(pool).take(1) as taken:
        told = [kept.message["state"] for kept in taken.rows]
    await pool.close()
    assert ["sent", "failed"] == told
