"""Whoever asks to be forgotten is found by the contact they tell, whatever was switched on or off since they wrote."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from domain.identifiers import Address
from providers.records.aliases import Aliases
from providers.records.contact_keys import ContactKeys
from providers.records.pool import Pool, open_pool
from providers.records.pseudonyms import Pseudonyms
from providers.records.tenants import Status, Tenant, Tenants
from providers.secrets import SecretBox, new_key
from tests.api.namespaces import fresh_namespace
from tests.api.running import serving, settings_for
from tests.console.seeding import Books
from tests.servers_here import Servers

KEY = new_key()
BOX = SecretBox(lambda _: [KEY])
TOKEN = {"Authorization": "Bearer operator-secret"}
PAUSED = Address(platform="telegram", account="main", contact="380671234567")
House = Callable[[str], AbstractContextManager[httpx.Client]]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def namespace(servers: Servers) -> str:
    """A namespace of this module's own."""
    return fresh_namespace(servers, "names")


@pytest.fixture
def database(servers: Servers) -> str:
    """A database of this test's own."""
    return servers.fresh_database(f"names_{uuid4().hex[:12]}")


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    """Connections to it."""
    async with open_pool(database, size=4, name="test") as pool:
        yield pool


@pytest.fixture
def books(database: str) -> Books:
    """What the house wrote down."""
    return Books(database)


@pytest.fixture
def house(servers: Servers, namespace: str, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """The API, with pseudonyms on or off, and an operator at it."""

    @contextmanager
    def opened(pseudonyms: str, **more: str) -> Any:
        environment = {"EVERTURN_SECRETS_KEY": KEY, "EVERTURN_HOME": str(tmp_path), **more}
        for name, value in (environment | {"EVERTURN_PSEUDONYMS": pseudonyms}).items():
            monkeypatch.setenv(name, value)
        settings = settings_for(
            temporal_address=servers.temporal_address, temporal_namespace=namespace, database_url=database
        )
        with serving(settings) as url, httpx.Client(base_url=url, headers=TOKEN, timeout=60, trust_env=False) as door:
            yield door

    return opened


async def wrote(pool: Pool, books: Books, address: Address, *, on: bool) -> Address:
    """A customer wrote while pseudonyms were on, or off; the name everything of ours knows them by since."""
    home = await Pseudonyms(ContactKeys(pool, BOX), on=on).arrived(address)
    books.line(home.contact, "вода на Франка 5", conversation=home.conversation_id)
    return home


def left(books: Books) -> list[str]:
    """Whose lines there are."""
    return [row[0] for row in books.run("SELECT conversation_id FROM message_logs ORDER BY 1")]


async def test_who_wrote_before_pseudonyms_were_switched_off_is_erased_whole(
    pool: Pool, books: Books, house: House
) -> None:
    """The receipt does not lie: what stands under the pseudonym of then goes with what stands under the contact."""
    masked = await wrote(pool, books, PAUSED, on=True)
    await wrote(pool, books, PAUSED, on=False)
    stays = await wrote(pool, books, PAUSED.model_copy(update={"contact": "380670000000"}), on=True)
    place = f"/api/contacts/{PAUSED.platform}/{PAUSED.account}/{PAUSED.contact}"
    with house("off") as door:
        exported = door.get(f"{place}/export").json()
        receipt = door.delete(place)
    assert (PAUSED.contact, [masked.contact]) == (exported["contact"], exported["known_as"])
    assert (200, 2) == (receipt.status_code, receipt.json()["erased"]["message_logs"])
    assert [stays.conversation_id] == left(books)


async def test_their_other_names_of_then_go_too(pool: Pool, books: Books, house: House) -> None:
    """The platform told a phone and an id; each of them may have had a pseudonym of its own."""
    other = PAUSED.model_copy(update={"contact": "UA.5512"})
    await wrote(pool, books, PAUSED, on=True)
    await wrote(pool, books, other, on=False)
    await Aliases(pool).home_of(other, [PAUSED.contact])
    with house("off") as door:
        assert 200 == door.delete(f"/api/contacts/telegram/main/{other.contact}").status_code
    assert [] == left(books)


@pytest.mark.parametrize("pseudonyms", ["on", "off"])
async def test_a_customer_of_a_paused_or_removed_shop_is_found(
    pool: Pool, books: Books, house: House, pseudonyms: str
) -> None:
    """They tell their phone alone, and the shop they wrote to is off, or not there any more."""
    removed = PAUSED.model_copy(update={"account": "removed"})
    await Tenants(pool, BOX).add(Tenant(platform="telegram", account="main", status=Status.OFF), {})
    for address in (PAUSED, removed):
        home = await wrote(pool, books, address, on=True)
        books.order(home.contact, address.account, conversation=home.conversation_id)
    with house(pseudonyms) as door:
        found = door.get("/api/contacts", params={"contact": PAUSED.contact}).json()
        orders = door.get("/api/orders", params={"contact": PAUSED.contact}).json()["items"]
    assert [("telegram", "main"), ("telegram", "removed")] == [(one["platform"], one["account"]) for one in found]
    assert 2 == len(orders)


async def test_a_lost_key_stops_no_search_but_no_receipt_lies(pool: Pool, books: Books, house: House) -> None:
    """Nobody can tell pseudonyms any more: lists search for what was typed, and nobody is said to be erased whole."""
    await wrote(pool, books, PAUSED, on=True)
    await wrote(pool, books, PAUSED, on=False)
    with house("off", EVERTURN_SECRETS_KEY=new_key()) as door:
        assert 200 == door.get("/api/orders", params={"contact": PAUSED.contact}).status_code
        asked = door.get("/api/contacts", params={"contact": PAUSED.contact})
        erased = door.delete(f"/api/contacts/telegram/main/{PAUSED.contact}")
    assert (503, 503) == (asked.status_code, erased.status_code)
    assert 2 == len(left(books))


async def test_where_there_never_were_pseudonyms_nothing_is_made(pool: Pool, books: Books, house: House) -> None:
    """A house without them stays without: a question makes no key."""
    await wrote(pool, books, PAUSED, on=False)
    with house("off") as door:
        assert 200 == door.get("/api/contacts", params={"contact": PAUSED.contact}).status_code
        assert 200 == door.delete(f"/api/contacts/telegram/main/{PAUSED.contact}").status_code
    assert ([], []) == (left(books), books.run("SELECT name FROM house_keys WHERE name = 'pseudonyms'"))
