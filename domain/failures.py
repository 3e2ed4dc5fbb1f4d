"""What can go wrong, said by who can mend it.

EverturnError
├── Transient          try again; may say when (`retry_after`, seconds)
│   ├── RateLimited    the platform or a provider asks us to slow down
│   ├── Unavailable    nothing left this machine: connection refused, DNS, pool exhausted
│   └── OutcomeUnknown the bytes left and no answer came: it may have been done
├── Rejected           never try again as it is
│   ├── TokenRejected  the account's credential was refused: its sends pause until it is mended
│   ├── PartRefused    this one message will never be taken (blocked, too long, window closed, contact unknown)
│   ├── NotProven      a webhook without valid proof of origin
│   └── NotUnderstood  a body that is not this platform's
└── OurFault           a bug or a broken setup: page us
"""


class EverturnError(Exception):
    """The root of every failure of ours; its text is safe to show: no secret, no message text, no phone number."""


class Transient(EverturnError):
    """Try again; `retry_after` says when (seconds), if the other side said so."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


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


class NotProven(Rejected):
    """No proof of origin (`missing`), or a wrong one."""

    def __init__(self, message: str, *, missing: bool = False) -> None:
        super().__init__(message)
        self.missing = missing


class NotUnderstood(Rejected):
    """The body is not one this platform sends."""


class OurFault(EverturnError):
    """A bug or a broken setup."""
