"""What the sales flow says when something happened that no customer said."""

from typing import assert_never

from domain.decisions import HandOff, Outcome
from domain.messages import Choice
from domain.news import CartLeft, News, PaymentDecided, PaymentExpired
from flows.sales.scene import Scene, Step
from flows.sales.state import Phase, Question


def hear_news(scene: Scene, news: News) -> Step:
    """Take a turn on news."""
    match news:
        case PaymentDecided(approved=True, order=order):
            outcome = Outcome.COMPLETED if scene.sale.ordered else Outcome.CHITCHAT
            return scene.end("paid", Phase.PAID, outcome, order=order)
        case PaymentDecided():
            return _refused(scene, news)
        case PaymentExpired(order=order):
            effect = HandOff(kind="hand_off", reason=f"nobody decided about the payment of order {order}")
            said = scene.words.say("payment_expired", order=order)
            return scene.say(scene.sale.model_copy(update={"proofs": 0}), said, effects=(effect,))
        case CartLeft():
            return _mention_the_cart(scene)
        case never:
            assert_never(never)


def _refused(scene: Scene, news: PaymentDecided) -> Step:
    """The reason, and a way on: another proof, or a person."""
    sale = scene.sale.model_copy(update={"ordered": True, "proofs": 0, "asked": Question.PROOF, "misses": 0})
    said = scene.words.say("refused", order=news.order, reason=news.reason)
    person = Choice(id="person", title=scene.words.say("choice_person"))
    sale = sale.model_copy(update={"menu": (person,)})
    return scene.say(sale, said, menu=(person,))


def _mention_the_cart(scene: Scene) -> Step:
    """Once, with a way to hear no more of it."""
    words = scene.words
    titles = ", ".join(line.title for line in scene.sale.cart)
    menu = (
        Choice(id="checkout", title=words.say("choice_checkout")),
        Choice(id="stop", title=words.say("choice_stop")),
    )
    sale = scene.sale.model_copy(update={"followed_up": True, "asked": Question.MORE, "menu": menu})
    return scene.say(sale, words.say("follow_up", titles=titles), menu=menu)
