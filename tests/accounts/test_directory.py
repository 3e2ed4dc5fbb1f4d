"""Accounts as the assistant finds them: remembered, and forgotten when they change."""

import asyncio
import time
from collections.abc import AsyncIterator

import psycopg
import pytest

from domain.failures import OurFault, Unavailable
from domain.plans import UNLIMITED
from providers.records.directory import Directory
from providers.records.pool import open_pool
from providers.records.tenants import Status, Tenant, Tenants
from providers.secrets import WrongKey, new_key
from runtime.accounts import Account, StatedAccounts
from tests.accounts.conftest import OWN, SMALL, box_of


@pytest.fixture
async def listening(directory: Directory, clean: str) -> AsyncIterator[Directory]:
    """The same, hearing of changes."""
    task = asyncio.create_task(directory.keep(clean))
    await asyncio.sleep(0.2)
    yield directory
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_stored_account_is_its_own_shop(directory: Directory, tenants: Tenants) -> None:
    """Its flow, language, plan and turn-taking are its own; what it leaves open is its platform's."""
    await tenants.put_plan(SMALL.model_copy(update={"requests_per_minute": {"manychat": 60}}))
    overridden = {"quiet_period": 7, "quiet_period_by_kind": {"image": 9}}
    tenant = Tenant(
        platform="manychat", account="shop", plan="small", flow="sales", language="uk", options={"region": "eu"},
        turn_taking=overridden, requests_per_minute=600, retention_days=30, name="Shop",
    )  # fmt: skip
    await tenants.add(tenant, {"access_token": "t", "webhook_secret": "w", "verify_token": "v"})
    found = await directory.find("manychat", "shop")
    assert found is not None
    assert ("sales", "uk", "small", "Shop", 30) == (
        found.flow, found.language, found.plan, found.name, found.retention_days,
    )  # fmt: skip
    assert ("t", "w", "v", "") == (
        found.access_token, found.webhook_secret, found.verify_token, found.api_base_url,
    )  # fmt: skip
    assert (7, 9, 30) == (
        found.turn_taking.quiet_period, found.turn_taking.quiet_after("image").seconds, found.turn_taking.longest_wait,  # type: ignore[arg-type]
    )  # fmt: skip
    assert ({"push_mode": "true", "region": "eu"}, 60) == (dict(found.options), found.requests_per_minute)


async def test_the_environment_holds_where_nothing_is_stored(directory: Directory) -> None:
    """A laptop needs no rows."""
    assert OWN == await directory.default("manychat")
    assert (OWN,) == await directory.all() == await directory.of_platform("manychat")
    assert None is await directory.find("manychat", "nobody")


async def test_a_row_of_the_environments_account_changes_all_but_what_it_sets(tenants: Tenants) -> None:
    """A deployment can always let itself in: its own token wins; without one the row's does, with its own address."""
    await tenants.add(Tenant(platform="manychat", account="default", language="de"), {"access_token": "of-the-row"})
    on_a_laptop = await Directory(tenants, StatedAccounts([OWN])).default("manychat")
    assert ("of-the-row", "", "de") == (on_a_laptop.access_token, on_a_laptop.api_base_url, on_a_laptop.language)
    set_there = OWN.model_copy(update={"access_token": "set", "webhook_secret": "also"})
    deployed = await Directory(tenants, StatedAccounts([set_there])).default("manychat")
    assert ("set", "also", OWN.api_base_url) == (deployed.access_token, deployed.webhook_secret, deployed.api_base_url)


async def test_a_change_is_heard_within_a_second(
    listening: Directory, tenants: Tenants, other_connection: psycopg.Connection
) -> None:
    """A shop that changes its language is not answered in the old one for an hour."""
    await tenants.add(Tenant(platform="manychat", account="shop", language="uk"), {})
    await asyncio.sleep(0.1)
    assert ["uk"] == [found.language for found in await listening.of_platform("manychat") if found != OWN]
    assert "uk" == (await _found(listening)).language
    other_connection.execute("UPDATE accounts SET language = 'pl'")
    await asyncio.sleep(0.3)
    assert "pl" == (await _found(listening)).language
    assert "pl" in [found.language for found in await listening.all()]
    other_connection.execute("UPDATE accounts SET status = 'off'")
    await asyncio.sleep(0.3)
    assert None is await listening.find("manychat", "shop")


async def test_a_new_account_is_found_though_it_was_asked_for_before(listening: Directory, tenants: Tenants) -> None:
    """That there was none is remembered for seconds only, and forgotten at once when it comes."""
    assert None is await listening.find("manychat", "shop")
    await tenants.add(Tenant(platform="manychat", account="shop"), {})
    await asyncio.sleep(0.3)
    assert await listening.find("manychat", "shop")


async def test_a_changed_plan_counts_at_once(listening: Directory, tenants: Tenants, shop: Tenant) -> None:
    """As a changed account."""
    assert 100 == (await listening.plan("small")).messages_per_period
    await tenants.put_plan(SMALL.model_copy(update={"messages_per_period": 7}))
    await asyncio.sleep(0.3)
    assert 7 == (await listening.plan("small")).messages_per_period
    assert UNLIMITED == await listening.plan("unlimited")
    with pytest.raises(OurFault):
        await listening.plan("none")


async def test_changes_missed_while_not_listening_are_asked_for(
    listening: Directory, tenants: Tenants, other_connection: psycopg.Connection
) -> None:
    """The listening connection breaks, the account changes, and nobody is answered by the old row."""
    await tenants.add(Tenant(platform="manychat", account="shop", language="uk"), {})
    await asyncio.sleep(0.1)
    await _found(listening)
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'everturn-accounts'"
    other_connection.execute(cut)
    other_connection.execute("UPDATE accounts SET language = 'pl'")
    await asyncio.sleep(1)
    assert "pl" == (await _found(listening)).language


async def test_what_is_known_is_answered_while_postgresql_is_away(clean: str, key: str, tenants: Tenants) -> None:
    """Customers of a known shop are not sent away; of an unknown one we cannot tell."""
    await tenants.add(Tenant(platform="manychat", account="shop"), {"access_token": "t"})
    hours = 0.0
    pool = open_pool(clean, size=1, name="test")
    await pool.open()
    directory = Directory(Tenants(pool, box_of(key)), StatedAccounts([OWN]), timer=lambda: hours * 3600)
    await directory.find("manychat", "shop")
    await pool.close()
    away = open_pool("postgresql://nobody@127.0.0.1:1/none", size=1, name="test")
    away.timeout = 0.2
    directory._tenants = Tenants(away, box_of(key))
    hours = 2
    await away.open()
    assert "t" == (await _found(directory)).access_token
    assert OWN == await directory.default("manychat")
    with pytest.raises(Unavailable):
        await directory.find("manychat", "unknown")
    await away.close()


async def test_nobody_waits_again_and_again_for_a_database_that_is_away(key: str) -> None:
    """The first question waits for it; the next hundred are answered at once from what the environment says."""
    away = open_pool("postgresql://nobody@127.0.0.1:1/none", size=1, name="test")
    away.timeout = 0.2
    await away.open()
    directory = Directory(Tenants(away, box_of(key)), StatedAccounts([OWN]))
    began = time.monotonic()
    for _ in range(100):
        assert OWN == await directory.default("manychat")
    assert time.monotonic() - began < 2
    await away.close()


async def test_a_worker_does_not_guess_what_a_shop_pays(key: str) -> None:
    """Killed together with PostgreSQL, it has forgotten the shop's plan: its turns wait, and are not given away."""
    away = open_pool("postgresql://nobody@127.0.0.1:1/none", size=1, name="test")
    away.timeout = 0.2
    await away.open()
    directory = Directory(Tenants(away, box_of(key)), StatedAccounts([OWN]), strict=True)
    with pytest.raises(Unavailable):
        await directory.find(OWN.platform, OWN.account)
    await away.close()


async def test_the_environments_account_is_asked_for_once(tenants: Tenants, monkeypatch: pytest.MonkeyPatch) -> None:
    """That no row changes it is as good an answer as a row."""
    asked, plain = [], tenants.find

    async def find(platform: str, account: str) -> object:
        asked.append(account)
        return await plain(platform, account)

    monkeypatch.setattr(tenants, "find", find)
    seconds = 0.0
    directory = Directory(tenants, StatedAccounts([OWN]), timer=lambda: seconds)
    for _ in range(5):
        assert OWN == await directory.default("manychat")
        seconds += 60
    assert ["default"] == asked


async def test_an_hour_is_long_enough(tenants: Tenants, other_connection: psycopg.Connection) -> None:
    """Even a process that hears nothing asks again after an hour."""
    hours = 0.0
    directory = Directory(tenants, StatedAccounts([OWN]), timer=lambda: hours * 3600)
    await tenants.add(Tenant(platform="manychat", account="shop", language="uk"), {})
    await directory.find("manychat", "shop")
    other_connection.execute("UPDATE accounts SET language = 'pl'")
    assert "uk" == (await _found(directory)).language
    hours = 1.1
    assert "pl" == (await _found(directory)).language


async def test_memory_is_bounded(tenants: Tenants) -> None:
    """A stranger who asks for made-up accounts grows nothing."""
    directory = Directory(tenants, StatedAccounts([OWN]), size=5)
    for number in range(20):
        await directory.find("manychat", f"made-up-{number}")
    assert 5 == len(directory._absent)
    assert 0 == len(directory._last)


async def test_what_changes_while_it_is_read_is_not_remembered(directory: Directory, tenants: Tenants) -> None:
    """The change was heard between the question and its answer: the answer may be the old one."""
    await tenants.add(Tenant(platform="manychat", account="shop"), {})
    reading = asyncio.create_task(directory.find("manychat", "shop"))
    await asyncio.sleep(0)
    directory.forget()
    assert await reading
    assert not directory._fresh


async def test_one_unreadable_account_does_not_silence_the_others(
    tenants: Tenants, directory: Directory, other_connection: psycopg.Connection
) -> None:
    """Its own customers get an error that names the variable."""
    await tenants.add(Tenant(platform="manychat", account="good"), {"access_token": "t"})
    await tenants.add(Tenant(platform="manychat", account="lost"), {"access_token": "t"})
    other_connection.execute("UPDATE accounts SET secrets = %s WHERE account = 'lost'", [box_of(new_key()).lock(b"{}")])
    assert ["default", "good"] == sorted(found.account for found in await directory.all())
    with pytest.raises(WrongKey, match="EVERTURN_SECRETS_KEY"):
        await directory.find("manychat", "lost")


async def test_an_account_can_be_switched_off(tenants: Tenants, directory: Directory) -> None:
    """It is as if it were not there."""
    await tenants.add(Tenant(platform="manychat", account="shop", status=Status.OFF), {})
    assert None is await directory.find("manychat", "shop")
    assert (OWN,) == await directory.all()


async def _found(directory: Directory) -> Account:
    found = await directory.find("manychat", "shop")
    assert found is not None
    return found
