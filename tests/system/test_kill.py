"""The whole system on real processes, killed in the middle of a dialog: nothing lost, one order, no second answer."""

import time

import pytest

from tests.system.conftest import Let
from tests.system.house import EVERYDAY, House


@pytest.fixture(scope="module")
def house(let: Let) -> House:
    """One house for these tests; each has a customer of its own."""
    return let(**EVERYDAY)


def order_of(house: House, contact: str) -> list[tuple[str, str, int]]:
    """The rows this customer's orders made."""
    return house.rows(
        "SELECT client_phone, delivery_address, bottles_count FROM orders"
        f" WHERE chat2desk_client_id = '{contact}' ORDER BY id"
    )


def nothing_was_said_twice(house: House, contact: str, answers: int) -> None:
    """Replies go out in order: whatever came late, or again, stands before the answer to one more message."""
    house.write(contact, "здравствуйте")
    *before, last = house.answered(contact, answers + 1)
    assert (answers, answers) == (len(before), len(set(before))), before
    assert last.startswith("Здравствуйте"), last


KEEPER_AND_TWO = 3
"""The processes called `everturn worker`: the keeper, which comes first, and the two it keeps."""
WANTED = [("+996555123456", "ул. Ахунбаева 12, кв. 5", 3)]


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("victims", "contact"),
    [(("api",), "101"), (("worker",), "102"), (("temporal",), "103"), (("postgres",), "104")],
    ids=lambda value: value if isinstance(value, str) else "+".join(value),
)
def test_a_killed_process_costs_the_customer_nothing(house: House, victims: tuple[str, ...], contact: str) -> None:
    """Kill -9 in mid-dialog, right after a message was accepted: the dialog goes on and ends in one order."""
    house.write(contact, "Здравствуйте, хочу заказать воду")
    house.answered(contact, 1)
    for number, text in enumerate(["ул. Ахунбаева 12, кв. 5", "0555 12 34 56", "3"], start=2):
        house.write(contact, text)
        house.kill(*victims)
        house.answered(contact, number)
    house.write(contact, "да")
    house.kill(*victims)
    house.answered(contact, 5)
    house.until(house.healthy)

    assert WANTED == order_of(house, contact)
    nothing_was_said_twice(house, contact, 5)


@pytest.mark.alone
@pytest.mark.slow
@pytest.mark.timeout(120)
def test_conversations_go_on_within_three_seconds_of_a_workers_death(house: House) -> None:
    """One of the two workers dies while customers are talking: nobody's next answer is noticeably late."""
    customers = [f"105{number}" for number in range(6)]
    slowest = []
    for step, text in enumerate(("привет", "ул. Ахунбаева 12, кв. 5", "0555 12 34 56", "3"), start=1):
        if step > 1:
            house.until(lambda: len(house.children("worker")) == KEEPER_AND_TWO)
            house.kill_one("worker", 1)
        began = time.monotonic()
        for contact in customers:
            house.write(contact, text)
        for contact in customers:
            house.answered(contact, step)
        slowest.append(time.monotonic() - began)

    assert min(slowest[1:]) < 3, "the best of three deaths, for these machines are noisy"


@pytest.mark.alone
@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_conversation_goes_on_soon_after_every_worker_died(house: House) -> None:
    """No worker is left, nor their keeper: all is loaded anew, and the conversation goes on as soon as one stands."""
    waited: list[float] = []
    for contact in ("1061", "1062", "1063"):
        if waited and min(waited) < 4:
            break
        house.write(contact, "привет")
        house.answered(contact, 1)
        time.sleep(3.2)  # a worker that has lived a while is replaced at once
        house.kill("worker")
        began = time.monotonic()
        house.write(contact, "ул. Ахунбаева 12, кв. 5")
        house.answered(contact, 2)
        waited.append(time.monotonic() - began)

    assert min(waited) < 4, "the best of three, for these machines are noisy"


@pytest.mark.alone
@pytest.mark.slow
@pytest.mark.timeout(120)
def test_both_workers_dead_at_once_are_hardly_noticed(house: House) -> None:
    """Their keeper has the program loaded: two successors stand at once, and customers are answered in time."""
    house.write("1071", "привет")
    house.answered("1071", 1)
    time.sleep(3.2)
    house.until(lambda: len(house.children("worker")) == KEEPER_AND_TWO)
    house.kill_one("worker", 1)
    house.kill_one("worker", -1)
    began = time.monotonic()
    house.write("1071", "ул. Ахунбаева 12, кв. 5")
    house.answered("1071", 2)
    assert time.monotonic() - began < 4


@pytest.mark.alone
@pytest.mark.slow
@pytest.mark.timeout(120)
def test_workers_go_on_without_their_keeper(house: House) -> None:
    """The keeper dies alone: its workers answer until their successors stand, and then make room."""
    house.until(lambda: len(house.children("worker")) == KEEPER_AND_TWO)
    before = {process.pid for process in house.children("worker")}
    house.kill_one("worker", 0)
    house.write("1072", "привет")
    house.answered("1072", 1, seconds=3)
    house.until(lambda: not before & {process.pid for process in house.processes("worker")}, 20)
    assert KEEPER_AND_TWO == len(house.children("worker"))


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_everything_killed_at_once_and_started_again(house: House) -> None:
    """The laptop's battery dies in mid-dialog; `everturn up` again, and the dialog goes on where it stood."""
    contact = "108"
    house.write(contact, "3 бутыли на ул. Ахунбаева 12, кв. 5")
    house.answered(contact, 1)
    house.write(contact, "0555 12 34 56")
    house.kill_everything()
    house.start()
    house.answered(contact, 2)
    house.write(contact, "да")
    house.answered(contact, 3)

    assert WANTED == order_of(house, contact)
    nothing_was_said_twice(house, contact, 3)


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_ctrl_c_stops_within_ten_seconds_and_nothing_is_forgotten(house: House) -> None:
    """The everyday stop and start, between a question and its answer."""
    contact = "109"
    doubled = house.write(contact, "3 бутыли на ул. Ахунбаева 12, кв. 5")
    house.answered(contact, 1)
    began = time.monotonic()
    status = house.stop()
    assert (0, True) == (status, time.monotonic() - began < 10)
    house.start()
    house.write(contact, "3 бутыли на ул. Ахунбаева 12, кв. 5", id=doubled)
    house.write(contact, "0555 12 34 56")
    told = house.answered(contact, 2)

    assert 2 == len(told), told


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_an_accounts_rate_holds_over_two_workers_and_nobody_else_waits(house: House) -> None:
    """Fifteen replies on an account that may send sixty a minute are paced, and another shop's customer is not."""
    before = len(house.calls("manychat"))
    with house.another_worker():
        for number in range(15):
            house.write(f"30{number}", "привет", platform="manychat")
        house.write("110", "привет")
        house.answered("110", 1, seconds=10)
        calls = house.until(lambda: len(found := house.calls("manychat")[before:]) >= 15 and found, seconds=40)

    span = (max(calls) - min(calls)).total_seconds()
    assert (15 - 8) / (60 / 60) <= span, "a first handful may go at once, then one a second at most"
