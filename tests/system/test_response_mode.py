"""ManyChat's response mode: the reply stands in the webhook's own answer, and whatever happens none is lost or doubled.

The house has two more accounts: `patient` thinks for a second, `slow` for longer than its sender is kept waiting.
"""

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from typing import Any

import httpx
import pytest

from tests.system.conftest import Let
from tests.system.house import EVERTURN, ON_THE_LINE, House

WITHIN = 9.0
"""Seconds in which ManyChat must be answered, whatever happens."""
MOMENT = ON_THE_LINE["MANYCHAT_INTERIM_TEXT"]
CONVERSATION = "conv:manychat:default:"
HELD = 3.0
"""For so long a reply is kept for whoever asked before it is pushed."""
_numbers = count(int(time.time()))


@pytest.fixture(scope="module")
def house(let: Let) -> House:
    """One house for these tests; each has a customer of its own."""
    lives = let(**ON_THE_LINE)
    add_account(lives, "patient", quiet=1.0, patience=8)
    add_account(lives, "slow", quiet=2.5, patience=1)
    return lives


def add_account(house: House, name: str, quiet: float, patience: int) -> None:
    """Another account of the same page, which thinks for longer."""
    words = [
        *(EVERTURN, "account", "add", "manychat", name, "--home", str(house.home), "--no-check"),
        *("--api-base-url", f"{house.url}/simulator/manychat", "--token-file", "-"),
        *("--turn-taking", f"quiet_period={quiet}", "--option", f"fallback_after={patience}"),
    ]
    environment = os.environ | house.environment
    subprocess.run(words, input="access_token=of-the-shop", text=True, check=True, capture_output=True, env=environment)


def ask(house: House, contact: str, text: str, account: str = "", timeout: float = 15) -> httpx.Response:
    """One External Request, as ManyChat makes it."""
    body = {"subscriber_id": contact, "text": text, "message_id": f"m{next(_numbers)}", "channel": "telegram"}
    return httpx.post(f"{house.url}/webhooks/manychat{account}", json=body, timeout=timeout, trust_env=False)


@contextmanager
def asking(house: House, contact: str, text: str, account: str) -> Iterator[Future[httpx.Response]]:
    """Ask, and do something while ManyChat waits on the line."""
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(ask, house, contact, text, account)
        house.until(lambda: is_heard(house, account, contact))
        yield waiting


def is_heard(house: House, account: str, contact: str) -> bool:
    """Whether the conversation has taken the message up."""
    path = f"/api/conversations/conv:manychat:{account[1:] or 'default'}:{contact}"
    headers = {"Authorization": f"Bearer {token_of(house)}"}
    answer = house.client.get(path, headers=headers)
    return answer.is_success and answer.json()["waiting_messages"] > 0


def token_of(house: House) -> str:
    """The operator's, as the house printed it."""
    return house.environment["OPERATOR_TOKEN"]


def shown(answer: httpx.Response) -> list[str]:
    """What ManyChat shows of a webhook's answer."""
    block: dict[str, Any] = answer.json()
    assert (200, "v2") == (answer.status_code, block["version"]), answer.text
    return [message["text"] for message in block["content"]["messages"]]


def pushed(house: House, contact: str) -> list[str]:
    """What was sent to the customer beside the webhooks' answers."""
    entries = house.client.get(f"/simulator/_world/manychat/{contact}").json()
    return [entry["text"] for entry in entries if entry["direction"] == "out"]


def pushed_once(house: House, contact: str, seconds: float = 30) -> str:
    """The one reply that is pushed, when it has come and no other follows."""
    house.until(lambda: pushed(house, contact), seconds)
    time.sleep(1)
    (reply,) = pushed(house, contact)
    return reply


def figure(house: House, name: str, account: str = "default") -> float:
    """A figure of this account's, as Prometheus reads it."""
    labels = (f'account="{account}"', 'platform="manychat"')
    lines = [line for line in house.client.get("/metrics").text.splitlines() if line.startswith(f"{name}{{")]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if all(label in line for label in labels))


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_the_reply_stands_in_the_answer(house: House) -> None:
    """A whole dialog of answers: nothing is pushed, the order is there at the end, and the figures know of them."""
    sent, timed = (figure(house, name) for name in ("messages_sent", "end_to_end_latency_ms_count"))
    told = shown(ask(house, "101", "3 бутыли на ул. Ахунбаева 12, кв. 5, 0555 12 34 56"))
    time.sleep(HELD + 0.5)
    told += shown(ask(house, "101", "да"))
    time.sleep(HELD + 0.5)

    assert (2, []) == (len(told), pushed(house, "101")), told
    assert [("sent",)] * 2 == house.rows(f"SELECT state FROM outbox WHERE conversation_id = '{CONVERSATION}101'")
    assert (2, 2) == (
        figure(house, "messages_sent") - sent, figure(house, "end_to_end_latency_ms_count") - timed
    )  # fmt: skip
    assert [(3,)] == house.rows(f"SELECT bottles_count FROM orders WHERE conversation_id = '{CONVERSATION}101'")


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_quick_customer_is_answered_in_the_answer_too(house: House) -> None:
    """Who taps "yes" within a moment sees the next reply at once, and not by push some seconds later."""
    told = shown(ask(house, "109", "3 бутыли на ул. Ахунбаева 12, кв. 5, 0555 12 34 56"))
    told += shown(ask(house, "109", "да"))

    assert 2 == len(told)


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_slow_reply_is_pushed_and_the_answer_says_one_moment(house: House) -> None:
    """ManyChat is answered in time, once, and the customer gets the reply as soon as it is there."""
    began = time.monotonic()
    answer = ask(house, "102", "привет", "/slow")
    took = time.monotonic() - began

    assert ([MOMENT], True) == (shown(answer), took < 2)
    assert pushed_once(house, "102").startswith("Здравствуйте")


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_whoever_hangs_up_is_told_by_push(house: House) -> None:
    """ManyChat gave up waiting: the reply it will never show is pushed, once."""
    with pytest.raises(httpx.ReadTimeout):
        ask(house, "103", "привет", "/patient", timeout=0.5)

    assert pushed_once(house, "103").startswith("Здравствуйте")


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_three_quick_questions_get_one_reply(house: House) -> None:
    """Each of three requests is answered; one of the answers holds the reply to all of them."""
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda text: ask(house, "104", text, "/patient"), ("раз", "два", "три")))
    time.sleep(HELD + 1)

    assert 1 == sum(len(shown(answer)) for answer in answers), [answer.text for answer in answers]
    assert [] == pushed(house, "104")


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_the_same_request_twice_is_answered_once(house: House) -> None:
    """ManyChat repeats itself: the second time there is nothing to show, and nobody says "one moment"."""
    body = {"subscriber_id": "105", "text": "привет", "message_id": "twice", "channel": "telegram"}
    first, second = (house.client.post("/webhooks/manychat", json=body) for _ in range(2))

    assert (1, []) == (len(shown(first)), shown(second))


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_workers_that_die_while_somebody_waits_answer_by_push(house: House) -> None:
    """The answer comes in time and says "one moment"; the workers' successors push the reply, once."""
    with asking(house, "106", "привет", "/slow") as waiting:
        house.kill(*["worker"] * len(house.children("worker")))
        answer = waiting.result(WITHIN)

    assert [MOMENT] == shown(answer)
    assert pushed_once(house, "106").startswith("Здравствуйте")


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_with_no_worker_at_all_the_answer_comes_in_time(house: House) -> None:
    """Nobody can think just now: the message is kept, the answer says so within ManyChat's patience."""
    stop = threading.Event()
    killer = threading.Thread(target=keep_killing, args=(house, stop))
    killer.start()
    try:
        time.sleep(0.5)
        began = time.monotonic()
        answer = ask(house, "107", "привет")
        took = time.monotonic() - began
    finally:
        stop.set()
        killer.join()

    assert ([MOMENT], True) == (shown(answer), took < WITHIN + 1)
    assert pushed_once(house, "107", 40).startswith("Здравствуйте")


def keep_killing(house: House, stop: threading.Event) -> None:
    """No worker lives long."""
    while not stop.wait(0.2):
        for worker in house.children("worker"):
            worker.kill()


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_an_api_that_dies_while_somebody_waits_loses_nothing(house: House) -> None:
    """ManyChat hears nothing at all; the customer gets the reply by push, once."""
    with asking(house, "108", "привет", "/patient") as waiting:
        house.kill("api")
        with pytest.raises(httpx.HTTPError):
            waiting.result(WITHIN)

    house.until(house.healthy)
    assert pushed_once(house, "108").startswith("Здравствуйте")


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_while_temporal_is_away_every_answer_comes_in_time(house: House) -> None:
    """The first asker is told to wait in time, the next ones nothing, at once; all is answered later, in order."""
    house.until(house.healthy)
    temporal = house.children("temporal")
    for process in temporal:
        process.suspend()
    try:
        took, said = zip(*(timed(house, text) for text in ("раз", "два", "три")), strict=True)
    finally:
        for process in temporal:
            process.resume()
    heard = (
        f"SELECT text FROM message_logs WHERE conversation_id = '{CONVERSATION}110' AND direction = 'in' ORDER BY id"
    )

    assert pushed_once(house, "110", 40).startswith("Здравствуйте")
    assert [("раз",), ("два",), ("три",)] == house.rows(heard)
    assert (True, True) == (took[0] < WITHIN + 0.5, max(took[1:]) < 1), took
    assert ([MOMENT], [], []) == said


def timed(house: House, text: str) -> tuple[float, list[str]]:
    """How long an asker waits, and what for."""
    began = time.monotonic()
    said = shown(ask(house, "110", text))
    return time.monotonic() - began, said
