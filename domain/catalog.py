"""What the shop sells: an item is one thing to buy, a product its sizes and colours; and what a flow may ask for."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from pydantic import Field

from domain.model import Value


class Item(Value):
    """One thing that can be bought: a product in one size and colour."""

    sku: str
    product: str
    """The id of the product it belongs to; a product of one item has the item's own."""
    title: str
    description: str = ""
    category: str = ""
    colour: str = ""
    size: str = ""
    price: Decimal
    currency: str
    stock: int | None = None
    """How many there are; None: nobody counts them."""
    image_url: str = ""
    url: str = ""
    attributes: Mapping[str, str] = {}

    @property
    def is_available(self) -> bool:
        """Whether one can be sold now."""
        return self.stock is None or self.stock > 0


class Product(Value):
    """A product with the items a customer chooses among."""

    id: str
    title: str
    description: str = ""
    category: str = ""
    image_url: str = ""
    items: tuple[Item, ...] = Field(min_length=1)

    @property
    def available(self) -> tuple[Item, ...]:
        """The items that can be sold now."""
        return tuple(item for item in self.items if item.is_available)

    @property
    def is_available(self) -> bool:
        """Whether any of its items can be sold now."""
        return any(item.is_available for item in self.items)

    @property
    def currency(self) -> str:
        """The currency of its prices."""
        return self.items[0].currency

    @property
    def price_from(self) -> Decimal:
        """The lowest price of what can be sold; of everything, where nothing can."""
        return min(item.price for item in self.available or self.items)

    @property
    def price_to(self) -> Decimal:
        """The highest price of what can be sold; of everything, where nothing can."""
        return max(item.price for item in self.available or self.items)

    @property
    def colours(self) -> tuple[str, ...]:
        """The colours that can be sold, in the shop's order."""
        return tuple(dict.fromkeys(item.colour for item in self.available if item.colour))

    @property
    def sizes_in_stock(self) -> tuple[str, ...]:
        """The sizes that can be sold, in whatever colour, in the shop's order."""
        return self.sizes_of()

    def sizes_of(self, colour: str = "") -> tuple[str, ...]:
        """The sizes that can be sold in one colour (empty: in any)."""
        wanted = colour.casefold()
        return tuple(
            dict.fromkeys(item.size for item in self.available if item.size and wanted in ("", item.colour.casefold()))
        )

    def item_of(self, colour: str = "", size: str = "") -> Item | None:
        """The item in this colour and size, if that names one; one that can be sold goes before one that cannot."""
        found = [
            item
            for item in (*self.available, *self.items)
            if colour.casefold() in ("", item.colour.casefold()) and size.casefold() in ("", item.size.casefold())
        ]
        return found[0] if found else None


class FindProducts(Value):
    """A wish in the customer's words, narrowed by what is known for sure; the best come first."""

    kind: Literal["find_products"] = "find_products"
    text: str = ""
    category: str = ""
    colour: str = ""
    size: str = ""
    most: int = Field(default=5, ge=1, le=50)
    price_to: Decimal | None = None
    in_stock: bool = True
    """Only products of which an item that fits can be sold."""


class ReadItems(Value):
    """Items by their numbers; unknown ones are left out."""

    kind: Literal["read_items"] = "read_items"
    skus: tuple[str, ...]
    fresh: bool = False
    """Read price and stock now: not what was remembered some minutes ago."""


class ReadProduct(Value):
    """One product by its id."""

    kind: Literal["read_product"] = "read_product"
    id: str
