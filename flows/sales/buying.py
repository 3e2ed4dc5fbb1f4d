"""From a wish to a cart: search, offer, choose, add, remove."""

import re
from collections.abc import Generator
from dataclasses import replace
from typing import Any

from domain.catalog import Item, Product
from flows.base import Need
from flows.rules.colours import find_colours
from flows.rules.consent import Consent
from flows.rules.garments import find_garment
from flows.rules.sizes import find_sizes
from flows.sales.cart import MOST_OF_ONE, with_item, without
from flows.sales.changing import mentioned, not_had
from flows.sales.choosing import chosen, colours_of, fitting, narrowed, open_question, sizes_of
from flows.sales.delivering import checkout, is_form, with_facts
from flows.sales.scene import Branch, Scene, Step, Taking, read_items, read_product
from flows.sales.searching import search
from flows.sales.state import DELIVERY, CartLine, Question, Sale

_OTHER = re.compile(
    r"(?:щось|що.небудь|шось|что.то|что.нибудь) (?:інш|друг)|\bне (?:подоба|нрав|хочу|моє|мое|те\b|то\b)"
    r"|^(?:покажіть|покажи|покажите|є|есть)?\W*(?:а )?(?:ще|еще|ещё|інші|інше|другие|другое|назад)\W*$"
)
_HUNDREDS = re.compile(r"\b\d{3,4} ?шт")
MANY = 99
_ONE = re.compile(r"\b(?:одну|один|одне|одно|1)\b")


def cart_message(scene: Scene) -> Branch:
    """A cart that was put together in the platform's own catalogue (WhatsApp) becomes ours."""
    if not scene.heard.cart:
        return None
    wanted = {line.sku: line.quantity for line in scene.heard.cart}
    items = yield from read_items(tuple(wanted), fresh=True)
    sale = scene.sale
    for item in items:
        sale = with_item(sale, item, max(1, wanted[item.sku])) if item.is_available else sale
    known = {line.sku for line in sale.cart}
    found = {item.sku: item.title for item in items}
    gone = [found.get(sku, sku) for sku in wanted if sku not in known]
    remark = scene.words.say("gone_from_cart", titles=", ".join(gone)) if gone else ""
    if not sale.cart:
        return scene.ask(scene.sale, Question.WISH, remark)
    return scene.ask(sale, Question.MORE, remark, scene.words.cart(sale))


def choice(scene: Scene) -> Branch:
    """A tap, or its title: a product, a colour, a size, on to the order, or more."""
    what, _, which = scene.heard.tapped.partition(":")
    match what:
        case "p":
            product = yield from read_product(which)
            return scene.present(product) if product else None
        case "c" | "s":
            return (yield from _narrow(scene, {"c": "colour", "s": "size"}[what], which))
        case "checkout" if scene.sale.cart:
            return checkout(scene, scene.sale)
        case "checkout" if scene.sale.product:
            return (yield from add(scene))
        case "more":
            return scene.ask(scene.sale, Question.WISH)
        case _:
            return None


def plain_wish(scene: Scene) -> Branch:
    """What the rules understand without a doubt: the pending colour or size, «беру», the cart, removing, checkout."""
    heard, sale = scene.heard, scene.sale
    if heard.removal and sale.cart:
        return _remove(scene)
    if heard.asks_cart:
        return scene.ask(sale, Question.MORE if sale.cart else Question.WISH, scene.words.cart(sale))
    if sale.product and (yield from _takes_it(scene)):
        return (yield from add(scene))
    if heard.asks_delivery and not heard.question and sale.asked not in DELIVERY:
        return (yield from _onwards(scene))
    return (yield from _onwards_unasked(scene))


def _takes_it(scene: Scene) -> Generator[Need, Any, bool]:
    """The colour or size that was asked for, or «беру»."""
    heard, sale = scene.heard, scene.sale
    if sale.asked in (Question.COLOUR, Question.SIZE) and (heard.colours or heard.sizes):
        product = (yield from read_product(sale.product)) if heard.garment else None
        return product is None or find_garment(product.title) == heard.garment
    if heard.question or heard.garment:
        return False
    if sale.asked is Question.SIZE and any(map(str.isdigit, heard.text)):
        product = yield from read_product(sale.product)
        return product is not None and bool(scene.sizes_of(product))
    return heard.adds or (sale.asked is Question.MORE and heard.consent is Consent.YES)


def _onwards_unasked(scene: Scene) -> Branch:
    """What leads on to the order without naming it."""
    sale = scene.sale
    if sale.product and _turns_it_down(scene):
        other = sale.model_copy(update={"product": "", "colour": "", "size": "", "offered": ()})
        return scene.ask(other, Question.MORE if sale.cart else Question.WISH)
    if _nothing_more(scene):
        return checkout(scene, sale)
    if is_form(scene) and not sale.cart and not sale.ordered:
        return (yield from _form_too_early(scene))
    return None


def _turns_it_down(scene: Scene) -> bool:
    """«Ні», «не подобається», «покажіть щось інше»: not this one."""
    heard, asked = scene.heard, (Question.COLOUR, Question.SIZE, Question.MORE)
    if scene.sale.asked not in asked or heard.garment or heard.colours or heard.sizes:
        return False
    return heard.consent is Consent.NO or _OTHER.search(heard.text.casefold()) is not None


def _nothing_more(scene: Scene) -> bool:
    """«Щось іще чи оформлюємо?»: «беру», «так», «ні, це все» all lead on to the order."""
    heard, sale = scene.heard, scene.sale
    if sale.asked is not Question.MORE or not sale.cart or sale.product or heard.question or heard.garment:
        return False
    return heard.adds or heard.consent in (Consent.YES, Consent.NO)


def _form_too_early(scene: Scene) -> Branch:
    """Name and phone before the goods are chosen: they are kept, and what is open is asked again."""
    told = with_facts(scene, scene.sale)
    if told == scene.sale or scene.heard.question:
        return None
    if not told.product and (found := (yield from search(replace(scene, sale=told), beside=True))):
        return found
    if told.product and told.asked is Question.MORE:
        return (yield from add(scene))
    return (yield from again(replace(scene, sale=told), scene.words.say("facts_noted")))


def _onwards(scene: Scene) -> Branch:
    """«Оформляємо»: what is being chosen goes into the cart first."""
    if scene.sale.product and not scene.sale.cart:
        told = with_facts(scene, scene.sale) if is_form(scene) else scene.sale
        return (yield from add(replace(scene, sale=told)))
    return checkout(scene, scene.sale) if scene.sale.cart else None


def again(scene: Scene, remark: str) -> Taking:
    """Nothing was understood: the same question, with its menu."""
    sale, question = scene.sale, scene.sale.asked or Question.WISH
    products: list[Product] = []
    for id in (sale.product,) if question in (Question.COLOUR, Question.SIZE) else sale.offered:
        if product := (yield from read_product(id)):
            products.append(product)  # noqa: PERF401 — a comprehension cannot ask
    return scene.ask(sale, question, remark, products=products, missed=True)


# --- one item ----------------------------------------------------------------------------------------------------


def _narrow(scene: Scene, what: str, which: str) -> Branch:
    if not scene.sale.product:
        return None
    product = yield from read_product(scene.sale.product)
    if product is None:
        return None
    told = scene.sale.model_copy(update={what: which if what == "colour" else _size(product, which)})
    return (yield from _add_or_ask(scene, product, told))


def _size(product: Product, which: str) -> str:
    """The normal name of a size as the shop writes it; `narrowed` says the same of what is typed."""
    found = narrowed(product, Sale(), (), (which,))
    return found.size or which.casefold()


def add(scene: Scene) -> Taking:
    """Put the product being chosen into the cart, or ask what is still open about it."""
    product = yield from read_product(scene.sale.product)
    if product is None or not product.is_available:
        title = product.title if product else "—"
        return scene.ask(
            scene.sale.model_copy(update={"product": ""}), Question.WISH, scene.words.say("product_gone", title=title)
        )
    told = narrowed(product, scene.sale, scene.heard.colours, scene.sizes_of(product))
    return (yield from _add_or_ask(scene, product, told))


def _add_or_ask(scene: Scene, product: Product, told: Sale) -> Taking:
    words = scene.words
    quantity = (MANY if _HUNDREDS.search(scene.heard.text) else 0) or scene.heard.quantity or told.quantity or 1
    told = told.model_copy(update={"quantity": quantity if quantity > 1 else 0})
    if told.colour and not fitting(product, told.colour):
        return _colour_gone(scene, product, told)
    if not fitting(product, told.colour, told.size):
        sizes = ", ".join(sizes_of(fitting(product, told.colour))) or "—"
        return scene.ask(
            told.model_copy(update={"size": ""}),
            Question.SIZE,
            words.say("no_such_size", sizes=sizes),
            products=(product,),
        )
    if (item := chosen(product, told)) is None:
        question = open_question(product, told) or Question.SIZE
        remark = not_had(scene, product)
        return scene.ask(told, question, remark, products=(product,), missed=bool(remark))
    items = yield from read_items((item.sku,), fresh=True)
    return _added(scene, told, product, items[0] if items else item, quantity)


def _colour_gone(scene: Scene, product: Product, told: Sale) -> Step:
    """The last one was sold while the customer was choosing."""
    told = told.model_copy(update={"colour": ""})
    colours = ", ".join(map(scene.words.colour, colours_of(product.available)))
    question = open_question(product, told) or Question.MORE
    return scene.ask(told, question, scene.words.say("no_such_colour", colours=colours), products=(product,))


def _added(scene: Scene, told: Sale, product: Product, item: Item, quantity: int) -> Step:
    sale = with_item(told, item, min(quantity, MOST_OF_ONE))
    if sale.cart == told.cart:
        key = "cart_full" if any(line.sku == item.sku for line in told.cart) else "product_gone"
        remark = scene.words.say(key) if key == "cart_full" else scene.words.say(key, title=product.title)
        return scene.ask(told, Question.MORE if told.cart else Question.WISH, remark)
    sale = sale.model_copy(update={"product": "", "colour": "", "size": "", "quantity": 0, "offered": ()})
    line = next(line for line in sale.cart if line.sku == item.sku)
    less = scene.words.say("cart_full") if _is_short(told, line, quantity) else ""
    remarks = (scene.words.say("added", line=scene.words.line(line)), less, _sum(scene, sale))
    sale = with_facts(scene, sale) if is_form(scene) else sale
    if is_form(scene) or scene.heard.asks_delivery:
        return checkout(scene, sale, *remarks)
    return scene.ask(sale, Question.MORE, *remarks)


def _is_short(before: Sale, line: CartLine, wanted: int) -> bool:
    """Whether there is less of it than was wanted."""
    had = next((one.quantity for one in before.cart if one.sku == line.sku), 0)
    return line.quantity - had < wanted


def _sum(scene: Scene, sale: Sale) -> str:
    """With one line the sum is said already."""
    return scene.words.cart(sale) if len(sale.cart) > 1 else ""


def _remove(scene: Scene) -> Step:
    """«Приберіть другу», «не треба сукню»: the line that is meant; with one line, that one."""
    meant = _meant(scene)
    if not meant:
        return scene.ask(scene.sale, Question.MORE, scene.words.cart(scene.sale), missed=True)
    if len(meant) == 1 and meant[0].quantity > 1 and _ONE.search(scene.heard.text.casefold()):
        return _one_less(scene, meant[0])
    sale = without(scene.sale, [line.sku for line in meant])
    removed = "\n".join(scene.words.say("removed", line=scene.words.line(line)) for line in meant)
    return scene.ask(sale, Question.MORE if sale.cart else Question.WISH, removed, scene.words.cart(sale))


def _one_less(scene: Scene, line: CartLine) -> Step:
    """«Приберіть одну» of two leaves one."""
    fewer = line.model_copy(update={"quantity": line.quantity - 1})
    cart = tuple(fewer if one.sku == line.sku else one for one in scene.sale.cart)
    sale = scene.sale.model_copy(update={"cart": cart})
    removed = scene.words.say("removed", line=scene.words.line(line.model_copy(update={"quantity": 1})))
    return scene.ask(sale, Question.MORE, removed, scene.words.cart(sale))


def _meant(scene: Scene) -> list[CartLine]:
    removal, cart = scene.heard.removal, scene.sale.cart
    if removal is None or removal.everything or len(cart) == 1:
        return list(cart)
    if removal.place:
        return list(cart[removal.place - 1 : removal.place]) if removal.place > 0 else list(cart[-1:])
    return mentioned(cart, scene.heard.text)


def first_colour(words: str) -> str:
    """The colour these words name, by its normal name."""
    return next(iter(find_colours(words)), "")


def first_size(words: str) -> str:
    """The size these words name, by its normal name."""
    return next(iter(find_sizes(words)), "")
