"""Commands about one conversation take the contact that a person knows, whatever stands for it in our books."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from domain.identifiers import Address
from providers.records.contact_keys import ContactKeys
from providers.records.pool import open_pool
from providers.records.pseudonyms import Pseudonyms
from providers.secrets import SecretBox, new_key
from tests.api.namespaces import fresh_namespace
from tests.change.talking import Everturn, chat_at, connected, until, workers_of
from tests.servers_here import Servers
from tests.workflows.harness import Shop, text

KEY = new_key()
WHO = Address(platform="telegram", account="default", contact="777")
LINE = """
INSERT INTO message_logs (conversation_id, client_id, message_id, direction, text, turn, "timestamp")
VALUES (%(id)s, %(contact)s, %(direction)s, %(direction)s, %(text)s, 1, %(at)s)
"""
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def namespace(servers: Servers) -> str:
    """A namespace of this module's own."""
    return fresh_namespace(servers, "bycontact")


@pytest.fixture(params=["on", "off"])
def everturn(
    request: pytest.FixtureRequest, servers: Servers, namespace: str, database_url: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> Everturn:  # fmt: skip
    """`everturn` where pseudonyms are on, and where they were on once."""
    return Everturn(
        monkeypatch, capsys, TEMPORAL_ADDRESS=servers.temporal_address, TEMPORAL_NAMESPACE=namespace,
        DATABASE_URL=database_url, EVERTURN_HOME=str(tmp_path), EVERTURN_SECRETS_KEY=KEY,
        EVERTURN_PSEUDONYMS=request.param,
    )  # fmt: skip


def masked(url: str, address: Address) -> Address:
    """By which name everything of ours knew the customer while pseudonyms were on."""

    async def arrived() -> Address:
        async with open_pool(url, size=1) as pool:
            return await Pseudonyms(ContactKeys(pool, SecretBox(lambda _: [KEY])), on=True).arrived(address)

    return asyncio.run(arrived())


def say(url: str, address: Address, *said: str) -> None:
    """What a customer asked, and what they were told."""
    with psycopg.connect(url, autocommit=True) as connection:
        for direction, words in zip(("in", "out"), said, strict=True):
            values = {"id": address.conversation_id, "contact": address.contact, "direction": direction,
                      "text": words, "at": datetime(2026, 11, 1, 10, tzinfo=UTC)}  # fmt: skip
            connection.execute(LINE, values)


def test_a_customer_is_forked_by_the_contact_that_people_type(
    everturn: Everturn, database_url: str, tmp_path: Path
) -> None:
    """By the pseudonym out of a log as well; somebody nobody knows stays unknown."""
    home = masked(database_url, WHO)
    say(database_url, home, "а хто у вас дизайнер?", "Це Марія.")
    for typed in (WHO, home):
        out = tmp_path / f"{typed.contact}.json"
        status, _, complaint = everturn("fork", typed.conversation_id, "--turn", "1", "--out", str(out))
        assert (0, "") == (status, complaint)
        assert ["Це Марія."] == json.loads(out.read_text("utf-8"))["turns"][0]["was"]["parts"]
    status, _, complaint = everturn("fork", "conv:telegram:default:778", "--turn", "1")
    assert (1, True) == (status, "nothing is known of conv:telegram:default:" in complaint)


def test_a_conversation_of_before_pseudonyms_is_still_found(
    everturn: Everturn, database_url: str, tmp_path: Path
) -> None:
    """It stays under its old id; once the customer wrote under the new one, that one is meant."""
    home = masked(database_url, WHO)
    for address, told in ((WHO, "Це Марія."), (home, "Це Олена.")):
        say(database_url, address, "а хто у вас дизайнер?", told)
        out = tmp_path / f"{address.contact}.json"
        assert 0 == everturn("fork", WHO.conversation_id, "--turn", "1", "--out", str(out))[0]
        assert [told] == json.loads(out.read_text("utf-8"))["turns"][0]["was"]["parts"]


def test_a_history_is_saved_by_the_contact_that_people_type(
    everturn: Everturn, servers: Servers, namespace: str, database_url: str, tmp_path: Path
) -> None:
    """By the pseudonym out of a log as well; what is saved knows neither."""

    async def talk(address: Address) -> None:
        client, shop = await connected(servers.temporal_address, namespace), Shop()
        chat = chat_at(client, shop)
        chat.opening = chat.opening.model_copy(update={"address": address})
        async with workers_of(client, shop):
            await chat.write(text("вода"))
            await until(lambda: len(shop.said) == 1)

    who = WHO.model_copy(update={"platform": "chat2desk"})
    home = masked(database_url, who)
    asyncio.run(talk(home))
    for place, typed in enumerate((who, home)):
        out = tmp_path / f"{place}.json"
        status, _, complaint = everturn("history", "save", typed.conversation_id, "--out", str(out))
        assert (0, "") == (status, complaint)
        assert home.contact not in out.read_text("utf-8")
