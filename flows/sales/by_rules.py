"""Talk without a model: rules and templates that say less, the shop's own documents, and a person sooner."""

import re

from domain.decisions import Outcome
from domain.knowledge import FindPassages, Passage
from flows.rules.consent import Consent
from flows.rules.tables import readable
from flows.rules.text import fold
from flows.rules.wishes import wants_change
from flows.sales import buying, paying, pricing
from flows.sales.delivering import checkout
from flows.sales.hearing import HEARD_IN
from flows.sales.scene import Branch, Scene, Step, Taking, in_front
from flows.sales.searching import search
from flows.sales.state import DELIVERY, Phase, Question

LEAST_FIT = 0.34
"""Without a model: what speaks of less than a third of the question is no answer to it."""
_RETURNS = re.compile(r"\b(?:поверн(?:ути|у|ення)|верну(?:ть|ти)|возврат|обміняти|обменять|обмін\b|обмен\b)")
_STATUS = re.compile(
    r"\b(?:де|где) (?:\w+ )?(?:замовленн|заказ|посилк|посылк)|\b(?:статус|ттн|номер накладн|номер посилк|трек)\b"
)
_CASH = re.compile(r"наложен|наложк|накладен\w* плат|накладен|післяплат|послеплат|при отриман|при получ")
_CHECKOUT = re.compile(
    r"^\W*(?:(?:хочу|давайте|можна|можно|треба|нужно) )?(?:оформ|замовити|заказать)\w*(?: замовлення| заказ)?\W*$"
)
_OF_THE_ORDER = re.compile(
    r"розмір|размер|кол[іьо]р|цвет|адрес|відділен|отделен|поштомат|почтомат|телефон|номер|міст[оа]|город|замовлен|заказ"
    r"|ім.я|имя|прізвищ|фамили|отримувач|получател|достав"
)
GREETINGS = ("здрас", "привіт", "привет", "добри", "доброг", "добры", "доброе", "вітаю", "здравств", "хай", "hello")


def without_model(scene: Scene, reason: str) -> Taking:
    """Degraded: what templates can say. It is said in the decision, so that logs, metrics and people know."""
    sale, decision = yield from _by_rules(scene)
    return sale, decision.model_copy(update={"degraded": reason})


def _by_rules(scene: Scene) -> Taking:
    heard, sale, words = scene.heard, scene.sale, scene.words
    if pleasant := (yield from _pleasantries(scene)):
        return pleasant
    greeting = words.say("greeting") if sale.asked is None else ""
    if reason := _for_a_person(scene):
        return scene.pass_on("handed_off", reason)
    if told := (yield from _told(scene, greeting)):
        return told
    if not heard.garment and (sale.ordered or sale.asked in (*DELIVERY, Question.CONFIRMATION)):
        return paying.reminder(scene) if sale.ordered else _missed(scene)
    if found := (yield from search(scene)):
        return in_front(greeting, found)
    seeks = heard.garment or (sale.asked in (None, Question.WISH) and not heard.question)
    remark = words.say("nothing_found" if seeks else "not_understood")
    return in_front(greeting, (yield from buying.again(scene, remark)))


def _told(scene: Scene, greeting: str) -> Branch:
    """What an order waits to be paid with, what the shop's documents say, what is said to whoever haggles."""
    heard, sale = scene.heard, scene.sale
    if sale.ordered and not sale.proofs and paying.asks_how_to_pay(heard.text):
        return paying.reminder(scene)
    if (heard.question or heard.asks_delivery) and not heard.garment:
        passages: tuple[Passage, ...] = yield FindPassages(text=heard.text, most=1)
        if passages and passages[0].rank >= LEAST_FIT:
            return _from_documents(scene, greeting, readable(passages[0].text))
    dear = yield from pricing.dear(scene)
    return in_front(greeting, dear) if dear else None


def _for_a_person(scene: Scene) -> str:
    """Why a person of the shop should take what no template answers; empty where nothing asks for one."""
    spoken, sale = fold(scene.heard.text), scene.sale
    if _RETURNS.search(spoken) and not scene.heard.question:
        return "the customer wants to return or to exchange something"
    if sale.ordered and not sale.cart and _wants_it_otherwise(scene.heard.text):
        return f"the customer wants to change the order {scene.turn.order}".rstrip()
    if _STATUS.search(spoken) and not sale.ordered and not sale.cart:
        return f"the customer asks where the order is {scene.turn.order}".rstrip()
    return ""


def _wants_it_otherwise(text: str) -> bool:
    """An order that is placed, in another size, to another address, paid at the post office."""
    spoken = fold(text)
    return _CASH.search(spoken) is not None or (
        wants_change(text, HEARD_IN) and _OF_THE_ORDER.search(spoken) is not None
    )


def _pleasantries(scene: Scene) -> Branch:
    """Greetings, thanks, signs, «дорого»: none is about goods."""
    heard, sale = scene.heard, scene.sale
    if sale.asked is None and heard.courtesy and scene.turn.order and not _only_greets(scene):
        return scene.end("thanks", Phase.DONE, Outcome.CHITCHAT)
    if sale.asked is None and (heard.courtesy or _only_greets(scene) or not heard.text):
        return scene.ask(sale, Question.WISH, scene.words.say("greeting"))
    if sale.asked is not None and (_only_greets(scene) or _says_nothing(scene)):
        return (yield from buying.again(scene, ""))
    if empty := _nothing_to_order(scene):
        return empty
    if heard.consent is not None and sale.asked in (Question.WHICH, Question.COLOUR, Question.SIZE):
        return (yield from buying.again(scene, ""))  # «так» is no colour
    if heard.courtesy:
        return _answer_to_courtesy(scene)
    if heard.haggles and heard.question:  # the shop's documents may know of discounts
        return None
    return (yield from pricing.dear(scene))


def _nothing_to_order(scene: Scene) -> Step | None:
    """«Беру», «оформити», «так», «ні» before anything was chosen."""
    heard, sale = scene.heard, scene.sale
    if sale.asked is not Question.WISH or sale.cart or sale.ordered or heard.garment or heard.question:
        return None
    if heard.consent is Consent.NO:
        return scene.end("nothing_open", Phase.CANCELLED, Outcome.CHITCHAT)
    if heard.adds or _CHECKOUT.search(fold(heard.text)):
        return scene.ask(sale, Question.WISH, scene.words.say("cart_empty"))
    return scene.ask(sale, Question.WISH) if heard.consent is Consent.YES else None


def _from_documents(scene: Scene, greeting: str, told: str) -> Step:
    """The shop's own words; in the form, its question follows."""
    sale = scene.sale
    if sale.asked in (*DELIVERY, Question.CONFIRMATION):
        return in_front(told, checkout(scene, sale))
    asked = sale.model_copy(update={"asked": sale.asked or Question.WISH})
    return scene.say(asked, greeting, told, menu=sale.menu)


def _answer_to_courtesy(scene: Scene) -> Step:
    """«Ок» is no city and no phone: what was asked is asked again."""
    if scene.sale.asked in (*DELIVERY, Question.CONFIRMATION):
        return checkout(scene, scene.sale)
    return scene.say(scene.sale, scene.words.say("thanks"), menu=scene.sale.menu)


def _missed(scene: Scene) -> Step:
    """The form's question again; the third time, with a person."""
    sale = scene.sale
    before = (scene.words.summary(sale),) if sale.asked is Question.CONFIRMATION else ()
    question = sale.asked or Question.WISH
    return scene.ask(sale, question, scene.words.say("not_understood"), *before, missed=True)


def _says_nothing(scene: Scene) -> bool:
    """A voice note nobody heard, «?», a lone sticker."""
    return scene.heard.consent is None and not any(map(str.isalnum, scene.heard.text))


def _only_greets(scene: Scene) -> bool:
    """«Добрий день!», and nothing else; «добре, шукаю сукню» is no greeting."""
    words = fold(scene.heard.text).strip(" .!?)").split()
    greets = any(word.startswith(GREETINGS) for word in words)
    return greets and len(words) <= 4 and not (scene.heard.garment or scene.heard.colours or scene.heard.question)
