"""Payment proofs wait for people: decided, refused, by two, reminded of, risen, expired, replaced, carried over."""

from datetime import timedelta

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from contracts.conversation import DecidePayment, PaymentDecision, TakeOver
from contracts.dialog import TakeTurn
from contracts.search_attributes import ATTENTION
from domain.conversation import Attention, Holder
from domain.decisions import AskAttention, AskPaymentDecision, Decision, HandOff, Outcome
from domain.messages import Part
from domain.news import PaymentDecided, PaymentExpired
from domain.payments import PaymentStage, Urgency
from domain.turn_taking import TurnTaking
from policies import history
from tests.workflows.harness import Chat, Shop, working
from workflows.conversation import ConversationWorkflow

RULES = TurnTaking(
    quiet_period=1, interim_after=100, payment_reminder_minutes=60, payment_escalation_hours=4, payment_expiry_hours=72
)
HOUR = timedelta(hours=1)


def cashier(approvals: int = 1) -> Shop:
    """A shop to which every message is a payment proof."""

    def script(turn: TakeTurn) -> Decision:
        match turn.news:
            case PaymentDecided(approved=True, order=order):
                return Decision(parts=(Part(text=f"paid:{order}"),), phase="paid", outcome=Outcome.COMPLETED)
            case PaymentDecided(reason=reason):
                return Decision(parts=(Part(text=f"refused:{reason}"),), phase="payment", state={"n": 1})
            case PaymentExpired():
                hand_off = HandOff(kind="hand_off", reason="nobody decided")
                return Decision(parts=(Part(text="expired"),), phase="payment", state={"n": 1}, effects=(hand_off,))
        asked = AskPaymentDecision(kind="ask_payment_decision", order="7", approvals_needed=approvals)
        return Decision(parts=(Part(text="taken"),), phase="checking", state={"n": 1}, effects=(asked,))

    return Shop(script)


async def shown(chat: Chat, shop: Shop, words: str = "ось чек") -> None:
    """A customer shows a proof."""
    before = shop.said.count("taken")
    await chat.write(words)
    await chat.wait_until(lambda: shop.said.count("taken") == before + 1, skip=2)


async def decide(chat: Chat, *, approve: bool = True, operator: str = "Марія", payment: str = "1") -> PaymentDecision:
    """An operator decides."""
    decision = DecidePayment(payment=payment, approve=approve, reason="" if approve else "сума", operator=operator)
    return await chat.handle.execute_update(ConversationWorkflow.decide_payment, decision)


async def refusal_of(chat: Chat, **more: str) -> str | None:
    """Why an operator may not decide."""
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await decide(chat, **more)
    cause = refused.value.cause
    return cause.type if isinstance(cause, ApplicationError) else None


def stages(shop: Shop) -> list[PaymentStage]:
    """What was written down, in its order."""
    return [one.stage for one in shop.settled]


async def test_who_waits_for_a_person_is_shown_first(env: WorkflowEnvironment) -> None:
    """A customer asked for advice the model had none for, then showed a proof: people who filter find both needs."""
    shop = cashier()
    plain, asks = shop.script, AskAttention(kind="ask_attention", reason="no answer known")

    def script(turn: TakeTurn) -> Decision:
        if turn.messages and turn.messages[-1].text == "а чому?":
            return Decision(parts=(Part(text="taken"),), phase="checking", state={"n": 1}, effects=(asks,))
        return plain(turn)

    shop.script = script
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        await shown(chat, shop, "а чому?")
        await shown(chat, shop)
        assert (Attention.PAYMENT, Attention.HANDOFF) == (await chat.overview()).attention
        labels = (await chat.handle.describe()).typed_search_attributes
    assert "handoff" == labels.get(ATTENTION)


async def test_approved(env: WorkflowEnvironment) -> None:
    """The order is paid, the customer hears it, nobody is called any more; a second word comes too late."""
    shop = cashier()
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        await shown(chat, shop)
        assert (Attention.PAYMENT,) == (await chat.overview()).attention
        decided = await decide(chat)
        await chat.wait_until(lambda: "paid:7" in shop.said)
        await chat.wait_until(lambda: bool(shop.outcomes))
        assert (PaymentStage.APPROVED, ("Марія",)) == (decided.stage, decided.approved_by)
        assert [PaymentStage.APPROVED] == stages(shop)
        assert ((), None) == ((overview := await chat.overview()).attention, overview.payment)
        assert "NoSuchPayment" == await refusal_of(chat)


async def test_refused_with_a_reason(env: WorkflowEnvironment) -> None:
    """The customer hears why; another proof may follow, and is another payment."""
    shop = cashier()
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        await shown(chat, shop)
        await decide(chat, approve=False)
        await chat.wait_until(lambda: "refused:сума" in shop.said)
        await shown(chat, shop, "ось інший")
        overview = await chat.overview()
        assert [PaymentStage.REFUSED] == stages(shop)
        assert overview.payment is not None
        assert "2" == overview.payment.id


async def test_nobody_approves_what_they_have_not_seen(env: WorkflowEnvironment) -> None:
    """The customer sent another proof meanwhile: the decision about the first is refused, the newer stands for both."""
    shop = cashier()
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        await shown(chat, shop)
        await shown(chat, shop, "ой, ось цей")
        assert "NoSuchPayment" == await refusal_of(chat, payment="1")
        await decide(chat, payment="2")
        await chat.wait_until(lambda: "paid:7" in shop.said)
        assert [PaymentStage.REPLACED, PaymentStage.APPROVED] == stages(shop)


async def test_four_eyes(env: WorkflowEnvironment) -> None:
    """A large sum takes two people, and the same one twice is one."""
    shop = cashier(approvals=2)
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        await shown(chat, shop)
        first = await decide(chat)
        assert PaymentStage.APPROVED_ONCE == first.stage
        assert "AlreadyAgreed" == await refusal_of(chat)
        second = await decide(chat, operator="Ігор")
        await chat.wait_until(lambda: "paid:7" in shop.said)
        assert (PaymentStage.APPROVED, ("Марія", "Ігор")) == (second.stage, second.approved_by)
        assert [PaymentStage.APPROVED_ONCE, PaymentStage.APPROVED] == stages(shop)


async def test_the_second_person_may_refuse(env: WorkflowEnvironment) -> None:
    """One who agreed does not outweigh one who does not."""
    shop = cashier(approvals=2)
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        await shown(chat, shop)
        await decide(chat)
        await decide(chat, approve=False, operator="Ігор")
        await chat.wait_until(lambda: "refused:сума" in shop.said)
        assert [PaymentStage.APPROVED_ONCE, PaymentStage.REFUSED] == stages(shop)


async def test_reminded_then_risen_then_expired(env: WorkflowEnvironment) -> None:
    """After an hour once, after four again, after three days the customer hears the truth and a person is called."""
    shop = cashier()
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        await shown(chat, shop)
        await chat.wait_until(lambda: [one.urgency for one in shop.noted] == [Urgency.REMINDED], skip=3_700)
        await chat.wait_until(lambda: [one.urgency for one in shop.noted][1:] == [Urgency.ESCALATED], skip=3 * 3_600)
        await env.sleep(60 * HOUR)
        assert ["taken"] == shop.said
        await chat.wait_until(lambda: "expired" in shop.said, skip=8 * 3_600 + 60)
        overview = await chat.overview()
        assert [PaymentStage.EXPIRED] == stages(shop)
        assert (Holder.OPERATOR, (Attention.HANDOFF,)) == (overview.holder, overview.attention)
        assert 2 == len(shop.noted)


async def test_a_day_to_answer_a_refusal(env: WorkflowEnvironment) -> None:
    """Refused on the second day, the customer is still where they were when they answer in the evening."""
    shop = cashier()
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        await shown(chat, shop)
        await env.sleep(48 * HOUR)
        await decide(chat, approve=False)
        await chat.wait_until(lambda: "refused:сума" in shop.said)
        await env.sleep(10 * HOUR)
        assert [] == shop.outcomes
        await shown(chat, shop, "ось правильний")
        assert {"n": 1} == shop.turns[-1].state
        assert 1 == shop.turns[-1].dialog


async def test_decided_while_an_operator_holds_the_conversation(env: WorkflowEnvironment) -> None:
    """What a person decided is said in any case; and whoever holds the conversation keeps it."""
    shop = cashier()
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        await shown(chat, shop)
        await chat.handle.execute_update(ConversationWorkflow.take_over, TakeOver(operator="Олена"))
        await decide(chat)
        await chat.wait_until(lambda: "paid:7" in shop.said)
        assert "Олена" == (await chat.overview()).operator


async def test_expired_while_an_operator_holds_the_conversation(env: WorkflowEnvironment) -> None:
    """A person is asked for where one is here: that one is not thrown out."""
    shop = cashier()
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        await shown(chat, shop)
        await env.sleep(71 * HOUR)
        await chat.handle.execute_update(ConversationWorkflow.take_over, TakeOver(operator="Олена"))
        await chat.wait_until(lambda: "expired" in shop.said, skip=3_700)
        assert "Олена" == (await chat.overview()).operator


async def test_decided_while_the_customer_writes(env: WorkflowEnvironment) -> None:
    """The decision comes while the assistant thinks about a question: both are answered, in order, once."""
    shop = cashier()
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        await shown(chat, shop)
        shop.hold("decide")
        await chat.write("ну що?")
        await chat.wait_until(lambda: len(shop.turns) == 2, skip=2)
        await decide(chat)
        shop.let_go("decide")
        await chat.wait_until(lambda: "paid:7" in shop.said)
        assert 1 == shop.said.count("paid:7")


async def test_payments_of_two_orders_wait_side_by_side(env: WorkflowEnvironment) -> None:
    """Bought again meanwhile: each decision moves its own order, and the one that waits longest is reminded of."""
    shop = cashier()
    plain = shop.script

    def script(turn: TakeTurn) -> Decision:
        decided = plain(turn)
        if turn.news is not None:
            return decided.model_copy(update={"state": {"n": 1}, "outcome": None})
        asked = AskPaymentDecision(kind="ask_payment_decision", order=turn.messages[0].text)
        return decided.model_copy(update={"effects": (asked,)})

    shop.script = script
    async with working(env, shop):
        chat = Chat(env, shop, RULES)
        for order in ("7", "8", "8"):
            await shown(chat, shop, order)
        await chat.wait_until(lambda: [PaymentStage.REPLACED] == stages(shop))
        await env.sleep(HOUR)
        await chat.wait_until(lambda: [("1", Urgency.REMINDED)] == [(one.id, one.urgency) for one in shop.noted])
        assert "NoSuchPayment" == await refusal_of(chat, payment="2")
        await decide(chat, payment="3")
        await chat.wait_until(lambda: "paid:8" in shop.said)
        assert (Attention.PAYMENT,) == (await chat.overview()).attention
        await decide(chat, payment="1")
        await chat.wait_until(lambda: "paid:7" in shop.said)
        assert () == (await chat.overview()).attention


async def test_carried_over_in_the_middle(env: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch) -> None:
    """The history grew long while the proof waits: the next run knows it, who agreed, and how urgent it is."""
    shop = cashier(approvals=2)
    async with working(env, shop):
        monkeypatch.setattr(history, "LONG_EVENTS", 70)
        chat = Chat(env, shop, RULES)
        await shown(chat, shop)
        await decide(chat)
        await chat.wait_until(lambda: stages(shop) == [PaymentStage.APPROVED_ONCE])
        await chat.wait_until(lambda: len(shop.noted) == 1, skip=3_700)
        before = after = (await chat.handle.describe()).run_id
        while before == after:
            await chat.handle.signal("letter_dropped", {"key": "none"})
            await chat.wait_until(lambda: True, skip=60)
            after = (await chat.handle.describe()).run_id
        overview = await chat.overview()
        assert before != after
        assert overview.payment is not None
        assert (("Марія",), Urgency.REMINDED) == (overview.payment.approved_by, overview.payment.urgency)
        await decide(chat, operator="Ігор")
        await chat.wait_until(lambda: "paid:7" in shop.said)
        assert PaymentStage.APPROVED == stages(shop)[-1]
