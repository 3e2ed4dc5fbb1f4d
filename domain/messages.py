"""What is said: inbound messages as a platform delivered them, outbound ones as a flow wrote them."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from domain.identifiers import Address
from domain.model import Moment, Value

LONGEST_TEXT = 8_000
"""Characters of one inbound text that are kept: twice the longest any platform lets a customer type."""


class MessageKind(StrEnum):
    """What a message mainly is; turn-taking may differ by it."""

    TEXT = "text"
    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"
    DOCUMENT = "document"
    OTHER = "other"
    """Something the platform cannot show us (a poll, a view-once picture): the customer is asked to say it in words."""


class Media(Value):
    """A reference to a picture, voice note or file; never its bytes."""

    url: str = ""
    """Where it lies; empty where the platform gives an id instead."""
    name: str = ""
    id: str = ""
    """The platform's own media id, for platforms that are asked for the bytes."""
    mime: str = ""
    """What the platform says it is; what it is, its content tells."""
    kind: MessageKind | None = None
    """None: what the message is."""


class CartItem(Value):
    """One line of a cart that a customer sent from the shop's catalogue on the platform."""

    sku: str
    quantity: int = 1
    price: Decimal | None = None
    currency: str = ""


class Context(Value):
    """What a message is about, beyond its own words."""

    replies_to: str = ""
    """The platform's id of the message it answers."""
    story_url: str = ""
    """The story it answers or mentions; such an address lives about a day."""
    product: str = ""
    """The catalogue's id of the product it asks about."""
    ad: str = ""
    """The advertisement or link it came from, in the platform's words."""


class InboundMessage(Value):
    """One message received from a customer."""

    id: str
    """The platform's message id, or a fingerprint where it has none: the key of inbox dedupe."""
    kind: MessageKind = MessageKind.TEXT
    received_at: Moment
    text: str = ""
    media: tuple[Media, ...] = ()
    sent_at: Moment | None = None
    """When the platform says it was sent."""
    name: str = ""
    """The customer's name as the platform knows it."""
    route: str = ""
    """What the platform's folder needs, besides the contact, to answer this message; opaque to everyone else."""
    dedupe_seconds: float | None = None
    """How long its id is remembered, where that is shorter than the conversation's memory (a double press)."""
    by_receipt: bool = False
    """That time counts from its receipt; False: from when its conversation heard it (messages of older builds)."""
    choice: str = ""
    """The id of the choice, button or list row that was tapped; `text` is then its title."""
    cart: tuple[CartItem, ...] = ()
    context: Context | None = None
    edits: str = ""
    """The id of an earlier message that this one replaces."""
    told_to_wait: bool = False
    """Whoever sent it was told "one moment" when it was taken."""
    overheard: bool = False
    """Somebody else holds the thread on the platform (Messenger's standby): it is kept, and not answered."""

    @property
    def key(self) -> str:
        """What tells it from every other message of its conversation: a fingerprint may come again a minute later."""
        return self.id if self.dedupe_seconds is None else f"{self.id}/{self.received_at.timestamp():.3f}"


class Received(Value):
    """A customer wrote."""

    address: Address
    message: InboundMessage
    names: tuple[str, ...] = ()
    """Every id the platform told for this customer, where one customer may have several."""


class ReceiptState(StrEnum):
    """How far an outbound message came, in the platform's word; in the order it moves forwards."""

    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"


class ReceiptSeen(Value):
    """The platform tells how far an outbound message came."""

    address: Address
    message_id: str
    state: ReceiptState
    at: datetime | None = None
    error: str = ""
    """Why it failed: the vendor's code and words."""
    tag: str = ""
    """What we had sent along to know the part by, where the platform gives such a thing back (`tag_of`)."""
    key: str = ""
    """The outbox key of the part, once our books have been asked."""


class Echo(Value):
    """The platform shows us a message that we, or an operator in the platform's own app, sent."""

    address: Address
    message_id: str
    by_operator: bool | None
    """None: the platform does not tell, and our own outbox must be asked."""
    text: str = ""
    at: datetime | None = None
    names: tuple[str, ...] = ()
    """Every id the platform told for this customer, where one customer may have several."""


class Unsent(Value):
    """A customer took a message back: we forget it."""

    address: Address
    message_id: str
    names: tuple[str, ...] = ()
    """Every id the platform told for this customer, where one customer may have several."""


class Ignored(Value):
    """Something the platform may send and we do not act on; `reason` is a short label that is counted."""

    reason: str


Inbound = Received | ReceiptSeen | Echo | Unsent | Ignored


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
    by_operator: bool = False
    operator: str = ""
    """Who wrote it, where an operator did and has a name."""
    discloses: int = 0
    """The dialog whose customer is told here that no person writes; 0: it does not tell."""
    outside_window: bool = False
    """The session window is closed: the platform's folder knows another way (a template message, a tag), or refuses."""


class Receipt(Value):
    """The platform took a part. `message_id` is empty where it returns none (ManyChat)."""

    message_id: str = ""
