"""A conversation on a time-skipping server, with scripted activities that note what happened and can be held."""

import asyncio
import itertools
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio import activity
from temporalio.client import WithStartWorkflowOperation, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.beating import beating
from contracts.conversation import DELIVERY_QUEUE_PREFIX, TASK_QUEUE, Answered, Asked, Opening, Overview
from contracts.delivery import PartState, SendPart, Sent, WithdrawPart
from contracts.dialog import Phrase, Spoken, TakeTurn
from contracts.payments import NotePayment, OpenedPayment, OpenPayment, SettlePayment
from contracts.records import CloseDialog, Done, KeepMessages, NewOrder, PlacedOrder
from domain.decisions import Decision
from domain.identifiers import Address
from domain.messages import InboundMessage, MessageKind, Part, Unsent
from domain.turn_taking import TurnTaking
from policies import history
from runtime.sandbox import sandbox
from workflows.conversation import ConversationWorkflow

_numbers = itertools.count(1)
Script = Callable[[TakeTurn], Decision]


def echo_flow(turn: TakeTurn) -> Decision:
    """Answers a burst with the texts it saw: "a+b"; the dialog stays open."""
    heard = "+".join(message.text for message in turn.messages)
    return Decision(parts=(Part(text=heard),), phase="details", state={"n": turn.turn})


class Shop:
    """What the outside saw, and the gates that hold it."""

    def __init__(self, script: Script = echo_flow) -> None:
        self.script = script
        self.said: list[str] = []
        self.keys: list[str] = []
        self.turns: list[TakeTurn] = []
        self.orders: dict[str, NewOrder] = {}
        self.outcomes: list[CloseDialog] = []
        self.payments: dict[str, OpenPayment] = {}
        self.noted: list[NotePayment] = []
        self.settled: list[SettlePayment] = []
        self.kept: list[str] = []
        self.forgotten: list[str] = []
        self.cancelled_decisions = 0
        self.cancelled_sends = 0
        self.withdrawn: list[str] = []
        self.gates: dict[str, asyncio.Event] = {}
        self.entered: dict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self.sending: Callable[[SendPart], Sent] | None = None
        self.after_send: Callable[[SendPart], None] | None = None
        """Told of each part that was said."""

    def hold(self, name: str) -> None:
        """Hold every activity of this name until `let_go`."""
        self.gates[name] = asyncio.Event()
        self.entered[name].clear()

    def let_go(self, name: str) -> None:
        """Release the gate."""
        self.gates.pop(name).set()

    async def _pass(self, name: str) -> None:
        self.entered[name].set()
        if name in self.gates:
            await self.gates[name].wait()

    @activity.defn(name="decide")
    async def decide(self, turn: TakeTurn) -> Decision:
        """Note the turn, wait at the gate, run the script."""
        self.turns.append(turn)
        async with beating():
            try:
                await self._pass("decide")
            except asyncio.CancelledError:
                self.cancelled_decisions += 1
                raise
        return self.script(turn)

    @activity.defn(name="phrase")
    async def phrase(self, wanted: Phrase) -> Spoken:
        """Speak the phrase's name."""
        return Spoken(text=f"<{wanted.name}>")

    @activity.defn(name="send")
    async def send(self, order: SendPart) -> Sent:
        """Say it, once per key."""
        name = "interim" if order.interim else "send"
        async with beating():
            try:
                await self._pass(name)
            except asyncio.CancelledError:
                self.cancelled_sends += 1
                raise
        if self.sending is not None and not order.interim:
            sent = self.sending(order)
            if sent.state is not PartState.SENT:
                return sent
        if order.key not in self.keys:
            self.keys.append(order.key)
            self.said.append("<interim>" if order.interim else order.part.text if order.part else f"again:{order.key}")
            if self.after_send is not None:
                self.after_send(order)
        return Sent()

    @activity.defn(name="withdraw")
    async def withdraw(self, order: WithdrawPart) -> Sent:
        """Note what nobody waits for any more."""
        self.withdrawn.append(order.key)
        return Sent(state=PartState.DROPPED)

    @activity.defn(name="place_order")
    async def place_order(self, order: NewOrder) -> PlacedOrder:
        """One row a key."""
        await self._pass("place_order")
        self.orders.setdefault(order.key, order)
        return PlacedOrder(id=str(len(self.orders)), number=str(len(self.orders)))

    @activity.defn(name="open_payment")
    async def open_payment(self, payment: OpenPayment) -> OpenedPayment:
        """One row a key."""
        await self._pass("open_payment")
        self.payments.setdefault(payment.key, payment)
        return OpenedPayment(id=str(list(self.payments).index(payment.key) + 1))

    @activity.defn(name="note_payment")
    async def note_payment(self, note: NotePayment) -> Done:
        """Note that it waits."""
        self.noted.append(note)
        return Done()

    @activity.defn(name="settle_payment")
    async def settle_payment(self, settled: SettlePayment) -> Done:
        """Note what was decided."""
        await self._pass("settle_payment")
        self.settled.append(settled)
        return Done()

    @activity.defn(name="close_dialog")
    async def close_dialog(self, closing: CloseDialog) -> Done:
        """Note the outcome."""
        await self._pass("close_dialog")
        self.outcomes.append(closing)
        return Done()

    @activity.defn(name="keep_messages")
    async def keep_messages(self, kept: KeepMessages) -> Done:
        """Note what was kept for the operator."""
        self.kept += [message.text for message in kept.messages]
        return Done()

    @activity.defn(name="forget_message")
    async def forget_message(self, unsent: Unsent) -> Done:
        """Note what was forgotten."""
        self.forgotten.append(unsent.message_id)
        return Done()


def text(words: str, *, id: str = "", kind: MessageKind = MessageKind.TEXT, **more: Any) -> InboundMessage:
    """A customer's message."""
    more.setdefault("received_at", datetime.now(UTC))
    return InboundMessage(id=id or f"m{next(_numbers)}", kind=kind, text=words, **more)


class Chat:
    """One customer's conversation."""

    def __init__(self, env: WorkflowEnvironment, shop: Shop, rules: TurnTaking) -> None:
        self.env = env
        self.shop = shop
        self.opening = Opening(
            address=Address(platform="chat2desk", account="default", contact=f"c{next(_numbers)}"),
            flow="water_order", phase="details", rules=rules, long_events=history.LONG_EVENTS,
        )  # fmt: skip

    @property
    def id(self) -> str:
        """The conversation's id."""
        return self.opening.address.conversation_id

    @property
    def handle(self) -> WorkflowHandle[Any, Any]:
        """The conversation, whichever run is the latest."""
        return self.env.client.get_workflow_handle(self.id)

    async def write(self, *messages: str | InboundMessage) -> None:
        """Write, as the webhook hands it over: one signal-with-start a message."""
        for message in messages:
            await self.env.client.start_workflow(
                "ConversationWorkflow",
                self.opening,
                id=self.id,
                task_queue=TASK_QUEUE,
                start_signal="receive",
                start_signal_args=[text(message) if isinstance(message, str) else message],
            )

    async def overview(self) -> Overview:
        """The conversation at a glance."""
        return await self.handle.query(ConversationWorkflow.overview)

    async def wait_until(self, condition: Callable[[], bool], *, skip: float = 0) -> None:
        """Let virtual time pass (`skip` seconds), then wait until the shop saw what is expected."""
        if skip:
            await self.env.sleep(timedelta(seconds=skip))
        async with asyncio.timeout(20):
            while not condition():
                await asyncio.sleep(0.01)


async def ask(chat: Chat, message: InboundMessage, within: float = 8) -> Answered:
    """Ask as the webhook does: one update-with-start."""
    start = WithStartWorkflowOperation(
        "ConversationWorkflow", chat.opening, id=chat.id, task_queue=TASK_QUEUE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
    )  # fmt: skip
    return await chat.env.client.execute_update_with_start_workflow(
        ConversationWorkflow.ask, Asked(message=message, within=within), start_workflow_operation=start
    )


@asynccontextmanager
async def working(env: WorkflowEnvironment, shop: Shop, *, cached: int = 1000) -> AsyncIterator[None]:
    """Workers for the conversations and for the delivery queue, with the shop's activities."""
    beat = timedelta(milliseconds=100)
    activities: list[Callable[..., Any]] = [
        shop.decide, shop.phrase, shop.place_order, shop.close_dialog, shop.keep_messages,
        shop.forget_message, shop.open_payment, shop.note_payment, shop.settle_payment,
    ]  # fmt: skip
    conversations = Worker(
        env.client,
        task_queue=TASK_QUEUE,
        workflows=[ConversationWorkflow],
        activities=activities,
        workflow_runner=sandbox(),
        max_cached_workflows=cached,
        max_heartbeat_throttle_interval=beat,
        default_heartbeat_throttle_interval=beat,
    )
    delivery = Worker(
        env.client,
        task_queue=DELIVERY_QUEUE_PREFIX + "chat2desk",
        activities=[shop.send, shop.withdraw],
        max_heartbeat_throttle_interval=beat,
        default_heartbeat_throttle_interval=beat,
    )
    async with conversations, delivery:
        yield


def refuse(reason: str) -> ApplicationError:
    """A failure that will not be tried again."""
    return ApplicationError(reason, type="OurFault", non_retryable=True)
