"""Many messages wait on one account: three workers together never pass its rate, and nobody else waits for it."""

import time
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from platforms.base import Credentials
from platforms.kit import Said
from platforms.registry import PLATFORMS
from tests.system.conftest import Let
from tests.system.house import ON_THE_LINE, House

RATE = int(ON_THE_LINE["CHAT2DESK_RATE_LIMIT_REQUESTS_PER_MINUTE"])
"""Messages a minute that the account may send."""
WINDOW = timedelta(seconds=8)
WAITING = 48
BESIDE = Credentials(account="beside", access_token="token-of-beside")
_numbers = count(1)


@pytest.fixture(scope="module")
def house(let: Let) -> House:
    """A house whose default account is slow, with a second shop on the same platform."""
    lives = let(**ON_THE_LINE)
    shop = {
        "platform": "chat2desk",
        "account": BESIDE.account,
        "access_token": BESIDE.access_token,
        "api_base_url": f"{lives.url}/simulator/chat2desk",
        "turn_taking": {"quiet_period": 0.2},
    }
    headers = {"Authorization": f"Bearer {lives.environment['OPERATOR_TOKEN']}"}
    assert 201 == lives.client.post("/api/accounts", json=shop, headers=headers).status_code
    lives.client.post("/simulator/_settings", json={"platform": "chat2desk", "rate": 0, "latency": 0})
    return lives


def write_beside(house: House, contact: str) -> float:
    """A customer of the other shop writes; the seconds until the answer was sent."""
    said = Said(contact=contact, text="Здравствуйте", message_id=str(next(_numbers)), at=datetime.now(UTC))
    hook = PLATFORMS["chat2desk"].inbound(said, BESIDE)
    began = datetime.now(UTC)
    path = f"{hook.path}/{BESIDE.account}"
    assert house.client.post(path, headers=dict(hook.headers), content=hook.body).is_success
    house.until(lambda: sent_to(house, contact))
    return (sent_to(house, contact)[0] - began).total_seconds()


def sent_to(house: House, *contacts: str) -> list[datetime]:
    """When the platform was called for these customers, whatever it answered."""
    calls = house.client.get("/simulator/_calls/chat2desk").json()
    return sorted(datetime.fromisoformat(call["at"]) for call in calls if call["contact"] in contacts)


def busiest(calls: list[datetime], window: timedelta) -> int:
    """The most calls that any window of this length holds."""
    return max(sum(first <= call < first + window for call in calls) for first in calls)


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.timeout(120)
def test_many_waiting_messages_keep_their_accounts_rate_with_three_workers(house: House) -> None:
    """48 customers write at once to a shop that may send four messages a second; each is answered, in that pace.

    Meanwhile a customer of another shop is answered as if nobody waited.
    """
    waiting = [str(500 + number) for number in range(WAITING)]
    write_beside(house, "490")  # the first turn of a worker loads what the later ones find
    with house.another_worker():
        time.sleep(3)
        for contact in waiting:
            house.write(contact, "Здравствуйте")
        beside = [write_beside(house, str(600 + number)) for number in range(3)]
        before = len(sent_to(house, *waiting))
        house.until(lambda: len(sent_to(house, *waiting)) >= WAITING, seconds=45)
        calls = sent_to(house, *waiting)

    assert before < WAITING, "others were waiting when the other shop's customers were answered"
    assert WAITING == len(calls), "each is answered once"
    assert busiest(calls, WINDOW) <= RATE * WINDOW / timedelta(minutes=1)
    assert sorted(beside)[1] < 4.0, "on a machine that others use; `bench --only rate` measures it"
