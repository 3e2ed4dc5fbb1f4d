"""The sales flow's sentences by key, and how goods and money are written in them."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path

from babel.numbers import format_currency

from domain.catalog import Product
from domain.messages import Choice, OutboundMessage
from flows.rules.colours import colour_name
from flows.sales.choosing import colour_key, colours_of, fitting, sizes_of
from flows.sales.state import CARD, CASH, CartLine, Question, Sale
from flows.wording import PROMPTS, Wording, load_wording

LANGUAGES = ("uk", "ru")
MOST_SHOWN = 3
"""Products in one reply."""
LONGEST_TITLE = 20
"""Signs of a choice's title: what Instagram and WhatsApp show of a button."""
MOST_CHOICES = 8

# ruff: noqa: SIM905 — the keys read better as running text than as quoted lists.
_PLAIN = """
    greeting apology interim nobody_came wish_question which_question colour_question size_question more_question
    name_question phone_question city_question branch_question method_question confirm_question proof_question
    found_many nothing_found photo_unsure photo_passed_on complaint_passed_on cart_empty cart_full phone_invalid
    cancelled nothing_open restarted thanks not_understood offer_person handed_off method_card method_cash
    payment_by_person proof_taken proof_wanted proof_suspected proof_waits opted_out prices_changed what_to_change
    facts_noted too_dear no_discount opted_in
    choice_checkout choice_more choice_card choice_cash choice_yes choice_change choice_person choice_stop welcome_back
""".split()
_WITH_PLACES = {
    "product": "number title price",
    "product_details": "title price description colours sizes",
    "product_gone": "title",
    "photo_seen": "what",
    "price_of": "title price",
    "no_such_size": "sizes",
    "no_such_colour": "colours",
    "added": "line",
    "removed": "line",
    "line": "title options quantity total",
    "cart": "lines total",
    "gone_from_cart": "titles",
    "summary": "lines name phone city branch method total",
    "placed": "order_number total",
    "placed_cash": "order_number total",
    "payment_details": "details total",
    "paid": "order",
    "refused": "order reason",
    "order_cancelled": "order reason",
    "payment_expired": "order",
    "follow_up": "titles",
}
KEYS: dict[str, frozenset[str]] = {
    **dict.fromkeys(_PLAIN, frozenset[str]()),
    **{key: frozenset(places.split()) for key, places in _WITH_PLACES.items()},
}


class Words:
    """What the shop's assistant says in one language."""

    def __init__(self, language: str, prompts: Path = PROMPTS) -> None:
        self.language = language
        self._wording: Wording = load_wording(f"sales_{language}", KEYS, prompts)

    def say(self, key: str, **values: str | int) -> str:
        """The sentence with its places filled."""
        return self._wording.say(key, **values)

    def money(self, amount: Decimal, currency: str) -> str:
        """An amount as people of this language write it; no pennies where there are none."""
        written = format_currency(amount, currency or "UAH", locale=self.language, currency_digits=amount % 1 != 0)
        return written if amount % 1 else written.replace(",00", "")

    # --- goods -------------------------------------------------------------------------------------------------

    def line(self, line: CartLine) -> str:
        """A line of the cart."""
        options = ", ".join(filter(None, (self.colour(line.colour), line.size)))
        return self.say(
            "line",
            title=line.title,
            options=f" ({options})" if options else "",
            quantity=line.quantity,
            total=self.money(line.total, line.currency),
        )

    def colour(self, colour: str) -> str:
        """A colour in this language, where it is one we know; else in the shop's own words."""
        named = colour_name(colour_key(colour), self.language)
        own = self.language == "uk" and not colour.isascii() and colour != colour_name(colour_key(colour), "ru")
        return colour if own else named or colour

    def lines(self, lines: Iterable[CartLine]) -> str:
        """The lines of a cart, one under the other."""
        return "\n".join(self.line(line) for line in lines)

    def cart(self, sale: Sale) -> str:
        """The whole cart."""
        if not sale.cart:
            return self.say("cart_empty")
        return self.say("cart", lines=self.lines(sale.cart), total=self.money(sale.sum, sale.currency))

    def summary(self, sale: Sale) -> str:
        """Everything the customer is about to confirm."""
        return self.say(
            "summary",
            lines=self.lines(sale.cart),
            name=sale.name,
            phone=sale.phone,
            city=sale.city,
            branch=sale.branch,
            method=self.say("method_card" if sale.method == CARD else "method_cash"),
            total=self.money(sale.sum, sale.currency),
        )

    def price(self, product: Product) -> str:
        """What a product costs, or from what on."""
        low, high = product.price_from, product.price_to
        written = self.money(low, product.currency)
        return written if low == high else f"{written} – {self.money(high, product.currency)}"

    def shown(self, products: Sequence[Product]) -> tuple[OutboundMessage, ...]:
        """Products as messages with their pictures."""
        return tuple(
            OutboundMessage(
                text=self.say("product", number=number, title=one.title, price=self.price(one)),
                image_url=one.image_url,
            )
            for number, one in enumerate(products[:MOST_SHOWN], 1)
        )

    def details(self, product: Product) -> OutboundMessage:
        """One product with all that is to be known of it."""
        items = product.available
        text = self.say(
            "product_details",
            title=product.title,
            price=self.price(product),
            description=product.description,
            colours=", ".join(map(self.colour, colours_of(items))) or "—",
            sizes=", ".join(sizes_of(items)) or "—",
        )
        return OutboundMessage(text=text, image_url=product.image_url)

    # --- questions ---------------------------------------------------------------------------------------------

    def question(self, question: Question) -> str:
        """What the reply ends with."""
        return self.say("confirm_question" if question is Question.CONFIRMATION else f"{question}_question")

    def menu(
        self, question: Question, sale: Sale, products: Sequence[Product] = (), *, cash: bool = True
    ) -> tuple[Choice, ...]:
        """The tappable answers to a question."""
        match question:
            case Question.WHICH:
                return tuple(_choice(f"p:{one.id}", one.title) for one in products[:MOST_SHOWN])
            case Question.COLOUR if products:
                colours = colours_of(fitting(products[0], "", sale.size))
                return tuple(_choice(f"c:{colour_key(one)}", self.colour(one)) for one in colours[:MOST_CHOICES])
            case Question.SIZE if products:
                sizes = sizes_of(fitting(products[0], sale.colour, ""))
                return tuple(_choice(f"s:{one}", one) for one in sizes[:MOST_CHOICES])
            case Question.MORE:
                return (
                    _choice("checkout", self.say("choice_checkout")),
                    _choice("more", self.say("choice_more")),
                )
            case Question.METHOD:
                card = _choice(f"m:{CARD}", self.say("choice_card"))
                return (card, _choice(f"m:{CASH}", self.say("choice_cash"))) if cash else (card,)
            case Question.CONFIRMATION:
                return (_choice("yes", self.say("choice_yes")), _choice("change", self.say("choice_change")))
            case _:
                return ()


def _choice(id: str, title: str) -> Choice:
    short = title if len(title) <= LONGEST_TITLE else f"{title[: LONGEST_TITLE - 1].rstrip()}…"
    return Choice(id=id, title=short)
