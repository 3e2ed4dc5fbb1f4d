"""What was said is let go of after the account's own time, and nothing else is."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from domain.turn_taking import TurnTaking
from providers.records.directory import Directory
from providers.records.pool import Pool, fetch_all, fetch_one
from providers.records.retention import Retention, Term, days_of, forget_all, sweep_all, terms
from providers.records.tenants import Status, Tenant, Tenants
from providers.secrets import SecretBox, new_key
from runtime.accounts import Account, StatedAccounts
from tests.console.seeding import Books, conversation
from tests.servers_here import Servers

TABLES = ("message_logs", "decisions", "outbox", "receipts", "dialogue_summaries", "conversations", "dead_letters")


@pytest.fixture
def database(servers: Servers) -> str:
    """A database of this test's own."""
    return servers.fresh_database(f"retention_{uuid4().hex[:12]}")


def account(platform: str, own_id: str, days: str) -> Account:
    """A shop that keeps records so long."""
    options = {"keep_records_days": days} if days else {}
    return Account(platform=platform, account=own_id, flow="water_order", turn_taking=TurnTaking(), options=options)


def lived(books: Books, contact: str, days: float, own_id: str = "default", state: str = "sent") -> str:
    """A conversation in which everything happened so many days ago."""
    own = conversation(contact, account=own_id)
    books.line(contact, "моя адреса: Київ", conversation=own, ago=days * 1440)
    books.part(contact, f"{own}/1", "дякуємо", state, conversation=own)
    books.receipt(f"{own}/1", "read")
    books.run(
        "INSERT INTO decisions (key, conversation_id, turn, at)"
        " VALUES (%(c)s, %(c)s, 1, now() - %(d)s * interval '1 d')",
        c=own, d=days,
    )  # fmt: skip
    books.run(
        "INSERT INTO dialogue_summaries SELECT conversation_id, max(id), 'замовляла воду' FROM message_logs"
        " WHERE conversation_id = %(c)s GROUP BY 1", c=own,
    )  # fmt: skip
    books.run(
        "INSERT INTO dialog_outcomes (dialog_key, conversation_id, flow, outcome, completed)"
        " VALUES (%(c)s, %(c)s, 'water_order', 'ordered', true)", c=own,
    )  # fmt: skip
    aged = "now() - %(d)s * interval '1 d'"
    books.run(f"UPDATE outbox SET updated_at = {aged} WHERE conversation_id = %(c)s", c=own, d=days)
    books.run(f"UPDATE conversations SET heard_at = {aged} WHERE id = %(c)s", c=own, d=days)
    return own


async def left(pool: Pool, own: str) -> dict[str, int]:
    """How many rows there are of a conversation."""
    of = {"conversations": "id", "receipts": "message_id"}
    keys = {"receipts": f"w-{own}/1"}
    counted = {}
    for table in TABLES:
        query = f"SELECT count(*) AS n FROM {table} WHERE {of.get(table, 'conversation_id')} = %(key)s"
        counted[table] = int((await fetch_all(pool, query, {"key": keys.get(table, own)}))[0]["n"])
    return {table: n for table, n in counted.items() if n}


WHOLE = dict.fromkeys(TABLES[:-1], 1)


async def test_what_is_over_its_time_goes_and_what_is_not_stays(pool: Pool, books: Books) -> None:
    """A shop keeps records for thirty days: nobody finds an older customer's words, and newer ones are untouched."""
    old, fresh = lived(books, "old", 31), lived(books, "fresh", 29)
    order = books.order("old", "kept", conversation=old)
    await sweep_all(StatedAccounts([account("whatsapp", "default", "30")]), pool, datetime.now(UTC))

    assert ({}, WHOLE) == (await left(pool, old), await left(pool, fresh))
    assert [{"id": order}] == await fetch_all(pool, "SELECT id FROM orders"), "orders are the shop's own books"
    outcomes = await fetch_all(pool, "SELECT conversation_id FROM dialog_outcomes ORDER BY id")
    assert ["conv:whatsapp:default:", fresh] == [row["conversation_id"] for row in outcomes], "counted, of nobody"


async def test_a_moment_to_send_at_that_nobody_came_for_does_not_stay(pool: Pool) -> None:
    """A part that was withdrawn while it waited for its turn leaves nothing behind, and nobody's contact."""
    for key, age in (("conv:whatsapp:default:1/a/1/0", 25), ("conv:whatsapp:default:2/a/1/0", 23)):
        values = {"key": key, "age": age}
        query = "INSERT INTO turnstile_slots (key, at) VALUES (%(key)s, now() - %(age)s * interval '1 h')"
        await fetch_one(pool, query, values)
    await sweep_all(StatedAccounts([account("whatsapp", "default", "")]), pool, datetime.now(UTC))
    assert [{"key": "conv:whatsapp:default:2/a/1/0"}] == await fetch_all(pool, "SELECT key FROM turnstile_slots")


async def test_every_account_has_its_own_time(pool: Pool, books: Books) -> None:
    """One shop keeps a week, one keeps everything; one that was removed keeps what its platform's default does."""
    ours, theirs, removed = (lived(books, "77", 10, own_id=name) for name in ("default", "archive", "removed"))
    accounts = StatedAccounts([account("whatsapp", "default", "7"), account("whatsapp", "archive", "")])
    wanted = [Term(platform="whatsapp", account=name, days=7) for name in ("default", "removed")]
    assert wanted == await terms(accounts, Retention(pool))
    await sweep_all(accounts, pool, datetime.now(UTC))
    assert [{}, WHOLE, {}] == [await left(pool, own) for own in (ours, theirs, removed)]


def stored_in(pool: Pool, *keys: str) -> Tenants:
    """Stored shops, as a process with these keys reads them."""
    return Tenants(pool, SecretBox(lambda _: keys))


async def test_an_account_that_is_off_or_locked_away_keeps_its_own_time(pool: Pool, books: Books) -> None:
    """A shop that keeps a year is paused, or a worker has the wrong key: no other shop's thirty days hold for it."""
    kept, ours, wrong = {"keep_records_days": "365"}, new_key(), new_key()
    stored = stored_in(pool, ours)
    await stored.add(Tenant(platform="whatsapp", account="paused", options=kept, status=Status.OFF), {})
    await stored.add(Tenant(platform="whatsapp", account="locked", options=kept), {"access_token": "t"})
    brief = Tenant(platform="whatsapp", account="brief", options={"keep_records_days": "7"}, status=Status.OFF)
    await stored.add(brief, {})
    names = ("paused", "locked", "brief", "removed")
    paused, locked, promised, removed = [lived(books, "77", 40, own_id=name) for name in names]
    soon = lived(books, "78", 10, own_id="brief")
    for name in names:
        books.run(
            "INSERT INTO contacts (platform, account, contact, key, heard_at)"
            " VALUES ('whatsapp', %(a)s, '79', 'key', now() - interval '40 d')", a=name,
        )  # fmt: skip

    accounts = Directory(stored_in(pool, wrong), StatedAccounts([account("whatsapp", "default", "30")]), strict=True)
    await sweep_all(accounts, pool, datetime.now(UTC))
    await forget_all(accounts, pool, datetime.now(UTC), nothing_runs)

    assert [WHOLE, WHOLE] == [await left(pool, own) for own in (paused, locked)]
    assert [{}, {}, {}] == [await left(pool, own) for own in (promised, soon, removed)], "as it was promised"
    known = await fetch_all(pool, "SELECT account FROM contacts WHERE key IS NOT NULL ORDER BY account")
    assert ["locked", "paused"] == [row["account"] for row in known]


async def test_a_stored_account_that_says_nothing_keeps_what_its_platform_does(pool: Pool, books: Books) -> None:
    """Paused or not; and one of a platform that this build does not know keeps everything, but for its own word."""
    stored = stored_in(pool, new_key())
    for platform, name, days in (("whatsapp", "paused", ""), ("fax", "silent", ""), ("fax", "brief", "7")):
        options = {"keep_records_days": days} if days else {}
        await stored.add(Tenant(platform=platform, account=name, options=options, status=Status.OFF), {})
    accounts = Directory(stored, StatedAccounts([account("whatsapp", "default", "30")]))
    found = {(one.platform, one.account): one.days for one in await terms(accounts, Retention(pool))}
    assert {("whatsapp", "default"): 30, ("whatsapp", "paused"): 30, ("fax", "brief"): 7} == found


async def test_a_default_account_nobody_can_unlock_stops_no_other_shops_sweep(pool: Pool, books: Books) -> None:
    """Its own term is read all the same, and holds for the removed accounts of its platform as well."""
    whole_year = Tenant(platform="whatsapp", account="default", options={"keep_records_days": "365"})
    await stored_in(pool, new_key()).add(whole_year, {"access_token": "t"})
    removed = lived(books, "77", 40, own_id="removed")
    accounts = Directory(stored_in(pool, new_key()), StatedAccounts([account("whatsapp", "default", "30")]))
    wanted = [Term(platform="whatsapp", account=name, days=365) for name in ("default", "removed")]
    assert wanted == await terms(accounts, Retention(pool))
    await sweep_all(accounts, pool, datetime.now(UTC))
    assert WHOLE == await left(pool, removed)


async def nothing_runs(conversation_id: str) -> bool:
    """Temporal knows of no conversation that runs."""
    return False


async def test_what_somebody_must_look_after_stays_in_the_list(pool: Pool, books: Books) -> None:
    """A conversation that waits for a person is not lost from sight; parts that wait to be sent are sent first."""
    held, waiting = lived(books, "held", 40), lived(books, "waiting", 40, state="pending")
    books.run("UPDATE conversations SET attention = 'handoff' WHERE id = %(c)s", c=held)
    await Retention(pool).sweep(Term(platform="whatsapp", account="default", days=30), datetime.now(UTC))
    assert {"conversations": 1} == await left(pool, held)
    assert {"outbox": 1, "receipts": 1} == await left(pool, waiting)


async def test_a_dead_letter_goes_with_its_part(pool: Pool, books: Books) -> None:
    """Words that could not be delivered are words, too."""
    own = lived(books, "dead", 40, state="dead")
    books.letter(f"{own}/1", "blocked")
    await Retention(pool).sweep(Term(platform="whatsapp", account="default", days=30), datetime.now(UTC))
    assert {} == await left(pool, own)


async def test_media_go_no_later_than_the_words(pool: Pool, books: Books) -> None:
    """A picture that was to be kept for ninety days goes with its message."""
    query = """INSERT INTO media (id, conversation_id, platform, account, message_id, place, kind, transcript,
               created_at, expires_at) VALUES (%(id)s, 'c', 'whatsapp', 'default', %(id)s, 0, 'audio', 'слова',
               now() - %(d)s * interval '1 day', now() + interval '50 days')"""
    for name, days in (("old", 31), ("new", 3)):
        books.run(query, id=name, d=days)
    now = datetime.now(UTC)
    await Retention(pool).sweep(Term(platform="whatsapp", account="default", days=30), now)
    due = await fetch_all(pool, "SELECT id FROM media WHERE expires_at <= %(now)s", {"now": now + timedelta(seconds=1)})
    assert [{"id": "old"}] == due


async def test_what_is_left_of_a_picture_goes_too(pool: Pool, books: Books) -> None:
    """Its bytes and words went long ago; the row that says who sent one and when goes, unless it proved a payment."""
    query = """INSERT INTO media (id, conversation_id, platform, account, message_id, place, kind, name, created_at,
               expires_at) VALUES (%(id)s, %(id)s, 'whatsapp', 'default', %(id)s, 0, 'image', %(name)s,
               now() - %(d)s * interval '1 day', now() + interval '1 day')"""
    for id, days, name in (("old", 31, ""), ("new", 3, ""), ("still kept", 31, "file"), ("proof", 31, "")):
        books.run(query, id=id, d=days, name=name)
    books.run(
        "INSERT INTO payments (payment_key, conversation_id, platform, account, contact)"
        " VALUES ('proof', 'proof', 'whatsapp', 'default', '1')"
    )
    await sweep_all(StatedAccounts([account("whatsapp", "default", "30")]), pool, datetime.now(UTC))
    kept = await fetch_all(pool, "SELECT id FROM media ORDER BY id")
    assert ["new", "proof", "still kept"] == [row["id"] for row in kept]


def test_only_a_number_of_days_is_a_time() -> None:
    """What cannot be read deletes nothing."""
    assert [None] * 6 == [days_of(text) for text in ("", "0", "-3", "thirty", "1.5", "99999")]
    assert [1, 365] == [days_of(text) for text in ("1", " 365 ")]
