"""A photo: a garment to look for, a payment proof, a complaint, or something only a person can tell."""

from collections.abc import Generator
from dataclasses import replace
from decimal import Decimal
from typing import Any

from domain.catalog import Product
from domain.decisions import HandOff
from domain.language import ModelAway
from flows.base import Need
from flows.rules.garments import garment_name
from flows.sales import paying
from flows.sales.choosing import colour_key, colours_of
from flows.sales.eyesight import SURE, UNSURE, PictureKind, SeenPicture
from flows.sales.scene import Branch, Scene, Step, Taking, find, wish
from flows.sales.state import Phase


def picture(scene: Scene) -> Branch:
    """Look at the customer's first picture."""
    if not scene.heard.pictures:
        return None
    seen = yield from scene.eyes.describe(scene.heard.pictures[0], scene.heard.text)
    if isinstance(seen, ModelAway):
        return _to_a_person(scene, f"a photo nobody looked at: {seen.reason}", seen.reason)
    match seen.kind:
        case PictureKind.PAYMENT_PROOF:
            return (yield from paying.shown_elsewhere(scene))
        case PictureKind.COMPLAINT:
            return _to_a_person(scene, f"a complaint photo: {seen.details or 'no details'}")
        case PictureKind.GARMENT if seen.confidence >= UNSURE:
            return (yield from _offer_alike(scene, seen))
        case _:
            return _to_a_person(scene, f"a photo that could not be told: {seen.details or 'no details'}")


def _offer_alike(scene: Scene, seen: SeenPicture) -> Taking:
    products = yield from _alike(seen, scene.heard.price_to)
    what = ", ".join(filter(None, (garment_name(seen.garment, scene.words.language), _colour(scene, seen))))
    if not products:
        return _to_a_person(scene, f"a photo of {what or seen.details}: nothing like it in the catalogue")
    sure = seen.confidence >= SURE and _matches(products[0], seen)
    if sure:
        scene = replace(scene, sale=scene.sale.model_copy(update={"colour": seen.colour}))
        return scene.offer(products[:1], scene.words.say("photo_seen", what=what or products[0].title))
    if len(products) == 1:  # a choice takes two: the details may have been wrong
        more = yield from find(wish("", garment=seen.garment, colour=seen.colour, price_to=scene.heard.price_to))
        products = (*products, *(one for one in more if one.id != products[0].id))
    return scene.offer(products[:3], scene.words.say("photo_unsure"))


def _alike(seen: SeenPicture, price_to: Decimal | None) -> Generator[Need, Any, tuple[Product, ...]]:
    products = yield from find(wish(seen.details, garment=seen.garment, colour=seen.colour, price_to=price_to))
    if not products and seen.colour:
        products = yield from find(wish(seen.details, garment=seen.garment, price_to=price_to))
    return products


def _matches(product: Product, seen: SeenPicture) -> bool:
    return not seen.colour or seen.colour in map(colour_key, colours_of(product.available))


def _colour(scene: Scene, seen: SeenPicture) -> str:
    return scene.words.colour(seen.colour) if seen.colour else ""


def _to_a_person(scene: Scene, reason: str, degraded: str = "") -> Step:
    """The dual track: a friendly sentence now, and the case for an operator."""
    said = scene.words.say("photo_passed_on")
    sale, decision = scene.say(scene.sale, said, effects=(HandOff(kind="hand_off", reason=reason[:200]),))
    return sale, decision.model_copy(update={"degraded": degraded, "phase": Phase.HANDED_OFF})
