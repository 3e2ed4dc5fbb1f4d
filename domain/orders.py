"""Orders, as a flow drafts them."""

from decimal import Decimal

from domain.model import Value


class OrderItem(Value):
    """One line of an order."""

    name: str
    quantity: int
    sku: str = ""
    price: Decimal | None = None


class OrderDraft(Value):
    """Everything the customer confirmed; becomes one row of `orders`."""

    client_phone: str
    delivery_address: str
    bottles_count: int | None = None
    items: tuple[OrderItem, ...] = ()
    total: Decimal | None = None
    currency: str = ""
