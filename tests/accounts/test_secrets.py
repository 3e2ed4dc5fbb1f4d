"""The shop's secrets: unreadable in the database, and readable after the key has changed."""

import stat
from pathlib import Path

import psycopg
import pytest

from providers.records.pool import Pool
from providers.records.tenants import Tenant, Tenants
from providers.secrets import KeyFile, NoKey, WrongKey, new_key, secret_box
from runtime.account_settings import AccountSettings
from runtime.variables import WrongSetting
from tests.accounts.conftest import box_of

SECRETS = {"access_token": "a-very-secret-token", "webhook_secret": "another-secret"}
SHOP = Tenant(platform="manychat", account="shop")


async def test_a_stolen_database_tells_no_secret(tenants: Tenants, other_connection: psycopg.Connection) -> None:
    """Whoever reads the rows reads which secrets there are, and none of them."""
    await tenants.add(SHOP, SECRETS)
    [row] = other_connection.execute("SELECT accounts::text, secret_names FROM accounts").fetchall()
    assert ["access_token", "webhook_secret"] == row[1]
    raw = other_connection.execute("SELECT secrets FROM accounts").fetchone()
    assert raw is not None
    for secret in SECRETS.values():
        assert secret not in row[0]
        assert secret.encode() not in raw[0]
        assert secret.encode().hex() not in row[0]
    stored = await tenants.find("manychat", "shop")
    assert stored is not None
    assert SECRETS == tenants.unlocked(stored)
    assert "secrets=" not in repr(stored).replace("secret_names=", "")


async def test_a_key_is_changed_without_losing_a_secret(
    pool: Pool, key: str, tenants: Tenants, other_connection: psycopg.Connection
) -> None:
    """The new key in front, rotate, the old one away; done twice it does nothing more."""
    await tenants.add(SHOP, SECRETS)
    await tenants.add(Tenant(platform="manychat", account="silent"), {})
    newer = new_key()
    between = Tenants(pool, box_of(newer, key))
    assert (1, 0) == (await between.rotate(), await between.rotate())
    stored = await tenants.find("manychat", "shop")
    assert stored is not None
    assert SECRETS == Tenants(pool, box_of(newer)).unlocked(stored)
    with pytest.raises(WrongKey):
        tenants.unlocked(stored)


async def test_a_wrong_key_is_named_and_no_secret_is(tenants: Tenants, pool: Pool, key: str) -> None:
    """The person who mends it learns which variable is wrong."""
    await tenants.add(SHOP, SECRETS)
    stored = await tenants.find("manychat", "shop")
    assert stored is not None
    other = new_key()
    for box in (box_of(other), box_of()):
        with pytest.raises(WrongKey, match=r"^EVERTURN_SECRETS_KEY: ") as wrong:
            Tenants(pool, box).unlocked(stored)
        assert not any(secret in str(wrong.value) for secret in (*SECRETS.values(), key, other))


async def test_secrets_cannot_be_passed_off_as_another_shops(
    tenants: Tenants, other_connection: psycopg.Connection
) -> None:
    """Whoever may write rows still cannot speak with another shop's token."""
    await tenants.add(SHOP, SECRETS)
    await tenants.add(Tenant(platform="manychat", account="thief"), {"access_token": "x"})
    other_connection.execute(
        "UPDATE accounts SET secrets = (SELECT secrets FROM accounts WHERE account = 'shop') WHERE account = 'thief'"
    )
    stored = await tenants.find("manychat", "thief")
    assert stored is not None
    with pytest.raises(WrongKey, match="another account's"):
        tenants.unlocked(stored)


async def test_one_secret_changes_and_the_others_stay(tenants: Tenants) -> None:
    """A new token; the webhook's secret is taken away."""
    await tenants.add(SHOP, SECRETS | {"verify_token": "v"})
    changed = await tenants.change("manychat", "shop", {"name": "Shop"}, {"access_token": "new", "webhook_secret": ""})
    assert changed is not None
    assert ({"access_token": "new", "verify_token": "v"}, "Shop") == (tenants.unlocked(changed), changed.name)


def settings(home: Path, **values: str) -> AccountSettings:
    """Settings that know nothing of this machine."""
    return AccountSettings(_env_file=None, everturn_home=str(home), **values)  # type: ignore[arg-type,call-arg]


def test_a_laptop_makes_a_key_of_its_own(tmp_path: Path) -> None:
    """When a secret is stored first, readable by its owner alone, and the next process finds it."""
    box = secret_box(settings(tmp_path / "home"))
    assert not (tmp_path / "home").exists()
    locked = box.lock(b"hello")
    file = tmp_path / "home" / "secrets-key"
    assert 0o600 == stat.S_IMODE(file.stat().st_mode)
    assert b"hello" == secret_box(settings(tmp_path / "home")).unlock(locked)


def test_a_rotated_file_is_read_again(tmp_path: Path) -> None:
    """A running process neither fails to read what the new key locked nor locks with the old one."""
    box = secret_box(settings(tmp_path))
    box.lock(b"first")
    newer = new_key()
    KeyFile(tmp_path / "secrets-key").replace([newer])
    assert b"hi" == box.unlock(box_of(newer).lock(b"hi"))
    assert b"hello" == box_of(newer).unlock(box.lock(b"hello"))


def test_production_stores_nothing_without_a_key(tmp_path: Path) -> None:
    """It says which variable, and how to get one; and makes no file."""
    box = secret_box(settings(tmp_path / "home", everturn_env="production"))
    with pytest.raises(NoKey, match=r"EVERTURN_SECRETS_KEY: is not set.*everturn account new-key"):
        box.lock(b"x")
    assert not (tmp_path / "home").exists()


def test_what_is_no_key_stops_the_start(tmp_path: Path) -> None:
    """And the wrong one of several is told by its place, not by its value."""
    with pytest.raises(WrongSetting, match="key 2 of 2 is no key") as wrong:
        secret_box(settings(tmp_path, everturn_secrets_key=f"{new_key()}, hunter2"))
    assert "hunter2" not in str(wrong.value)
