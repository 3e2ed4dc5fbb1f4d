"""What an open sale knows so far."""

from decimal import Decimal
from enum import StrEnum

from domain.messages import Choice
from domain.model import Value
from domain.orders import OrderItem


class Phase(StrEnum):
    """What an operator filters by."""

    GREETING = "greeting"
    WISH = "wish"
    OFFER = "offer"
    CART = "cart"
    DELIVERY = "delivery"
    PAYMENT = "payment"
    CHECKING = "checking"
    """A payment proof lies before a person."""
    PAID = "paid"
    DONE = "done"
    CANCELLED = "cancelled"
    HANDED_OFF = "handed_off"


class Question(StrEnum):
    """What the last reply asked for."""

    WISH = "wish"
    WHICH = "which"
    """Which of the products that were shown."""
    COLOUR = "colour"
    SIZE = "size"
    MORE = "more"
    """Anything else, or shall we make it an order."""
    NAME = "name"
    PHONE = "phone"
    CITY = "city"
    BRANCH = "branch"
    METHOD = "method"
    CONFIRMATION = "confirmation"
    PROOF = "proof"


DELIVERY = (Question.NAME, Question.PHONE, Question.CITY, Question.BRANCH, Question.METHOD)
CARD = "card"
CASH = "cash_on_delivery"


class CartLine(Value):
    """One line of the cart."""

    sku: str
    title: str
    size: str = ""
    colour: str = ""
    quantity: int = 1
    price: Decimal
    currency: str = ""

    @property
    def total(self) -> Decimal:
        """Its price times its quantity."""
        return self.price * self.quantity

    def as_item(self) -> OrderItem:
        """The line as an order has it."""
        return OrderItem(
            name=self.title,
            quantity=self.quantity,
            sku=self.sku,
            size=self.size,
            colour=self.colour,
            price=self.price,
        )


class Sale(Value):
    """The state of the dialog; it travels in histories, so empty fields are left out."""

    language: str = ""
    asked: Question | None = None
    """None before the first reply."""
    menu: tuple[Choice, ...] = ()
    """The choices of the last reply: a customer may answer with a number or a title instead of a tap."""
    offered: tuple[str, ...] = ()
    """Products shown last, by id."""
    product: str = ""
    """The product being chosen, by id."""
    colour: str = ""
    size: str = ""
    quantity: int = 0
    cart: tuple[CartLine, ...] = ()
    name: str = ""
    phone: str = ""
    city: str = ""
    branch: str = ""
    method: str = ""
    ordered: bool = False
    """The order is placed and waits for its payment."""
    total: Decimal | None = None
    """Of the order placed."""
    proofs: int = 0
    """Payment proofs sent for it."""
    misses: int = 0
    """How many turns in a row brought nothing."""
    followed_up: bool = False
    opted_out: bool = False

    @property
    def sum(self) -> Decimal:
        """What the cart costs."""
        return sum((line.total for line in self.cart), Decimal(0))

    @property
    def currency(self) -> str:
        """The cart's currency."""
        return self.cart[0].currency if self.cart else ""

    @property
    def next_question(self) -> Question:
        """What a sale with goods in its cart needs to know next."""
        if not self.cart:
            return Question.WISH
        told = {
            Question.NAME: self.name,
            Question.PHONE: self.phone,
            Question.CITY: self.city,
            Question.BRANCH: self.branch,
            Question.METHOD: self.method,
        }
        return next((slot for slot in DELIVERY if not told[slot]), Question.CONFIRMATION)

    @property
    def phase(self) -> Phase:
        """Where the sale stands, as an operator filters by it."""
        if self.ordered:
            return Phase.CHECKING if self.proofs else Phase.PAYMENT
        if self.asked is None:
            return Phase.GREETING
        if self.asked in DELIVERY or self.asked is Question.CONFIRMATION:
            return Phase.DELIVERY
        if self.cart:
            return Phase.CART
        return Phase.OFFER if self.offered or self.product else Phase.WISH
