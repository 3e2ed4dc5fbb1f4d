"""Talk: a model where one answers, else rules and templates that say less and hand on sooner.

What a tool may do comes from the sale's state and from the catalogue, never from anybody's words: nothing here places
an order, changes a price or judges a payment.
"""

from collections.abc import Generator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from domain.catalog import Item, Product
from domain.dialogue import Dialogue, ReadDialogue
from domain.knowledge import FindPassages, Passage
from domain.language import AskModel, Tool
from domain.messages import OutboundMessage
from flows.base import Need
from flows.conversing import Ability, Refusal, Talk, converse, lines_of
from flows.prompting import load_prompt
from flows.sales import buying
from flows.sales.by_rules import without_model
from flows.sales.cart import MOST_OF_ONE, with_item, without
from flows.sales.delivering import checkout
from flows.sales.eyesight import amount_of
from flows.sales.guard import claims_a_deed, unknown_amounts
from flows.sales.scene import Scene, Taking, find, in_front, read_items, wish
from flows.sales.state import DELIVERY, Question, Sale

MOST_FOUND = 6
LONGEST_REPLY = 1_500
Used = tuple[Sale, str]
Using = Generator[Need, Any, Used]


def _strict(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _text(what: str) -> dict[str, Any]:
    return {"type": "string", "description": what}


SEARCH = Tool(
    name="search_products",
    description="Search the catalogue: returns products with ids, prices, colours, sizes, item numbers (sku).",
    schema_=_strict(
        text=_text("what is wanted, in the customer's words"), colour=_text("or empty"), size=_text("or empty"),
        price_to=_text("the highest price, digits, or empty"),
    ),
)  # fmt: skip
SHOW = Tool(
    name="show_products",
    description="Show up to three products with their pictures to the customer, beside your answer.",
    schema_=_strict(ids={"type": "array", "items": {"type": "string"}, "description": "product ids"}),
)
ADD = Tool(
    name="add_to_cart",
    description="Put an item into the cart. Only when the customer has chosen it, colour and size included.",
    schema_=_strict(sku=_text("item number"), quantity={"type": "integer", "description": "pieces"}),
)
REMOVE = Tool(
    name="remove_from_cart",
    description="Take an item out of the cart.",
    schema_=_strict(sku=_text("item number, as the cart has it")),
)
READ = Tool(
    name="read_documents",
    description="Look up the shop's own documents: delivery, payment, returns, sizes, opening hours.",
    schema_=_strict(question=_text("what to look up, in the customer's language")),
)
CHECKOUT = Tool(
    name="begin_checkout",
    description="The customer wants to order what is in the cart: the shop's form asks for name, phone and address.",
    schema_=_strict(),
)
PERSON = Tool(
    name="ask_a_person",
    description="Pass the conversation to a person of the shop, when you cannot help or should not decide.",
    schema_=_strict(reason=_text("why, in a few words, for the operator")),
)


class Wants:
    """What the model wants shown and done at the end of the turn, beside its words."""

    def __init__(self) -> None:
        self.found: dict[str, Product] = {}
        self.items: dict[str, Item] = {}
        self.shown: list[str] = []
        self.checkout = False
        self.person = ""
        self.heard: list[str] = []
        """What tools told, for the guard of amounts."""


class Talking:
    """Answers what no rule is sure of."""

    def __init__(self, prompts: Path) -> None:
        self._rules = load_prompt("sales_assistant", folder=prompts)
        self._situation = load_prompt(
            "sales_situation",
            frozenset({"language", "phase", "cart", "asked", "delivery", "order", "meanwhile"}),
            prompts,
        )
        self._persona = load_prompt("sales_persona", folder=prompts)

    def answer(self, scene: Scene) -> Taking:
        """Take the turn."""
        dialogue: Dialogue = yield ReadDialogue()
        wants = Wants()
        talk = yield from converse(self._asked(scene, dialogue), scene.sale, lambda sale: _abilities(sale, wants))
        if talk.away:
            return (yield from without_model(scene, talk.away))
        return (yield from self._told(scene, talk, wants))

    # --- asking ------------------------------------------------------------------------------------------------

    def _asked(self, scene: Scene, dialogue: Dialogue) -> AskModel:
        persona = scene.turn.shop.persona or self._persona.tell()
        return AskModel(
            prompt="+".join((self._rules.digest, self._situation.digest)),
            system=(self._rules.tell(), persona, self._situation_of(scene, dialogue.summary)),
            lines=lines_of(dialogue.lines, scene.heard.text or "(a message without words)"),
            most_tokens=700,
        )

    def _situation_of(self, scene: Scene, summary: str) -> str:
        sale, words = scene.sale, scene.words
        delivery = {"name": sale.name, "phone": sale.phone, "city": sale.city, "branch": sale.branch}
        told = self._situation.tell(
            language={"uk": "Ukrainian", "ru": "Russian"}[words.language],
            phase=sale.phase,
            cart="\n".join(f"{words.line(line)} [sku {line.sku}]" for line in sale.cart) or "empty",
            asked=sale.asked or "nothing yet",
            delivery=", ".join(name for name, value in delivery.items() if value) or "nothing yet",
            order=scene.turn.order or "none",
            meanwhile=scene.turn.meanwhile or "nothing",
        )
        return f"{told}\n\n<earlier>{summary}</earlier>" if summary else told

    # --- telling -----------------------------------------------------------------------------------------------

    def _told(self, scene: Scene, talk: Talk[Sale], wants: Wants) -> Taking:
        """The model's words; goods, sums and questions that must be exact come from us."""
        text = talk.text[:LONGEST_REPLY]
        known = [*wants.heard, scene.words.cart(talk.state), scene.turn.shop.persona, scene.turn.shop.payment_details]
        if unknown_amounts(text, known) or claims_a_deed(text):
            text = ""
        if wants.person:
            sale, decision = scene.pass_on("handed_off", f"the assistant asks for a person: {wants.person}")
            return sale, decision if not text else decision.model_copy(update={"say": (OutboundMessage(text=text),)})
        sale = talk.state.model_copy(update={"misses": 0})
        if wants.checkout and sale.cart:
            return in_front(text, checkout(scene, sale))
        if sale.cart != scene.sale.cart:
            return scene.ask(sale, Question.MORE if sale.cart else Question.WISH, text, scene.words.cart(sale))
        return (yield from self._shown(scene, sale, wants, text))

    def _shown(self, scene: Scene, sale: Sale, wants: Wants, text: str) -> Taking:
        products = [wants.found[id] for id in dict.fromkeys(wants.shown) if id in wants.found][:3]
        asking = Scene(sale, scene.turn, scene.heard, scene.senses, scene.words, scene.eyes)
        if products:
            return asking.offer(products, text)
        if not text:
            missed = replace(asking, sale=sale.model_copy(update={"misses": scene.sale.misses}))
            return (yield from buying.again(missed, scene.words.say("not_understood")))
        if sale.asked in DELIVERY or sale.asked is Question.CONFIRMATION:  # the answer, then the form's question again
            return in_front(text, checkout(scene, sale))
        asked = sale.model_copy(update={"asked": sale.asked or Question.WISH})
        return asking.say(asked, text, menu=sale.menu)


# --- tools ---------------------------------------------------------------------------------------------------------


def _abilities(sale: Sale, wants: Wants) -> Mapping[str, Ability[Sale]]:
    """What the model may ask for in this state."""
    able = [Ability(SEARCH, _search(wants)), Ability(READ, _read(wants)), Ability(PERSON, _ask_person(wants))]
    if wants.found:
        able += [Ability(SHOW, _show(wants)), Ability(ADD, _add(wants))]
    if sale.cart:
        able += [Ability(REMOVE, _remove), Ability(CHECKOUT, _begin(wants))]
    return {ability.tool.name: ability for ability in able}


def _search(wants: Wants) -> Any:
    def use(sale: Sale, told: Mapping[str, Any]) -> Using:
        limit = amount_of(told["price_to"]) if told["price_to"] else None
        wanted = wish(
            told["text"],
            colour=buying.first_colour(told["colour"]),
            size=buying.first_size(told["size"]),
            price_to=limit,
            most=MOST_FOUND,
        )
        products = yield from find(wanted)
        wants.found |= {one.id: one for one in products}
        wants.items |= {item.sku: item for one in products for item in one.available}
        listed = "\n".join(map(_described, products)) or "nothing was found"
        # Prices alone: an amount in a description is nobody's offer.
        wants.heard += [str(item.price) for one in products for item in one.available]
        return sale, listed

    return use


def _described(product: Product) -> str:
    items = "; ".join(f"{item.sku}: {item.colour} {item.size} {item.price}" for item in product.available[:12])
    return (
        f"[{product.id}] {product.title}, {product.currency}. {product.description[:200]} Items: {items or 'sold out'}"
    )


def _show(wants: Wants) -> Any:
    def use(sale: Sale, told: Mapping[str, Any]) -> Used:
        known = [id for id in told["ids"] if id in wants.found]
        if not known:
            raise Refusal("search first: only products that were found can be shown")
        wants.shown += known[:3]
        return sale, "they are shown below your answer"

    return use


def _add(wants: Wants) -> Any:
    def use(sale: Sale, told: Mapping[str, Any]) -> Using:
        if told["sku"] not in wants.items:
            raise Refusal("search first: only items that were found can be added")
        items = yield from read_items((told["sku"],), fresh=True)
        if not items or not items[0].is_available:
            raise Refusal("it is sold out")
        added = with_item(sale, items[0], min(max(told["quantity"], 1), MOST_OF_ONE))
        if added.cart == sale.cart:
            raise Refusal("there is no more of it")
        return added, "it is in the cart; the customer sees the cart below your answer"

    return use


def _remove(sale: Sale, told: Mapping[str, Any]) -> Used:
    if told["sku"] not in {line.sku for line in sale.cart}:
        raise Refusal("it is not in the cart")
    return without(sale, (told["sku"],)), "it is out of the cart"


def _begin(wants: Wants) -> Any:
    def use(sale: Sale, _: Mapping[str, Any]) -> Used:
        wants.checkout = True
        return sale, "the form's question follows your answer; ask for nothing yourself"

    return use


def _read(wants: Wants) -> Any:
    def use(sale: Sale, told: Mapping[str, Any]) -> Using:
        passages: tuple[Passage, ...] = yield FindPassages(text=told["question"][:300])
        found = (
            "\n\n".join(f"{one.title}, {one.section}: {one.text}" for one in passages) or "the documents say nothing"
        )
        wants.heard.append(found)
        return sale, found

    return use


def _ask_person(wants: Wants) -> Any:
    def use(sale: Sale, told: Mapping[str, Any]) -> Used:
        wants.person = told["reason"][:150] or "no reason given"
        return sale, "a person will come; say so in one sentence"

    return use
