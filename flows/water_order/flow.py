"""Takes an order of water, one burst at a time."""

import re
from pathlib import Path

from domain.decisions import ORDER_NUMBER, FlowDecision, HandOff, Outcome, PlaceOrder
from domain.news import News, OrderCancelled
from domain.orders import OrderDraft
from flows.base import Senses, Turn
from flows.rules.consent import Consent
from flows.rules.text import fold, words
from flows.rules.topics import Topic
from flows.rules.wishes import Wish
from flows.water_order import sentences
from flows.water_order.hearing import Heard, hear
from flows.water_order.state import Phase, Slot, WaterOrder
from flows.wording import PROMPTS, load_wording

Step = tuple[WaterOrder, FlowDecision]
_PATIENCE = 2
"""After so many turns without sense a person is offered."""


class WaterOrderFlow:
    """Greeting, address, phone, bottles, summary, «Да», order; every answer may come early, late or corrected."""

    name = "water_order"
    language = "ru"
    state_model = WaterOrder
    first_phase: str = Phase.DETAILS

    def __init__(self, prompts: Path = PROMPTS) -> None:
        self._wording = load_wording(self.name, sentences.KEYS, prompts)

    def opening_state(self) -> WaterOrder:
        """Nothing known, nothing asked."""
        return WaterOrder()

    def apology(self) -> str:
        """What the customer hears when a turn failed for good."""
        return self._wording.say("apology")

    def interim(self) -> str:
        """What the customer hears when the answer takes long."""
        return self._wording.say("interim")

    def nobody_came(self) -> str:
        """What a handed-off customer hears when no operator came in time."""
        return self._wording.say("nobody_came")

    def step(self, state: WaterOrder, turn: Turn, senses: Senses) -> Step:
        """Take one turn: wishes first, then new facts, then «Да» or «Нет», then talk."""
        if turn.news is not None:
            return self._news(state, turn.news)
        heard = hear(turn, state)
        ended = self._wish(state, heard) or self._after_the_end(state, heard, turn)
        if ended is not None:
            return ended
        told = self._take_facts(state, heard)
        if told != state:
            return self._told(state, told, heard)
        if heard.change is not None:
            return self._reopen(state, heard.change, heard)
        if state.asked is Slot.CONFIRMATION and not heard.problem and heard.consent in {Consent.YES, Consent.NO}:
            return self._place(state, heard) if heard.consent is Consent.YES else self._ask_change(state, heard)
        return self._ask_again(state, heard, turn, senses)

    def _news(self, state: WaterOrder, news: News) -> Step:
        """A person cancelled an order; payments and left carts are other flows'."""
        said = ""
        if isinstance(news, OrderCancelled):
            said = self._wording.say("order_cancelled", order=news.order, reason=news.reason).strip()
        told = FlowDecision(
            say=sentences.message(self._wording, [said]) if said else (),
            phase=Phase.CANCELLED if state.is_new else "",
            waiting_for=state.asked or "",
            outcome=Outcome.CHITCHAT if state.is_new else None,
        )
        return state, told

    # --- endings -----------------------------------------------------------------------------------------------

    def _wish(self, state: WaterOrder, heard: Heard) -> Step | None:
        if heard.wish is Wish.PERSON:
            return self._hand_off(state)
        if heard.wish is Wish.START_OVER and not state.is_new:
            return self._start_over(heard)
        if heard.wish is Wish.CANCEL and not self._corrects(state, heard):
            return self._cancel(state)
        return None

    def _corrects(self, state: WaterOrder, heard: Heard) -> bool:
        """«Отмените 3, сделайте 5» cancels nothing, nor does «не надо» where the question was what to change."""
        if state.asked is Slot.CHANGE and _is_nothing(heard.text):
            return True
        told = self._take_facts(state, heard)
        moved = told.address != state.address and _BRING_IT.search(fold(heard.text)) is not None
        return moved or (told.phone, told.bottles) != (state.phone, state.bottles)

    def _hand_off(self, state: WaterOrder) -> Step:
        reason = self._wording.say("handoff_reason", slot=state.asked or state.next_question)
        return state, self._end(
            "handed_off", Phase.HANDED_OFF, Outcome.HANDED_OFF, HandOff(kind="hand_off", reason=reason)
        )

    def _start_over(self, heard: Heard) -> Step:
        """The facts told in the same breath already belong to the new order."""
        fresh = self._take_facts(WaterOrder(asked=Slot.ADDRESS), heard)
        fresh = self._asking(fresh, fresh.next_question)
        noted = self._noted(WaterOrder(), fresh, "noted")
        return fresh, self._ask(fresh, [self._wording.say("restarted"), noted], outcome=Outcome.RESTARTED)

    def _cancel(self, state: WaterOrder) -> Step:
        if state.is_new:
            return state, self._end("nothing_open", Phase.CANCELLED, Outcome.CHITCHAT)
        return state, self._end("cancelled", Phase.CANCELLED, Outcome.CANCELLED)

    def _after_the_end(self, state: WaterOrder, heard: Heard, turn: Turn) -> Step | None:
        """«Спасибо» or «когда привезёте?» after an order opens nothing."""
        empty = not (heard.address or heard.phone or heard.bottles or heard.problem)
        if not state.is_new or turn.dialog == 1 or not empty:
            return None
        if heard.courtesy:
            return state, self._end("closed_thanks", Phase.DONE, Outcome.CHITCHAT)
        if heard.corrects:
            return state, self._end("nothing_open", Phase.DONE, Outcome.CHITCHAT)
        if heard.topics and heard.topics != (Topic.LATER,) and not _wants_to_order(heard.text):
            answers = [*self._answers(heard), self._wording.say("closed_question")]
            return state, FlowDecision(
                say=sentences.message(self._wording, answers), phase=Phase.DONE, outcome=Outcome.CHITCHAT
            )
        return None

    def _place(self, state: WaterOrder, heard: Heard) -> Step:
        facts = sentences.order_facts(self._wording, state)
        paragraphs = [self._wording.say("placed", order_number=ORDER_NUMBER, **facts), *self._answers(heard)]
        draft = OrderDraft(client_phone=state.phone, delivery_address=state.address, bottles_count=state.bottles)
        return state, FlowDecision(
            say=sentences.message(self._wording, paragraphs),
            phase=Phase.DONE,
            effects=(PlaceOrder(kind="place_order", draft=draft),),
            outcome=Outcome.COMPLETED,
        )

    def _end(self, key: str, phase: Phase, outcome: Outcome, *effects: HandOff) -> FlowDecision:
        said = sentences.message(self._wording, [self._wording.say(key)])
        return FlowDecision(say=said, phase=phase, effects=effects, outcome=outcome)

    # --- going on ----------------------------------------------------------------------------------------------

    def _take_facts(self, state: WaterOrder, heard: Heard) -> WaterOrder:
        facts = {"address": heard.address, "phone": heard.phone, "bottles": heard.bottles}
        return state.model_copy(update={name: fact for name, fact in facts.items() if fact})

    def _told(self, before: WaterOrder, told: WaterOrder, heard: Heard) -> Step:
        """New facts: say them back (the summary does it for all at once) and go on."""
        after = self._asking(told, heard.change or _still_open(before, told) or told.next_question)
        corrected = any(getattr(before, slot) and getattr(before, slot) != getattr(after, slot) for slot in _SLOTS)
        known = after.asked is Slot.CONFIRMATION and not corrected
        noted = "" if known else self._noted(before, after, "changed" if corrected else "noted")
        return after, self._ask(after, [*self._opening(before, brief=True), *self._remarks(heard), noted])

    def _reopen(self, state: WaterOrder, slot: Slot, heard: Heard) -> Step:
        """The old value stays until the new one comes: «кв 7» may be all that changes."""
        after = self._asking(state, slot)
        answers = [] if heard.topics == (Topic.QUESTION,) else self._answers(heard)
        wrong = [self._wording.say(heard.problem)] if heard.problem and heard.problem not in _ONLY_MISSING else []
        return after, self._ask(after, [*answers, *wrong])

    def _ask_change(self, state: WaterOrder, heard: Heard) -> Step:
        after = self._asking(state, Slot.CHANGE)
        return after, self._ask(after, self._answers(heard))

    def _ask_again(self, state: WaterOrder, heard: Heard, turn: Turn, senses: Senses) -> Step:
        """Nothing new: help with what was said, then the same question."""
        opening = self._opening(state, brief=False)
        remarks = self._remarks(heard)
        repeated = bool(heard.address or heard.phone or heard.bottles)
        to_summary = state.asked is not Slot.CONFIRMATION and state.next_question is Slot.CONFIRMATION
        to_summary = to_summary and (repeated or heard.consent is Consent.YES or _is_nothing(heard.text))
        asked = state.next_question if to_summary else state.asked or state.next_question
        if to_summary:
            remarks = self._answers(heard)
        if not (remarks or opening or to_summary or repeated or senses.remarks):
            remarks = [self._wording.say(_why_again(state, heard, turn))]
        misses = 0 if heard.topics or opening else state.misses + 1
        if misses > _PATIENCE and heard.problem not in _NAMES_A_PERSON:
            remarks.append(self._wording.say("offer_person"))
        after = state.model_copy(update={"asked": asked, "misses": min(misses, 99)})
        return after, self._ask(after, [*opening, *remarks], again=not to_summary)

    # --- words -------------------------------------------------------------------------------------------------

    def _asking(self, state: WaterOrder, slot: Slot) -> WaterOrder:
        return state.model_copy(update={"asked": slot, "misses": 0})

    def _ask(
        self, state: WaterOrder, before: list[str], *, outcome: Outcome | None = None, again: bool = False
    ) -> FlowDecision:
        to_confirm = state.asked is Slot.CONFIRMATION
        text = [*before, sentences.question(self._wording, state, again=again)]
        return FlowDecision(
            say=sentences.message(self._wording, text, to_confirm=to_confirm),
            phase=Phase.CONFIRM if to_confirm or state.asked is Slot.CHANGE else Phase.DETAILS,
            waiting_for=state.asked or "",
            outcome=outcome,
        )

    def _opening(self, state: WaterOrder, *, brief: bool) -> list[str]:
        """The greeting of the first reply; a customer who told something already needs no plan."""
        if not state.is_new:
            return []
        greeting = self._wording.say("greeting")
        return [greeting] if brief else [f"{greeting} {self._wording.say('greeting_plan')}"]

    def _remarks(self, heard: Heard) -> list[str]:
        """Answers to what was asked, and what is wrong with what was told (unless it was only a question)."""
        answers = self._answers(heard)
        wrong = heard.problem and not (answers and heard.problem in _ONLY_MISSING)
        return [*answers, self._wording.say(heard.problem)] if wrong else answers

    def _answers(self, heard: Heard) -> list[str]:
        return [self._wording.say(f"topic_{topic}") for topic in heard.topics]

    def _noted(self, before: WaterOrder, after: WaterOrder, key: str) -> str:
        facts = sentences.told_facts(self._wording, before, after)
        return self._wording.say(key, facts=facts) if facts else ""


_SLOTS = (Slot.ADDRESS, Slot.PHONE, Slot.BOTTLES)
_NAMES_A_PERSON = {"bottles_too_many"}
_BRING_IT = re.compile(r"\b(?:привез\w+|вез(?:и|ите)|достав(?:ь|ьте)|давайте|лучше|адрес|пусть|deliver|bring)\b")
"""Beside a word of cancelling: it is the old place that is not wanted."""
_NOTHING = {
    "ничего", "ничего не надо", "не надо", "не надо ничего", "не нужно", "нечего", "все так", "оставьте", "оставь",
    "оставьте так", "оставьте как есть", "пусть остается", "пусть так", "как есть", "как было", "не меняйте",
}  # fmt: skip
_ONLY_MISSING = {"address_not_an_address", "address_too_short", "phone_missing", "phone_too_short", "bottles_missing"}


def _still_open(before: WaterOrder, told: WaterOrder) -> Slot | None:
    """The slot called wrong for which no new value has come yet."""
    slot = before.asked
    return slot if slot in _SLOTS and getattr(told, slot) and getattr(before, slot) == getattr(told, slot) else None


def _why_again(state: WaterOrder, heard: Heard, turn: Turn) -> str:
    if turn.has_media and not heard.text:
        return "media"
    unclear = state.asked is Slot.CONFIRMATION and heard.consent is Consent.UNCLEAR
    return "unclear_answer" if unclear else "not_understood"


def _is_nothing(text: str) -> bool:
    return " ".join(word for word in words(text) if word != "нет") in _NOTHING


def _wants_to_order(text: str) -> bool:
    return any(stem in text.casefold() for stem in ("заказ", "хочу", "нужна вода", "нужно воды", "привезите", "закаж"))
