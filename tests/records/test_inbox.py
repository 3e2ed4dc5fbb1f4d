"""What was heard while Temporal was away is handed over in its order, however much it is and however many hand over."""

from collections.abc import AsyncIterator

import pytest

from domain.identifiers import Address
from providers.records.inbox import Held, Inbox
from providers.records.pool import Pool, fetch_all, open_pool


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    """An empty database."""
    opened = open_pool(database_url, size=4, name="test")
    await opened.open()
    yield opened
    await opened.close()


def held(number: int, customer: str = "0") -> Held:
    """A message of a customer's."""
    to = Address(platform="manychat", account="default", contact=customer)
    return Held(to, "message", f"{customer}/{number}", f'{{"number": {number}}}', opens=True)


async def filled(pool: Pool, customers: int, each: int) -> Inbox:
    """Customers who wrote in turns while Temporal was away."""
    inbox = Inbox(pool)
    for number in range(each):
        for customer in range(customers):
            await inbox.put(held(number, str(customer)))
    return inbox


async def test_a_talkative_customer_is_handed_over_in_one_go(pool: Pool) -> None:
    """Sixty messages of three customers do not take twenty rounds; each customer's are in their order."""
    inbox = await filled(pool, customers=3, each=20)
    async with inbox.take(50) as taken:
        groups = taken.by_conversation()
        taken.done += [kept.id for kept in taken.rows]
    assert [list(range(20))] * 3 == [[kept.message["number"] for kept in group] for group in groups]
    assert 0 == await inbox.waiting()


async def test_two_processes_never_share_a_conversation(pool: Pool) -> None:
    """While one hands over, the other one takes what is nobody's; nobody's second message goes first."""
    inbox = await filled(pool, customers=3, each=2)
    async with inbox.take(1) as first, Inbox(pool).take(50) as second:
        held, others = ({kept.conversation_id for kept in taken.rows} for taken in (first, second))
    assert (1, 2, set()) == (len(held), len(others), held & others)


async def test_what_waits_for_its_next_attempt_holds_up_its_own_customer_alone(pool: Pool) -> None:
    """The first message of one customer was refused: the second waits behind it, and everybody else's go on."""
    inbox = await filled(pool, customers=2, each=2)
    async with inbox.take(50) as taken:
        stuck = taken.by_conversation()[0][0]
        taken.failed[stuck.id] = "not now"
    async with inbox.take(50) as taken:
        assert {"conv:manychat:default:1"} == {kept.conversation_id for kept in taken.rows}
    await fetch_all(pool, "UPDATE inbox SET next_at = now() RETURNING 1")
    async with inbox.take(50) as taken:
        assert [0, 1] == [kept.message["number"] for kept in taken.by_conversation()[0]]


async def test_what_waits_for_a_person_holds_nobody_up(pool: Pool) -> None:
    """A message that no attempt would help is put aside; what its customer wrote next goes on."""
    inbox = await filled(pool, customers=1, each=2)
    async with inbox.take(50) as taken:
        taken.unreadable[taken.rows[0].id] = "unreadable"
    async with inbox.take(50) as taken:
        assert [1] == [kept.message["number"] for kept in taken.rows]


async def handed_over(inbox: Inbox) -> list[int]:
    """What can be handed over now, in its order."""
    async with inbox.take(50) as taken:
        return [kept.message["number"] for group in taken.by_conversation() for kept in group]


async def test_what_is_being_told_is_neither_waiting_nor_handed_over(pool: Pool) -> None:
    """It alarms nobody; told, it is gone; not taken, it is handed over at once, in its order."""
    inbox = Inbox(pool)
    await inbox.hold([held(number) for number in range(4)], 600)
    assert ([], 0) == (await handed_over(inbox), await inbox.waiting())
    await inbox.let_go({held(0).key: True, held(1).key: False, held(2).key: True})
    assert [] == await handed_over(inbox), "the last of them is still being told"
    await inbox.let_go({held(3).key: False})
    assert ([1, 3], 2) == (await handed_over(inbox), await inbox.waiting())


async def test_what_came_later_waits_behind_what_is_being_told(pool: Pool) -> None:
    """The order is the customer's, whichever way each message took; another customer is not held up."""
    inbox = Inbox(pool)
    await inbox.hold([held(1)], 600)
    for customer, number in (("0", 2), ("7", 3)):
        await inbox.put(held(number, customer))
    assert [3] == await handed_over(inbox)
    await inbox.let_go({held(1).key: False})
    assert [1, 2, 3] == await handed_over(inbox)


async def test_what_a_dead_process_was_telling_is_handed_over(pool: Pool) -> None:
    """Nobody says how it ended: after its time it is due like anything else, and counted."""
    inbox = Inbox(pool)
    await inbox.hold([held(1)], 0)
    assert ([1], 1) == (await handed_over(inbox), await inbox.waiting())


async def test_a_message_told_twice_is_kept_once_and_goes_with_the_first(pool: Pool) -> None:
    """The platform delivers again while the first delivery is under way; a message set aside goes once it is told."""
    inbox = Inbox(pool)
    await inbox.hold([held(1), held(1)], 600)
    await inbox.hold([held(1)], 0)
    assert [] == await handed_over(inbox)
    await fetch_all(pool, "UPDATE inbox SET refused_at = now(), attempts = 10 RETURNING 1")
    await inbox.let_go({held(1).key: False})
    assert 1 == await inbox.refused()
    await inbox.let_go({held(1).key: True})
    assert 0 == await inbox.refused()
