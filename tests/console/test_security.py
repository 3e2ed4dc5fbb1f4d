"""What strangers, other pages, customers and colleagues without the right cannot do."""

import re
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import httpx
import pytest
import yaml

from tests.api.running import serving, settings_for
from tests.console.conftest import PASSWORD, TOKEN, Browser, somebody
from tests.console.seeding import Books

Fresh = Callable[[], Browser]
PATHS = [
    "/console/inbox", "/console/inbox/rows", "/console/counts", "/console/events", "/console/orders",
    "/console/orders.csv", "/console/letters", "/console/payments", "/console/accounts", "/console/texts",
    "/console/operators", "/console/audit", "/console/me", "/console/conversations/conv%3Aa%3Ab%3Ac",
]  # fmt: skip
ACTS = [
    "/console/letters/1/retry", "/console/letters/1/drop", "/console/texts", "/console/operators",
    "/console/sessions/1/end", "/console/logout", "/console/payments/1/decision", "/console/me/password",
    "/console/conversations/conv%3Aa%3Ab%3Ac/reply", "/console/conversations/conv%3Aa%3Ab%3Ac/take-over",
    "/console/accounts/whatsapp/x/off",
]  # fmt: skip
COMPOSE = yaml.safe_load((Path(__file__).parents[2] / "docker-compose.temporal.yml").read_text())
ELSEWHERE = "127.0.0.2"
"""Somebody who is not the address a server believes by itself."""
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="a machine has one loopback address there")


# --- strangers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS)
def test_strangers_see_the_door_alone(browser: Fresh, path: str) -> None:
    """Nothing without a log-in; a script is told so, a person is led to the form."""
    answer = browser().get(path)
    assert (303, "no-store") == (answer.status_code, answer.headers["cache-control"])
    assert answer.headers["location"].startswith("/console/login")
    assert 401 == browser().get(path, headers={"x-console": "1"}).status_code


@pytest.mark.parametrize("path", ACTS)
def test_strangers_do_nothing(browser: Fresh, path: str) -> None:
    """Nor can anything be done."""
    answer = browser().client.post(path, data={"csrf": "x"})
    assert (303, "/console/login") == (answer.status_code, answer.headers["location"])


NUL = "%00"
NO_SUCH = [f"/console/{one}" for one in (
    f"conversations/{NUL}", f"conversations/conv%3Aa%3Ab%3A{NUL}", f"conversations/conv%3Aa%3Ab%3A{NUL}/lines",
    f"conversations/conv%3Aa%3Ab%3A{NUL}/card", f"conversations/conv%3Aa%3Ab%3A{NUL}/fork", f"orders/{NUL}",
    f"payments/{NUL}", "orders/99999999999999999999", "payments/99999999999999999999",
)]  # fmt: skip


@pytest.mark.parametrize("path", NO_SUCH)
def test_an_address_that_nobody_wrote_is_no_error_of_ours(owner: Browser, path: str) -> None:
    """A bent link says that there is nothing, in our own words."""
    assert owner.get(path).status_code in (303, 400, 404, 422)


@pytest.mark.parametrize("path", [path for path in PATHS if path != "/console/events"])
def test_a_bent_search_finds_nothing(owner: Browser, path: str) -> None:
    """Filters are read from the address, and anybody can write one."""
    names = ("q", "page", "account", "platform", "contact", "status", "state", "attention", "after", "before", "who")
    for odd in (NUL, "%ED%A0%80", "9" * 30, "-1", "x" * 2_000):
        answer = owner.get(f"{path}?{'&'.join(f'{name}={odd}' for name in names)}")
        assert answer.status_code < 500, (path, odd)


def test_a_wrong_name_and_a_wrong_password_look_the_same(browser: Fresh, owner: Browser, books: Books) -> None:
    """Nobody learns who works here."""
    somebody(owner, browser, "Known", "operator")
    pages = []
    for name in ("Known", "Unknown", "owner"):
        books.forget_attempts()
        answer = browser().log_in(name, "wrong password")
        pages.append((answer.status_code, re.sub(r'value="[^"]*"', "", answer.text)))
    assert 403 == pages[0][0]
    assert pages[0] == pages[1] == pages[2]


def test_a_refused_log_in_is_written_down(anna: Browser, browser: Fresh, books: Books) -> None:
    """Whose name was tried, and from where; a name that nobody has may be somebody's password, and is not."""
    for name in ("anna", "owner", "My secret pass phrase"):
        assert 403 == browser().log_in(name, "wrong password").status_code
    rows = books.run(
        "SELECT operator, outcome, address <> '' FROM audit_log WHERE act = 'log_in' ORDER BY id DESC LIMIT 3"
    )
    expected = [
        ("(nobody)", "refused: nobody has this name", True),
        ("owner", "refused: wrong password", True),
        ("Anna", "refused: wrong password", True),
    ]
    assert expected == rows
    assert [] == books.run("SELECT 1 FROM audit_log WHERE audit_log::text LIKE '%%secret pass%%'")
    books.forget_attempts()


def test_a_clock_put_back_shuts_nobody_out(browser: Fresh, books: Books) -> None:
    """Whoever mistyped once may try again, though the first attempt seems to lie ahead."""
    books.forget_attempts()
    mistyper = browser()
    assert 403 == mistyper.log_in("owner", "mistyped").status_code
    books.run("UPDATE login_attempts SET last_at = now() + interval '1 hour', next_at = now() + interval '1 hour'")
    assert 303 == mistyper.log_in().status_code


def test_guessing_is_slowed_down(browser: Fresh, books: Books) -> None:
    """After a few attempts from one place even the right password has to wait."""
    books.forget_attempts()
    guesser = browser()
    seen = [guesser.log_in("owner", f"guess {n}").status_code for n in range(13)]
    assert ([403] * 10, 429) == (seen[:10], seen[-1])
    assert 429 == guesser.log_in().status_code
    books.run("UPDATE login_attempts SET next_at = now() - interval '1 s'")
    assert 303 == guesser.log_in().status_code


def guesses(guesser: Browser, times: int, forging: bool = False) -> list[int]:
    """Try passwords, each seemingly from another place if wanted; what was answered."""
    answers = []
    for number in range(times):
        if forging:
            guesser.client.headers["x-forwarded-for"] = f"203.0.113.{number}"
        answers.append(guesser.log_in("Nobody here", f"guess {number}").status_code)
    return answers


@on_linux
def test_a_stranger_shuts_out_nobody_who_comes_through_the_same_proxy(
    database: str, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the compose file starts the API, behind its proxy: who tries passwords waits, and nobody else does."""
    believed = COMPOSE["services"]["api"]["environment"].get("FORWARDED_ALLOW_IPS", "127.0.0.1")
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", believed)
    books.forget_attempts()
    with (
        serving(settings_for(database_url=database)) as url,
        closing((stranger := Browser(url, ELSEWHERE)).client),
        closing((owner := Browser(url, ELSEWHERE)).client),
    ):
        stranger.client.headers["x-forwarded-for"] = "203.0.113.9"
        owner.client.headers["x-forwarded-for"] = "2001:db8::7"
        assert 429 == guesses(stranger, 13)[-1]
        assert 303 == owner.log_in().status_code
    wanted = [("2001:db8::7",)]
    assert wanted == books.run("SELECT address FROM audit_log WHERE act = 'log_in' ORDER BY id DESC LIMIT 1")


@on_linux
def test_a_stranger_cannot_come_from_wherever_they_say(
    database: str, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing stands before the API, a header with an invented address is a header and nothing more."""
    monkeypatch.delenv("FORWARDED_ALLOW_IPS", raising=False)
    books.forget_attempts()
    with serving(settings_for(database_url=database)) as url, closing((forger := Browser(url, ELSEWHERE)).client):
        assert 429 == guesses(forger, 13, forging=True)[-1]
    rows = books.run("SELECT address FROM audit_log WHERE act = 'log_in' ORDER BY id DESC LIMIT 10")
    assert [(ELSEWHERE,)] * 10 == rows


def test_guessing_one_name_from_many_places_is_slowed_down(database: str) -> None:
    """A name is guessed slowly wherever the guesses come from."""
    import asyncio
    from datetime import UTC, datetime

    from providers.records.pool import open_pool
    from providers.records.sessions import FREE_BY_NAME, Guessing

    async def guess() -> list[bool]:
        async with open_pool(database, size=1) as pool:
            now = datetime.now(UTC)
            return [await Guessing(pool).may_try("Somebody", f"10.0.0.{n}", now) for n in range(FREE_BY_NAME + 5)]

    tried = asyncio.run(guess())
    assert tried[:FREE_BY_NAME] == [True] * FREE_BY_NAME
    assert False in tried[FREE_BY_NAME:]


# --- sessions ---------------------------------------------------------------------------------------------------------


def test_the_cookie_is_the_browsers_alone(browser: Fresh, books: Books) -> None:
    """No script reads it, no other site sends it, and our books hold only its digest."""
    books.forget_attempts()
    answer = browser().log_in()
    cookie = answer.headers["set-cookie"].lower()
    assert all(word in cookie for word in ("httponly", "samesite=lax", "path=/", "max-age=604800"))
    assert "secure" not in cookie
    secret = answer.cookies["everturn_console"]
    assert not books.run("SELECT 1 FROM operator_sessions WHERE encode(digest, 'escape') LIKE %(it)s", it=f"%{secret}%")


def test_over_https_the_cookie_is_for_https(database: str) -> None:
    """And for this host alone: no neighbour can set it."""
    settings = settings_for(database_url=database, everturn_api_url="https://shop.example")
    with serving(settings) as url, httpx.Client(base_url=url, trust_env=False) as client:
        cookie = client.get("/console/login").headers["set-cookie"]
    assert cookie.startswith("__Host-everturn_console=")
    assert "Secure" in cookie
    assert "Path=/" in cookie


def test_a_planted_session_gains_nothing(browser: Fresh, books: Books) -> None:
    """Whoever logs in gets a secret that nobody knew before."""
    books.forget_attempts()
    victim = browser()
    token = victim.token("/console/login")
    planted = victim.client.cookies["everturn_console"]
    victim.client.post(
        "/console/login", data={"name": "owner", "password": TOKEN, "csrf": token}, headers={"origin": victim.url}
    )
    assert planted != victim.client.cookies["everturn_console"]
    attacker = browser()
    attacker.client.cookies.set("everturn_console", planted)
    assert 303 == attacker.get("/console/inbox").status_code


def test_log_out_ends_the_session_itself(owner: Browser, browser: Fresh) -> None:
    """A cookie that was kept is worth nothing afterwards."""
    kept = owner.client.cookies["everturn_console"]
    assert 303 == owner.post("/console/logout").status_code
    thief = browser()
    thief.client.cookies.set("everturn_console", kept)
    assert 303 == thief.get("/console/inbox").status_code


@pytest.mark.parametrize(
    "aged", ["seen_at = now() - interval '12 hours 1 minute'", "created_at = now() - interval '7 days 1 minute'"]
)
def test_sessions_grow_old(owner: Browser, books: Books, aged: str) -> None:
    """Twelve hours without a sign, or a week in any case."""
    assert 200 == owner.get("/console/inbox").status_code
    books.run(f"UPDATE operator_sessions SET {aged}")
    assert 303 == owner.get("/console/inbox").status_code


def test_a_new_password_and_a_closed_door_end_sessions(owner: Browser, browser: Fresh) -> None:
    """At once, wherever somebody is logged in."""
    petro = somebody(owner, browser, "Petro", "operator")
    owner.post("/console/operators/Petro/password", {"password": "a new password 1", "repeat": "a new password 1"})
    assert 303 == petro.get("/console/inbox").status_code
    assert 303 == petro.log_in("Petro", "a new password 1").status_code
    assert 200 == petro.get("/console/inbox").status_code
    owner.post("/console/operators/Petro/disable")
    assert 303 == petro.get("/console/inbox").status_code
    assert 403 == petro.log_in("Petro", "a new password 1").status_code


def test_a_manager_ends_a_session(owner: Browser, browser: Fresh, books: Books) -> None:
    """Of somebody who forgot to log out elsewhere."""
    oksana = somebody(owner, browser, "Oksana", "operator")
    number = books.run("SELECT max(id) FROM operator_sessions WHERE operator = 'Oksana'")[0][0]
    assert 303 == owner.post(f"/console/sessions/{number}/end").status_code
    assert 303 == oksana.get("/console/inbox").status_code


# --- other pages ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [{}, {"csrf": ""}, {"csrf": "0" * 64}, {"csrf": "я"}])
@pytest.mark.parametrize("path", ACTS)
def test_nothing_is_done_without_the_token(owner: Browser, path: str, given: dict[str, str]) -> None:
    """Another page can make a browser post, and does not know what our pages show."""
    answer = owner.client.post(path, data=given, headers={"origin": owner.url})
    assert 403 == answer.status_code


@pytest.mark.parametrize(
    "headers",
    [{"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"},
     {"sec-fetch-site": "same-site"}],
)  # fmt: skip
def test_another_origin_does_nothing_even_with_the_token(owner: Browser, headers: dict[str, str]) -> None:
    """Nor would a stolen token help."""
    fields = {"csrf": owner.token(), "title": "x", "text": "y"}
    assert 403 == owner.client.post("/console/texts", data=fields, headers=headers).status_code


def test_somebody_elses_token_is_no_token(owner: Browser, anna: Browser) -> None:
    """A token belongs to one browser."""
    fields = {"csrf": anna.token(), "title": "x", "text": "y"}
    assert 403 == owner.client.post("/console/texts", data=fields, headers={"origin": owner.url}).status_code


def test_a_log_in_cannot_be_forced(browser: Fresh) -> None:
    """Nobody is logged in as somebody else from another page."""
    fields = {"name": "owner", "password": TOKEN, "csrf": "0" * 64}
    assert 403 == browser().client.post("/console/login", data=fields).status_code


@pytest.mark.parametrize(
    "wanted",
    ["https://evil.example", "//evil.example", "/\\evil.example", "/console//evil.example", "/console/../..//evil",
     "javascript:alert(1)", "/console/inbox\r\nSet-Cookie: a=b", "/console/%0d%0aX: y\n", "/api/orders", "console", ""],
)  # fmt: skip
def test_a_log_in_leads_nowhere_else(browser: Fresh, books: Books, wanted: str) -> None:
    """Not to another host, and not out of the console; and no header can be smuggled in."""
    books.forget_attempts()
    answer = browser().log_in(to=wanted)
    assert (303, "/console/inbox") == (answer.status_code, answer.headers["location"])
    assert 1 == len(answer.headers.get_list("set-cookie"))


def test_a_log_in_leads_back(browser: Fresh, books: Books) -> None:
    """Whoever followed a link to a conversation gets there."""
    books.forget_attempts()
    visitor = browser()
    there = "/console/conversations/conv%3Aa%3Ab%3Ac?tab=open"
    door = visitor.get(there).headers["location"]
    wanted = re.search(r'name="next" value="([^"]*)"', visitor.get(door).text)
    assert wanted is not None
    assert there == visitor.log_in(to=wanted[1]).headers["location"]


# --- colleagues -------------------------------------------------------------------------------------------------------


def test_managers_pages_are_for_managers(anna: Browser) -> None:
    """An operator neither sees nor changes who works here."""
    for path in ("/console/operators", "/console/audit"):
        assert 403 == anna.get(path).status_code
    for path in ("/console/operators", "/console/operators/Anna/role", "/console/sessions/1/end"):
        assert 403 == anna.post(path, {"role": "manager"}).status_code
    assert "/console/audit" not in anna.get("/console/inbox").text


def test_nobody_changes_their_own_standing(owner: Browser, browser: Fresh) -> None:
    """A manager who shut themselves out would leave nobody to let them in."""
    boss = somebody(owner, browser, "Boss", "manager")
    assert 409 == boss.post("/console/operators/Boss/disable").status_code
    assert 409 == boss.post("/console/operators/boss/role", {"role": "operator"}).status_code


@pytest.mark.parametrize(
    ("name", "password"),
    [("owner", PASSWORD), ("OWNER", PASSWORD), ("Short", "short"), ("x", PASSWORD), ("<b>", PASSWORD), ("Anna\n", "x")],
)
def test_some_operators_cannot_be(owner: Browser, name: str, password: str) -> None:
    """Reserved names, weak passwords, and markup for a name."""
    fields = {"name": name, "role": "operator", "password": password, "repeat": password}
    assert 422 == owner.post("/console/operators", fields).status_code


# --- customers --------------------------------------------------------------------------------------------------------

HARM = """<script>alert(1)</script>"><img src=x onerror=alert(2)>' onclick='alert(3)"""


def test_customers_write_text_and_never_markup(owner: Browser, books: Books) -> None:
    """Names, messages, errors, orders, slots, canned texts: all of it stays words."""
    books.line(HARM[:60], HARM, name=HARM)
    there = books.line("harm", HARM, name=HARM)
    books.line("harm", HARM, direction="out", id="harm-part", success=False, error=HARM)
    books.part("harm", "harm-part", HARM, "dead", error=HARM, image_url="javascript:alert(4)")
    books.letter("harm-part", HARM)
    items = '[{"title": "<script>alert(5)</script>", "quantity": 1, "price": "<b>", "size": "\\"><svg onload=x>"}]'
    number = books.order("harm", "harm", phone=HARM, address=HARM, status=HARM[:90], items=items)
    books.run("INSERT INTO canned_texts (title, text) VALUES (%(x)s, %(x)s)", x=HARM)
    books.run("INSERT INTO audit_log (operator, via, act, subject) VALUES (%(x)s, 'api', 'reply', %(x)s)", x=HARM)
    quoted = there.replace(":", "%3A")
    for path in (
        "/console/inbox?tab=open", "/console/inbox?q=alert", f"/console/conversations/{quoted}", "/console/orders",
        f"/console/conversations/{quoted}/lines", f"/console/conversations/{quoted}/card", f"/console/orders/{number}",
        "/console/letters", "/console/texts", "/console/audit",
    ):  # fmt: skip
        page = owner.get(path).text
        assert "alert(" in page, path
        assert not re.search(r"<script>|<img src=x|<svg onload|<b>\W*<|href=\"javascript", page), path
        assert not re.search(r"""<[^>]*\son(error|click|load)=""", re.sub(r'"[^"]*"', '""', page)), path


def test_what_is_looked_for_stays_text(owner: Browser) -> None:
    """Nor does a link to a search bring markup in."""
    page = owner.get("/console/inbox", params={"q": '"><script>alert(1)</script>'}).text
    assert "<script>alert" not in page


@pytest.mark.parametrize(
    "words", ["'", "\\", "%", "a & | ! b", "(", ":*", "\x00", "%' OR 1=1 --", "🙂", "'; DROP TABLE"]
)
def test_any_words_can_be_looked_for(owner: Browser, words: str) -> None:
    """Signs of a query language are words like others."""
    assert 200 == owner.get("/console/inbox", params={"q": words}).status_code


def test_a_spreadsheet_runs_nothing(owner: Browser, books: Books) -> None:
    """What customers wrote stays text there, too; a phone number stays one."""
    books.order("sheet", "sheet", address='=HYPERLINK("http://evil.example")', phone="+380 67 000 00 00")
    table = owner.get("/console/orders.csv").text
    assert "'=HYPERLINK" in table
    assert "+380 67 000 00 00" in table
    assert "'+380" not in table


def test_made_up_addresses_are_refused_as_pages(owner: Browser) -> None:
    """Wrong cursors, numbers and ids: a page that says so, never a trace."""
    for path, status in (
        ("/console/inbox?cursor=x", 400), ("/console/orders?cursor=x", 400), ("/console/orders/0", 422),
        ("/console/orders/999999999", 404), ("/console/conversations/nonsense", 404), ("/console/inbox?tab=love", 422),
        ("/console/conversations/conv%3Amanychat%3Adefault%3Anobody", 404), ("/console/payments/424242", 404),
    ):  # fmt: skip
        answer = owner.get(path)
        assert (status, True) == (answer.status_code, "<h1>" in answer.text), path


def test_a_picture_is_a_picture_and_not_too_large(owner: Browser, books: Books) -> None:
    """Eight megabytes, and nothing that only claims to be one."""
    there = f"/console/conversations/{books.line('pictured', 'hi').replace(':', '%3A')}/picture"
    headers = {"x-csrf-token": owner.token(), "origin": owner.url, "x-console": "1"}
    assert 422 == owner.client.post(there, content=b"<svg onload=alert(1)>", headers=headers).status_code
    assert 413 == owner.client.post(there, content=b"x" * (8 * 2**20 + 1), headers=headers).status_code
    assert 403 == owner.client.post(there, content=b"x", headers={"origin": owner.url}).status_code
