"""What every branch of the assistant looks at, and how it ends its turn."""

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Any

from domain.decisions import Effect, FlowDecision, HandOff, Outcome
from domain.messages import OutboundMessage
from flows.assistant.hearing import Heard
from flows.assistant.sentences import Words
from flows.assistant.state import Enquiry, Phase, Question
from flows.base import Need, Senses, Turn

Step = tuple[Enquiry, FlowDecision]
Taking = Generator[Need, Any, Step]
PATIENCE = 2
"""After so many turns without sense a person is offered."""


@dataclass(frozen=True)
class Scene:
    """One turn: where the enquiry stands, what was heard, and the words to answer in."""

    enquiry: Enquiry
    turn: Turn
    heard: Heard
    senses: Senses
    words: Words

    def now_at(self, enquiry: Enquiry) -> "Scene":
        """The same turn, further on."""
        return replace(self, enquiry=enquiry)

    @property
    def greeting(self) -> str:
        """Who speaks and what for; once in a dialog."""
        if self.enquiry.greeted:
            return ""
        shop = self.turn.shop.name
        return self.words.say("greeting_of_shop", shop=shop) if shop else self.words.say("greeting")

    # --- endings of a turn -------------------------------------------------------------------------------------

    def say(
        self, *paragraphs: str, choices: tuple[str, ...] = (), effects: tuple[Effect, ...] = (), **also: Any
    ) -> Step:
        """Say something; what was asked before stands."""
        menu = self.words.choices(*choices)
        enquiry = self.enquiry.model_copy(update={"greeted": True, "menu": menu})
        text = "\n\n".join(filter(None, paragraphs))
        decision = FlowDecision(
            say=(OutboundMessage(text=text, choices=menu),),
            phase=enquiry.phase,
            waiting_for=enquiry.asked or "",
            effects=effects,
            **also,
        )
        return enquiry, decision

    def ask(self, question: Question, *before: str, missed: bool = False, **also: Any) -> Step:
        """Say something, and ask the booking's next question."""
        misses = self.enquiry.misses + 1 if missed else 0
        tired = misses > PATIENCE
        update = {"booking": True, "asked": question, "misses": min(misses, 99)}
        offer = self.words.say("offer_person") if tired else ""
        choices = tuple(choice.id for choice in self.words.menu(question)) + (("person",) if tired else ())
        scene = self.now_at(self.enquiry.model_copy(update=update))
        return scene.say(*before, self.words.question(question), offer, choices=choices, **also)

    def end(self, key: str, phase: Phase, outcome: Outcome, *effects: Effect, **values: str) -> Step:
        """Say a last sentence; the next message opens a new dialog."""
        said = (OutboundMessage(text=self.words.say(key, **values)),)
        return self.enquiry, FlowDecision(say=said, phase=phase, effects=effects, outcome=outcome)

    def pass_on(self, key: str, reason: str, *before: str, **also: Any) -> Step:
        """A person takes over from here."""
        text = "\n\n".join(filter(None, (*before, self.words.say(key))))
        enquiry = self.enquiry.model_copy(update={"greeted": True, "menu": (), "unanswered": 0, "misses": 0})
        effect = HandOff(kind="hand_off", reason=reason[:200])
        waiting_for = enquiry.asked or ""
        return enquiry, FlowDecision(
            say=(OutboundMessage(text=text),),
            phase=Phase.HANDED_OFF,
            waiting_for=waiting_for,
            effects=(effect,),
            **also,
        )
