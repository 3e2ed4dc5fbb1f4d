"""Other words, another model, other goods: what would have been said, with real books and a model's real door."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from commands.outcome import WrongUse
from commands.rehearsing import READ_ONLY, prompt_name, rehearse
from domain.identifiers import Address
from domain.what_if import Answer, TurnAgain, WhatIf, Wish
from flows.wording import PROMPTS
from providers.model.simulated import SimulatedModel
from providers.records.pool import open_pool
from providers.records.tenants import Tenant, Tenants
from providers.secrets import FILE_IN_PRODUCTION, SecretBox, new_key
from tests.api.running import settings_for
from tests.change.talking import connected
from tests.media.serving import serving
from tests.servers_here import Servers

WHO = Address(platform="manychat", account="default", contact="42")
SAID = """
INSERT INTO message_logs (conversation_id, client_id, message_id, direction, text, turn, timestamp)
VALUES (%(id)s, '42', %(key)s, %(direction)s, %(text)s, %(turn)s, %(at)s)
"""
GOODS = "id,title,product_type,color,size,price,inventory\nA1,Чорна сукня «Інша»,сукні,чорний,M,999 UAH,3\n"
pytestmark = pytest.mark.slow


def say(url: str, turn: int, direction: str, text: str) -> None:
    """A line of the past, as the books keep it."""
    values = {"id": WHO.conversation_id, "key": f"{direction}-{turn}", "direction": direction, "text": text,
              "turn": turn, "at": datetime(2026, 11, 1, 10, turn, tzinfo=UTC)}  # fmt: skip
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(SAID, values)


async def what_if(servers: Servers, url: str, home: Path, wish: Wish, **settings: Any) -> WhatIf:
    """Take the turns again."""
    client = await connected(servers.temporal_address, "default")
    chosen = settings_for(temporal_address=servers.temporal_address, database_url=url, **settings)
    return await rehearse(chosen, client, home, WHO, wish)


def rows(url: str) -> list[tuple[Any, ...]]:
    """How many rows each table has."""
    with psycopg.connect(url) as connection:
        connection.execute("ANALYZE")
        return connection.execute(
            "SELECT relname, reltuples FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            " ORDER BY 1"
        ).fetchall()


async def test_another_model_is_asked_and_other_goods_are_offered(
    servers: Servers, database_url: str, tmp_path: Path
) -> None:
    """The model that is named gets the question, with the past of then; the shop's own books stay as they are."""
    say(database_url, 1, "in", "Розкажіть щось про вашу крамницю та її історію")
    say(database_url, 1, "out", "Ми шиємо з 1998 року.")
    say(database_url, 2, "in", "А хто у вас головний дизайнер?")
    say(database_url, 2, "out", "Це Марія.")
    say(database_url, 3, "in", "чорна сукня")
    say(database_url, 3, "out", "Нічого не знайшлося.")
    goods = tmp_path / "goods.csv"
    goods.write_text(GOODS, "utf-8")
    before, model = rows(database_url), SimulatedModel(otherwise="Наш дизайнер Олена.")
    async with serving(model.app) as url:
        found = await what_if(
            servers, database_url, tmp_path, Wish(turn=2, model="claude-other", most=1),
            anthropic_api_key="key", anthropic_base_url=url,
        )  # fmt: skip

    assert {"claude-other"} == {asked.body["model"] for asked in model.asked}
    assert "Ми шиємо з 1998 року." not in str(model.asked[-1].body)  # that turn is taken again, too
    (designer,) = found.turns
    assert (2, True, ("Це Марія.",)) == (designer.turn, "Олена" in designer.would_be.parts[0], designer.was.parts)
    assert (1, True) == (found.differing, found.cost > 0)
    assert ("model claude-other instead of claude-haiku-5-5",) == found.changes

    found = await what_if(servers, database_url, tmp_path, Wish(turn=3, catalogue=str(goods)))
    assert "Чорна сукня «Інша»" in "\n".join(found.turns[0].would_be.parts)
    assert ("catalogue goods.csv",) == found.changes
    assert before == rows(database_url)


async def test_a_stored_shop_is_rehearsed_with_the_key_that_lies_in_the_home(
    servers: Servers, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In production `everturn up` keeps the key there, and no variable names it."""
    for name in ("EVERTURN_SECRETS_KEY", "EVERTURN_SECRETS_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    key = new_key()
    (tmp_path / FILE_IN_PRODUCTION).write_text(key)
    async with open_pool(database_url, size=1) as pool:
        stored = Tenant(platform=WHO.platform, account=WHO.account, flow="water_order")
        await Tenants(pool, SecretBox(lambda _: [key])).add(stored, {"access_token": "t"})
    say(database_url, 1, "in", "вода")
    say(database_url, 1, "out", "Скільки?")
    found = await what_if(servers, database_url, tmp_path, Wish(turn=1), everturn_env="production")
    assert ("Скільки?",) == found.turns[0].was.parts


async def test_the_database_itself_refuses(database_url: str) -> None:
    """Whatever a flow or a bug may try: the connections of a rehearsal write nothing."""
    async with (
        open_pool(make_conninfo(database_url, options=READ_ONLY), size=1) as pool,
        pool.connection() as connection,
    ):
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            await connection.execute("DELETE FROM orders")


def test_a_prompt_says_which_it_is() -> None:
    """Every one of ours does; a file that does not, or of no known name, is wrong use."""
    for path in PROMPTS.glob("*.md"):
        assert path.stem == prompt_name(path.read_text("utf-8"))
    for wrong in ("", "hello", "---\nprompt: nobody\n---\nx", "---\nprompt: ../up\n---\nx"):
        with pytest.raises(WrongUse):
            prompt_name(wrong)


@pytest.mark.parametrize(
    ("was", "would_be", "same"),
    [("Замовлення №17", "Замовлення №…", True), ("Замовлення №17", "Замовлення №17", True),
     ("Гаразд", "Добре", False), ("№17 (так)", "№… (так)", True), ("№аб", "№…", False)],
)  # fmt: skip
def test_the_number_of_an_order_that_was_not_placed_makes_no_difference(was: str, would_be: str, same: bool) -> None:
    """It has none; everything else does."""
    one = TurnAgain(turn=1, heard=(), was=Answer(parts=(was,)), would_be=Answer(parts=(would_be,)))
    assert same == one.is_same
