"""Temporal is slow or stands still, and webhooks are hedged: nobody waits, nothing is lost, whoever dies meanwhile."""

import pytest

from tests.system.absence import freeze, heard, post, thaw
from tests.system.conftest import Let
from tests.system.house import EVERYDAY, House


@pytest.fixture(scope="module")
def house(let: Let) -> House:
    """An everyday one: it hedges."""
    return let(**EVERYDAY)


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_what_an_api_was_telling_when_it_was_killed_is_answered_once(house: House) -> None:
    """PostgreSQL alone had the messages: the next API, or a worker, tells the conversation, in order."""
    house.write("371", "Здравствуйте, хочу заказать воду")
    house.answered("371", 1)
    temporal = house.children("temporal")
    freeze(*temporal)
    try:
        assert [200, 200] == [post(house, "371", f"вопрос {number}", f"937{number}")[0] for number in range(2)]
        assert 2 == house.rows("SELECT count(*) FROM inbox")[0][0]
        house.kill("api")
    finally:
        thaw(*temporal)
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
    freeze(*temporal)
    try:
        assert 200 == post(house, "372", "вопрос 0", "93720")[0]
        house.until(lambda: house.client.get("/health").json()["inbox"]["reason"].startswith("1 "))
        assert 200 == post(house, "372", "вопрос 1", "93721")[0]
    finally:
        thaw(*temporal)
    assert 200 == post(house, "372", "вопрос 2", "93722")[0]
    house.until(lambda: house.rows("SELECT count(*) FROM inbox")[0][0] == 0, 40)
    house.until(lambda: heard(house, "372")[1:] == [f"вопрос {number}" for number in range(3)], 40)
