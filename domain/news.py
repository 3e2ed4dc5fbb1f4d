"""What a conversation hears of besides its customer's messages: a flow takes a turn on it, as on a burst."""

from typing import Annotated, Literal

from pydantic import Field

from domain.model import Value


class PaymentDecided(Value):
    """A person decided about a payment proof."""

    kind: Literal["payment_decided"]
    order: str
    """The order's number."""
    approved: bool
    reason: str = ""
    """Why it was refused, in the operator's words to the customer."""


class PaymentExpired(Value):
    """Nobody decided about a payment proof in time."""

    kind: Literal["payment_expired"]
    order: str


class OrderCancelled(Value):
    """A person of the shop cancelled an order."""

    kind: Literal["order_cancelled"]
    order: str
    """Its number."""
    reason: str = ""
    """In the operator's words to the customer."""


class CartLeft(Value):
    """The customer has been silent for as long as the flow asked to be told of."""

    kind: Literal["cart_left"]


# `kind` has no default on purpose: fields at their defaults are not written into histories, and it tells them apart.
News = Annotated[PaymentDecided | PaymentExpired | OrderCancelled | CartLeft, Field(discriminator="kind")]
