"""An operator of one shop sees nothing of another shop in the same house."""

from collections.abc import Callable

import pytest

from domain.failures import Unavailable
from domain.operators import Operator, Role
from providers.records import console, listings
from providers.records.confined import confined
from providers.records.operators import Operators, Passwords, Refused
from providers.records.payment_listings import waiting_payments
from providers.records.pool import Pool, fetch_all
from tests.console.conftest import Browser, somebody
from tests.console.seeding import Books, conversation

OURS, THEIRS = "whatsapp/default", "whatsapp/stranger"
SECRET = "Таємниця"
PAGES = (
    "inbox", "inbox?tab=open", "inbox?tab=payment", "inbox?tab=dead_letter", "inbox/rows", f"inbox?q={SECRET}",
    "payments", "payments?stage=approved", "orders", "orders.csv", "letters", "accounts", "texts", "me", "counts",
)  # fmt: skip
_PAYMENT = """
INSERT INTO payments (payment_key, conversation_id, platform, account, contact, expected, currency, payee, stage)
VALUES (%(key)s, %(conversation)s, 'whatsapp', %(account)s, '77', 10, 'UAH', %(payee)s, 'waiting') RETURNING id
"""
_MEDIUM = """
INSERT INTO media (id, conversation_id, platform, account, message_id, place, kind, transcript, expires_at)
VALUES (%(id)s, %(conversation)s, 'whatsapp', %(account)s, 'm', 0, 'audio', %(text)s, now() + interval '1 day')
"""

_CANNED = """
INSERT INTO canned_texts (platform, account, title, text) VALUES ('whatsapp', %(account)s, 't', %(text)s)
"""


def shop(books: Books, account: str, word: str) -> dict[str, int]:
    """A customer of a shop wrote, ordered and paid; a reply could not be delivered. The numbers of these."""
    own = conversation("77", account=account)
    books.line("77", f"{word} сукня", name=f"{word} Ірина", conversation=own)
    books.part("77", f"{account}/1", f"{word} відповідь", "dead", conversation=own)
    letter = books.letter(f"{account}/1", f"{word} не дійшло")
    order = books.order("77", f"{account}/order", conversation=own, address=f"{word} вулиця")
    (payment,) = books.run(_PAYMENT, key=account, conversation=own, account=account, payee=word)[0]
    books.run(_MEDIUM, id=account, conversation=own, account=account, text=word)
    books.run(_CANNED, account=account, text=word)
    return {"letters": letter, "orders": order, "payments": int(payment)}


@pytest.fixture(scope="module")
def strangers(database: str) -> dict[str, int]:
    """Two shops; the numbers of what is the stranger's."""
    books = Books(database)
    shop(books, "default", "Наше")
    return shop(books, "stranger", SECRET)


@pytest.fixture
def confined_operator(
    owner: Browser, browser: Callable[[], Browser], books: Books, strangers: dict[str, int]
) -> Browser:
    """Olha, who looks after our shop alone."""
    found = somebody(owner, browser, "Olha", "manager")
    books.run("UPDATE operators SET accounts = %(accounts)s WHERE name = 'Olha'", accounts=[OURS])
    return found


def test_no_page_shows_the_other_shop(confined_operator: Browser) -> None:
    """Every page she may open, she opens: nothing on it is the stranger's, and what is hers is there."""
    seen = {page: confined_operator.get(f"/console/{page}") for page in PAGES}
    assert dict.fromkeys(PAGES, 200) == {page: answer.status_code for page, answer in seen.items()}
    leaked = [page for page, answer in seen.items() if SECRET in answer.text.replace(f'value="{SECRET}"', "")]
    assert [] == [page for page in leaked if page != f"inbox?q={SECRET}"]
    assert "stranger" not in seen[f"inbox?q={SECRET}"].text
    assert ["Наше" in seen[page].text for page in ("inbox?tab=open", "orders.csv", "letters", "texts")] == [True] * 4


@pytest.mark.parametrize("page", ["", "/lines", "/card"])
def test_a_strangers_conversation_is_no_conversation(confined_operator: Browser, page: str) -> None:
    """She who guesses its address learns nothing, not even that it is there."""
    answer = confined_operator.get(f"/console/conversations/{conversation('77', account='stranger')}{page}")
    assert (404, False) == (answer.status_code, SECRET in answer.text)


@pytest.mark.parametrize("act", ["take-over", "release", "reply", "picture"])
def test_nobody_acts_in_a_strangers_conversation(confined_operator: Browser, act: str) -> None:
    """Neither can she take it over, write in it, or give it back."""
    at = f"/console/conversations/{conversation('77', account='stranger')}/{act}"
    assert 404 == confined_operator.post(at, {"text": "hello"}).status_code


def test_what_is_a_strangers_cannot_be_touched_by_its_number(
    confined_operator: Browser, strangers: dict[str, int], books: Books
) -> None:
    """Numbers are easily guessed: orders, letters and payments of the other shop are not there for her."""
    answers = [
        confined_operator.get(f"/console/orders/{strangers['orders']}"),
        confined_operator.get(f"/console/payments/{strangers['payments']}"),
        confined_operator.post(f"/console/letters/{strangers['letters']}/drop"),
        confined_operator.post(f"/console/letters/{strangers['letters']}/retry"),
        confined_operator.post(f"/console/payments/{strangers['payments']}/decision", {"approve": "yes"}),
        confined_operator.post("/console/accounts/whatsapp/stranger/off"),
        confined_operator.post(f"/console/orders/{strangers['orders']}/cancel"),
    ]
    assert [404] * 7 == [answer.status_code for answer in answers]
    assert [(1,)] == books.run("SELECT count(*) FROM dead_letters WHERE account = 'stranger'")


def test_what_is_for_every_account_is_for_those_who_see_every_account(confined_operator: Browser) -> None:
    """She reads no other operators' doings, and makes no text that every shop would be offered."""
    pages = [confined_operator.get(f"/console/{page}").status_code for page in ("operators", "audit")]
    text = {"title": "Усім", "text": "усім", "shop": ""}
    assert ([403, 403], 403) == (pages, confined_operator.post("/console/texts", text).status_code)
    assert 303 == confined_operator.post("/console/texts", text | {"shop": OURS}).status_code


def test_histories_are_for_those_who_see_every_account(confined_operator: Browser, owner: Browser) -> None:
    """A payload does not say whose it is, so Temporal's pages unlock nothing for her."""
    asked = [one.client.post("/codec/decode", json={"payloads": []}) for one in (confined_operator, owner)]
    assert [403, 200] == [answer.status_code for answer in asked]


def test_it_holds_at_once(confined_operator: Browser, books: Books) -> None:
    """She is given the other shop, too, and then it is taken away: her open session follows."""
    theirs = f"/console/conversations/{conversation('77', account='stranger')}/lines"
    books.run("UPDATE operators SET accounts = %(all)s WHERE name = 'Olha'", all=[OURS, THEIRS])
    assert SECRET in confined_operator.get(theirs).text
    books.run("UPDATE operators SET accounts = %(one)s WHERE name = 'Olha'", one=[OURS])
    assert 404 == confined_operator.get(theirs).status_code


async def test_a_query_that_forgot_whose_rows_it_reads_finds_none_of_the_others(
    pool: Pool, strangers: dict[str, int]
) -> None:
    """PostgreSQL itself looks to it: `SELECT * FROM …` of every table that knows an account or a conversation."""
    tables = [row["name"] for row in await fetch_all(pool, "SELECT relname AS name FROM pg_class WHERE relrowsecurity")]
    assert {"conversations", "message_logs", "orders", "outbox", "payments", "media", "decisions"} <= set(tables)
    own = confined(pool, [OURS])
    for table in tables:
        assert SECRET not in str(await fetch_all(own, f'SELECT * FROM "{table}"')), table
    assert 2 == len(await fetch_all(pool, "SELECT * FROM dead_letters"))
    assert 1 == len(await listings.dead_letters(own, None, 50))
    assert ["Наше вулиця"] == [row["delivery_address"] for row in await listings.orders(own, None, None, None, 50)]
    assert ["Наше"] == [row["payee"] for row in await waiting_payments(own)]
    assert [] == await console.search(own, SECRET, None, 50)
    assert 1 == (await console.counts(own, "Olha"))[console.Tab.OPEN]


async def test_nothing_can_be_written_into_another_shop(pool: Pool, strangers: dict[str, int]) -> None:
    """Neither by changing its rows, which are not there, nor by adding some."""
    own = confined(pool, [OURS])
    changed = await fetch_all(own, "UPDATE conversations SET name = 'x' WHERE account = 'stranger' RETURNING id")
    assert [] == changed
    with pytest.raises(Exception, match="row-level security"):
        await fetch_all(own, "INSERT INTO canned_texts (platform, account, title, text) "
                             "VALUES ('whatsapp', 'stranger', 'a', 'b') RETURNING id")  # fmt: skip


async def test_every_table_that_knows_a_shop_is_confined(pool: Pool) -> None:
    """A table that is added later and forgotten fails here: call `SELECT confine_tables()` in its migration."""
    known = """
    SELECT DISTINCT table_name AS name FROM information_schema.columns JOIN pg_class ON relname = table_name
     WHERE table_schema = 'public' AND relkind = 'r' AND NOT relrowsecurity AND table_name <> 'audit_log'
       AND (column_name = 'conversation_id' OR column_name = 'account')
    """
    assert [] == await fetch_all(pool, known)
    open_to_them = (
        "SELECT has_table_privilege('everturn_confined', relname, 'SELECT') AS may FROM pg_class WHERE relname ="
    )
    for table in ("operators", "operator_sessions", "audit_log", "login_attempts", "house_keys"):
        assert [{"may": False}] == await fetch_all(pool, f"{open_to_them} '{table}'"), table


async def test_where_nobody_can_be_confined_nothing_is_shown(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A PostgreSQL whose user may make no roles: such an operator sees an error that says so, not everybody's rows."""
    monkeypatch.setattr("providers.records.confined.ROLE", "no_such_role")
    with pytest.raises(Unavailable, match="SELECT confine_tables"):
        await fetch_all(confined(pool, [OURS]), "SELECT 1 AS one")


async def test_an_operators_accounts_are_named_in_full(pool: Pool) -> None:
    """`everturn operator confine` takes platform/account, and nothing that would silently match nothing."""
    operators = Operators(pool, Passwords())
    await operators.add("Petro", Role.OPERATOR, "correct horse battery")
    assert (OURS, THEIRS) == (await operators.confine("petro", [THEIRS, OURS, OURS])).accounts
    assert () == (await operators.confine("Petro", [])).accounts
    for wrong in ("whatsapp", "whatsapp/", "whatsapp/a b", "conv:whatsapp:default"):
        with pytest.raises(Refused, match="platform/account"):
            await operators.confine("Petro", [wrong])


def test_a_conversation_belongs_to_its_account() -> None:
    """Whatever an address looks like, it is ours or it is not."""
    olha = Operator(name="Olha", role=Role.OPERATOR, accounts=(OURS,))
    tried = ["conv:whatsapp:default:7:8", "conv:whatsapp:stranger:7", "conv:whatsapp", "", "conv:whatsapp:default"]
    assert [True, False, False, False, True] == [olha.may_see_conversation(one) for one in tried]
