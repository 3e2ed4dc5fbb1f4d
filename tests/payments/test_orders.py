"""What a customer agreed to stands in the order."""

from decimal import Decimal

from domain.orders import OrderDraft, OrderItem
from providers.records.books import Books
from providers.records.pool import fetch_one
from tests.payments.conftest import Shop


async def test_an_order_keeps_who_how_and_what_for(shop: Shop) -> None:
    """The name for the parcel, the way of paying, the wish beside it; a booking is told from an order."""
    draft = OrderDraft(
        client_phone="+380501112233", delivery_address="Львів, відділення 5", total=Decimal("1499.00"), currency="UAH",
        items=(OrderItem(name="Сукня", quantity=1, sku="D-1", price=Decimal("1499.00")),), client_name="Олена Шевченко",
        payment_method="card", status="awaiting_payment", comment="зателефонуйте після 18:00", kind="booking",
    )  # fmt: skip
    number, *_ = await Books(shop.pool).place_order(shop.customer(), f"kept/{shop.account}", draft)
    row = await fetch_one(shop.pool, "SELECT * FROM orders WHERE id = %(id)s", {"id": number})
    names = ("client_name", "payment_method", "status", "comment", "kind")
    assert row is not None
    assert [getattr(draft, name) for name in names] == [row[name] for name in names]
