"""From a cart to an order: who, where, how, «так»."""

import re
from dataclasses import replace

from domain.decisions import ORDER_NUMBER, FlowDecision, Outcome, PlaceOrder
from domain.orders import OrderDraft
from flows.rules.cities import find_city
from flows.rules.consent import Consent
from flows.rules.wishes import wants_change
from flows.sales import paying
from flows.sales.cart import as_of_now
from flows.sales.hearing import HEARD_IN
from flows.sales.scene import Branch, Scene, Step, Taking, read_items
from flows.sales.state import CARD, CASH, DELIVERY, Phase, Question, Sale

AWAITING_PAYMENT = "awaiting_payment"
LONGEST_ANSWER = 200
"""Signs of a plain answer to «Ваше ім'я?»; a story is no name."""


_CASH = re.compile(r"налож|накладен|накладн|накладк|післяплат|послеплат|при отрим|при получ|на пошт|на почт")
_CARD = re.compile(r"карт|оплат|переказ|перевод|онлайн|реквізит")
_PLAINLY_CASH = re.compile(r"наложен|наложк|накладен\w* плат|накладк|післяплат|послеплат|при отрим|при получ")
_PLAINLY_CARD = re.compile(r"\bкартк?(?:у|ою|ой)\b|\bоплат\w* картк?|, ?картк?а\b|\bкартк?а$")
_PAID_HOW = re.compile(
    r"[,;]?\s*(?:оплата\s+)?(?:на |по )?(?:наложен\w*|накладен\w*|післяплат\w*|послеплат\w*|наложк\w*|накладк\w*"
    r"|при отриманн\w|при получени\w|картк?(?:а|у|ою|ой))(?:\s+пл[ао]т[іе]ж\w*)?\W*$",
    re.IGNORECASE,
)
"""At the end of an address it is no part of it."""
_NO_FACT = re.compile(
    r"^(?:зараз|щас|сейчас|хвилин|минут|секунд|почекай|зачекай|подожд|не зна|хз\b|потім|потом|пізніше|позже|подума"
    r"|дорого|передзвон|перезвон|привіт|привет|алло|ау\b|змін|измен|помін|помен|виправ|исправ|оформ|замов|заказ|назад"
    r"|далі|дальше|скасу|отмен|відмін|шукати|искать|беру|стоп)|\b(?:напишу|скажу|надішлю|пришлю)\b"
)
"""What is no name and no place, however short."""


def checkout(scene: Scene, sale: Sale, *remarks: str) -> Step:
    """Ask for what is still needed; with everything told, show it all and ask whether it is right."""
    question = sale.next_question
    if question is Question.METHOD and not scene.turn.shop.cash_on_delivery:
        sale = sale.model_copy(update={"method": CARD})
        question = sale.next_question
    before = [scene.words.summary(sale)] if question is Question.CONFIRMATION else []
    return scene.ask(sale, question, *remarks, *before)


def facts(scene: Scene) -> Step | None:
    """Take what was told of the delivery, asked for or not; only once there is something to deliver."""
    sale, heard = scene.sale, scene.heard
    if not sale.cart or sale.asked not in (*DELIVERY, Question.CONFIRMATION, Question.MORE):
        return None
    told = _told(scene)
    if told == sale:
        return _nothing_told(scene)
    if heard.question and sale.asked not in DELIVERY:
        return None
    return checkout(scene, told)


def with_facts(scene: Scene, sale: Sale) -> Sale:
    """The sale with what this turn tells of the delivery."""
    return _told(replace(scene, sale=sale))


def is_form(scene: Scene) -> bool:
    """Whether a turn fills in the form before it is asked to: a phone number, or a name and a place."""
    heard = scene.heard
    return bool(heard.phone) or sum(map(bool, (heard.name, heard.city, heard.branch))) > 1


def _told(scene: Scene) -> Sale:
    heard, sale = scene.heard, scene.sale
    update = {
        "name": heard.name or _plain_name(scene),
        "phone": heard.phone,
        "city": _other_city(heard.text) or heard.city or _plain(scene, Question.CITY),
        "branch": _PAID_HOW.sub("", heard.branch) or _plain(scene, Question.BRANCH),
        "method": _method(scene),
    }
    return sale.model_copy(update={name: told for name, told in update.items() if told})


def _other_city(text: str) -> str:
    """«Не Львів, а Київ»."""
    _, _, other = text.partition(", а ")
    return find_city(other) if text.casefold().startswith(("не ", "ні")) else ""


def _plain(scene: Scene, asked: Question) -> str:
    """The whole text answers the question that was asked, if it is short and asks nothing back."""
    text = scene.heard.text
    is_long_enough = len(text) >= 2 or (asked is Question.BRANCH and text.isdecimal())
    plain = scene.sale.asked is asked and is_long_enough and len(text) <= LONGEST_ANSWER and not scene.heard.question
    told = bool(scene.heard.phone or scene.heard.consent or scene.heard.courtesy or _method_in(scene))
    told = told or _NO_FACT.search(text.casefold()) is not None
    return text if plain and not told and "\n" not in text else ""


def _plain_name(scene: Scene) -> str:
    name = _plain(scene, Question.NAME)
    words = name.replace("'", "").replace("’", "").replace("-", " ").split()
    return name if 1 <= len(words) <= 4 and all(word.isalpha() for word in words) else ""


def _method(scene: Scene) -> str:
    what, _, which = scene.heard.tapped.partition(":")
    if what == "m" and which in (CARD, CASH):
        return which if which == CARD or scene.turn.shop.cash_on_delivery else ""
    told = _method_in(scene)
    return told if told != CASH or scene.turn.shop.cash_on_delivery else ""


def _method_in(scene: Scene) -> str:
    """How they want to pay; told beside other things, it has to be plain: «відділення 12, на карту»."""
    text, asked = scene.heard.text.casefold(), scene.sale.asked is Question.METHOD
    if scene.heard.question and not asked:
        return ""
    if (_CASH if asked else _PLAINLY_CASH).search(text):
        return CASH
    return CARD if (_CARD if asked else _PLAINLY_CARD).search(text) else ""


def _nothing_told(scene: Scene) -> Step | None:
    """An answer to «телефон?» that holds none is said to be none; anything else is talk."""
    if scene.sale.asked is Question.PHONE and not scene.heard.question and any(c.isdigit() for c in scene.heard.text):
        return scene.ask(scene.sale, Question.PHONE, scene.words.say("phone_invalid"), missed=True)
    return None


# --- «так» ---------------------------------------------------------------------------------------------------------


def confirmation(scene: Scene) -> Branch:
    """«Так» makes it an order, at the prices and with the stock of this moment; «ні» asks what to change."""
    heard, sale = scene.heard, scene.sale
    if sale.asked is not Question.CONFIRMATION or not sale.cart:
        return None
    if _told(scene) != sale or heard.question:
        return None
    if (
        heard.tapped == "change"
        or heard.consent is Consent.NO
        or (heard.consent is None and wants_change(heard.text, HEARD_IN))
    ):
        return scene.say(sale, scene.words.say("what_to_change"))
    if heard.tapped != "yes" and heard.consent is not Consent.YES:
        return None
    return (yield from _confirmed(scene))


def _confirmed(scene: Scene) -> Taking:
    sale = scene.sale
    items = yield from read_items([line.sku for line in sale.cart], fresh=True)
    now = as_of_now(sale, items)
    if now.cart == sale.cart:
        return _place(scene)
    gone = [line.title for line in sale.cart if line.sku not in {one.sku for one in now.cart}]
    remark = scene.words.say("gone_from_cart", titles=", ".join(gone)) if gone else scene.words.say("prices_changed")
    if not now.cart:
        return scene.ask(now, Question.WISH, remark)
    return scene.ask(now, Question.CONFIRMATION, remark, scene.words.summary(now))


def _place(scene: Scene) -> Step:
    sale, words = scene.sale, scene.words
    by_card = sale.method != CASH
    draft = OrderDraft(
        client_phone=sale.phone,
        delivery_address=f"{sale.city}, {sale.branch}",
        items=tuple(line.as_item() for line in sale.cart),
        total=sale.sum,
        currency=sale.currency,
        client_name=sale.name,
        payment_method=sale.method,
        status=AWAITING_PAYMENT if by_card else "new",
    )
    total = words.money(sale.sum, sale.currency)
    placed = words.say("placed" if by_card else "placed_cash", order_number=ORDER_NUMBER, total=total)
    effect = PlaceOrder(kind="place_order", draft=draft)
    if not by_card:
        decision = scene.decision(sale, [placed], (), (), (effect,))
        return sale, decision.model_copy(update={"phase": Phase.DONE, "outcome": Outcome.COMPLETED})
    after = sale.model_copy(
        update={
            "cart": (),
            "product": "",
            "offered": (),
            "ordered": True,
            "total": sale.sum,
            "proofs": 0,
            "asked": Question.PROOF,
            "menu": (),
            "misses": 0,
        }
    )
    return after, _waiting_for_payment(scene, after, placed, total, effect)


def _waiting_for_payment(scene: Scene, after: Sale, placed: str, total: str, effect: PlaceOrder) -> FlowDecision:
    paragraphs = [placed, paying.instructions(scene, total), scene.words.question(Question.PROOF)]
    return scene.decision(after, paragraphs, (), (), (effect,))
