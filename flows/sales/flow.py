"""Sells clothes, one burst at a time: rules where the meaning is plain, a model where it is not."""

from collections.abc import Callable, Generator
from pathlib import Path

from domain.decisions import Outcome
from flows.base import Asking, Senses, Turn
from flows.rules.language import Language, language_of
from flows.rules.wishes import Wish
from flows.sales import buying, changing, delivering, paying, pricing, seeing, talking
from flows.sales.eyesight import Eyesight
from flows.sales.hearing import hear
from flows.sales.news import hear_news
from flows.sales.scene import Branch, Scene, Step
from flows.sales.sentences import LANGUAGES, Words
from flows.sales.state import Phase, Question, Sale
from flows.wording import PROMPTS

_BRANCHES: tuple[Callable[[Scene], Branch | Step | None], ...] = (
    paying.proof,
    seeing.picture,
    buying.cart_message,
    delivering.confirmation,
    buying.choice,
    changing.change,
    delivering.facts,
    buying.plain_wish,
    pricing.price,
)
"""What the rules are sure of, in the order of its weight; what no branch takes is talk."""

SHORTEST_SPEECH = 4
"""Signs."""


class SalesFlow:
    """Greeting, wish, photo, offer, cart, delivery, payment, paid: forwards, back, out, and to a person."""

    name = "sales"
    language = "uk"
    state_model = Sale
    first_phase: str = Phase.GREETING

    def __init__(self, prompts: Path = PROMPTS) -> None:
        self._words = {language: Words(language, prompts) for language in LANGUAGES}
        self._talk = talking.Talking(prompts)
        self._eyes = Eyesight(prompts)

    def opening_state(self) -> Sale:
        """Nothing known, nothing asked."""
        return Sale()

    def apology(self) -> str:
        """What the customer hears when a turn failed for good."""
        return self._words[self.language].say("apology")

    def interim(self) -> str:
        """What the customer hears when the answer takes long."""
        return self._words[self.language].say("interim")

    def nobody_came(self) -> str:
        """What a handed-off customer hears when no operator came in time."""
        return self._words[self.language].say("nobody_came")

    def step(self, state: Sale, turn: Turn, senses: Senses) -> Asking[Sale]:
        """Take one turn."""
        sale = self._in_their_language(state, turn)
        heard = hear(turn, sale, senses)
        scene = Scene(sale, turn, heard, senses, self._words[sale.language], self._eyes)
        if turn.news is not None:
            return hear_news(scene, turn.news)
        if ended := _people(scene):
            return ended
        for branch in _BRANCHES:
            taken = branch(scene)
            ended = (yield from taken) if isinstance(taken, Generator) else taken
            if ended is not None:
                return ended
        return (yield from self._talk.answer(scene))

    def _in_their_language(self, sale: Sale, turn: Turn) -> Sale:
        """The shop's language, or the one the customer writes in; what we wrote on a button says nothing about them."""
        wanted = turn.shop.language.lower()[:2]
        before: Language = "ru" if sale.language == "ru" else "uk"
        ours = {choice.title for choice in sale.menu}
        own = "\n".join(one.text for one in turn.messages if not one.choice and one.text not in ours)
        spoken = wanted if wanted in self._words else language_of(own, before)
        if sale.asked is not None and sale.language and wanted not in self._words and len(own) < SHORTEST_SPEECH:
            spoken = before  # «да» and «нет» are said in every language
        return sale.model_copy(update={"language": spoken})


def _people(scene: Scene) -> Step | None:
    """Wishes that end the assistant's work, whatever else is said."""
    heard, sale = scene.heard, scene.sale
    if heard.wish is Wish.PERSON or heard.tapped == "person":
        return scene.pass_on("handed_off", f"the customer asks for a person ({sale.phase})")
    if heard.complains:
        shown = f", with {len(heard.pictures)} photos" if heard.pictures else ""
        return scene.pass_on("complaint_passed_on", f"a complaint{shown}")
    if heard.opts_in or heard.opts_out or heard.tapped == "stop":
        return _about_messages(scene, wanted=heard.opts_in and not heard.opts_out)
    return _ways_out(scene)


def _ways_out(scene: Scene) -> Step | None:
    """Cancelling what is open, and starting over."""
    heard, sale = scene.heard, scene.sale
    if heard.wish is Wish.CANCEL and sale.ordered and not sale.cart:
        return scene.pass_on("handed_off", f"the customer wants to cancel the order {scene.turn.order}".rstrip())
    if heard.wish is Wish.CANCEL and not sale.ordered:
        if not sale.cart and not sale.product:
            return scene.end("nothing_open", Phase.CANCELLED, Outcome.CHITCHAT)
        return scene.end("cancelled", Phase.CANCELLED, Outcome.CANCELLED)
    if heard.wish is Wish.START_OVER and sale.asked is not None and not sale.ordered:
        fresh = Sale(language=sale.language)
        _, decision = scene.ask(fresh, Question.WISH, scene.words.say("restarted"))
        return fresh.model_copy(update={"asked": Question.WISH}), decision.model_copy(
            update={"outcome": Outcome.RESTARTED}
        )
    return None


def _about_messages(scene: Scene, *, wanted: bool) -> Step:
    """Whether they want messages they did not ask for: remembered beyond this dialog."""
    sale = scene.sale.model_copy(update={"opted_out": not wanted, "followed_up": not wanted})
    sale, decision = scene.say(sale, scene.words.say("opted_in" if wanted else "opted_out"), menu=sale.menu)
    return sale, decision.model_copy(update={"wants_messages": wanted})
