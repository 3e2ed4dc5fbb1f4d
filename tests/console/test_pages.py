"""What the pages show, and what is done on them."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from temporalio.client import Client

from runtime.temporal import connect
from tests.api.running import settings_for
from tests.console.conftest import TOKEN, Browser, somebody
from tests.console.seeding import Books, conversation
from tests.servers_here import Servers

Fresh = Callable[[], Browser]
PAGES = ["inbox", "payments", "orders", "letters", "accounts", "texts", "me", "operators", "audit"]
API = {"authorization": f"Bearer {TOKEN}"}
PROOF = """
INSERT INTO payments (payment_key, conversation_id, platform, account, contact, expected, currency, stage, approved_by)
VALUES (%(key)s, %(id)s, 'whatsapp', 'default', 'payer', 100, 'UAH', %(stage)s, %(by)s) RETURNING id
"""
CANCELLED = """
SELECT operator, left(outcome, 12) FROM audit_log
 WHERE act = 'cancel_order' AND subject = ANY(%(subjects)s) ORDER BY id
"""
DECIDED = """
INSERT INTO decisions (key, conversation_id, turn, sources, at)
VALUES (%(key)s, %(id)s, 3, %(sources)s, now() - %(ago)s * interval '1 minute')
"""


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_and_is_never_kept(owner: Browser, page: str) -> None:
    """Nothing of it stays in a browser that somebody else uses next."""
    answer = owner.get(f"/console/{page}")
    assert (200, "no-store") == (answer.status_code, answer.headers["cache-control"])
    assert "script-src 'self'" in answer.headers["content-security-policy"]


def rows(page: str) -> list[str]:
    """The conversations of a list, in their order."""
    return [piece.split('"')[0] for piece in page.split('data-id="')[1:]]


# --- the inbox --------------------------------------------------------------------------------------------------------


def test_the_longest_wait_comes_first(owner: Browser, books: Books) -> None:
    """In a tab of attention; and what has been answered is not there."""
    for contact, ago in (("late-1", 5), ("late-2", 50), ("late-3", 20)):
        books.line(contact, "hello", ago=ago)
        books.run(
            "UPDATE conversations SET attention = 'handoff', asked_at = '9000-01-01' WHERE id = %(id)s",
            id=conversation(contact),
        )
    found = rows(owner.get("/console/inbox?tab=handoff").text)
    assert [conversation(contact) for contact in ("late-2", "late-3", "late-1")] == found
    assert "3" == owner.get("/console/counts").json()["handoff"]


def test_a_letter_and_a_proof_ask_for_attention_at_once(owner: Browser, books: Books) -> None:
    """They stand in our books: nobody waits for Temporal's list."""
    books.line("unlucky", "hello")
    books.part("unlucky", "unlucky-part", "Добрий день", "dead")
    number = books.letter("unlucky-part", "blocked")
    assert conversation("unlucky") in rows(owner.get("/console/inbox?tab=dead_letter").text)
    owner.post(f"/console/letters/{number}/drop", {"conversation": conversation("unlucky")})
    assert conversation("unlucky") not in rows(owner.get("/console/inbox?tab=dead_letter").text)
    books.line("payer", "оплатила")
    books.run(PROOF, key="p1", id=conversation("payer"), stage="waiting", by=[])
    assert [conversation("payer")] == rows(owner.get("/console/inbox?tab=payment").text)
    books.run("UPDATE payments SET stage = 'refused' WHERE payment_key = 'p1'")
    assert [] == rows(owner.get("/console/inbox?tab=payment").text)


def test_mine_is_what_i_hold(owner: Browser, anna: Browser, books: Books) -> None:
    """Whatever the size of the letters of my name."""
    books.line("held", "hello")
    books.run("UPDATE conversations SET held_by = 'anna', holder = 'operator' WHERE contact = 'held'")
    assert [conversation("held")] == rows(anna.get("/console/inbox?tab=mine").text)
    assert [] == rows(owner.get("/console/inbox?tab=mine").text)


def test_the_list_is_paged(owner: Browser, books: Books) -> None:
    """Every conversation once, newest first."""
    for number in range(45):
        books.line(f"paged-{number:02}", "hello", ago=-1_000 - number)
    first = owner.get("/console/inbox?tab=open").text
    cursor = first.split("cursor=")[1].split('"')[0]
    found = rows(first) + rows(owner.get(f"/console/inbox?tab=open&cursor={cursor}").text)
    paged = [name for name in found if "paged" in name]
    assert [conversation(f"paged-{number:02}") for number in reversed(range(45))] == paged


@pytest.mark.parametrize("words", ["Соломія", "соломі", "sought-77", "веселка", "Веселк жовт", "№ORDER"])
def test_people_are_found(owner: Browser, books: Books, words: str) -> None:
    """By name, contact, words they said, and the number of an order; the beginning of a word is enough."""
    if not books.run("SELECT 1 FROM conversations WHERE contact = 'sought-77'"):
        books.line("sought-77", "сукня «Веселка», жовта", name="Соломія Крушельницька")
        books.order("sought-77", "sought")
    number = books.run("SELECT id FROM orders WHERE order_key = 'sought'")[0][0]
    found = owner.get("/console/inbox", params={"q": words.replace("ORDER", str(number))}).text
    assert conversation("sought-77") in rows(found)


def test_what_was_taken_back_is_not_in_the_list(owner: Browser, books: Books) -> None:
    """Neither there nor among what can be found."""
    books.line("sorry", "таємниця")
    books.run("UPDATE message_logs SET text = '', error_reason = 'unsent' WHERE client_id = 'sorry'")
    assert "таємниця" not in owner.get("/console/inbox?tab=open").text
    assert [] == rows(owner.get("/console/inbox", params={"q": "таємниця"}).text)


# --- one conversation -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "receipt", "shown"),
    [("sent", "", "sent"), ("sent", "delivered", "delivered"), ("sent", "read", "read"),
     ("unknown", "", "outcome unknown"), ("dead", "", "not delivered")],
)  # fmt: skip
def test_each_part_shows_how_far_it_came(owner: Browser, books: Books, state: str, receipt: str, shown: str) -> None:
    """In words, and whose words they were."""
    contact = f"part-{state}{receipt}"
    there = books.line(contact, "hello")
    books.part(contact, f"key-{contact}", "Вітаю", state, by_operator=True)
    books.line(contact, "Вітаю", direction="out", id=f"key-{contact}", success=state == "sent")
    if receipt:
        books.receipt(f"key-{contact}", receipt)
    page = owner.get(f"/console/conversations/{there.replace(':', '%3A')}/lines").text
    assert f'<span class="state">{shown}</span>' in page
    assert '<span class="writer">Operator</span>' in page


def test_a_bubble_names_who_wrote_it(owner: Browser, books: Books) -> None:
    """Of two operators in one conversation each stands by their own words; on the way as well."""
    there = books.line("named", "hello").replace(":", "%3A")
    for key, operator in (("n-1", "Олена"), ("n-2", "<b>Eve</b>"), ("n-3", "operator")):
        books.part("named", key, "Вітаю", by_operator=True, operator=operator)
        books.line("named", "Вітаю", direction="out", id=key)
    books.part("named", "n-4", "Секунду", "pending", by_operator=True, operator="Марія")
    page = owner.get(f"/console/conversations/{there}/lines").text
    writers = [piece.split("</span>")[0] for piece in page.split('<span class="writer">')[1:]]
    assert ["Олена", "&lt;b&gt;Eve&lt;/b&gt;", "Operator", "Марія"] == writers


def test_a_reply_tells_operators_what_it_was_made_of(owner: Browser, books: Books) -> None:
    """Its sources, once below its last part, and of the decision that went out: not of one thrown away or to come."""
    there = books.line("cited", "скільки їде посилка?", ago=10).replace(":", "%3A")
    for number in range(2):
        books.line("cited", f"частина {number}", direction="out", id=f"cited-{number}", ago=5)
    books.run("UPDATE message_logs SET turn = 3 WHERE client_id = 'cited'")
    for key, ago, source in (("old", 9, "old.md"), ("right", 6, "delivery.md › Строки"), ("later", 1, "later.md")):
        books.run(DECIDED, key=key, id=conversation("cited"), sources=[source], ago=ago)
    page = owner.get(f"/console/conversations/{there}/lines").text
    assert (1, 0, 0) == (page.count("delivery.md › Строки"), page.count("old.md"), page.count("later.md"))
    assert page.index("частина 1") < page.index("delivery.md › Строки")


def test_a_part_on_its_way_is_shown_once(owner: Browser, books: Books) -> None:
    """Behind everything that was said."""
    there = books.line("onway", "hello")
    books.part("onway", "onway-1", "Секунду", "pending", error="429")
    page = owner.get(f"/console/conversations/{there.replace(':', '%3A')}/lines").text
    assert (1, True) == (page.count("Секунду"), page.index("hello") < page.index("Секунду"))


def test_the_page_does_not_wait_for_a_silent_conversation(owner: Browser, books: Books) -> None:
    """Without a worker nothing answers: what was said is there all the same."""
    there = books.line("silent", "чи є хто?")
    began = time.monotonic()
    page = owner.get(f"/console/conversations/{there.replace(':', '%3A')}").text
    assert time.monotonic() - began < 3
    assert "чи є хто?" in page
    assert "does not answer" in page


# --- acts -------------------------------------------------------------------------------------------------------------


def test_the_second_decision_is_another_managers(owner: Browser, anna: Browser, browser: Fresh, books: Books) -> None:
    """Four eyes: not the same person, and not any operator; a refusal takes a reason."""
    books.line("payer", "оплатила")
    once = books.run(PROOF, key="p2", id=conversation("payer"), stage="approved_once", by=["Boss"])[0][0]
    at = f"/console/payments/{once}/decision"
    assert 403 == anna.post(at, {"approve": "yes"}).status_code
    boss = somebody(owner, browser, "Boss", "manager")
    assert 403 == boss.post(at, {"approve": "yes"}).status_code
    assert 422 == anna.post(at, {"approve": "no", "reason": " "}).status_code
    acts = books.run(
        "SELECT operator, starts_with(outcome, 'refused: 403') FROM audit_log WHERE act = 'decide_payment'"
    )
    assert [("Anna", True), ("Boss", True)] == acts


def test_an_order_short_of_stock_says_so(owner: Browser, books: Books) -> None:
    """In the inbox, on its conversation, among the orders and on its own page; not once it is cancelled."""
    there = books.line("short", "hello")
    number = books.order("short", "short-1")
    books.run("UPDATE orders SET shortage = 'Сукня (SV-1): 0 of 1' WHERE id = %(id)s", id=number)
    pages = {
        "inbox?q=short": 1, "orders": 1, f"orders/{number}": 1, f"conversations/{there.replace(':', '%3A')}/card": 1,
    }  # fmt: skip
    assert pages == {page: owner.get(f"/console/{page}").text.count("Short of stock") for page in pages}
    assert "Сукня (SV-1): 0 of 1" in owner.get(f"/console/orders/{number}").text
    found = httpx.get(f"{owner.url}/api/orders?contact=short", headers=API, trust_env=False).json()["items"]
    assert ["Сукня (SV-1): 0 of 1"] == [one["shortage"] for one in found]
    assert 303 == owner.post(f"/console/orders/{number}/cancel").status_code
    assert 0 == owner.get("/console/inbox?q=short").text.count("Short of stock")


def test_who_may_cancel_an_order(owner: Browser, anna: Browser, books: Books) -> None:
    """Any operator, but a paid one only a manager, and none whose payment waits; it is written down, and said."""
    unpaid, paid = books.order("undone", "u-1"), books.order("undone", "u-2", status="paid")
    awaited = books.order("undone", "u-3", status="awaiting_payment")
    books.run(PROOF, key="u-proof", id=conversation("undone"), stage="waiting", by=[])
    books.run("UPDATE payments SET order_id = %(id)s WHERE payment_key = 'u-proof'", id=awaited)
    said = anna.post(f"/console/orders/{unpaid}/cancel", {"reason": "немає в наявності"})
    assert f"/console/orders/{unpaid}?told=no" == said.headers["location"]
    assert "was not told" in anna.get(said.headers["location"]).text
    assert "Cancel the order" not in anna.get(f"/console/orders/{paid}").text
    assert [403, 409, 404] == [anna.post(f"/console/orders/{n}/cancel").status_code for n in (paid, awaited, 10**9)]
    assert 303 == owner.post(f"/console/orders/{paid}/cancel").status_code
    assert 422 == owner.post(f"/console/orders/{paid}/cancel", {"reason": "x" * 501}).status_code
    statuses = books.run("SELECT status FROM orders WHERE starts_with(order_key, 'u-') ORDER BY order_key")
    assert [("cancelled",), ("cancelled",), ("awaiting_payment",)] == statuses
    acts = books.run(CANCELLED, subjects=[f"order {unpaid}", f"order {paid}"])
    assert [("Anna", "done"), ("Anna", "refused: 403"), ("owner", "done")] == acts
    books.run("UPDATE payments SET stage = 'refused' WHERE payment_key = 'u-proof'")


def test_a_letter_is_sent_again_from_the_console(owner: Browser, books: Books) -> None:
    """Once; who was slower is told so, and both are written down."""
    books.line("again", "hello")
    books.part("again", "again-part", "Добрий день", "dead")
    number = books.letter("again-part", "blocked")
    fields = {"conversation": conversation("again")}
    assert 303 == owner.post(f"/console/letters/{number}/retry", fields).status_code
    assert 404 == owner.post(f"/console/letters/{number}/retry", fields).status_code
    outcomes = books.run(
        "SELECT left(outcome, 12) FROM audit_log WHERE subject = %(x)s ORDER BY id", x=f"letter {number}"
    )
    assert [("done",), ("refused: 404",)] == outcomes


def test_canned_texts_are_kept_by_shop(anna: Browser, books: Books) -> None:
    """Offered where they belong; one of the same title is replaced."""
    for text in ("first", "second"):
        assert (
            303 == anna.post("/console/texts", {"title": "Hours", "text": text, "shop": "telegram/default"}).status_code
        )
    assert 422 == anna.post("/console/texts", {"title": "x", "text": "y", "shop": "telegram/nobodys"}).status_code
    there = books.line("canned", "hello")
    assert "Hours" not in anna.get(f"/console/conversations/{there.replace(':', '%3A')}").text
    books.line("canned", "hello", conversation="conv:telegram:default:canned")
    assert 'value="second">Hours' in anna.get("/console/conversations/conv%3Atelegram%3Adefault%3Acanned").text


def test_an_account_is_switched_off_and_on(owner: Browser, books: Books) -> None:
    """A stored one; the environment's own cannot be."""
    new = {"platform": "whatsapp", "account": "shop-1", "name": "Shop"}
    assert (
        201 == httpx.post(f"{owner.url}/api/accounts?check=false", json=new, headers=API, trust_env=False).status_code
    )
    assert 303 == owner.post("/console/accounts/whatsapp/shop-1/off").status_code
    assert "Switched off" in owner.get("/console/accounts").text
    assert [("off",)] == books.run("SELECT status FROM accounts WHERE account = 'shop-1'")
    assert 303 == owner.post("/console/accounts/whatsapp/shop-1/active").status_code
    assert 409 == owner.post("/console/accounts/whatsapp/default/off").status_code


def test_acts_through_the_api_are_written_down_too(owner: Browser, books: Books) -> None:
    """With the name that was given there; strangers and nonsense leave no row."""
    books.line("apis", "hello")
    there = f"{owner.url}/api/conversations/{conversation('apis').replace(':', '%3A')}"
    with httpx.Client(trust_env=False) as client:
        assert 404 == client.post(f"{there}/take-over", json={"operator": "Zoya"}, headers=API).status_code
        assert 401 == client.post(f"{there}/take-over", json={"operator": "Eve"}).status_code
        assert 422 == client.post(f"{there}/replies", json={"operator": "Mute"}, headers=API).status_code
        assert 404 == client.post(f"{owner.url}/api/dead-letters/999999/retry", headers=API).status_code
    found = books.run(
        "SELECT operator, act, conversation_id, left(outcome, 12) FROM audit_log WHERE via = 'api'"
        " AND operator IN ('Zoya', 'Eve', 'Mute', 'operator') AND act <> 'add_account' ORDER BY id"
    )
    expected = [
        ("Zoya", "take_over", conversation("apis"), "refused: 404"),
        ("operator", "send_again", "", "refused: 404"),
    ]
    assert expected == found
    assert "Zoya" in owner.get("/console/audit?operator=zoya").text


def test_what_was_done_stays_as_it_was(books: Books, owner: Browser) -> None:
    """Nobody edits the audit log, not even by the database."""
    for statement in ("UPDATE audit_log SET operator = 'x'", "DELETE FROM audit_log"):
        with pytest.raises(Exception, match="stays as it was written"):
            books.run(statement)


# --- live -------------------------------------------------------------------------------------------------------------


@contextmanager
def listening(browser: Browser) -> Iterator[Iterator[tuple[str, Any]]]:
    """The stream of what changes."""
    with browser.client.stream("GET", "/console/events", headers={"last-event-id": "77"}) as answer:
        assert "text/event-stream; charset=utf-8" == answer.headers["content-type"]
        yield told(answer.iter_lines())


def told(lines: Iterator[str]) -> Iterator[tuple[str, Any]]:
    """Each event's name and what it tells."""
    name = ""
    for line in lines:
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


def until(events: Iterator[tuple[str, Any]], wanted: str) -> None:
    """Read on until this conversation was touched."""
    for name, what in events:
        if name == "touched" and wanted in what:
            return


def test_changes_are_told_as_they_happen(owner: Browser, books: Books) -> None:
    """A message, a receipt, a part that waits: whichever process wrote them."""
    books.line("lively", "hello")
    books.part("lively", "lively-1", "Вітаю")
    with listening(owner) as events:
        assert "counts" == next(events)[0]
        books.line("lively", "are you there?")
        until(events, conversation("lively"))
        books.receipt("lively-1", "read")
        until(events, conversation("lively"))
        books.part("lively", "lively-2", "Секунду", "pending")
        until(events, conversation("lively"))


def test_closed_pages_leave_nothing_behind(owner: Browser, browser: Fresh, books: Books) -> None:
    """Whoever opens and closes pages all day does not use up the places."""
    for _ in range(5):
        page = browser()
        page.client.cookies.update(owner.client.cookies)
        with listening(page) as events:
            next(events)
    with listening(owner) as events:
        next(events)
        books.line("after", "hello")
        until(events, conversation("after"))


async def test_what_temporal_knows_comes_into_the_list(owner: Browser, books: Books, servers: Servers) -> None:
    """A conversation whose workflow was ended by force is under "failed", until its customer writes again."""
    temporal: Client = await connect(settings_for(temporal_address=servers.temporal_address))
    name = conversation("doomed")
    books.line("doomed", "hello")
    await temporal.start_workflow("ConversationWorkflow", {}, id=name, task_queue="nobody")
    await temporal.get_workflow_handle(name).terminate("a test")
    end = time.monotonic() + 30
    while name not in rows(owner.get("/console/inbox?tab=failed").text):
        assert time.monotonic() < end
        await asyncio.sleep(0.2)
    books.line("doomed", "hello again")
    assert name not in rows(owner.get("/console/inbox?tab=failed").text)
