"""A second shop on a running house: added, changed and removed from the command line, without a restart."""

import subprocess
import time
from collections.abc import Iterator
from itertools import count

import httpx
import pytest
from temporalio.client import Client

from contracts.conversation import Opening
from platforms.registry import PLATFORMS
from platforms.simulation import World
from runtime.settings import load_settings
from runtime.temporal import connect
from tests.api.running import serving_app
from tests.system.conftest import Let
from tests.system.house import EVERTURN, EVERYDAY, House

TOKEN, SECRET = "token-of-the-second-shop", "secret-of-the-second-shop"
AT_ONCE = 5.0
"""Seconds after which a change made elsewhere is used; it is told at once, and five is the promise without."""
_numbers = count(int(time.time()))


@pytest.fixture(scope="module")
def phones() -> World:
    """What the second shop's customers see: another page at ManyChat, which takes its own token alone."""
    return World()


@pytest.fixture(scope="module")
def vendor(phones: World) -> Iterator[str]:
    """Where that page is reached."""
    with serving_app(PLATFORMS["manychat"].simulator(phones, TOKEN)) as url:
        yield url


@pytest.fixture(scope="module")
def house(let: Let) -> House:
    """One house for these tests; each has a shop of its own."""
    return let(**EVERYDAY)


def everturn(house: House, *words: str, secrets: str = "") -> str:
    """`everturn account`, beside the running house; what it says."""
    command = [EVERTURN, "account", *words, "--home", str(house.home)]
    done = subprocess.run(command, input=secrets, text=True, capture_output=True, cwd=house.home.parent, check=False)
    assert 0 == done.returncode, done.stderr
    return done.stdout


def add(house: House, name: str, vendor: str, *words: str) -> None:
    """Add a shop."""
    secrets = f"access_token={TOKEN}\nwebhook_secret={SECRET}\n"
    everturn(house, "add", "manychat", name, "--api-base-url", vendor, "--token-file", "-", *words, secrets=secrets)


def post(house: House, account: str, contact: str, text: str = "привет", secret: str = SECRET) -> int:
    """One webhook to an account's own address."""
    body = {"subscriber_id": contact, "text": text, "message_id": f"m{next(_numbers)}", "channel": "telegram"}
    headers = {"X-Webhook-Secret": secret} if secret else {}
    address = f"{house.url}/webhooks/manychat/{account}"
    return httpx.post(address, json=body, headers=headers, timeout=15, trust_env=False).status_code


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_shop_that_is_added_is_answered_at_once_by_its_own_token(house: House, phones: World, vendor: str) -> None:
    """Its platform was asked for the token first; nobody restarted anything, and the first shop notices nothing."""
    unknown = post(house, "second", "201")
    add(house, "second", vendor)
    house.until(lambda: post(house, "second", "201") == 202, AT_ONCE + 1)
    house.until(lambda: phones.said_to("manychat", "201"))
    house.write("202", "привет", platform="manychat")
    house.until(lambda: house.client.get("/simulator/_world/manychat/202").json())

    assert 404 == unknown
    assert phones.said_to("manychat", "201")[0].startswith("Здравствуйте")
    assert [] == phones.phone("manychat", "202")
    assert [("second", "201")] == house.rows("SELECT account, contact FROM outbox WHERE contact = '201'")


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_shops_door_opens_to_its_own_secret_alone(house: House, phones: World, vendor: str) -> None:
    """Neither without a secret, nor by a wrong one."""
    add(house, "guarded", vendor)
    house.until(lambda: post(house, "guarded", "211") == 202, AT_ONCE + 1)

    assert (401, 403) == (post(house, "guarded", "212", secret=""), post(house, "guarded", "212", secret="guessed"))
    assert [] == phones.phone("manychat", "212")


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_a_change_holds_from_the_next_conversation_on(house: House, phones: World, vendor: str) -> None:
    """And in those under way from their next turn on; the token it had is kept."""
    add(house, "changed", vendor, "--turn-taking", "quiet_period=0.2")
    house.until(lambda: post(house, "changed", "221") == 202, AT_ONCE + 1)
    house.until(lambda: phones.said_to("manychat", "221"))
    words = ("--flow", "water_order", "--turn-taking", "quiet_period=1.5", "--turn-taking", "max_burst=2")
    everturn(house, "add", "manychat", "changed", "--api-base-url", vendor, "--replace", *words)
    temporal = await connect(load_settings(_env_file=None, temporal_address=f"127.0.0.1:{house.temporal_port}"))
    began = time.monotonic()
    assert 202 == post(house, "changed", "222")
    house.until(lambda: phones.said_to("manychat", "222"))
    took = time.monotonic() - began
    before, after = [(await opening_of(temporal, contact)).rules for contact in ("221", "222")]

    assert [(0.2, 10), (1.5, 2)] == [(rules.quiet_period, rules.max_burst) for rules in (before, after)]
    assert took > 1.5


async def opening_of(temporal: Client, contact: str) -> Opening:
    """What a conversation was opened with."""
    handle = temporal.get_workflow_handle(f"conv:manychat:changed:{contact}")
    async for event in handle.fetch_history_events():
        payloads = event.workflow_execution_started_event_attributes.input.payloads
        (opening,) = await temporal.data_converter.decode(payloads, [Opening])
        return Opening.model_validate(opening)
    raise AssertionError("it was never opened")


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_shop_that_is_removed_is_no_longer_heard(house: House, phones: World, vendor: str) -> None:
    """Its webhook is 404; a reply that was on its way is kept as a dead letter that says why."""
    add(house, "leaving", vendor, "--turn-taking", "quiet_period=8")  # a command has to start meanwhile
    house.until(lambda: post(house, "leaving", "231") == 202, AT_ONCE + 1)
    everturn(house, "remove", "manychat", "leaving")
    house.until(lambda: post(house, "leaving", "232") == 404, AT_ONCE + 1)
    letters = "SELECT reason FROM dead_letters WHERE account = 'leaving'"
    house.until(lambda: house.rows(letters))

    assert "not set up here" in house.rows(letters)[0][0]
    assert [] == phones.phone("manychat", "231")
