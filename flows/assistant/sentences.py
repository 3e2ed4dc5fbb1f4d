"""The assistant's sentences by key, and how days are written in them."""

from pathlib import Path

from babel.dates import format_date

from domain.messages import Choice
from flows.assistant.state import Enquiry, Question
from flows.wording import PROMPTS, Wording, load_wording

LANGUAGES = ("uk", "ru", "en")
NAMES = {"uk": "Ukrainian", "ru": "Russian", "en": "English"}

# ruff: noqa: SIM905 — the keys read better as running text than as quoted lists.
_PLAIN = """
    greeting apology interim nobody_came ask_me thanks small_talk unknown unknown_shown unknown_passed_on offer_person
    handed_off complaint_passed_on opted_out picture_unseen cancelled nothing_open restarted booking_passed_on
    phone_noted phone_invalid time_past not_understood booking_offered what_question when_question day_question
    hour_question name_question phone_question confirmation_question change_question call_subject choice_person
    choice_book choice_yes choice_change
""".split()
_WITH_PLACES = {
    "greeting_of_shop": "shop",
    "from_documents": "text",
    "summary": "what when name phone",
    "placed": "order_number",
    "payment_approved": "order",
    "payment_refused": "order reason",
    "payment_expired": "order",
    "order_cancelled": "order reason",
}
KEYS: dict[str, frozenset[str]] = {
    **dict.fromkeys(_PLAIN, frozenset[str]()),
    **{key: frozenset(places.split()) for key, places in _WITH_PLACES.items()},
}


class Words:
    """What the assistant says in one language."""

    def __init__(self, language: str, prompts: Path = PROMPTS) -> None:
        self.language = language
        self._wording: Wording = load_wording(f"assistant_{language}", KEYS, prompts)

    def say(self, key: str, **values: str | int) -> str:
        """The sentence with its places filled."""
        return self._wording.say(key, **values)

    def when(self, enquiry: Enquiry) -> str:
        """When, in the customer's words, and as a date where they are plain: «завтра о 15 (неділя, 22 листопада)»."""
        plain = [format_date(enquiry.day, "EEEE, d MMMM", locale=self.language)] if enquiry.day else []
        plain += [f"{enquiry.hour:%H:%M}"] if enquiry.hour else []
        return f"{enquiry.when_words} ({', '.join(plain)})" if plain else enquiry.when_words

    def summary(self, enquiry: Enquiry) -> str:
        """Everything the customer is about to confirm."""
        return self.say("summary", what=enquiry.what, when=self.when(enquiry), name=enquiry.name, phone=enquiry.phone)

    def question(self, question: Question) -> str:
        """What the reply ends with."""
        return self.say(f"{question}_question")

    def menu(self, question: Question) -> tuple[Choice, ...]:
        """The tappable answers to a question."""
        return self.choices("yes", "change") if question is Question.CONFIRMATION else ()

    def choices(self, *ids: str) -> tuple[Choice, ...]:
        """Standing choices by their ids."""
        return tuple(Choice(id=id, title=self.say(f"choice_{id}")) for id in ids)
