"""One customer, several names: one conversation."""

import time
from collections.abc import AsyncIterator

import pytest

from domain.failures import Unavailable
from domain.identifiers import Address
from providers.records.aliases import AWAY_SECONDS, Aliases
from providers.records.pool import Pool, open_pool

PHONE, USER = "380504430001", "UA.4430001"


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    """An empty database."""
    opened = open_pool(database_url, size=2, name="test")
    await opened.open()
    yield opened
    await opened.close()


def at(contact: str, account: str = "main") -> Address:
    return Address(platform="whatsapp", account=account, contact=contact)


@pytest.mark.parametrize(("first", "later"), [(USER, PHONE), (PHONE, USER)])
async def test_who_was_known_by_one_name_stays(pool: Pool, first: str, later: str) -> None:
    """A customer hides the phone, or shows it again: the dialog goes on where it stood, in any process."""
    aliases = Aliases(pool)
    assert at(first) == await aliases.home_of(at(first), [first])
    assert at(first) == await aliases.home_of(at(USER), [USER, PHONE])
    assert at(first) == await Aliases(pool).home_of(at(later), [later])
    assert at(first) == await aliases.home_of(at(later), [later])


async def test_strangers_stay_strangers(pool: Pool) -> None:
    """Other names, and the same name with another shop, are other people."""
    aliases = Aliases(pool)
    await aliases.home_of(at(USER), [USER, PHONE])
    assert at("380509990000") == await aliases.home_of(at("380509990000"), ["380509990000"])
    assert at(PHONE, "other") == await aliases.home_of(at(PHONE, "other"), [PHONE])


async def test_a_database_that_stands_still_keeps_no_customer_waiting(pool: Pool) -> None:
    """The first message waits a second, the next not at all; who was known before is known still."""
    clock = [0.0]
    aliases = Aliases(pool, lambda: clock[0])
    await aliases.home_of(at(USER), [USER, PHONE])
    async with pool.connection() as other, other.transaction():
        await other.execute("LOCK TABLE aliases")
        for longest in (2.0, 0.1):
            began = time.monotonic()
            with pytest.raises(Unavailable):
                await aliases.home_of(at("380507"), ["380507"])
            assert time.monotonic() - began < longest
        assert at(USER) == await aliases.home_of(at(PHONE), [PHONE])
    clock[0] = AWAY_SECONDS
    assert at("380507") == await aliases.home_of(at("380507"), ["380507"])
