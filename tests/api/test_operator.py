"""What operators can look at and do."""

import asyncio
from urllib.parse import quote

import httpx
import psycopg
import pytest

from providers.records import letters as dead_letters
from providers.records.pool import open_pool

ROUTES = ["/api/orders", "/api/conversations", "/api/outbox", "/api/dead-letters", "/api/conversations/conv:a:b:c"]


@pytest.mark.parametrize("path", ROUTES)
def test_strangers_are_turned_away(door: httpx.Client, path: str) -> None:
    """No token and a wrong token are 401, and say how to do it right."""
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic b3A6b3A="}):
        answer = door.get(path, headers=headers)
        assert 401 == answer.status_code
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert "application/problem+json" == answer.headers["content-type"]


def insert(database: str, statement: str, **values: object) -> None:
    """Write a row as the worker would."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(statement.encode(), values)


ORDER = """INSERT INTO orders (client_phone, delivery_address, bottles_count, source, conversation_id, order_key)
           VALUES ('+380000000000', 'Київ', 2, 'manychat', %(conversation)s, %(key)s)"""


def test_orders_are_listed_by_contact_and_paged(operator: httpx.Client, database: str) -> None:
    """Newest first, a page at a time, and only this customer's."""
    for number in range(5):
        insert(database, ORDER, conversation="conv:manychat:default:or:77", key=f"77/{number}")
    insert(database, ORDER, conversation="conv:manychat:default:78", key="78")
    first = operator.get("/api/orders", params={"contact": "or:77", "limit": 3}).json()
    second = operator.get("/api/orders", params={"contact": "or:77", "limit": 3, "cursor": first["next_cursor"]}).json()
    keys = [order["order_key"] for order in first["items"] + second["items"]]
    assert (["77/4", "77/3", "77/2", "77/1", "77/0"], None) == (keys, second["next_cursor"])
    assert "or:77" == first["items"][0]["contact"]


@pytest.mark.parametrize("cursor", ["x", "bm90IGpzb24=", "WyJhIl0=", "W10=", "я"])
def test_a_made_up_cursor_is_400(operator: httpx.Client, cursor: str) -> None:
    """On every list of ours."""
    for path in ("/api/orders", "/api/outbox", "/api/dead-letters"):
        assert 400 == operator.get(path, params={"cursor": cursor}).status_code
    assert 400 == operator.get("/api/conversations", params={"cursor": cursor}).status_code


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "attention=love", "status=maybe", "phase=%00"])
def test_wrong_filters_are_422(operator: httpx.Client, query: str) -> None:
    """And say which."""
    answer = operator.get(f"/api/conversations?{query}")
    assert (422, "application/problem+json") == (answer.status_code, answer.headers["content-type"])


def test_conversations_are_listed_and_a_quote_cannot_break_out(door: httpx.Client, operator: httpx.Client) -> None:
    """Filters are values, not query language."""
    secret = {"X-Webhook-Secret": "many-secret"}
    assert (
        202 == door.post("/webhooks/manychat", json={"subscriber_id": "901", "text": "hi"}, headers=secret).status_code
    )
    found = _until_listed(operator, "conv:manychat:default:901")
    assert ("manychat", "901", "assistant") == (found["platform"], found["contact"], found["holder"])
    tricky = operator.get("/api/conversations", params={"phase": "x' OR WorkflowType = 'ConversationWorkflow"})
    assert (200, []) == (tricky.status_code, tricky.json()["items"])


def test_a_second_reason_hides_no_conversation(door: httpx.Client, operator: httpx.Client, database: str) -> None:
    """Temporal knows one reason of each conversation; what our books know of a letter is found beside it."""
    id = "conv:manychat:default:902"
    body, secret = {"subscriber_id": "902", "text": "hi"}, {"X-Webhook-Secret": "many-secret"}
    assert 202 == door.post("/webhooks/manychat", json=body, headers=secret).status_code
    _until_listed(operator, id)
    insert(database, LINE.replace(":60", ":902"), id="902")
    insert(database, LETTER, key="hidden", conversation=id)
    found = {
        reason: [one["id"] for one in operator.get("/api/conversations", params={"attention": reason}).json()["items"]]
        for reason in ("dead_letter", "payment", "handoff")
    }
    assert {"dead_letter": [id], "payment": [], "handoff": []} == found
    assert 202 == operator.post(f"/api/dead-letters/{letters(operator)['hidden']}/retry").status_code


def _until_listed(operator: httpx.Client, name: str) -> dict[str, str]:
    import time

    for _ in range(40):
        items = operator.get("/api/conversations", params={"platform": "manychat"}).json()["items"]
        for item in items:
            if item["id"] == name:
                return item  # type: ignore[no-any-return]
        time.sleep(0.1)
    raise AssertionError(items)


def test_a_conversation_that_never_was_is_404(operator: httpx.Client) -> None:
    """Also where the id is no conversation's."""
    for name in ("conv:manychat:default:nobody", "nonsense"):
        assert 404 == operator.get(f"/api/conversations/{quote(name, safe='')}").status_code


@pytest.mark.parametrize("body", [{}, {"text": ""}, {"text": "\x00"}, {"text": "  "}, {"text": "x" * 5_000}, [], "hi"])
def test_a_reply_needs_words(operator: httpx.Client, body: object) -> None:
    """Nothing empty and nothing endless goes to a customer."""
    assert 422 == operator.post("/api/conversations/conv:manychat:default:1/replies", json=body).status_code


LETTER = """
WITH part AS (INSERT INTO outbox (key, conversation_id, platform, account, contact, part, state, attempts)
  VALUES (%(key)s, %(conversation)s, 'manychat', 'default', '55', '{"text": "hi"}', 'dead', 5) RETURNING *)
INSERT INTO dead_letters (outbox_key, conversation_id, platform, account, reason)
SELECT key, conversation_id, platform, account, 'blocked' FROM part"""


def letters(operator: httpx.Client) -> dict[str, int]:
    """The dead letters by their key."""
    return {item["outbox_key"]: item["id"] for item in operator.get("/api/dead-letters").json()["items"]}


def test_a_dead_letter_can_be_sent_again_once(operator: httpx.Client, database: str) -> None:
    """Its part waits again, the letter is gone, and a second press finds nothing."""
    insert(database, LETTER, key="again", conversation="conv:manychat:default:55")
    number = letters(operator)["again"]
    assert 202 == operator.post(f"/api/dead-letters/{number}/retry").status_code
    assert 404 == operator.post(f"/api/dead-letters/{number}/retry").status_code
    waiting = {item["key"]: item for item in operator.get("/api/outbox").json()["items"]}
    assert ("pending", 0) == (waiting["again"]["state"], waiting["again"]["attempts"])
    assert "again" not in letters(operator)


def test_a_letter_taken_by_an_api_that_died_is_sent_all_the_same(operator: httpx.Client, database: str) -> None:
    """It was off the pile, and its conversation not told yet: nobody could press again, so the inbox tells it."""
    insert(database, LETTER, key="orphan", conversation="conv:manychat:default:58")
    asyncio.run(_take_and_die(database, letters(operator)["orphan"]))
    insert(database, "UPDATE inbox SET next_at = now() WHERE conversation_id = 'conv:manychat:default:58'")
    assert "assistant" == _until_listed(operator, "conv:manychat:default:58")["holder"]
    with psycopg.connect(database) as connection:
        left = connection.execute("SELECT * FROM inbox WHERE conversation_id = 'conv:manychat:default:58'").fetchall()
    assert [] == left


async def _take_and_die(database: str, letter: int) -> None:
    async with open_pool(database, size=1, name="test") as pool:
        assert await dead_letters.take(pool, letter, again=True)


def test_a_dead_letter_can_be_dropped(operator: httpx.Client, database: str) -> None:
    """It is given up, and shown as such."""
    insert(database, LETTER, key="drop", conversation="conv:manychat:default:56")
    assert 200 == operator.post(f"/api/dead-letters/{letters(operator)['drop']}/drop").status_code
    assert ["drop"] == [item["key"] for item in operator.get("/api/outbox?state=dropped").json()["items"]]


def test_a_letter_whose_conversation_cannot_be_told_stays(operator: httpx.Client, database: str) -> None:
    """A letter for an account we do not know is put back on the pile."""
    insert(database, LETTER, key="stays", conversation="conv:manychat:another:57")
    assert 404 == operator.post(f"/api/dead-letters/{letters(operator)['stays']}/retry").status_code
    assert "stays" in letters(operator)


LINE = """INSERT INTO message_logs (conversation_id, client_id, message_id, direction, text)
          VALUES ('conv:manychat:default:60', '60', %(id)s, 'in', %(id)s)"""


def test_a_transcript_is_read_backwards_page_by_page(operator: httpx.Client, database: str) -> None:
    """The latest page first, each page in the order of speech."""
    for number in range(5):
        insert(database, LINE, id=str(number))
    path = "/api/conversations/conv%3Amanychat%3Adefault%3A60/transcript"
    last = operator.get(path, params={"limit": 2}).json()
    earlier = operator.get(path, params={"limit": 2, "cursor": last["next_cursor"]}).json()
    assert (["3", "4"], ["1", "2"]) == tuple([line["text"] for line in page["items"]] for page in (last, earlier))
