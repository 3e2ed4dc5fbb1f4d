"""Every message we said yes to has one fate, and one that has none is seen."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.conservation import Bookkeeper
from api.problems import Problem
from contracts.conversation import Overview, PageRequest, TranscriptLine, TranscriptPage
from domain.conversation import Holder
from domain.fates import Fate
from domain.identifiers import Address, outbox_key
from domain.messages import InboundMessage, Part
from providers.records.books import Books
from providers.records.conservation import Accepted, Conservation, Doubtful, unaccounted
from providers.records.outbox import Outbox
from providers.records.pool import Pool, fetch_all, fetch_one, open_pool

SHOP = Address(platform="chat2desk", account="default", contact="1")
NOW = datetime.now(UTC)


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    """Books of this module's own, empty."""
    async with open_pool(database, size=2) as opened:
        for table in ("accepted", "outbox", "message_logs", "inbox"):
            await fetch_one(opened, f"DELETE FROM {table}")
        yield opened


@pytest.fixture
def books(pool: Pool) -> Conservation:
    """What is owed a fate."""
    return Conservation(pool)


def accepted(*ids: str, age: float = 60.0) -> list[Accepted]:
    """Messages of one customer, taken a minute ago."""
    return [Accepted(SHOP, id, age) for id in ids]


async def taken_up(pool: Pool, *ids: str, turn: int = 1, state: str = "") -> None:
    """A turn wrote these down, all at once."""
    messages = [InboundMessage(id=id, text="привіт", received_at=NOW) for id in ids]
    await Books(pool).log_inbound(SHOP, messages, turn, state)


async def replied(pool: Pool, place: str = "0", turn: int = 1, state: str = "sent") -> None:
    """The turn's reply stands in the outbox like this."""
    key, outbox = outbox_key(SHOP.conversation_id, "epoch", turn, place), Outbox(pool, "test")
    await outbox.claim(key, SHOP, "", Part(text="Добрий день!"), turn)
    if state == "sent":
        await outbox.mark_sent(key, f"m-{turn}-{place}")
    elif state in ("dead", "unknown"):
        await outbox.bury(key, "no answer", unknown=state == "unknown")


async def fates(books: Conservation, *ids: str) -> list[Fate | None]:
    """What the books tell."""
    return await books.fates_of(accepted(*ids))


async def test_the_last_message_of_a_burst_is_answered_and_the_others_with_it(pool: Pool, books: Conservation) -> None:
    """Three quick messages, one reply."""
    await taken_up(pool, "a", "b", "c")
    assert [None] * 3 == await fates(books, "a", "b", "c")
    await replied(pool)
    assert [Fate.MERGED, Fate.MERGED, Fate.ANSWERED] == await fates(books, "a", "b", "c")


async def test_a_decision_that_was_thrown_away_is_told_from_a_burst(pool: Pool, books: Conservation) -> None:
    """The customer wrote on while we thought: the same turn was decided anew with both."""
    await taken_up(pool, "a")
    await taken_up(pool, "a", "b")
    await replied(pool)
    assert [Fate.SUPERSEDED, Fate.ANSWERED] == await fates(books, "a", "b")


@pytest.mark.parametrize(
    ("place", "state", "fate"),
    [("0", "dead", Fate.TO_A_PERSON), ("0", "unknown", Fate.TO_A_PERSON), ("apology", "sent", Fate.EXPIRED),
     ("interim", "sent", None), ("op-1", "sent", None), ("0", "sending", None)],
)  # fmt: skip
async def test_how_a_reply_ended_is_the_messages_fate(
    pool: Pool, books: Conservation, place: str, state: str, fate: Fate | None
) -> None:
    """A dead letter is a person's; "one moment" is no answer; what is on its way has no fate yet."""
    await taken_up(pool, "a")
    await replied(pool, place, state=state)
    assert [fate] == await fates(books, "a")


async def test_what_an_operator_got_and_what_was_taken_back(pool: Pool, books: Conservation) -> None:
    """Neither is answered by us, and neither is lost."""
    await taken_up(pool, "a", state="operator")
    await taken_up(pool, "b", turn=2)
    await Books(pool).forget(SHOP, "b")
    await taken_up(pool, "c:edited:1", turn=3)
    assert [Fate.TO_A_PERSON, Fate.UNSENT, Fate.SUPERSEDED, None] == await fates(books, "a", "b", "c", "d")


async def test_a_message_delivered_again_is_a_duplicate(pool: Pool, books: Conservation) -> None:
    """It was answered long before this delivery."""
    await taken_up(pool, "a")
    await replied(pool)
    await fetch_one(pool, "UPDATE message_logs SET logged_at = now() - interval '1 hour'")
    assert [Fate.DUPLICATE] == await fates(books, "a")


@pytest.mark.parametrize(("state", "fate"), [("sending", None), ("dead", Fate.TO_A_PERSON), (None, None)])
async def test_a_second_delivery_hides_nothing(
    pool: Pool, books: Conservation, state: str | None, fate: Fate | None
) -> None:
    """The API died before it could say yes, the platform came again: the reply is owed all the same."""
    await taken_up(pool, "a")
    if state:
        await replied(pool, state=state)
    await fetch_one(pool, "UPDATE message_logs SET logged_at = now() - interval '90 s'")
    assert [fate] == await fates(books, "a")


async def test_a_second_delivery_of_what_was_never_to_be_answered_is_one(pool: Pool, books: Conservation) -> None:
    """A turn of yesterday that had nothing to say."""
    await taken_up(pool, "a")
    await fetch_one(pool, "UPDATE message_logs SET logged_at = now() - interval '1 day'")
    assert [Fate.DUPLICATE] == await fates(books, "a")


async def test_what_has_a_fate_leaves_the_book_and_the_rest_is_unaccounted(pool: Pool, books: Conservation) -> None:
    """The gauge shows what nobody answered for minutes, and nothing else."""
    await books.note(accepted("answered", "lost", "parked", age=600))
    await books.note(accepted("fresh", age=1))
    await taken_up(pool, "answered")
    await replied(pool)
    await taken_up(pool, "parked", turn=2)
    await replied(pool, turn=2, state="sending")
    settled = await books.settle(after=0)

    assert [("chat2desk", "default", Fate.ANSWERED, 1)] == settled
    left = await fetch_all(pool, "SELECT message_id FROM accepted ORDER BY 1")
    assert ["fresh", "lost", "parked"] == [row["message_id"] for row in left]
    assert {("chat2desk", "default"): 1.0} == await unaccounted(pool, 300)


async def test_a_reply_that_is_stuck_is_unaccounted(pool: Pool, books: Conservation) -> None:
    """Under way for minutes is on its way; under way for a quarter of an hour is lost, whatever the outbox says."""
    await books.note(accepted("a", age=3_600))
    await taken_up(pool, "a")
    await replied(pool, state="sending")
    await books.settle(after=0)
    assert {} == await unaccounted(pool, 300)
    await fetch_one(pool, "UPDATE outbox SET attempt_at = attempt_at - interval '16 minutes'")
    await books.settle(after=0)

    assert {("chat2desk", "default"): 1.0} == await unaccounted(pool, 300)
    await Bookkeeper(books, Told(heard=("a",)), 300).ask()  # its conversation is done with it
    assert {("chat2desk", "default"): 1.0} == await unaccounted(pool, 300)


async def test_one_moment_of_a_dead_worker_does_not_wait_for_ever(pool: Pool, books: Conservation) -> None:
    """A courtesy is tried once; where its sender died, its outcome is unknown, and the outbox is not kept waiting."""
    await replied(pool, "interim", state="sending")
    await replied(pool, "0", state="sending")
    assert 0 == await books.give_up_courtesies(60)
    await fetch_one(pool, "UPDATE outbox SET attempt_at = attempt_at - interval '2 minutes'")
    assert 1 == await books.give_up_courtesies(60)
    states = await fetch_all(pool, "SELECT state FROM outbox ORDER BY key")
    assert ["sending", "unknown"] == [row["state"] for row in states]


async def test_the_inbox_counts_at_once_and_once(pool: Pool, books: Conservation) -> None:
    """While Temporal is away every waiting message counts, however young."""
    await fetch_one(
        pool,
        """INSERT INTO inbox (conversation_id, platform, account, message_id, kind, message)
           VALUES (%(id)s, 'chat2desk', 'default', 'message/a', 'message', '{}')""",
        {"id": SHOP.conversation_id},
    )
    await books.note(accepted("a", age=600))
    assert {("chat2desk", "default"): 1.0} == await unaccounted(pool, 300)


class Told:
    """Conversations that answer what a test wants."""

    def __init__(self, heard: tuple[str, ...] = (), said: tuple[tuple[int, str], ...] = (), **known: Any) -> None:
        self.asked = 0
        self.heard = heard
        self.said = said
        self.known: dict[str, Any] = {"holder": Holder.ASSISTANT, "waiting_messages": 0, "outbox": 0} | known

    async def overview(self, address: Address) -> Overview:
        """At a glance."""
        return Overview.model_construct(**self.known)

    async def transcript(self, address: Address, page: PageRequest) -> TranscriptPage:
        """What it heard."""
        self.asked += 1
        if refusal := self.known.get("refusal"):
            raise Problem(refusal, "no answer")
        lines = tuple(TranscriptLine(at=NOW, turn=1, direction="in", id=id) for id in self.heard)
        lines += tuple(TranscriptLine(at=NOW, turn=turn, direction="out", id=id) for turn, id in self.said)
        return TranscriptPage(lines=lines, total=len(lines))


@pytest.mark.parametrize(
    ("told", "left"),
    [
        (Told(heard=("a",)), 0),
        (Told(heard=("a",), holder=Holder.OPERATOR), 0),
        (Told(heard=("a",), waiting_messages=1), 1),
        (Told(heard=("b",)), 1),
        (Told(refusal=404), 1),
    ],
    ids=["nothing to say", "taken over meanwhile", "still waits", "never heard of it", "gone"],
)
async def test_whom_the_books_do_not_know_the_conversation_knows(
    pool: Pool, books: Conservation, told: Told, left: int
) -> None:
    """Only what no conversation knows, or still owes a turn, stays unaccounted."""
    await books.note(accepted("a", age=600))
    await Bookkeeper(books, told, 300).ask()
    assert left == sum((await unaccounted(pool, 300)).values())


@pytest.mark.parametrize(
    ("told", "fate"),
    [
        (Told(heard=("a",)), Fate.UNSENT),
        (Told(heard=("a",), said=((1, "apology"),)), Fate.EXPIRED),
        (Told(heard=("a",), said=((2, "apology"),)), Fate.UNSENT),
        (Told(heard=("a",), holder=Holder.OPERATOR), Fate.TO_A_PERSON),
    ],
    ids=["taken back", "failed before it could be written down", "another turn failed", "taken over"],
)
async def test_a_failed_turn_is_not_called_a_message_taken_back(books: Conservation, told: Told, fate: Fate) -> None:
    """PostgreSQL was away for the whole turn: the customer heard an apology, and the report must say so."""
    assert fate == await Bookkeeper(books, told, 300).fate_told(Doubtful(SHOP, "a", is_taken_up=False))


async def test_a_message_without_an_id_of_its_own_is_accounted_for(pool: Pool, books: Conservation) -> None:
    """ManyChat tells no ids, and a customer says «так» twice in a dialog: each has a fate, and nobody is alarmed."""
    first, second = (
        InboundMessage(id="fp", text="так", received_at=NOW + timedelta(minutes=later), dedupe_seconds=2.0)
        for later in (0, 1)
    )
    for turn, message in enumerate((first, second), 1):
        await Books(pool).log_inbound(SHOP, [InboundMessage.model_validate_json(message.model_dump_json())], turn, "")
        await replied(pool, turn=turn)
    assert [Fate.ANSWERED, Fate.ANSWERED] == await fates(books, first.key, second.key)


@pytest.mark.parametrize(("pressed", "fate"), [(1.0, Fate.DUPLICATE), (600.0, None)])
async def test_a_button_pressed_twice_is_one_message(books: Conservation, pressed: float, fate: Fate | None) -> None:
    """The second press was dropped by its conversation; one of ten minutes later should have been heard."""
    key = f"fp/{NOW.timestamp() + pressed:.3f}"
    assert fate == await Bookkeeper(books, Told(heard=("fp",)), 300).fate_told(Doubtful(SHOP, key, is_taken_up=False))


async def test_a_platforms_own_id_may_look_like_anything(books: Conservation) -> None:
    """A shop's flow in ManyChat makes its ids up; one that is another's with a slash is a message of its own."""
    heard = Bookkeeper(books, Told(heard=("order",)), 300)
    assert [None, None] == [
        await heard.fate_told(Doubtful(SHOP, odd, is_taken_up=False)) for odd in ("order/7", "order/")
    ]


async def test_conversations_too_busy_to_answer_are_left_alone(pool: Pool, books: Conservation) -> None:
    """Where nobody answers, the rest of the round is not asked: a question costs a busy worker a turn of somebody's."""
    await books.note(accepted("a", "b", "c", age=600))
    busy = Told(refusal=503)
    await Bookkeeper(books, busy, 300).ask()
    assert 1 == busy.asked
    assert {("chat2desk", "default"): 3.0} == await unaccounted(pool, 300)
