"""What nobody asks for on purpose: odd links, odd addresses, several tabs, and somebody who mistypes."""

import base64
import json
from collections.abc import Callable

import httpx
import pytest

from tests.console.conftest import PASSWORD, TOKEN, Browser, somebody
from tests.console.seeding import Books, conversation
from tests.console.test_pages import PROOF

Fresh = Callable[[], Browser]


def cursor(*values: object) -> str:
    """A cursor that somebody made up."""
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode()


MADE_UP = [
    f"{page}cursor={cursor(10**30)}"
    for page in ("orders?", "letters?", "texts?", "operators?", "audit?", "payments?stage=approved&")
] + [
    f"payments?cursor={cursor(10**30, 10**30)}",
    f"inbox?tab=open&cursor={cursor('2026-01-01', 'x' + chr(0))}",
    f"inbox?tab=open&cursor={cursor('0001-01-01T00:00:00+14:00', 'x')}",
    f"accounts?cursor={cursor('x', chr(0))}",
]


@pytest.mark.parametrize("link", ["http://[::1/receipt", "https://[v1.]/x", "javascript:alert(1)", "//evil.example"])
def test_an_odd_link_keeps_no_payment_from_being_decided(owner: Browser, books: Books, link: str) -> None:
    """Customers write what they like; the page opens, and the link is words."""
    number = books.run(PROOF, key=f"odd {link}", id=conversation("odd"), stage="waiting", by=[])[0][0]
    books.run("UPDATE payments SET link = %(link)s WHERE id = %(id)s", link=link, id=number)
    answer = owner.get(f"/console/payments/{number}")
    assert (200, True, False) == (answer.status_code, link in answer.text, f'href="{link}"' in answer.text)


@pytest.mark.parametrize("path", MADE_UP)
def test_made_up_cursors_are_refused_as_pages(owner: Browser, path: str) -> None:
    """Larger than any number of ours, or of signs that no id has."""
    answer = owner.get(f"/console/{path}")
    assert (400, True) == (answer.status_code, "this cursor is not one of ours" in answer.text)


@pytest.mark.parametrize("rest", ["", "/lines", "/card"])
def test_an_id_with_a_nul_is_nobodys(owner: Browser, rest: str) -> None:
    """PostgreSQL keeps none, so nobody has one."""
    assert 422 == owner.get(f"/console/conversations/conv%3Aa%3Ab%3A%00{rest}").status_code


@pytest.mark.parametrize("path", ["orders", "dead-letters", "outbox", "payments"])
def test_the_api_refuses_made_up_cursors(url: str, path: str) -> None:
    """A program that mixes up its pages hears so."""
    wrong = cursor("never", "x") if path == "outbox" else cursor(*[10**30] * (2 if path == "payments" else 1))
    headers = {"authorization": f"Bearer {TOKEN}"}
    answer = httpx.get(f"{url}/api/{path}", params={"cursor": wrong}, headers=headers, trust_env=False)
    assert 400 == answer.status_code


def test_who_is_lost_finds_back(owner: Browser) -> None:
    """A page with a way home; a slash too many is forgiven."""
    lost = owner.get("/console/nothing/there")
    slash = owner.get("/console/orders/?status=new")
    assert (404, True) == (lost.status_code, "Back to the inbox" in lost.text)
    assert (303, "/console/orders?status=new") == (slash.status_code, slash.headers["location"])
    assert 404 == owner.get("/console//evil.example/").status_code


def test_any_of_several_tabs_logs_in(browser: Fresh, books: Books) -> None:
    """The session ended, and every tab shows the form: whichever is filled in first counts."""
    books.forget_attempts()
    visitor = browser()
    first = visitor.token("/console/login")
    visitor.token("/console/login")
    fields = {"name": "owner", "password": TOKEN, "csrf": first}
    answer = visitor.client.post("/console/login", data=fields, headers={"origin": visitor.url})
    assert 303 == answer.status_code


def test_nobody_is_slowed_down_by_a_colleague_who_mistypes(owner: Browser, browser: Fresh) -> None:
    """Somebody tried a dozen wrong passwords on their own page; the next one changes theirs."""
    clumsy, other = (somebody(owner, browser, name, "operator") for name in ("Clumsy", "Careful"))
    fields = {"present": "wrong", "password": "a new password 1", "repeat": "a new password 1"}
    for _ in range(12):
        clumsy.post("/console/me/password", fields)
    other.client.headers["x-forwarded-for"] = "198.51.100.7"
    assert 303 == other.post("/console/me/password", {**fields, "present": PASSWORD}).status_code
