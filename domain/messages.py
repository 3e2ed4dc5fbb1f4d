"""What is said: inbound messages as a platform delivered them, outbound ones as a flow wrote them."""

from datetime import datetime
from enum import StrEnum

from domain.identifiers import Address
from domain.model import Value

LONGEST_TEXT = 8_000
"""Characters of one inbound text that are kept: twice the longest any platform lets a customer type."""


class MessageKind(StrEnum):
    """What a message mainly is; turn-taking may differ by it."""

    TEXT = "text"
    IMAGE = "image"
    AUDIO = "audio"
    DOCUMENT = "document"
    OTHER = "other"


class Media(Value):
    """A reference to a picture, voice note or file; never its bytes."""

    url: str
    name: str = ""


class InboundMessage(Value):
    """One message received from a customer."""

    id: str
    """The platform's message id, or a fingerprint where it has none: the key of inbox dedupe."""
    kind: MessageKind = MessageKind.TEXT
    received_at: datetime
    text: str = ""
    media: tuple[Media, ...] = ()
    sent_at: datetime | None = None
    """When the platform says it was sent."""
    name: str = ""
    """The customer's name as the platform knows it."""
    route: str = ""
    """What the platform's folder needs, besides the contact, to answer this message; opaque to everyone else."""
    dedupe_seconds: float | None = None
    """How long its id is remembered, where that is shorter than the conversation's memory (a double press)."""


class Received(Value):
    """A customer wrote."""

    address: Address
    message: InboundMessage


class ReceiptState(StrEnum):
    """How far an outbound message came, in the platform's word."""

    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"


class ReceiptSeen(Value):
    """The platform tells how far an outbound message came."""

    address: Address
    message_id: str
    state: ReceiptState
    error: str = ""


class Echo(Value):
    """The platform shows us a message that we, or an operator in the platform's own app, sent."""

    address: Address
    message_id: str
    by_operator: bool


class Ignored(Value):
    """Something the platform may send and we do not act on; `reason` is a short label that is counted."""

    reason: str


Inbound = Received | ReceiptSeen | Echo | Ignored


class Choice(Value):
    """One tappable answer; sent as text where a platform has no buttons."""

    id: str
    title: str


class OutboundMessage(Value):
    """One message of a reply as a flow wrote it, before it is split into parts."""

    text: str
    choices: tuple[Choice, ...] = ()
    image_url: str = ""


class Part(Value):
    """What goes out in one send: never longer than the platform allows."""

    text: str
    choices: tuple[Choice, ...] = ()
    image_url: str = ""
    open_to_operators: bool = False
    """Ask the platform to show this dialog to its operators (Chat2Desk opens a dialog), used at a hand-off."""


class Receipt(Value):
    """The platform took a part. `message_id` is empty where it returns none (ManyChat)."""

    message_id: str = ""
