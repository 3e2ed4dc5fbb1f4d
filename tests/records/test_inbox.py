"""What was heard while Temporal was away is handed over in its order, however much it is and however many hand over."""

from collections.abc import AsyncIterator

import pytest

from domain.identifiers import Address
from providers.records.inbox import Inbox
from providers.records.pool import Pool, fetch_all, open_pool


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    """An empty database."""
    opened = open_pool(database_url, size=4, name="test")
    await opened.open()
    yield opened
    await opened.close()


async def filled(pool: Pool, customers: int, each: int) -> Inbox:
    """Customers who wrote in turns while Temporal was away."""
    inbox = Inbox(pool)
    for number in range(each):
        for customer in range(customers):
            to = Address(platform="manychat", account="default", contact=str(customer))
            await inbox.put(to, "message", f"{customer}/{number}", {"number": number}, opens=True)
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
