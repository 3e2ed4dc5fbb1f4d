"""Finds in the catalogue what a customer means, without a model."""

from collections.abc import Generator, Sequence
from typing import Any

from domain.catalog import Product
from flows.base import Need
from flows.rules.garments import find_garment
from flows.sales.changing import not_had
from flows.sales.choosing import fitting
from flows.sales.scene import Branch, Scene, find, read_product, wish
from flows.sales.state import Question

SHORTEST_WISH = 4
"""Signs."""
SHORTEST_NAME = 3
MOST_FOUND = 8
"""Looked at, to find those that are meant; fewer are shown."""
_SIGNS = "«»\"'.,!?()"


def search(scene: Scene, *, beside: bool = False) -> Branch:
    """Look in the catalogue for what was written, from the strictest reading to the loosest.

    `beside`: other things were told too, so that only goods called by their names count.
    """
    heard = scene.heard
    if not (heard.garment or beside or _may_be_goods(scene)):
        return None
    colour = heard.colours[0] if heard.colours else ""
    size = heard.sizes[0] if heard.sizes else ""
    if shown := (yield from _of_those_shown(scene, colour, size)):
        return scene.offer(shown)
    first: Sequence[Product] = ()
    for tint, fit in dict.fromkeys(((colour, size), (colour, ""), ("", ""))):
        wanted = wish(
            heard.text, garment=heard.garment, colour=tint, size=fit, price_to=heard.price_to, most=MOST_FOUND
        )
        products = yield from find(wanted)
        alike = [one for one in products if heard.garment and find_garment(one.title) == heard.garment]
        if named := _named(alike or products, heard.text) or alike:
            return scene.offer(named, not_had(scene, named[0]) if len(named) == 1 else "")
        first = first or products
    return scene.offer(first) if first and (heard.garment or not beside) else None


def _of_those_shown(scene: Scene, colour: str, size: str) -> Generator[Need, Any, list[Product]]:
    """«Біла XL» under three blouses is one of the three."""
    heard, sale = scene.heard, scene.sale
    if sale.asked is not Question.WHICH or heard.garment or not (colour or size):
        return []
    shown: list[Product] = []
    for id in sale.offered:
        product = yield from read_product(id)
        if product and fitting(product, colour, size):
            shown.append(product)
    return shown


def _named(products: Sequence[Product], text: str) -> list[Product]:
    """Those that are called by more of their own name than the others: «Іній» is one, «пуховик» is many."""
    spoken = {word.strip(_SIGNS) for word in text.casefold().split()}
    hits = {one.id: sum(word in spoken for word in _own_words(one.title)) for one in products}
    most = max(hits.values(), default=0)
    return [one for one in products if most and hits[one.id] == most]


def _own_words(title: str) -> list[str]:
    words = (word.strip(_SIGNS) for word in title.casefold().split())
    return [word for word in words if len(word) >= SHORTEST_NAME and not find_garment(word)]


def _may_be_goods(scene: Scene) -> bool:
    """Words without a garment's name are looked up only where a wish was asked for, and they are nothing else."""
    heard = scene.heard
    other = heard.consent or heard.phone or heard.city or heard.branch or heard.courtesy or heard.question
    asked_for = scene.sale.asked in (None, Question.WISH, Question.WHICH)
    return asked_for and not other and len(heard.text) >= SHORTEST_WISH
