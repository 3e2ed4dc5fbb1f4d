"""What an open conversation with the assistant knows so far."""

from datetime import date, time
from enum import StrEnum

from domain.messages import Choice
from domain.model import Value


class Phase(StrEnum):
    """What an operator filters by."""

    GREETING = "greeting"
    TALKING = "talking"
    BOOKING = "booking"
    DONE = "done"
    CANCELLED = "cancelled"
    HANDED_OFF = "handed_off"


class Question(StrEnum):
    """What the last reply asked for."""

    WHAT = "what"
    WHEN = "when"
    HOUR = "hour"
    """The day is known, and no time."""
    DAY = "day"
    """The time is known, and no day."""
    NAME = "name"
    PHONE = "phone"
    CONFIRMATION = "confirmation"
    CHANGE = "change"
    """What of the summary is wrong."""


class Enquiry(Value):
    """The state of the dialog; it travels in histories, so empty fields are left out."""

    language: str = ""
    greeted: bool = False
    booking: bool = False
    """A booking is being taken."""
    asked: Question | None = None
    menu: tuple[Choice, ...] = ()
    """The choices of the last reply: a customer may answer with a title instead of a tap."""
    what: str = ""
    day_words: str = ""
    """The day in the customer's words; `day` where they are plain."""
    day: date | None = None
    hour_words: str = ""
    hour: time | None = None
    name: str = ""
    phone: str = ""
    unanswered: int = 0
    """How many questions in a row our documents did not answer."""
    misses: int = 0
    """How many turns in a row brought nothing to the booking."""
    opted_out: bool = False

    @property
    def when_words(self) -> str:
        """When, as the customer said it."""
        return " ".join(filter(None, (self.day_words, self.hour_words)))

    @property
    def next_question(self) -> Question:
        """What the booking needs to know next."""
        told = {
            Question.WHAT: self.what,
            Question.DAY: self.day_words or not self.hour_words,
            Question.WHEN: self.day_words,
            Question.HOUR: self.hour_words or self.hour or self.day is None,
            Question.NAME: self.name,
            Question.PHONE: self.phone,
        }
        return next((question for question, value in told.items() if not value), Question.CONFIRMATION)

    @property
    def phase(self) -> Phase:
        """Where it stands, as an operator filters by it."""
        if self.booking:
            return Phase.BOOKING
        return Phase.TALKING if self.greeted else Phase.GREETING

    def without_booking(self) -> "Enquiry":
        """As it is once no booking is open; who the customer is stays known."""
        gone = ("booking", "asked", "menu", "what", "misses", *WHEN)
        return self.model_copy(update={name: type(self).model_fields[name].default for name in gone})


WHEN = ("day_words", "day", "hour_words", "hour")
