"""Pictures, voice notes and files, once somebody has looked at them."""

from enum import StrEnum

from domain.messages import MessageKind
from domain.model import Value


class MediaProblem(StrEnum):
    """Why a medium cannot be used; a flow says it to the customer in words."""

    TOO_LARGE = "too_large"
    TOO_MANY_PIXELS = "too_many_pixels"
    WRONG_TYPE = "wrong_type"
    """By its content it is nothing we take, whatever it is called."""
    BROKEN = "broken"
    FORBIDDEN_ADDRESS = "forbidden_address"
    """It lies where we do not fetch from: not a host of the platform, or not a public address."""
    GONE = "gone"
    """The platform has it no longer, or it was unsent, or its time here is over."""
    TOO_SLOW = "too_slow"
    """It did not come in time, however often we asked; sending it again may help."""
    NOT_IN_PLAN = "not_in_plan"
    NO_TRANSCRIPTION = "no_transcription"
    """A voice note that is kept and that nobody here can listen to."""
    NOTHING_HEARD = "nothing_heard"
    """A voice note without a word in it."""


class SeenMedia(Value):
    """One medium of a message as a flow sees it: what it is, or why it is nothing; never its bytes."""

    kind: MessageKind
    problem: MediaProblem | None = None
    media_id: str = ""
    """Our own id, by which it can be opened and linked to; empty where nothing is kept."""
    mime: str = ""
    text: str = ""
    """What was heard in a voice note."""
    seconds: float | None = None
    bytes_count: int = 0
    width: int = 0
    height: int = 0
