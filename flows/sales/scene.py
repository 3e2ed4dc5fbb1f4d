"""What every branch of the sales flow looks at, and how it ends its turn."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from domain.catalog import FindProducts, Item, Product, ReadItems, ReadProduct
from domain.decisions import Effect, FlowDecision, HandOff, Outcome
from domain.messages import Choice, OutboundMessage
from flows.base import Need, Senses, Turn
from flows.rules.colours import colour_name
from flows.rules.garments import garment_name
from flows.sales.choosing import narrowed, open_question, sizes_told
from flows.sales.eyesight import Eyesight
from flows.sales.hearing import Heard
from flows.sales.sentences import MOST_SHOWN, Words
from flows.sales.state import Phase, Question, Sale

Step = tuple[Sale, FlowDecision]
Branch = Generator[Need, Any, Step | None]
"""Takes the turn (a step), or leaves it to the next branch (None)."""
Taking = Generator[Need, Any, Step]
LONGEST_WISH = 300
PATIENCE = 2
"""After so many turns without sense a person is offered."""


@dataclass(frozen=True)
class Scene:
    """One turn: where the sale stands, what was heard, and the words to answer in."""

    sale: Sale
    turn: Turn
    heard: Heard
    senses: Senses
    words: Words
    eyes: Eyesight

    # --- endings of a turn -------------------------------------------------------------------------------------

    def ask(
        self,
        sale: Sale,
        question: Question,
        *before: str,
        shown: Sequence[OutboundMessage] = (),
        products: Sequence[Product] = (),
        missed: bool = False,
    ) -> Step:
        """Say something, show something, ask the next question."""
        menu = self.words.menu(question, sale, products, cash=self.turn.shop.cash_on_delivery)
        misses = min(sale.misses + 1, 99) if missed else 0
        sale = sale.model_copy(update={"asked": question, "menu": menu, "misses": misses})
        paragraphs = [*before, self.words.question(question)]
        if misses > PATIENCE:
            paragraphs.append(self.words.say("offer_person"))
        return sale, self.decision(sale, paragraphs, shown, menu)

    def say(
        self, sale: Sale, *paragraphs: str, effects: tuple[Effect, ...] = (), menu: tuple[Choice, ...] = ()
    ) -> Step:
        """Say something, and let the last question stand."""
        return sale, self.decision(sale, paragraphs, (), menu, effects)

    def end(self, key: str, phase: Phase, outcome: Outcome, *effects: Effect, **values: str) -> Step:
        """Say a last sentence; the next message opens a new dialog."""
        return self.close(self.words.say(key, **values), phase, outcome, *effects)

    def close(self, text: str, phase: Phase, outcome: Outcome, *effects: Effect) -> Step:
        """Say this and end."""
        return self.sale, FlowDecision(say=(OutboundMessage(text=text),), phase=phase, effects=effects, outcome=outcome)

    def pass_on(self, key: str, reason: str) -> Step:
        """A person takes over from here; the sale waits for them as it stands."""
        said = (OutboundMessage(text=self.words.say(key)),)
        effect = HandOff(kind="hand_off", reason=reason)
        return self.sale, FlowDecision(
            say=said, phase=Phase.HANDED_OFF, waiting_for=self.sale.asked or "", effects=(effect,)
        )

    def decision(
        self,
        sale: Sale,
        paragraphs: Sequence[str],
        shown: Sequence[OutboundMessage] = (),
        menu: tuple[Choice, ...] = (),
        effects: tuple[Effect, ...] = (),
    ) -> FlowDecision:
        """The decision of a sale that goes on."""
        text = "\n\n".join(filter(None, paragraphs))
        follow_up = self.turn.shop.follow_up_hours
        waits = bool(sale.cart) and not (sale.ordered or sale.followed_up or sale.opted_out)
        return FlowDecision(
            say=(*shown, OutboundMessage(text=text, choices=menu)),
            phase=sale.phase,
            waiting_for=sale.asked or "",
            effects=effects,
            follow_up_hours=follow_up if waits else 0.0,
        )

    # --- showing goods -----------------------------------------------------------------------------------------

    def offer(self, products: Sequence[Product], *before: str) -> Step:
        """Show what was found: one product with all there is to know, several to choose from."""
        if len(products) == 1:
            return self.present(products[0], *before)
        shown = products[:MOST_SHOWN]
        heard = self.heard
        wished = {"colour": next(iter(heard.colours), ""), "size": next(iter(heard.sizes), "")}
        sale = self.sale.model_copy(update={"offered": tuple(one.id for one in shown), "product": "", **wished})
        opening = OutboundMessage(text="\n\n".join(filter(None, before)) or self.words.say("found_many"))
        return self.ask(sale, Question.WHICH, shown=(opening, *self.words.shown(shown)), products=shown)

    def sizes_of(self, product: Product) -> tuple[str, ...]:
        """The sizes this turn names, the product's own numbers among them; a phone number or a count holds none."""
        counts = bool(self.heard.phone or (self.heard.quantity or 0) > 1)
        return self.heard.sizes or (() if counts else sizes_told(product, self.heard.text))

    def present(self, product: Product, *before: str) -> Step:
        """Show one product and ask for what is open about it."""
        before_now = (self.sale.colour,), (self.sale.size,)  # what was wished when these were searched for
        fresh = self.sale.model_copy(
            update={"offered": (product.id,), "product": product.id, "colour": "", "size": "", "quantity": 0}
        )
        sale = narrowed(product, narrowed(product, fresh, *before_now), self.heard.colours, self.sizes_of(product))
        if not product.is_available:
            return self.ask(self.sale, Question.WISH, *before, self.words.say("product_gone", title=product.title))
        opening = [OutboundMessage(text="\n\n".join(before))] if any(before) else []
        question = open_question(product, sale) or Question.MORE
        return self.ask(sale, question, shown=(*opening, self.words.details(product)), products=(product,))


def in_front(text: str, step: Step) -> Step:
    """The step's reply with these words first."""
    sale, decision = step
    if not text:
        return step
    first, *more = decision.say
    joined = first.model_copy(update={"text": f"{text}\n\n{first.text}"})
    return sale, decision.model_copy(update={"say": (joined, *more)})


def wish(
    text: str, *, garment: str = "", colour: str = "", size: str = "", price_to: Decimal | None = None, most: int = 3
) -> FindProducts:
    """A wish for the catalogue: kinds of garment and colours by their normal names become the shop's words."""
    return FindProducts(
        text=text[:LONGEST_WISH],
        category=garment_name(garment, "uk") if garment else "",
        colour=colour_name(colour, "uk") if colour else "",
        size=size,
        price_to=price_to,
        most=most,
    )


def find(wanted: FindProducts) -> Generator[Need, Any, tuple[Product, ...]]:
    """Ask the catalogue."""
    found: tuple[Product, ...] = yield wanted
    return found


def read_product(id: str) -> Generator[Need, Any, Product | None]:
    """Ask for one product."""
    found: Product | None = yield ReadProduct(id=id)
    return found


def read_items(skus: Sequence[str], *, fresh: bool = False) -> Generator[Need, Any, tuple[Item, ...]]:
    """Ask for items; `fresh`: as they are at this moment."""
    found: tuple[Item, ...] = yield ReadItems(skus=tuple(skus), fresh=fresh)
    return found
