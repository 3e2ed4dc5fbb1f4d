"""A customer who writes too fast is asked to wait, and the asking is kept to."""

import json
from uuid import uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from temporalio.client import Client

from api.flood import LETTERS_OF_A_MESSAGE, MINUTE, FloodGate

SECRET = {"X-Webhook-Secret": "many-secret"}
MOST = 20
"""What `base_url`'s API lets one customer write in a minute."""


class Clock:
    """The gate's clock, which a test may put forward."""

    def __init__(self) -> None:
        self.ahead = 0.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Waiting a minute takes no time."""
    clock, admit = Clock(), FloodGate.admit

    def later(gate: FloodGate, sender: str, now: float, letters: int = 0, messages: int = 1) -> float:
        return admit(gate, sender, now + clock.ahead, letters, messages)

    monkeypatch.setattr(FloodGate, "admit", later)
    return clock


def write(door: httpx.Client, contact: str, text: str) -> httpx.Response:
    """One message; the platform calls it by its text and its customer, however often it delivers it."""
    body = {"subscriber_id": contact, "text": text, "message_id": f"{contact}/{text}"}
    return door.post("/webhooks/manychat", json=body, headers=SECRET)


async def heard(temporal: Client, contact: str) -> list[str]:
    """The texts that stand in the customer's conversation, in their order."""
    history = await temporal.get_workflow_handle(f"conv:manychat:default:{contact}").fetch_history()
    signals = [event.workflow_execution_signaled_event_attributes for event in history.events]
    return [json.loads(signal.input.payloads[0].data)["text"] for signal in signals if signal.signal_name == "receive"]


async def test_who_waits_as_told_is_taken_again_and_nothing_is_lost(
    door: httpx.Client, temporal: Client, clock: Clock
) -> None:
    """What was accepted before the refusal stays, what was refused comes with its next delivery, all in order.

    And a customer who writes meanwhile notices nothing.
    """
    hasty, calm = uuid4().hex, uuid4().hex
    accepted = [write(door, hasty, str(number)).status_code for number in range(MOST)]
    refused = write(door, hasty, "too much")
    beside = write(door, calm, "and me?")
    wait = int(refused.headers["retry-after"])
    clock.ahead = wait / 2
    early = write(door, hasty, "too much").status_code
    clock.ahead = wait
    again = [write(door, hasty, text).status_code for text in ("too much", "and on")]

    assert ([202] * MOST, 429, 202, 429, [202, 202]) == (
        accepted,
        refused.status_code,
        beside.status_code,
        early,
        again,
    )
    assert [*map(str, range(MOST)), "too much", "and on"] == await heard(temporal, hasty)
    assert ["and me?"] == await heard(temporal, calm)


async def test_refusals_do_not_make_the_wait_longer(door: httpx.Client, temporal: Client, clock: Clock) -> None:
    """A platform that knocks every few seconds all the same gets in as soon as one that waited."""
    contact = uuid4().hex
    for number in range(MOST):
        write(door, contact, str(number))
    wait = int(write(door, contact, "more").headers["retry-after"])
    for second in range(0, wait - 2, 3):
        clock.ahead = second
        assert 429 == write(door, contact, "more").status_code
    clock.ahead = wait
    assert 202 == write(door, contact, "more").status_code
    assert [*map(str, range(MOST)), "more"] == await heard(temporal, contact)


VISITS = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 70), st.integers(0, 8)), min_size=1, max_size=40)


@given(visits=VISITS, most=st.integers(1, 6))
def test_the_wait_that_is_asked_for_is_the_wait_that_helps(visits: list[tuple[str, int, int]], most: int) -> None:
    """Long messages and short ones: who waits as long as told is taken, and a second earlier would not have helped."""
    gate, now = FloodGate(most), 0.0
    for sender, pause, weight in visits:
        now += pause
        wait = gate.admit(sender, now, weight * LETTERS_OF_A_MESSAGE)
        if wait:
            assert 0 < wait <= MINUTE
            assert wait == 1 or gate.admit(sender, now + wait - 1) > 0
            now += wait
            assert 0 == gate.admit(sender, now)


@given(visits=VISITS, most=st.integers(1, 6))
def test_nobody_is_refused_for_what_another_wrote(visits: list[tuple[str, int, int]], most: int) -> None:
    """Each customer is treated as if they were the only one."""
    together, alone, now = FloodGate(most), {"a": FloodGate(most), "b": FloodGate(most)}, 0.0
    for sender, pause, weight in visits:
        now += pause
        letters = weight * LETTERS_OF_A_MESSAGE
        assert alone[sender].admit(sender, now, letters) == together.admit(sender, now, letters)
