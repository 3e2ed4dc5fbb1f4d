"""What the sales flow says when something happened that no customer said."""

from typing import assert_never

from domain.decisions import HandOff, Outcome
from domain.messages import Choice
from domain.news import CartLeft, News, OrderCancelled, PaymentDecided, PaymentExpired
from flows.sales.scene import Scene, Step
from flows.sales.state import Phase, Question


def hear_news(scene: Scene, news: News) -> Step:
    """Take a turn on news."""
    match news:
        case PaymentDecided(approved=True):
            return _over(scene, news.order, scene.words.say("paid", order=news.order), Phase.PAID, Outcome.COMPLETED)
        case PaymentDecided():
            return _refused(scene, news)
        case PaymentExpired(order=order):
            effect = HandOff(kind="hand_off", reason=f"nobody decided about the payment of order {order}")
            said = scene.words.say("payment_expired", order=order)
            sale = scene.sale.model_copy(update={"proofs": 0}) if _is_its_own(scene, order) else scene.sale
            return scene.say(sale, said, effects=(effect,))
        case OrderCancelled(order=order, reason=reason):
            said = scene.words.say("order_cancelled", order=order, reason=reason).strip()
            return _over(scene, order, said, Phase.CANCELLED, Outcome.CANCELLED)
        case CartLeft():
            return _mention_the_cart(scene)
        case never:
            assert_never(never)


def _refused(scene: Scene, news: PaymentDecided) -> Step:
    """The reason, and a way on: another proof, or a person. Whoever is at another order already stays there."""
    said = scene.words.say("refused", order=news.order, reason=news.reason)
    if _is_elsewhere(scene, news.order):
        return scene.say(scene.sale, said, menu=scene.sale.menu)
    sale = scene.sale.model_copy(update={"ordered": True, "proofs": 0, "asked": Question.PROOF, "misses": 0})
    person = Choice(id="person", title=scene.words.say("choice_person"))
    sale = sale.model_copy(update={"menu": (person,)})
    return scene.say(sale, said, menu=(person,))


def _over(scene: Scene, order: str, said: str, phase: Phase, outcome: Outcome) -> Step:
    """The order is paid, or cancelled. What is being chosen beside it stays; with nothing open the dialog is over."""
    sale = scene.sale
    if not _is_its_own(scene, order):
        if sale.asked is None:
            return scene.close(said, phase, Outcome.CHITCHAT)
        return scene.say(sale, said, menu=sale.menu)
    if not _is_choosing(scene):
        return scene.close(said, phase, outcome)
    free = sale.model_copy(update={"ordered": False, "total": None, "proofs": 0})
    if sale.asked is not Question.PROOF:
        return scene.say(free, said, menu=sale.menu)
    return scene.ask(free, Question.MORE, said, scene.words.cart(sale))


def _is_its_own(scene: Scene, order: str) -> bool:
    """Whether the sale waits for this very order's payment."""
    return scene.sale.ordered and scene.turn.order == order


def _is_elsewhere(scene: Scene, order: str) -> bool:
    """Whether the customer is at something else: another order, or another cart."""
    sale = scene.sale
    if sale.ordered:
        return scene.turn.order != order
    return sale.asked is not None and _is_choosing(scene)


def _is_choosing(scene: Scene) -> bool:
    """Whether goods lie before the customer that are in no order yet."""
    sale = scene.sale
    return bool(sale.cart) or (sale.asked is not Question.PROOF and bool(sale.product or sale.offered))


def _mention_the_cart(scene: Scene) -> Step:
    """Once, with a way to hear no more of it; whoever said so once is left alone, whatever dialog it was in."""
    words = scene.words
    if scene.turn.opted_out:
        sale, decision = scene.say(scene.sale.model_copy(update={"followed_up": True, "opted_out": True}))
        return sale, decision.model_copy(update={"say": ()})
    titles = ", ".join(line.title for line in scene.sale.cart)
    menu = (
        Choice(id="checkout", title=words.say("choice_checkout")),
        Choice(id="stop", title=words.say("choice_stop")),
    )
    sale = scene.sale.model_copy(update={"followed_up": True, "asked": Question.MORE, "menu": menu})
    return scene.say(sale, words.say("follow_up", titles=titles), menu=menu)
