"""What can go wrong, said by who can mend it.

EverturnError
├── Transient          try again; may say when (`retry_after`, seconds)
│   ├── RateLimited    the platform or a provider asks us to slow down
│   ├── Unavailable    nothing left this machine: connection refused, DNS, pool exhausted
│   └── OutcomeUnknown the bytes left and no answer came: it may have been done
├── Rejected           never try again as it is
│   ├── TokenRejected  the account's credential was refused: its sends pause until it is mended
│   ├── PartRefused    this one message will never be taken (blocked, too long, contact unknown)
│   │   └── WindowClosed   the session window is closed and there is no other way
│   ├── MediaRefused   a picture, voice note or file we will not take; its `problem` is said to the customer
│   ├── NotProven      a webhook without valid proof of origin
│   └── NotUnderstood  a body that is not this platform's
└── OurFault           a bug or a broken setup: page us
"""

from domain.media import MediaProblem


class EverturnError(Exception):
    """The root of every failure of ours; its text is safe to show: no secret, no message text, no phone number."""


class Transient(EverturnError):
    """Try again; `retry_after` says when (seconds), if the other side said so; else the pause grows by `growth`."""

    def __init__(self, message: str, *, retry_after: float | None = None, growth: float = 2.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.growth = growth


class RateLimited(Transient):
    """The other side asks us to slow down (HTTP 429 and its relatives)."""


class Unavailable(Transient):
    """Nothing reached the other side, so trying again cannot double anything."""


class OutcomeUnknown(Transient):
    """The request left and no answer came back: it may or may not have been carried out."""


class Rejected(EverturnError):
    """Trying again as it is can never help."""


class TokenRejected(Rejected):
    """The platform refused the account's credential."""


class PartRefused(Rejected):
    """The platform will never take this part; `code` is the vendor's."""

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class WindowClosed(PartRefused):
    """The customer last wrote too long ago for a free-form message."""


class MediaRefused(Rejected):
    """A medium is not taken; `problem` says why, the text is for the log and names no URL."""

    def __init__(self, problem: MediaProblem, message: str = "") -> None:
        super().__init__(message or problem.value)
        self.problem = problem


class NotProven(Rejected):
    """No proof of origin (`missing`), or a wrong one."""

    def __init__(self, message: str, *, missing: bool = False) -> None:
        super().__init__(message)
        self.missing = missing


class NotUnderstood(Rejected):
    """The body is not one this platform sends."""


class OurFault(EverturnError):
    """A bug or a broken setup."""
