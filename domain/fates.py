"""What becomes of a customer's message: exactly one of these, sooner or later."""

from enum import StrEnum


class Fate(StrEnum):
    """How the books close on one accepted message; see `docs/decisions/0017-conservation.md`."""

    ANSWERED = "answered"
    """A reply went out; it was the last message of its burst."""
    MERGED = "merged"
    """It was answered together with later messages of the same burst."""
    SUPERSEDED = "superseded"
    """A decision about it was thrown away for a later message, and both were answered together; or it was edited."""
    TO_A_PERSON = "to_a_person"
    """An operator holds the conversation, or a part of the reply is a dead letter (`unknown` included)."""
    EXPIRED = "expired"
    """No reply could be made in the turn's time: the customer heard an apology, and a person was asked."""
    UNSENT = "unsent"
    """The customer took it back."""
    SILENT = "silent"
    """A turn was taken on it, and there was nothing to say."""
    DUPLICATE = "duplicate"
    """It was delivered again after it had been taken up."""
