"""Temporal is away: customers write on, nothing is lost, and all of it is answered when Temporal is back."""

import time
from datetime import UTC, datetime

import httpx
import psutil
import pytest

from platforms.base import Credentials
from platforms.kit import Said
from platforms.registry import PLATFORMS
from tests.system.absence import freeze, heard, post, thaw
from tests.system.conftest import Let
from tests.system.house import EVERYDAY, House

ALL_WAIT = "11 messages wait in the inbox for Temporal"


@pytest.fixture(scope="module")
def house(let: Let) -> House:
    """One house for these tests; each has customers of its own."""
    return let(**EVERYDAY)


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_messages_taken_while_temporal_is_away_are_answered_afterwards(house: House) -> None:
    """Three customers write on while Temporal stands still; each is answered afterwards, in order, once."""
    house.write("301", "Здравствуйте, хочу заказать воду")
    house.answered("301", 1)
    temporal = house.children("temporal")
    freeze(*temporal)
    try:
        taken = [post(house, "301", "ул. Ахунбаева 12, кв. 5", "9301")]
        for number in range(5):
            taken += [post(house, f"31{customer}", f"вопрос {number}", f"93{customer}{number}") for customer in "12"]
            taken += [post(house, "311", f"вопрос {number}", f"931{number}")]  # delivered twice
        waiting = house.rows("SELECT count(*) FROM inbox")[0][0]
        house.until(lambda: house.client.get("/health").json()["inbox"] == {"status": "degraded", "reason": ALL_WAIT})
        metrics = house.client.get("/metrics").text
    finally:
        thaw(*temporal)
    house.answered("301", 2, 40)
    house.answered("311", 1, 40)
    house.answered("312", 1, 40)
    house.until(lambda: house.rows("SELECT count(*) FROM inbox")[0][0] == 0)

    assert {200} == {status for status, _ in taken}
    assert [] == [seconds for _, seconds in taken[1:] if seconds > 1], "no more than the first waits for Temporal"
    assert 11 == waiting
    assert 'unaccounted_messages{account="default",platform="chat2desk"} 11.0' in metrics
    for customer in ("311", "312"):
        assert [f"вопрос {number}" for number in range(5)] == heard(house, customer)
    assert 2 == len(house.phone("301")), house.phone("301")


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_worker_hands_over_what_a_dead_api_took(house: House) -> None:
    """The API takes a message while Temporal is away, and dies for good: whoever survives hands it over."""
    house.until(house.healthy)
    time.sleep(3)  # a worker looks after the inbox once it has settled
    temporal, supervisor = house.children("temporal"), psutil.Process(house.process.pid)
    freeze(*temporal)
    try:
        assert 200 == post(house, "321", "Здравствуйте", "9321")[0]
        freeze(supervisor)  # nobody starts another API
        house.kill("api")
    finally:
        thaw(*temporal)
    try:
        house.until(lambda: house.rows("SELECT count(*) FROM inbox")[0][0] == 0, 40)
        house.until(lambda: heard(house, "321") == ["Здравствуйте"], 40)
    finally:
        thaw(supervisor)
    house.answered("321", 1, 40)


@pytest.mark.alone
@pytest.mark.slow
@pytest.mark.timeout(120)
def test_with_postgresql_away_too_the_platform_is_asked_to_try_again(house: House) -> None:
    """Nothing can make the message durable, so nobody says it is: 503 with Retry-After, and the retry is answered."""
    house.until(house.healthy)
    servers = [*house.children("temporal"), *house.children("postgres")]
    freeze(*servers)
    said = Said(contact="331", text="Здравствуйте", message_id="9331", at=datetime.now(UTC))
    hook = PLATFORMS["chat2desk"].inbound(said, Credentials(account="default", access_token="simulator"))
    try:
        answer = httpx.post(
            house.url + hook.path, params=dict(hook.query), headers=dict(hook.headers), content=hook.body, timeout=30,
            trust_env=False,
        )  # fmt: skip
    finally:
        thaw(*servers)
    assert (503, True) == (answer.status_code, answer.headers["retry-after"].isdigit())
    house.write("331", "Здравствуйте", id="9331")
    house.answered("331", 1, 40)
    assert ["Здравствуйте"] == heard(house, "331")


@pytest.mark.alone
@pytest.mark.slow
@pytest.mark.timeout(120)
def test_with_postgresql_away_alone_messages_are_taken_all_the_same(house: House) -> None:
    """Temporal makes them durable; a database that stands still must not make a platform wait, and /health says so.

    Even where Temporal was away a moment ago, and a message still waits in the database for it.
    """
    house.until(house.healthy)
    postgres, temporal = house.children("postgres"), house.children("temporal")
    freeze(*temporal)
    try:
        assert 200 == post(house, "340", "Здравствуйте", "9340")[0]
        freeze(*postgres)
    finally:
        thaw(*temporal)
    taken, probes = [], []
    try:
        for number, platform in enumerate(PLATFORMS):
            said = Said(contact=f"35{number}", text="Здравствуйте", message_id=f"935{number}", at=datetime.now(UTC))
            hook = PLATFORMS[platform].inbound(said, Credentials(account="default", access_token="simulator"))
            began = time.monotonic()
            answer = house.client.post(
                hook.path, params=dict(hook.query), headers=dict(hook.headers), content=hook.body
            )
            waited = time.monotonic() - began  # the first finds out that the inbox does not answer
            taken.append((platform, answer.is_success, waited < (4 if number else 9)))
        began = time.monotonic()
        probes = [house.client.get("/health").status_code]
        waited = time.monotonic() - began
    finally:
        thaw(*postgres)
    assert [(platform, True, True) for platform in PLATFORMS] == taken
    assert ([503], True) == (probes, waited < 4)
    house.until(house.healthy, 40)
    house.answered("340", 1, 40)
