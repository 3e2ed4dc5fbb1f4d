"""One part, one send: what each answer of a platform means for the customer and for the outbox."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from activities.delivery import BOOKS_AGAIN_SECONDS
from activities.sending import MOST_LOOK_UPS, backoff
from contracts.delivery import PartState
from domain.failures import Unavailable
from domain.identifiers import Address
from domain.messages import Part
from platforms.chat2desk.simulator import dialog_of
from platforms.simulation import Fault, FaultKind, Gate
from providers.records import outbox as outbox_table
from providers.records.leases import Lease
from providers.records.outbox import Outbox
from providers.records.pool import Pool
from runtime.accounts import StatedAccounts
from tests.activities.conftest import Post, accounts_at, full
from tests.servers_here import Servers


def said(post: Post, platform: str = "chat2desk") -> list[str]:
    """What customer 42's phone shows."""
    return post.world.said_to(platform, "42")


async def test_a_part_is_sent_once_however_often_it_is_tried(post: Post) -> None:
    """A retry after a crash does not say it twice."""
    first = await post.send("k1")
    again = await post.send("k1")

    assert ["привет"] == said(post)
    assert (PartState.SENT, PartState.SENT) == (first.state, again.state)


async def test_a_claim_whose_answer_was_lost_is_no_send(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL wrote the claim down and broke off: nothing had left, and the customer hears it with the next try."""
    plain, cut = outbox_table.fetch_one, ["once"]

    async def breaking_off(pool: Pool, query: Any, values: Any = None) -> Any:
        row = await plain(pool, query, values)
        if query == outbox_table._CLAIM and cut:
            cut.clear()
            raise Unavailable("the connection was cut")
        return row

    monkeypatch.setattr(outbox_table, "fetch_one", breaking_off)
    with pytest.raises(ApplicationError) as failure:
        await post.send("k1", platform="manychat")
    assert not failure.value.non_retryable
    sent = await post.send("k1", platform="manychat")

    assert (PartState.SENT, ["привет"]) == (sent.state, said(post, "manychat"))
    assert [{"attempts": 1}] == await post.rows("SELECT attempts FROM outbox")


async def test_a_worker_that_stood_still_before_it_spoke_says_nothing(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another one may have spoken in its place: it asks anew, and the customer hears it once."""
    monkeypatch.setattr("activities.sending.STOOD_STILL_SECONDS", 0.2)
    async with post.pool.connection() as another, another.transaction():
        await another.execute("LOCK TABLE outbox IN SHARE ROW EXCLUSIVE MODE")
        sending = asyncio.create_task(post.send("k1", platform="manychat"))
        await asyncio.sleep(0.6)
    with pytest.raises(ApplicationError, match="stood still") as failure:
        await sending
    assert not failure.value.non_retryable
    assert [] == said(post, "manychat")
    monkeypatch.undo()
    assert PartState.SENT == (await post.send("k1", platform="manychat")).state
    assert ["привет"] == said(post, "manychat")


async def test_what_was_sent_stands_in_the_message_log(post: Post) -> None:
    """The shop can read what its customers were told."""
    await post.send("k1")

    assert [("42", "out", "привет", True)] == [
        (row["client_id"], row["direction"], row["text"], row["success"])
        for row in await post.rows("SELECT * FROM message_logs")
    ]


async def test_a_part_taken_back_while_it_waits_is_sent_by_nobody(post: Post) -> None:
    """An operator took over during a platform's bad hour: the assistant's words do not wait in the books for ever."""
    post.world.faults.add(Fault(platform="chat2desk", kind=FaultKind.SERVER_ERROR))
    with pytest.raises(ApplicationError):
        await post.send("k1")
    await post.send("k2", "до свидания")
    for key in ("k1", "k2"):
        await post.withdraw(key)

    assert ["dropped", "sent"] == [(await post.row(key))["state"] for key in ("k1", "k2")]
    assert PartState.DROPPED == (await post.send("k1")).state
    assert ["до свидания"] == said(post)


async def test_a_part_taken_back_while_its_worker_died_is_found_out(post: Post) -> None:
    """An operator took over, and the worker that was sending died: what the customer saw is known."""
    for kind, key in ((FaultKind.RESET, "k1"), (FaultKind.RESET_BEFORE, "k2")):
        post.world.faults.add(Fault(platform="chat2desk", kind=kind))
        with pytest.raises(ApplicationError):
            await post.send(key, f"слова {key}")
    assert PartState.SENT == (await post.withdraw("k1")).state
    with pytest.raises(ApplicationError) as failure:
        await post.withdraw("k2")
    assert not failure.value.non_retryable
    assert PartState.DROPPED == (await post.withdraw("k2")).state

    assert ["sent", "dropped"] == [(await post.row(key))["state"] for key in ("k1", "k2")]
    assert ["слова k1"] == said(post)
    assert PartState.DROPPED == (await post.withdraw("nobody began")).state


async def test_an_operator_does_not_wait_for_what_nobody_can_find_out(post: Post) -> None:
    """The platform does not say what became of the assistant's last words: after a few times the operator goes on."""
    post.world.faults.add(Fault(platform="chat2desk", kind=FaultKind.RESET))
    with pytest.raises(ApplicationError):
        await post.send("k1")
    post.delivery._accounts = accounts_at("http://127.0.0.1:1", "token")
    for attempt in range(1, MOST_LOOK_UPS):
        with pytest.raises(ApplicationError) as failure:
            await post.withdraw("k1", attempt)
        assert not failure.value.non_retryable
    assert PartState.UNKNOWN == (await post.withdraw("k1", MOST_LOOK_UPS)).state
    assert ["unknown"] == [row["state"] for row in await post.rows("SELECT state FROM outbox")]
    assert [True] == [row["outcome_unknown"] for row in await post.rows("SELECT * FROM dead_letters")]


async def test_what_is_taken_back_of_an_account_that_left_is_settled(post: Post) -> None:
    """The shop removed its account while a part was under way: the part does not stay under way for ever."""
    post.world.faults.add(Fault(platform="chat2desk", kind=FaultKind.RESET))
    with pytest.raises(ApplicationError):
        await post.send("k1")
    post.delivery._accounts = StatedAccounts(())
    assert PartState.UNKNOWN == (await post.withdraw("k1")).state
    assert "unknown" == (await post.row("k1"))["state"]


async def test_the_same_words_twice_are_two_parts(post: Post) -> None:
    """The assistant asks for the address twice in a second, and the second time the line is cut: it is asked again."""
    await post.send("k1")
    post.world.faults.add(Fault(platform="chat2desk", kind=FaultKind.RESET_BEFORE))
    for _ in range(2):  # cut; then the platform is asked, and does not know it
        with pytest.raises(ApplicationError):
            await post.send("k2")
    assert PartState.SENT == (await post.send("k2")).state
    assert ["привет", "привет"] == said(post)


@pytest.mark.parametrize("kind", [FaultKind.SERVER_ERROR, FaultKind.RATE_LIMITED])
async def test_a_platform_in_trouble_is_tried_again(post: Post, kind: FaultKind) -> None:
    """A 500 or a 429 delays the message, and it arrives once."""
    post.world.faults.add(Fault(platform="chat2desk", kind=kind, retry_after=7 if kind == "429" else None))
    with pytest.raises(ApplicationError) as failure:
        await post.send("k1")

    assert timedelta(seconds=7 if kind == "429" else 1) == failure.value.next_retry_delay
    assert not failure.value.non_retryable
    assert "pending" == (await post.row("k1"))["state"]
    assert PartState.SENT == (await post.send("k1")).state
    assert ["привет"] == said(post)


async def test_a_permanent_refusal_is_a_dead_letter_at_once(post: Post) -> None:
    """A blocked contact is not knocked at fifty times; the operator sees why."""
    post.world.faults.add(Fault(platform="chat2desk", kind=FaultKind.REFUSED))
    sent = await post.send("k1")

    assert PartState.DEAD == sent.state
    assert [(full("k1"), False)] == [
        (row["outbox_key"], row["outcome_unknown"]) for row in await post.rows("SELECT * FROM dead_letters")
    ]
    assert 1 == (await post.row("k1"))["attempts"]


async def test_fifty_failures_are_enough(post: Post) -> None:
    """A platform that stays broken ends in a dead letter, not in an endless retry."""
    post.world.faults.add(Fault(platform="chat2desk", kind=FaultKind.SERVER_ERROR, times=None))
    for _ in range(49):
        with pytest.raises(ApplicationError):
            await post.send("k1")
    assert PartState.DEAD == (await post.send("k1")).state

    assert [1, 2, 4, 8] == [backoff(n) for n in (1, 2, 3, 4)]
    assert 600 == backoff(50)


async def test_books_that_die_right_after_a_send_do_not_double_it(post: Post) -> None:
    """PostgreSQL is killed in the moment after a part was noted as sent: it stays sent."""
    dies = """
        CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'terminating connection' USING ERRCODE = '57P01'; END $$;
        CREATE TRIGGER dies BEFORE DELETE ON paused_accounts EXECUTE FUNCTION die();
    """
    async with post.pool.connection() as connection:
        await connection.execute(dies)
    await asyncio.gather(post.send("k1"), return_exceptions=True)
    assert "sent" == (await post.row("k1"))["state"]
    assert PartState.SENT == (await post.send("k1")).state

    assert ["привет"] == said(post)


async def test_a_lost_answer_is_looked_up_where_that_is_possible(post: Post) -> None:
    """Chat2Desk took it and its answer was lost: we ask, and do not say it again."""
    post.world.faults.add(Fault(platform="chat2desk", kind=FaultKind.ANSWER_LOST))
    with pytest.raises(ApplicationError):
        await post.send("k1")
    assert PartState.SENT == (await post.send("k1")).state

    assert ["привет"] == said(post)


async def test_a_request_that_never_arrived_is_looked_up_and_sent(post: Post) -> None:
    """Chat2Desk hung and never took it: we ask, and then say it."""
    post.world.faults.add(Fault(platform="chat2desk", kind=FaultKind.RESET_BEFORE))
    for _ in range(2):
        with pytest.raises(ApplicationError):
            await post.send("k1")
    assert PartState.SENT == (await post.send("k1")).state

    assert ["привет"] == said(post)


async def test_a_platform_that_never_takes_a_part_is_left_alone_longer_and_longer(post: Post) -> None:
    """Chat2Desk hangs on every message, and says it has none: no knocking every few seconds, and an end after fifty."""
    post.world.faults.add(Fault(platform="chat2desk", kind=FaultKind.RESET_BEFORE, times=None))
    waits = []
    for _ in range(4):
        for _ in range(2):  # cut; then asked
            with pytest.raises(ApplicationError) as failure:
                await post.send("k1")
        waits.append(failure.value.next_retry_delay)
    assert [timedelta(seconds=seconds) for seconds in (0.1, 1, 2, 4)] == waits

    await post.rows("UPDATE outbox SET attempts = 49 RETURNING 1")
    with pytest.raises(ApplicationError):
        await post.send("k1")
    assert PartState.DEAD == (await post.send("k1")).state
    assert [False] == [row["outcome_unknown"] for row in await post.rows("SELECT * FROM dead_letters")]
    assert [] == said(post)


async def test_a_conversation_does_not_wait_for_ever_for_what_nobody_can_find_out(post: Post) -> None:
    """Chat2Desk's answer was lost, and since then it cannot be asked: after an hour a person decides."""
    post.world.faults.add(Fault(platform="chat2desk", kind=FaultKind.ANSWER_LOST))
    with pytest.raises(ApplicationError):
        await post.send("k1")
    post.delivery._accounts = accounts_at("http://127.0.0.1:1", "token")
    for attempt in (2, MOST_LOOK_UPS + 10):
        with pytest.raises(ApplicationError):
            await post.send("k1", attempt=attempt)
    await post.rows("UPDATE outbox SET attempt_at = attempt_at - interval '61 minutes' RETURNING 1")
    with pytest.raises(ApplicationError):  # the house stood still for an hour: it is asked a few times all the same
        await post.send("k1", attempt=2)

    assert PartState.UNKNOWN == (await post.send("k1", attempt=MOST_LOOK_UPS)).state
    assert [True] == [row["outcome_unknown"] for row in await post.rows("SELECT * FROM dead_letters")]


async def test_a_platform_that_asks_for_a_second_each_time_is_left_alone_longer(post: Post) -> None:
    """Fifty attempts at one second each would make a dead letter of a minute's trouble."""
    post.world.faults.add(Fault(platform="chat2desk", kind=FaultKind.RATE_LIMITED, retry_after=1, times=None))
    waits = []
    for _ in range(6):
        with pytest.raises(ApplicationError) as failure:
            await post.send("k1")
        waits.append(failure.value.next_retry_delay)
    assert [timedelta(seconds=seconds) for seconds in (1, 1, 1, 8, 16, 32)] == waits


async def test_books_that_were_away_for_a_second_hold_a_part_up_for_seconds(post: Post) -> None:
    """The part has waited through many attempts; the server's own pause would be ten minutes by now."""
    await post.pool.close()
    with pytest.raises(ApplicationError) as failure:
        await post.send("k1", attempt=40)
    assert timedelta(seconds=BOOKS_AGAIN_SECONDS) == failure.value.next_retry_delay


async def test_a_lost_answer_is_never_guessed_where_nobody_can_tell(post: Post) -> None:
    """ManyChat gives no way to ask: the part is marked unknown and shown, not repeated."""
    post.world.faults.add(Fault(platform="manychat", kind=FaultKind.ANSWER_LOST))
    sent = await post.send("k1", platform="manychat")
    again = await post.send("k1", platform="manychat")

    assert (PartState.UNKNOWN, PartState.UNKNOWN) == (sent.state, again.state)
    assert ["привет"] == said(post, "manychat")
    assert [True] == [row["outcome_unknown"] for row in await post.rows("SELECT * FROM dead_letters")]


async def test_a_refused_token_pauses_the_account_and_keeps_what_waits(post: Post) -> None:
    """Nothing is lost while the shop's token is wrong, nothing is hammered, and a mended token sends it all."""
    post.world.faults.add(Fault(platform="chat2desk", kind=FaultKind.UNAUTHORIZED, times=None))
    for key in ("k1", "k2"):
        with pytest.raises(ApplicationError):
            await post.send(key)
    assert 1 == len(post.world.calls("chat2desk")), "the second part does not even ask"
    assert [("main", 0), ("main", 0)] == [
        (row["account"], row["attempts"]) for row in await post.rows("SELECT * FROM outbox ORDER BY key")
    ]

    post.world.faults.clear("chat2desk")
    post.delivery._accounts = accounts_at(post.base_url, "mended")
    assert [PartState.SENT] * 2 == [(await post.send(key)).state for key in ("k1", "k2")]
    assert [] == await post.rows("SELECT * FROM paused_accounts")


async def test_a_token_that_works_again_is_noticed(post: Post) -> None:
    """The same token, accepted again by the platform: one probe finds out, and the rest follow."""
    post.world.faults.add(Fault(platform="chat2desk", kind=FaultKind.UNAUTHORIZED))
    with pytest.raises(ApplicationError):
        await post.send("k1")
    await post.rows("UPDATE paused_accounts SET probe_at = now() - interval '1 s' RETURNING 1")

    assert PartState.SENT == (await post.send("k1")).state
    assert [] == await post.rows("SELECT * FROM paused_accounts")


async def test_a_dead_worker_is_told_from_a_busy_one(post: Post, database_url: str) -> None:
    """Killed in the middle of a send: known at once, and asked about, while a living worker is waited for."""
    await post.send("k0", "здравствуйте")
    other = Lease(database_url, post.pool)
    keeping = asyncio.create_task(other.keep())
    async with asyncio.timeout(5):
        while await post.rows("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted") == []:
            await asyncio.sleep(0.02)
        while not await post.lease.is_alive(other.holder):
            await asyncio.sleep(0.02)
    to = Address(platform="chat2desk", account="main", contact="42")
    await Outbox(post.pool, other.holder).claim(full("k1"), to, f"telegram/1/{dialog_of('42')}", Part(text="привет"), 1)
    with pytest.raises(ApplicationError, match="under way"):
        await post.send("k1")
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    for _ in range(20):
        try:
            sent = await post.send("k1")
            break
        except ApplicationError:
            await asyncio.sleep(0.05)

    assert PartState.SENT == sent.state
    assert ["здравствуйте", "привет"] == said(post)


async def test_an_interim_message_is_tried_once_and_is_no_dead_letter(post: Post) -> None:
    """A courtesy that fails troubles nobody."""
    post.world.faults.add(Fault(platform="chat2desk", kind=FaultKind.SERVER_ERROR))
    sent = await post.send("interim", interim=True)

    assert PartState.DEAD == sent.state
    assert [] == await post.rows("SELECT * FROM dead_letters")


async def test_one_moment_keeps_to_the_rate_of_its_account(post: Post) -> None:
    """A shop whose platform allows it one call a minute says "one moment" only where a call is free."""
    known = await post.delivery._accounts.find("chat2desk", "main")
    assert known is not None
    post.delivery._accounts = StatedAccounts([known.model_copy(update={"requests_per_minute": 1})])
    states = [(await post.send(key, "хвилинку", interim=True)).state for key in ("first", "second")]
    assert [PartState.SENT, PartState.DROPPED] == states
    assert ["хвилинку"] == said(post)


async def test_a_known_refusal_is_not_forgotten_when_postgres_dies(post: Post, servers: Servers) -> None:
    """The platform said "not now" just as our database died: the part waits, and is not buried as "who knows"."""
    post.world.faults.add(Fault(platform="chat2desk", kind=FaultKind.SERVER_ERROR))
    post.world.faults.set_gate(Gate(platform="chat2desk"))
    sending = asyncio.create_task(post.send("k1"))
    while not post.world.faults.waiting:
        await asyncio.sleep(0.01)
    await asyncio.to_thread(servers.kill_postgres)
    post.world.faults.set_gate(Gate(platform="chat2desk", closed=False))
    with pytest.raises(ApplicationError, match="500"):
        await sending

    assert "pending" == (await post.row("k1"))["state"]
    assert PartState.SENT == (await post.send("k1")).state
