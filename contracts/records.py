"""Activities that write down what happened; every one idempotent by its key."""

from datetime import datetime

from domain.decisions import Outcome
from domain.identifiers import Address
from domain.messages import InboundMessage, Unsent
from domain.model import Value
from domain.orders import OrderDraft
from temporalio import activity


class NewOrder(Value):
    """An order to create; the key makes it one row."""

    address: Address
    key: str
    flow: str
    draft: OrderDraft


class PlacedOrder(Value):
    """The order as it stands in the table."""

    id: str
    number: str
    shortage: str = ""
    """What the shelf no longer held when it was placed."""


class CloseDialog(Value):
    """How a dialog ended, for `dialog_outcomes`."""

    address: Address
    key: str
    flow: str
    outcome: Outcome
    waiting_for: str
    messages: int
    opened_at: datetime
    ended_at: datetime
    order_id: str = ""


class KeepMessages(Value):
    """Messages that no turn answers (an operator is the holder), for the transcript."""

    address: Address
    turn: int
    messages: tuple[InboundMessage, ...]


class Done(Value):
    """Nothing more to say."""


class Orders:
    """Creates orders."""

    @activity.defn(name="place_order")
    async def place_order(self, order: NewOrder) -> PlacedOrder:
        """Create the order, or find the one that this key already made."""
        raise NotImplementedError


class Records:
    """Writes the shop's books."""

    @activity.defn(name="close_dialog")
    async def close_dialog(self, closing: CloseDialog) -> Done:
        """Write the dialog's outcome once."""
        raise NotImplementedError

    @activity.defn(name="forget_message")
    async def forget_message(self, unsent: Unsent) -> Done:
        """Blank a message in `message_logs`, and delete its media."""
        raise NotImplementedError

    @activity.defn(name="keep_messages")
    async def keep_messages(self, kept: KeepMessages) -> Done:
        """Write inbound messages to `message_logs`."""
        raise NotImplementedError
