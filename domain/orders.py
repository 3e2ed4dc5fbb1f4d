"""Orders, as a flow drafts them."""

from decimal import Decimal

from domain.model import Value


class OrderItem(Value):
    """One line of an order."""

    name: str
    quantity: int
    sku: str = ""
    size: str = ""
    colour: str = ""
    price: Decimal | None = None


class OrderDraft(Value):
    """Everything the customer confirmed; becomes one row of `orders`."""

    client_phone: str
    delivery_address: str
    bottles_count: int | None = None
    items: tuple[OrderItem, ...] = ()
    total: Decimal | None = None
    currency: str = ""
    client_name: str = ""
    payment_method: str = ""
    """"card" or "cash_on_delivery"; empty: as the shop does it."""
    status: str = "new"
    comment: str = ""
    kind: str = "order"
    """"order", or "booking" where somebody wants to come or to be called."""
