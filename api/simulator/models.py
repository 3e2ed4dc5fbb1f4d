"""What the simulator's page asks for, and what it is told."""

from typing import Annotated

from pydantic import BaseModel, Field, model_validator

from api.operator_models import Order
from domain.messages import ReceiptState
from platforms.simulation import Entry, Fault

CONTACT = r"^[0-9A-Za-z_.@+-]{1,64}$"
LONGEST_TEXT = 8_000

Platform = Annotated[str, Field(max_length=40)]
Contact = Annotated[str, Field(pattern=CONTACT)]
Words = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]


class Phone(BaseModel):
    """Whose phone."""

    platform: Platform
    contact: Contact
    network: str = Field(default="", max_length=40)
    """The network behind the platform; empty: its usual one."""


class Message(BaseModel):
    """One message: words, a tapped choice, or a medium that was uploaded before."""

    text: str = Field(default="", max_length=LONGEST_TEXT)
    choice: str = Field(default="", max_length=1_000)
    media: str = Field(default="", pattern=r"^\d{0,20}$")
    """The id that `/simulator/_media` gave it."""

    @model_validator(mode="after")
    def _says_something(self) -> "Message":
        if not (self.text or self.media):
            raise ValueError("a message needs words or a medium")
        return self


class Saying(Phone):
    """What a simulated customer sends."""

    messages: list[Message] = Field(min_length=1, max_length=20)
    twice: bool = False
    """The platform delivers each webhook twice."""
    backwards: bool = False
    """The platform delivers the last message first."""


class Delivered(BaseModel):
    """How our webhook answered, in the order of the deliveries."""

    statuses: list[int]


class Operating(Phone):
    """What an operator types in the platform's own app."""

    text: Words


class Unsending(BaseModel):
    """A message that its customer takes back: the number of its bubble."""

    entry: int


class Editing(BaseModel):
    """A message that its customer writes anew."""

    entry: int
    text: Words


class Passing(Phone):
    """Time that is to have passed since the last message."""

    hours: float = Field(default=25, gt=0, le=24 * 30)


class Passed(BaseModel):
    """How many of our notes of this conversation are older now."""

    notes: int


class Look(Phone):
    """Somebody looks at a phone; with open eyes what it shows counts as read."""

    revision: int = 0
    """What the page shows already."""
    eyes: bool = True


class Screen(BaseModel):
    """What a phone shows; no entries: the same as before."""

    revision: int
    typing: bool
    entries: list[Entry] | None


class Trouble(BaseModel):
    """What is about to go wrong for this customer."""

    faults: list[Fault]
    held: bool
    """This customer's gate is closed."""
    all_held: bool
    """The gate of the whole platform is closed."""
    waiting: int
    """Calls in front of any gate."""
    latency: float


class About(BaseModel):
    """What is known of a conversation elsewhere."""

    conversation: str
    temporal: str
    flow: str
    orders: list[Order] | None
    """None: the books cannot be read now."""
    tells: list[ReceiptState]
    """How far the platform tells that our messages came."""
    trouble: Trouble
