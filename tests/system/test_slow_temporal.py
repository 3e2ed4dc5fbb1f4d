"""Temporal is slow or stands still, and webhooks are hedged: nobody waits, nothing is lost, whoever dies meanwhile."""

import signal
from datetime import UTC, datetime

import psutil
import pytest

from platforms.base import Credentials
from platforms.kit import Said
from platforms.registry import PLATFORMS
from tests.system.conftest import Let
from tests.system.house import EVERYDAY, House


@pytest.fixture(scope="module")
def house(let: Let) -> House:
    """One that was told to hedge."""
    return let(**EVERYDAY, HEDGE_WEBHOOKS="true")


def post(house: House, contact: str, text: str, id: str) -> int:
    """One webhook; its status."""
    said = Said(contact=contact, text=text, message_id=id, at=datetime.now(UTC))
    hook = PLATFORMS["chat2desk"].inbound(said, Credentials(account="default", access_token="simulator"))
    return house.client.post(
        hook.path, params=dict(hook.query), headers=dict(hook.headers), content=hook.body
    ).status_code


def heard(house: House, contact: str) -> list[str]:
    """What the books say the customer wrote, in order."""
    query = f"SELECT text FROM message_logs WHERE client_id = '{contact}' AND direction = 'in' ORDER BY id"
    return [text for (text,) in house.rows(query)]


def send(victims: list[psutil.Process], what: signal.Signals) -> None:
    for victim in victims:
        victim.send_signal(what)


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_what_an_api_was_telling_when_it_was_killed_is_answered_once(house: House) -> None:
    """PostgreSQL alone had the messages: the next API, or a worker, tells the conversation, in order."""
    house.write("371", "Здравствуйте, хочу заказать воду")
    house.answered("371", 1)
    temporal = house.children("temporal")
    send(temporal, signal.SIGSTOP)
    try:
        assert [200, 200] == [post(house, "371", f"вопрос {number}", f"937{number}") for number in range(2)]
        assert 2 == house.rows("SELECT count(*) FROM inbox WHERE attempts = 0 AND next_at > clock_timestamp()")[0][0]
        house.kill("api")
    finally:
        send(temporal, signal.SIGCONT)
    house.until(lambda: house.rows("SELECT count(*) FROM inbox")[0][0] == 0, 40)
    house.answered("371", 2, 40)
    assert ["вопрос 0", "вопрос 1"] == heard(house, "371")[1:]
    assert 2 == len(house.phone("371")), house.phone("371")


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_whoever_writes_through_an_absence_is_answered_in_order(house: House) -> None:
    """Slow turns out to be away: what is held, what queues behind it and what comes afterwards stay in their order."""
    house.until(house.healthy, 40)
    house.write("372", "Здравствуйте, хочу заказать воду")
    house.answered("372", 1)
    temporal = house.children("temporal")
    send(temporal, signal.SIGSTOP)
    try:
        assert 200 == post(house, "372", "вопрос 0", "93720")
        house.until(lambda: house.client.get("/health").json()["inbox"]["reason"].startswith("1 "))
        assert 200 == post(house, "372", "вопрос 1", "93721")
    finally:
        send(temporal, signal.SIGCONT)
    assert 200 == post(house, "372", "вопрос 2", "93722")
    house.until(lambda: house.rows("SELECT count(*) FROM inbox")[0][0] == 0, 40)
    house.until(lambda: heard(house, "372")[1:] == [f"вопрос {number}" for number in range(3)], 40)
