"""Every table that knows a customer is erased and exported: also one that somebody adds later."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.rows import dict_row

from domain.identifiers import Address
from providers.records.belongings import NOBODYS, TABLES, Subject
from providers.records.confined import confined
from providers.records.erasure import Belongings
from providers.records.pool import Pool, fetch_all, open_pool
from tests.servers_here import Servers

KNOWS = re.compile(
    r"conversation|contact|client|customer|phone|turn_key|outbox_key|dialog_key|order_key|payment_(id|key)"
)
"""Columns that may know a customer."""
OF_CATALOGUES = {"catalog", "knowledge_documents", "knowledge_chunks", "shelves", "shelf_words"}
VICTIM, NEIGHBOUR = "a_b%c\\d", "axbyycd"
"""The neighbour is who a careless pattern would take for the victim."""
WORDS = {VICTIM: "secret-of-the-victim", NEIGHBOUR: "word-of-the-neighbour"}
GIVEN = {
    "direction": "in", "state": "sent", "stage": "waiting", "movement": "grant", "via": "api", "kind": "text",
    "urgency": "fresh", "platform": "whatsapp", "account": "shop", "message_id": "wamid.{contact}",
}  # fmt: skip
"""What checks ask for, and what belongs together."""
FACT = "a-fact"
FACTS = {
    "dialog_outcomes": {"flow", "outcome", "dropoff_state"},
    "decisions": {"dialog", "flow", "prompt_hash", "model", "degraded", "sources"},
    "orders": {"items", "currency", "source", "status", "payment_method", "shortage"},
    "payments": {"currency", "read_currency", "expected_payee", "paid_on", "approved_by", "decided_by"},
    "credits": {"usage"},
    "audit_log": {"operator", "act", "address", "outcome"},
}  # fmt: skip
"""What rows that are kept say of the shop, not of the customer; any other word in them goes."""


def conversation(contact: str) -> str:
    """Their conversation's id."""
    return Address(platform="whatsapp", account="shop", contact=contact).conversation_id


class Tables:
    """A database as it is, whatever was added to it."""

    def __init__(self, url: str) -> None:
        self.connection = psycopg.connect(url, autocommit=True, row_factory=dict_row)

    def columns(self) -> dict[str, dict[str, Any]]:
        """Every column of every table."""
        found: dict[str, dict[str, Any]] = {}
        query = """SELECT * FROM information_schema.columns JOIN information_schema.tables
                   USING (table_schema, table_name) WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"""
        for row in self.connection.execute(query):
            found.setdefault(row["table_name"], {})[row["column_name"]] = row
        return found

    def fill(self, contact: str) -> None:
        """A row of theirs in every table that knows customers; parents first."""
        self.connection.execute("INSERT INTO purses (platform, account, period, period_ends, granted, balance)"
                                " VALUES ('whatsapp', 'shop', now(), now(), 9, 9) ON CONFLICT DO NOTHING")  # fmt: skip
        columns, numbers = self.columns(), {}
        for name in sorted((table.name for table in TABLES), key=_parents_first):
            values = {one: _value(row, contact, numbers) for one, row in columns[name].items() if _is_given(row)}
            places = ", ".join(f"%({one})s" for one in values)
            query = f"INSERT INTO {name} ({', '.join(values)}) VALUES ({places}) ON CONFLICT DO NOTHING RETURNING *"
            row = self.connection.execute(query.encode(), values).fetchone()
            numbers[name] = (row or {}).get("id")

    def everything(self) -> str:
        """All that stands in any table, as text."""
        return "\n".join(
            f"{name}: {row['text']}"
            for name in self.columns()
            for row in self.connection.execute(f"SELECT {name}::text AS text FROM {name}".encode())
        )


def _parents_first(name: str) -> tuple[bool, bool, str]:
    return (name not in ("orders", "payments"), name not in ("outbox", "contacts"), name)


def _is_given(row: dict[str, Any]) -> bool:
    """A column that must be filled, or may hold words."""
    generated = row["is_identity"] == "YES" or row["is_generated"] == "ALWAYS"
    needed = row["is_nullable"] == "NO" and row["column_default"] is None
    return not generated and (needed or row["data_type"] in ("text", "jsonb", "ARRAY", "bytea"))


def _value(row: dict[str, Any], contact: str, numbers: dict[str, Any]) -> Any:
    name, kind = row["column_name"], row["data_type"]
    said = FACT if name in FACTS.get(row["table_name"], ()) else WORDS[contact]
    if kind == "text" and name in GIVEN:
        return GIVEN[name].format(contact=contact)
    if name == "conversation_id" or (name == "id" and row["table_name"] == "conversations"):
        return conversation(contact)
    if name in ("contact", "client_id") or (name == "name" and row["table_name"] == "aliases"):
        return contact
    if name in ("key", "turn_key", "outbox_key", "dialog_key", "order_key", "payment_key") and kind == "text":
        return f"{conversation(contact)}/epoch/1/0"
    if name == "payment_id":
        return numbers["payments"]
    if name == "status" and row["table_name"] == "conversations":
        return "open"
    simple = {
        "text": said, "jsonb": json.dumps([said]), "bytea": contact.encode(), "bigint": 1, "integer": 1, "smallint": 1,
        "numeric": 1, "boolean": False, "double precision": 1.0, "ARRAY": [said],
        "timestamp with time zone": datetime.now(UTC), "USER-DEFINED": None,
    }  # fmt: skip
    return simple[kind]


@pytest.fixture
def tables(servers: Servers) -> Iterator[Tables]:
    """An empty database of our migrations."""
    found = Tables(servers.fresh_database(f"belongings_{uuid4().hex[:12]}"))
    yield found
    found.connection.close()


@pytest.fixture
async def pool(tables: Tables) -> AsyncIterator[Pool]:
    """Connections to it."""
    info = tables.connection.info
    url = f"postgresql://{info.user}:{info.password}@{info.host}:{info.port}/{info.dbname}"
    pool = open_pool(url, size=2, name="test")
    await pool.open()
    yield pool
    await pool.close()


def test_every_table_that_knows_a_customer_is_looked_after(tables: Tables) -> None:
    """A table added later stands in `belongings.py`, or there it says why it knows nobody."""
    looked_after = {table.name for table in TABLES} | NOBODYS.keys()
    knowing = {name for name, row in tables.columns().items() if any(map(KNOWS.search, row))} - OF_CATALOGUES

    assert set() == knowing - looked_after, "say in providers/records/belongings.py what becomes of it"
    assert set() == looked_after - tables.columns().keys(), "there is no such table"


async def test_no_table_gives_a_row_to_another_shops_operator(tables: Tables, pool: Pool) -> None:
    """Every table that knows a shop has a row of ours; who is confined to another shop reads none of them."""
    tables.fill(VICTIM)
    confining = [row["relname"] for row in await fetch_all(pool, "SELECT relname FROM pg_class WHERE relrowsecurity")]
    filled = {table.name for table in TABLES} & {*confining}
    for table in confining:
        ours, theirs = [
            await fetch_all(confined(pool, [own]), f'SELECT * FROM "{table}"')
            for own in ("whatsapp/shop", "whatsapp/another")
        ]
        assert [] == theirs, table
        assert ours or table not in filled, table
    assert len(filled) > 15


async def test_nothing_of_an_erased_customer_stays_in_any_table(tables: Tables, pool: Pool) -> None:
    """Whoever asks to be forgotten is: by name, by number, by what they wrote; and nobody else with them."""
    tables.fill(VICTIM)
    tables.fill(NEIGHBOUR)
    before, books = tables.everything(), Belongings(pool)
    subject = Subject("whatsapp", "shop", (VICTIM,))
    neighbours = [line for line in before.splitlines() if NEIGHBOUR in line or WORDS[NEIGHBOUR] in line]

    assert {table.name for table in TABLES} == set(await books.count(subject))
    assert {table.name for table in TABLES} == set(await books.read(subject))
    tally = await books.erase(subject)

    after = tables.everything()
    assert {table.name for table in TABLES} == {*tally.erased, *tally.kept}
    escaped = VICTIM.replace("\\", "\\\\")
    assert [] == [line for line in after.splitlines() if any(one in line for one in (VICTIM, escaped, WORDS[VICTIM]))]
    assert [] == [line for line in neighbours if line not in after]
    assert 0 == (await books.erase(subject)).total


async def test_what_is_kept_is_what_the_law_and_the_shop_need(tables: Tables, pool: Pool) -> None:
    """Sums, dates and goods of what was sold; never who bought it."""
    tables.fill(VICTIM)
    await Belongings(pool).erase(Subject("whatsapp", "shop", (VICTIM,)))

    (order,) = tables.connection.execute("SELECT * FROM orders").fetchall()
    (payment,) = tables.connection.execute("SELECT * FROM payments").fetchall()
    assert ("", "", f"conv:whatsapp:shop:erased-{order['id']}") == (
        order["client_phone"], order["delivery_address"], order["conversation_id"],
    )  # fmt: skip
    assert ([FACT], FACT) == (order["items"], order["currency"])
    assert ("expired", "erased") == (payment["stage"], payment["contact"]), (
        "nobody is asked to decide about it any more"
    )


def test_the_audit_log_lets_go_of_nothing_else(tables: Tables) -> None:
    """Only whom something was done for may be taken out: never who did what, and when."""
    tables.fill(NEIGHBOUR)
    for change in ("operator = 'x'", "act = 'x'", "conversation_id = 'conv:whatsapp:shop:x'", "at = now()"):
        with pytest.raises(psycopg.errors.RaiseException):
            tables.connection.execute(f"UPDATE audit_log SET {change}".encode())


async def test_a_customer_of_several_names_goes_by_any_of_them(tables: Tables, pool: Pool) -> None:
    """WhatsApp knows them by a phone and by an id: whichever they tell, all of it is theirs."""
    alias = "INSERT INTO aliases (platform, account, name, contact) VALUES ('whatsapp', 'shop', %s, 'UA.home')"
    for name in ("380670000001", "UA.home"):
        tables.connection.execute(alias, [name])
    found = await Belongings(pool).subject("whatsapp", "shop", {"380670000001"})
    assert ("380670000001", "UA.home") == found.contacts
