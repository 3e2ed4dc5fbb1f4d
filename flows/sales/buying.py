"""From a wish to a cart: search, offer, choose, add, remove."""

from domain.catalog import Item, Product
from flows.rules.colours import find_colours
from flows.rules.sizes import find_sizes
from flows.sales.cart import MOST_OF_ONE, with_item, without
from flows.sales.changing import mentioned
from flows.sales.choosing import chosen, fitting, narrowed, open_question, sizes_of
from flows.sales.delivering import checkout
from flows.sales.scene import Branch, Scene, Step, Taking, find, read_items, read_product, wish
from flows.sales.state import DELIVERY, CartLine, Question, Sale

SHORTEST_WISH = 4
"""Signs."""


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
    if sale.product and sale.asked in (Question.COLOUR, Question.SIZE) and (heard.colours or heard.sizes):
        return (yield from add(scene))
    if sale.product and heard.adds and not heard.question and not heard.garment:
        return (yield from add(scene))
    if heard.asks_delivery and not heard.question and sale.asked not in DELIVERY:
        return (yield from _onwards(scene))
    return None


def _onwards(scene: Scene) -> Branch:
    """«Оформляємо»: what is being chosen goes into the cart first."""
    if scene.sale.product and not scene.sale.cart:
        return (yield from add(scene))
    return checkout(scene, scene.sale) if scene.sale.cart else None


def search(scene: Scene) -> Branch:
    """Look in the catalogue for what was written, from the strictest reading to the loosest."""
    heard = scene.heard
    if not (heard.garment or _may_be_goods(scene)):
        return None
    colour = heard.colours[0] if heard.colours else ""
    size = heard.sizes[0] if heard.sizes else ""
    for tint, fit in ((colour, size), (colour, ""), ("", "")):
        wanted = wish(heard.text, garment=heard.garment, colour=tint, size=fit, price_to=heard.price_to)
        if products := (yield from find(wanted)):
            return scene.offer(products)
    return None


def _may_be_goods(scene: Scene) -> bool:
    """Words without a garment's name are looked up only where a wish was asked for, and they are nothing else."""
    heard = scene.heard
    other = heard.consent or heard.phone or heard.city or heard.branch or heard.courtesy or heard.question
    asked_for = scene.sale.asked in (None, Question.WISH, Question.WHICH)
    return asked_for and not other and len(heard.text) >= SHORTEST_WISH


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
    told = narrowed(product, scene.sale, scene.heard.colours, scene.heard.sizes)
    return (yield from _add_or_ask(scene, product, told))


def _add_or_ask(scene: Scene, product: Product, told: Sale) -> Taking:
    words = scene.words
    quantity = scene.heard.quantity or told.quantity or 1
    told = told.model_copy(update={"quantity": quantity if quantity > 1 else 0})
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
        remark = _not_had(scene, product)
        return scene.ask(told, question, remark, products=(product,), missed=bool(remark))
    items = yield from read_items((item.sku,), fresh=True)
    return _added(scene, told, product, items[0] if items else item, quantity)


def _not_had(scene: Scene, product: Product) -> str:
    """A size or colour was named that this product does not come in."""
    if scene.heard.sizes and not narrowed(product, Sale(), (), scene.heard.sizes).size:
        return scene.words.say("no_such_size", sizes=", ".join(sizes_of(product.available)) or "—")
    if scene.heard.colours and not narrowed(product, Sale(), scene.heard.colours, ()).colour:
        colours = ", ".join(map(scene.words.colour, product.colours)) or "—"
        return scene.words.say("no_such_colour", colours=colours)
    return ""


def _added(scene: Scene, told: Sale, product: Product, item: Item, quantity: int) -> Step:
    sale = with_item(told, item, min(quantity, MOST_OF_ONE))
    if sale.cart == told.cart:
        key = "cart_full" if any(line.sku == item.sku for line in told.cart) else "product_gone"
        remark = scene.words.say(key) if key == "cart_full" else scene.words.say(key, title=product.title)
        return scene.ask(told, Question.MORE if told.cart else Question.WISH, remark)
    sale = sale.model_copy(update={"product": "", "colour": "", "size": "", "quantity": 0, "offered": ()})
    line = next(line for line in sale.cart if line.sku == item.sku)
    return scene.ask(sale, Question.MORE, scene.words.say("added", line=scene.words.line(line)), _sum(scene, sale))


def _sum(scene: Scene, sale: Sale) -> str:
    """With one line the sum is said already."""
    return scene.words.cart(sale) if len(sale.cart) > 1 else ""


def _remove(scene: Scene) -> Step:
    """«Приберіть другу», «не треба сукню»: the line that is meant; with one line, that one."""
    meant = _meant(scene)
    if not meant:
        return scene.ask(scene.sale, Question.MORE, scene.words.cart(scene.sale), missed=True)
    sale = without(scene.sale, [line.sku for line in meant])
    removed = "\n".join(scene.words.say("removed", line=scene.words.line(line)) for line in meant)
    return scene.ask(sale, Question.MORE if sale.cart else Question.WISH, removed, scene.words.cart(sale))


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
