"""Whatever the rhythm of a customer's messages, each is answered exactly once, in order."""

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.dialog import TakeTurn
from domain.decisions import Decision
from domain.messages import InboundMessage
from domain.turn_taking import TurnTaking
from tests.workflows.harness import Chat, Shop, echo_flow, refuse, text, working
from tests.workflows.servers import time_skipping

PAUSES = st.sampled_from([0, 0, 0, 0.3, 1.5, 4, 40, 30 * 3600])
ARRIVALS = st.lists(st.tuples(PAUSES, st.booleans()), min_size=1, max_size=10)


@settings(max_examples=12, deadline=None)
@given(arrivals=ARRIVALS, max_burst=st.sampled_from([1, 3, 10]), fails_at=st.sampled_from([0, 1, 2]))
async def test_every_message_is_answered_exactly_once(
    arrivals: list[tuple[float, bool]], max_burst: int, fails_at: int
) -> None:
    """Quick, slow, doubled, a day apart, or met by a failing turn: each message gets its answer, none gets two."""
    answered: list[str] = []

    def flow(turn: TakeTurn) -> Decision:
        answered.extend(message.id for message in turn.messages)
        if turn.turn == fails_at:
            raise refuse("a bug")
        return echo_flow(turn)

    shop = Shop(flow)
    async with time_skipping() as env, working(env, shop):
        chat = Chat(env, shop, TurnTaking(quiet_period=1, longest_wait=6, max_burst=max_burst))
        sent: list[InboundMessage] = []
        for pause, doubled in arrivals:
            if pause:
                await env.sleep(pause)
            sent.append(text(str(len(sent))))
            await chat.write(*[sent[-1]] * (1 + doubled))
        await chat.wait_until(lambda: len(answered) >= len(sent), skip=20)
        await chat.wait_until(lambda: len(shop.said) == len(shop.turns))
        await env.sleep(60)

    assert [message.id for message in sent] == answered
    assert len(shop.turns) == len(shop.said)
