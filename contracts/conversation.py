"""What goes into and comes out of a conversation's workflow."""

from datetime import datetime
from typing import Any

from domain.conversation import Attention, Holder
from domain.identifiers import Address
from domain.messages import Echo, InboundMessage, Part, ReceiptSeen, Unsent
from domain.model import Value
from domain.news import News
from domain.payments import PaymentCase, PaymentStage
from domain.turn_taking import TurnTaking
from pydantic import BaseModel, ConfigDict, Field

TASK_QUEUE = "conversations"
DELIVERY_QUEUE_PREFIX = "delivery-"
MOST_TRANSCRIPT_LINES = 100


Heard = InboundMessage | ReceiptSeen | Echo | Unsent
"""What the signal `receive` brings: a message, or news of one. Told apart by their fields."""
ELSEWHERE = "another app on the platform"
"""The operator's name where the platform only tells that somebody else holds the thread."""


class Waiting(BaseModel):
    """An inbound message that no turn has taken yet, with the workflow's clock at its arrival."""

    model_config = ConfigDict(frozen=True)

    message: InboundMessage
    at: datetime


class Asked(Value):
    """A message whose sender waits on the line for the reply (ManyChat's response mode)."""

    message: InboundMessage
    within: float
    """Seconds the sender can wait."""


class OfferedPart(Value):
    """A part of a reply that the asker may show, once it has claimed it in the outbox."""

    key: str
    part: Part
    route: str = ""
    turn: int
    began: float | None = None
    """When the first message it answers came, in seconds since 1970; None: another part tells it."""


class Answered(Value):
    """What the asker got: the reply, nothing (another asker got it, or nobody shall answer), or "not yet"."""

    parts: tuple[OfferedPart, ...] = ()
    decided: bool = False
    told_before: bool = False
    """Not yet, and somebody who asked in the same turn was told "one moment" already."""


class OutboxEntry(BaseModel):
    """A part decided but not yet confirmed sent."""

    model_config = ConfigDict(frozen=True)

    turn: int
    name: str
    """The part's place in its reply ("0", "1", …), "apology", "nobody-came", or "op-…" for an operator's reply."""
    part: Part | None
    """None: the part stands in the outbox table already (a dead letter sent again)."""
    route: str
    by_operator: bool = False
    hold_until: datetime | None = None
    """Until then the asker who was offered the part may show it; afterwards it is pushed."""
    began: float | None = None
    """When the burst's first message was received, Unix seconds; only on a reply's first part."""


class TranscriptLine(BaseModel):
    """One message, by reference: its text stands in `message_logs`."""

    model_config = ConfigDict(frozen=True)

    at: datetime
    turn: int
    direction: str
    """"in", "out", "interim" or "operator"."""
    id: str


class Settlement(Value):
    """A payment proof that somebody, or the clock, decided about."""

    payment: PaymentCase
    stage: PaymentStage
    by: tuple[str, ...] = ()
    reason: str = ""


class ConversationState(BaseModel):
    """Everything a conversation knows: the one object that handlers touch and that continue-as-new carries over."""

    rules: TurnTaking
    epoch: str = ""
    """The first run's id, shortened: keys made from it never meet those of an earlier conversation."""
    waiting: list[Waiting] = Field(default_factory=list)
    outbox: list[OutboxEntry] = Field(default_factory=list)
    seen: dict[str, float] = Field(default_factory=dict)
    """Message-id digest → the moment (Unix seconds) after which it may be forgotten."""
    holder: Holder = Holder.ASSISTANT
    handed_off_at: datetime | None = None
    operator: str = ""
    meanwhile: str = ""
    """What happened while an operator held the conversation, until a turn has heard of it."""
    thread_elsewhere: bool = False
    """Whether the platform last said that another app holds the thread."""
    operator_at: datetime | None = None
    """The operator's last act; None while a handed-off customer still waits for one."""
    unheard_since: datetime | None = None
    """The first message that came after the operator's last act."""
    attention: tuple[Attention, ...] = ()
    dead_letters: list[str] = Field(default_factory=list)
    """Outbox keys of the parts a person must decide about."""
    note: str = ""
    """Why attention is asked for, in a few words."""
    turn: int = 0
    dialog: int = 0
    """Dialogs opened so far; the current one's number while it is open."""
    dialog_state: dict[str, Any] | None = None
    dialog_opened_at: datetime | None = None
    dialog_touched_at: datetime | None = None
    """When its last turn was taken."""
    dialog_messages: int = 0
    phase: str = ""
    waiting_for: str = ""
    order_id: str = ""
    orders: int = 0
    payment: PaymentCase | None = None
    """The payment proof that waits for a person."""
    payments_aside: list[PaymentCase] = Field(default_factory=list)
    """Proofs of other orders that wait, too: the customer bought again before anybody had decided."""
    settled: list[Settlement] = Field(default_factory=list)
    """Payments decided, and not yet written down and told."""
    news: list[News] = Field(default_factory=list)
    """What the flow has not taken a turn on yet."""
    follow_up_at: datetime | None = None
    """When the flow wants to hear that the customer has been silent."""
    last_message_at: datetime | None = None
    told_at: datetime | None = None
    """When the customer was last told something they had not asked for; they have as long to answer it as a reply."""
    kept_open: bool = False
    """An operator holds it who spoke so late that it would close before their customer could answer."""
    route: str = ""
    name: str = ""
    replies: int = 0
    """Replies written by operators so far; numbers their outbox keys."""
    duplicates: int = 0
    told_to_wait: bool = False
    """Whoever asked on the line was told "one moment", and no reply has been decided since."""
    transcript: list[TranscriptLine] = Field(default_factory=list)

    def letters_waiting(self) -> int:
        """How much text still waits to be answered or sent."""
        unsent = (len(entry.part.text) for entry in self.outbox if entry.part is not None)
        return sum(len(item.message.text) for item in self.waiting) + sum(unsent)

    def jot(self, line: TranscriptLine) -> None:
        """Add to the transcript, which keeps its latest lines."""
        self.transcript.append(line)
        del self.transcript[:-MOST_TRANSCRIPT_LINES]


class Opening(Value):
    """The workflow's input: who is spoken with, by which flow and rules; and after continue-as-new, all that was."""

    address: Address
    flow: str
    phase: str
    rules: TurnTaking
    carried: ConversationState | None = None
    long_events: int = 1_500
    """Events after which this run continues as new. It stands here so that runs replay as they ran; one that does not
    say was begun before runs said it."""


class Resend(Value):
    """A dead letter to send again, or to forget; its part stands in the outbox table under `key`."""

    key: str


class TakeOver(Value):
    """An operator seizes the conversation."""

    operator: str = "operator"


class Release(Value):
    """An operator gives the conversation back to the assistant."""

    operator: str = "operator"
    summary: str = Field(default="", max_length=1_000)
    """What happened meanwhile, in the operator's words; what was written meanwhile the assistant reads itself."""


class OperatorReply(Value):
    """An operator writes to the customer; writing takes the conversation over."""

    text: str = Field(min_length=1, max_length=4_000)
    operator: str = "operator"
    parts: tuple[Part, ...] = ()
    """The text as the platform takes it; empty: as it is."""
    key: str = ""
    """The same key again is the same reply; empty: each is another."""


class DecidePayment(Value):
    """An operator decides about the payment proof that waits."""

    payment: str
    """Its id, so that nobody approves what they have not seen."""
    approve: bool
    reason: str = Field(default="", max_length=500)
    """What the customer hears, where it is refused."""
    operator: str = "operator"


class PaymentDecision(Value):
    """Where the payment proof stands after an operator's decision."""

    payment: str
    order: str
    stage: PaymentStage
    approved_by: tuple[str, ...] = ()
    approvals_needed: int = 1


class Overview(Value):
    """A conversation at a glance."""

    conversation_id: str
    platform: str
    account: str
    contact: str
    flow: str
    holder: Holder
    phase: str
    waiting_for: str
    attention: tuple[Attention, ...]
    note: str
    turn: int
    dialog: int
    order_id: str
    route: str = ""
    """What the platform needs to answer this customer; opaque."""
    waiting_messages: int
    outbox: int
    duplicates: int
    last_message_at: datetime | None
    dialog_state: dict[str, Any] | None
    operator: str = ""
    """Who holds it, where an operator does and has a name."""
    payment: PaymentCase | None = None


class PageRequest(Value):
    """Which lines of the transcript."""

    before: int | None = None
    limit: int = Field(default=50, ge=1, le=200)


class TranscriptPage(Value):
    """Lines, oldest first, by reference."""

    lines: tuple[TranscriptLine, ...]
    total: int
