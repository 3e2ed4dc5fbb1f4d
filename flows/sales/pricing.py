"""«Скільки коштує?», «дорого»: the price of what lies before the customer, said by the shop itself."""

import re

from domain.catalog import Product
from flows.sales.buying import again
from flows.sales.scene import Branch, Scene, read_product
from flows.sales.searching import search
from flows.sales.state import DELIVERY, Question

_PRICE = re.compile(
    r"\b(?:скіл\w*|скіко|скольк\w*|скоко|яка|какая|по чому)[\w ]{0,20}?(?:кошту|стоїт|стоит|стоє|варт|цін|цен)"
    r"|\b(?:скільки|сколько|скіки|яка|какая) (?:\w+ )?(?:всього|усього|разом|вийде|виходить|всего|итого|выйдет|выходит"
    r"|сума|сумма)\b"
    r"|(?:яка |какая |а )?(?:ціна|цена)\b|\b(?:почому|почём|почем|how much|price)\b"
)
_OF_OTHER_THINGS = re.compile(
    r"достав|відправ|отправ|пошт|почт|кур.єр|курьер|пакув|упаков|ремонт|shipping|delivery|підгон|підшив"
)
_BEFORE_DEAR = r"(?:\W|а |ой|це|это|ну|якось|как.то|дуже|очень|занадто|слишком|трохи|все одно){0,4} ?"
_DEAR = re.compile(
    rf"^{_BEFORE_DEAR}(?:за)?(?:дорого\w{{0,4}}|дорогувато|дороговато"
    r"|(?:є |есть )?(?:щось )?дешев(?:ше|ле)(?: є| есть)?)\W*$"
)
LONGEST = 60


def price(scene: Scene) -> Branch:
    """The price of the product that is being chosen, of those shown, or of the cart."""
    sale, text = scene.sale, scene.heard.text.casefold()
    if (
        len(text) > LONGEST
        or sale.ordered
        or (scene.heard.garment and (sale.product or sale.cart))
        or not _PRICE.search(text)
    ):
        return None
    if _OF_OTHER_THINGS.search(text) or sale.asked in (*DELIVERY, Question.CONFIRMATION):
        return None
    products = []
    for id in (sale.product,) if sale.product else sale.offered:
        if product := (yield from read_product(id)):
            products.append(product)  # noqa: PERF401 — a comprehension cannot ask
    if not products and (found := (yield from search(scene, beside=True))):
        return found
    if not products and not sale.cart:
        return None
    told = [_told(scene, product) for product in products] or [scene.words.cart(sale)]
    return scene.ask(sale, sale.asked or Question.WISH, "\n".join(told), products=products)


def dear(scene: Scene) -> Branch:
    """«Дорого»: something cheaper is offered to be looked for; «знижку дасте?»: nobody haggles."""
    if scene.heard.haggles:
        return (yield from again(scene, scene.words.say("no_discount")))
    if scene.sale.ordered or not _DEAR.search(scene.heard.text.casefold()):
        return None
    return (yield from again(scene, scene.words.say("too_dear")))


def _told(scene: Scene, product: Product) -> str:
    return scene.words.say("price_of", title=product.title, price=scene.words.price(product))
