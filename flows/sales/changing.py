"""A line of the cart, otherwise: another size, another colour, before the order is placed."""

from domain.catalog import Item
from flows.rules.garments import find_garment
from flows.sales.cart import with_item, without
from flows.sales.choosing import chosen, colour_key, narrowed, size_key, sizes_of
from flows.sales.delivering import checkout
from flows.sales.scene import Branch, Scene, read_items, read_product
from flows.sales.state import CartLine, Question, Sale

STEM = 5
"""Letters of a word that stay the same whatever its ending."""


def change(scene: Scene) -> Branch:
    """«Краще L», «а можна чорну?» on the summary: the line that is meant in the size or colour that was named."""
    sale, heard = scene.sale, scene.heard
    if sale.asked is not Question.CONFIRMATION or not (heard.sizes or heard.colours):
        return None
    meant = mentioned(sale.cart, heard.text)
    line = meant[0] if len(meant) == 1 else sale.cart[0] if len(sale.cart) == 1 else None
    if line is None:
        return scene.say(sale, scene.words.say("what_to_change"))
    items = yield from read_items((line.sku,))
    product = yield from read_product(items[0].product if items else "")
    if product is None:
        return None
    before = narrowed(product, Sale(), (colour_key(line.colour),), (size_key(line.size),))
    item = chosen(product, narrowed(product, before, heard.colours, heard.sizes))
    if item is None or item.sku == line.sku:
        remark = scene.words.say("no_such_size", sizes=", ".join(sizes_of(product.available)) or "—")
        return scene.ask(sale, Question.CONFIRMATION, remark, scene.words.summary(sale))
    return checkout(scene, _exchanged(sale, line, item))


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
