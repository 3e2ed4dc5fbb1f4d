"""What platforms tell about parts we sent, in a real PostgreSQL."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import psycopg
import pytest

from domain.identifiers import Address, tag_of
from domain.messages import Echo, InboundMessage, Part, ReceiptSeen, ReceiptState
from providers.records.books import Books
from providers.records.outbox import Outbox
from providers.records.pool import Pool, fetch_all, open_pool
from providers.records.receipts import Noted, Receipts

TO = Address(platform="whatsapp", account="main", contact="380501112233")
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
KEY = f"{TO.conversation_id}/e/1/0"


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    """An empty database."""
    opened = open_pool(database_url, size=3, name="test")
    await opened.open()
    yield opened
    await opened.close()


async def sent(pool: Pool, text: str = "Привіт", message_id: str = "wamid.1", key: str = KEY) -> str:
    """Send a part, as the delivery does; why it failed after all, if the platform had said so already."""
    outbox = Outbox(pool, "worker")
    await outbox.claim(key, TO, "", Part(text=text), 1)
    return await outbox.mark_sent(key, message_id)


def seen(state: ReceiptState, error: str = "", message_id: str = "wamid.1") -> ReceiptSeen:
    return ReceiptSeen(address=TO, message_id=message_id, state=state, at=NOW, error=error)


async def state_of(pool: Pool) -> str:
    [row] = await fetch_all(pool, "SELECT state FROM receipts")
    return str(row["state"])


@pytest.mark.parametrize(
    ("told", "stands"),
    [
        (["read", "delivered", "sent"], "read"),
        (["sent", "delivered", "read"], "read"),
        (["delivered", "failed"], "delivered"),
        (["sent", "failed", "delivered"], "failed"),
    ],
)
async def test_receipts_move_forwards_only(pool: Pool, told: list[str], stands: str) -> None:
    """Platforms promise no order: what was read stays read, and what failed stays failed."""
    await sent(pool)
    for state in told:
        await Receipts(pool).note(seen(ReceiptState(state)))
    assert stands == await state_of(pool)


async def test_a_part_that_did_not_arrive_becomes_a_dead_letter(pool: Pool) -> None:
    """The shop sees what its customer never got, and why; told twice, it is one letter, until somebody drops it."""
    await sent(pool)
    receipts = Receipts(pool)
    failed = seen(ReceiptState.FAILED, "131026: undeliverable")
    assert [Noted(failed=KEY)] * 2 == [await receipts.note(failed) for _ in range(2)]
    [letter] = await fetch_all(pool, "SELECT outbox_key, reason, outcome_unknown FROM dead_letters")
    [log] = await fetch_all(pool, "SELECT success, error_reason FROM message_logs")
    assert (KEY, "131026: undeliverable", False) == tuple(letter.values())
    assert (False, "131026: undeliverable") == tuple(log.values())


async def test_a_failure_that_was_noted_by_half_is_noted_whole_the_next_time(pool: Pool) -> None:
    """PostgreSQL went away in the middle of it: the platform delivers again, and the letter is there then."""
    await sent(pool)
    async with pool.connection() as another:
        await another.execute("ALTER TABLE dead_letters RENAME TO away")
        with pytest.raises(psycopg.Error):
            await Receipts(pool).note(seen(ReceiptState.FAILED, "131047: window"))
        await another.execute("ALTER TABLE away RENAME TO dead_letters")
    assert "failed" == await state_of(pool)
    assert Noted(failed=KEY) == await Receipts(pool).note(seen(ReceiptState.FAILED, "131047: window"))
    assert 1 == len(await fetch_all(pool, "SELECT 1 FROM dead_letters"))


async def test_what_was_delivered_did_not_fail(pool: Pool) -> None:
    """A late word of failure changes nothing about what the customer has read."""
    await sent(pool)
    await Receipts(pool).note(seen(ReceiptState.DELIVERED))
    assert Noted() == await Receipts(pool).note(seen(ReceiptState.FAILED, "131047: window"))
    assert [] == await fetch_all(pool, "SELECT 1 FROM dead_letters")


async def test_a_failure_told_before_the_send_is_written_down_is_not_lost(pool: Pool) -> None:
    """The platform's webhook may be faster than its answer to our call."""
    assert Noted() == await Receipts(pool).note(seen(ReceiptState.FAILED, "131047: window"))
    assert "131047: window" == await sent(pool)
    assert "" == await sent(pool, message_id="", key=f"{KEY}0")


async def test_our_own_part_is_recognised(pool: Pool) -> None:
    """What we sent is no operator's message, by its id or, while it is under way, by its words."""
    await sent(pool)
    await Outbox(pool, "worker").claim(f"{KEY}1", TO, "", Part(text="Ваше  замовлення\nготове"), 1)
    receipts = Receipts(pool)
    ours = Echo(address=TO, message_id="wamid.1", by_operator=None, text="інакше")
    under_way = Echo(address=TO, message_id="wamid.2", by_operator=None, text="Ваше замовлення готове")
    theirs = Echo(address=TO, message_id="wamid.3", by_operator=None, text="Це Олена, зараз допоможу")
    assert [(True, ""), (True, ""), (False, "")] == [
        await receipts.recognise(echo) for echo in (ours, under_way, theirs)
    ]


async def test_an_echo_is_the_answer_that_never_came(pool: Pool) -> None:
    """A part whose outcome was unknown was delivered after all: nobody need look at it any more."""
    outbox = Outbox(pool, "worker")
    await outbox.claim(KEY, TO, "", Part(text="Привіт"), 1)
    await outbox.bury(KEY, "no answer", unknown=True)
    echo = Echo(address=TO, message_id="wamid.9", by_operator=None, text="Привіт")
    assert (True, KEY) == await Receipts(pool).recognise(echo)
    assert (True, "") == await Receipts(pool).recognise(echo)
    assert [] == await fetch_all(pool, "SELECT 1 FROM dead_letters")
    [row] = await fetch_all(pool, "SELECT state, message_id FROM outbox")
    assert ("sent", "wamid.9") == tuple(row.values())


@pytest.mark.parametrize("case", ["refused and shown", "taken without an id", "one moment, refused and shown"])
async def test_what_did_not_seem_to_be_sent_is_ours_all_the_same(pool: Pool, case: str) -> None:
    """A bridge says "Connection Closed" when WhatsApp has it already: no operator wrote that, and it goes out once."""
    outbox, receipts = Outbox(pool, "worker"), Receipts(pool)
    key = KEY.replace("/0", "/interim") if "moment" in case else KEY
    await outbox.claim(key, TO, "", Part(text="Привіт"), 1)
    match case:
        case "refused and shown":
            await outbox.mark_waiting(key, "HTTP 500", 1, counted=True)
        case "taken without an id":
            await outbox.mark_sent(key, "")
        case _:
            await outbox.bury(key, "HTTP 500", lettered=False)
    echo = Echo(address=TO, message_id="wamid.9", by_operator=None, text="Привіт")
    assert (True, "" if "moment" in case else KEY) == await receipts.recognise(echo)
    assert "moment" in case or None is await outbox.claim(key, TO, "", Part(text="Привіт"), 1)
    lines = await fetch_all(pool, "SELECT success FROM message_logs WHERE direction = 'out'")
    assert [True] == [line["success"] for line in lines] or "moment" in case


async def test_every_line_tells_how_far_the_dialog_had_come(pool: Pool) -> None:
    """A shop counts where its customers stop: the message and its reply name the step."""
    message = InboundMessage(id="m", received_at=NOW, text="вода")
    await Books(pool).log_inbound(TO, [message], 1, "")
    await Books(pool).note_phase(TO, [message], "address")
    await sent(pool)
    lines = await fetch_all(pool, "SELECT direction, dialog_state FROM message_logs ORDER BY id")
    assert [("in", "address"), ("out", "address")] == [tuple(line.values()) for line in lines]


async def test_what_never_left_is_not_ours(pool: Pool) -> None:
    """The part waits for its account's turn; whoever wrote the same words was a person."""
    outbox = Outbox(pool, "worker")
    await outbox.claim(KEY, TO, "", Part(text="Привіт"), 1)
    await outbox.mark_waiting(KEY, "paused", 1, counted=False)
    echo = Echo(address=TO, message_id="wamid.9", by_operator=None, text="Привіт")
    assert (False, "") == await Receipts(pool).recognise(echo)


async def test_a_late_attempt_unmakes_nothing(pool: Pool) -> None:
    """A worker stood still, another one sent the part; what the first one meets when it wakes up changes nothing."""
    first, second = Outbox(pool, "1"), Outbox(pool, "2")
    await first.claim(KEY, TO, "", Part(text="Привіт"), 1)
    await second.bury(KEY, "nobody can tell", unknown=True)
    await second.mark_sent(KEY, "wamid.1")
    assert [] == await fetch_all(pool, "SELECT 1 FROM dead_letters"), "nobody need press what has arrived"
    await first.bury(KEY, "no answer", unknown=True)
    [row] = await fetch_all(pool, "SELECT state FROM outbox")
    assert "sent" == row["state"]


async def test_a_person_who_says_it_again_is_a_person(pool: Pool) -> None:
    """A part did not seem to arrive, so an operator typed the same words: they have taken over."""
    outbox = Outbox(pool, "worker")
    await outbox.claim(KEY, TO, "", Part(text="Привіт"), 1)
    await outbox.bury(KEY, "no answer", unknown=True)
    echo = Echo(address=TO, message_id="wamid.9", by_operator=True, text="Привіт")
    assert (False, "") == await Receipts(pool).recognise(echo)


@pytest.mark.parametrize("state", ["sent", "failed"])
async def test_a_receipt_names_the_part_whose_answer_never_came(pool: Pool, state: str) -> None:
    """The platform gives back what we had sent along: the part is no riddle any more, whatever became of it."""
    outbox, receipts = Outbox(pool, "worker"), Receipts(pool)
    await outbox.claim(KEY, TO, "", Part(text="Привіт"), 1)
    await outbox.bury(KEY, "no answer", unknown=True)
    told = seen(ReceiptState(state), "131026: undeliverable", "wamid.7").model_copy(update={"tag": tag_of(KEY)})
    assert (Noted(found=KEY) if state == "sent" else Noted(failed=KEY)) == await receipts.note(told)
    [row] = await fetch_all(pool, "SELECT state, message_id FROM outbox")
    letters = await fetch_all(pool, "SELECT reason, outcome_unknown FROM dead_letters")
    assert ("sent" if state == "sent" else "dead", "wamid.7") == tuple(row.values())
    assert ([] if state == "sent" else [("131026: undeliverable", False)]) == [tuple(each.values()) for each in letters]
