"""A line of the cart, otherwise: another size, another colour, before the order is placed."""

from domain.catalog import Item, Product
from flows.rules.garments import find_garment
from flows.sales.cart import with_item, without
from flows.sales.choosing import chosen, colour_key, narrowed, size_key, sizes_of
from flows.sales.delivering import checkout
from flows.sales.scene import Branch, Scene, Step, read_items, read_product
from flows.sales.state import CartLine, Question, Sale

STEM = 5
"""Letters of a word that stay the same whatever its ending."""


def change(scene: Scene) -> Branch:
    """«Краще L», «а можна чорну?» on the summary: the line that is meant in the size or colour that was named."""
    sale, heard = scene.sale, scene.heard
    if sale.asked is Question.MORE and (sale.product or heard.garment or _only_wonders(scene)):
        return None
    if sale.asked not in (Question.MORE, Question.CONFIRMATION) or not sale.cart:
        return None
    if not (heard.sizes or heard.colours):
        return (yield from _more_of_it(scene))
    meant = mentioned(sale.cart, heard.text)
    line = meant[0] if len(meant) == 1 else sale.cart[0] if len(sale.cart) == 1 else None
    if line is None and sale.asked is Question.MORE:
        line = sale.cart[-1]
    if line is None:
        return scene.say(sale, scene.words.say("what_to_change"))
    items = yield from read_items((line.sku,))
    product = yield from read_product(items[0].product if items else "")
    if product is None:
        return None
    before = narrowed(product, Sale(), (colour_key(line.colour),), (size_key(line.size),))
    item = chosen(product, narrowed(product, before, heard.colours, heard.sizes))
    if item is None or item.sku == line.sku:
        missing = "" if item else scene.words.say("no_such_size", sizes=", ".join(sizes_of(product.available)) or "—")
        return _shown(scene, sale, not_had(scene, product) or missing)
    return _shown(scene, _exchanged(sale, line, item))


def _only_wonders(scene: Scene) -> bool:
    """«А є чорна?» asks; «а можна чорну?» wants."""
    return scene.heard.question and "мож" not in scene.heard.text.casefold()


def _shown(scene: Scene, sale: Sale, *remarks: str) -> Step:
    """The summary with its question, or the cart with its own."""
    if scene.sale.asked is Question.MORE:
        return scene.ask(sale, Question.MORE, *remarks, scene.words.cart(sale))
    return checkout(scene, sale, *remarks)


def _more_of_it(scene: Scene) -> Branch:
    """«А можна дві?»: the number of the only line there is."""
    sale, wanted = scene.sale, scene.heard.quantity
    if len(sale.cart) != 1 or not wanted or scene.heard.removal or scene.heard.phone or scene.heard.branch:
        return None
    line = sale.cart[0]
    items = yield from read_items((line.sku,), fresh=True)
    if not items or wanted == line.quantity:
        return None
    after = with_item(without(sale, (line.sku,)), items[0], wanted)
    if not after.cart:
        return None
    short = after.cart[-1].quantity < wanted
    return _shown(scene, after, scene.words.say("cart_full") if short else "")


def not_had(scene: Scene, product: Product) -> str:
    """A size or colour was named that this product does not come in."""
    if scene.heard.sizes and not narrowed(product, Sale(), (), scene.heard.sizes).size:
        return scene.words.say("no_such_size", sizes=", ".join(sizes_of(product.available)) or "—")
    if scene.heard.colours and not narrowed(product, Sale(), scene.heard.colours, ()).colour:
        colours = ", ".join(map(scene.words.colour, product.colours)) or "—"
        return scene.words.say("no_such_colour", colours=colours)
    return ""


def mentioned(cart: tuple[CartLine, ...], spoken: str) -> list[CartLine]:
    """The lines these words name: by a word of the title, whatever its ending, else by the kind of garment."""
    words = {word[:STEM] for word in spoken.casefold().split() if len(word) >= STEM}
    named = [line for line in cart if words & {_bare(word)[:STEM] for word in line.title.casefold().split()}]
    if named:
        return named
    kind = find_garment(spoken)
    return [line for line in cart if kind and find_garment(line.title) == kind]


def _bare(word: str) -> str:
    return word.strip("«»\"'.,")


def _exchanged(sale: Sale, line: CartLine, item: Item) -> Sale:
    return with_item(without(sale, (line.sku,)), item, line.quantity)
