"""Turns a failure of ours into one that Temporal understands: retried or not, and when."""

from datetime import timedelta

from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from domain.failures import EverturnError, Rejected, Transient

LONGEST_TEXT = 500
"""Characters of an error that go into a history."""
TRIES_FOR_A_BUG = 3


def as_application_error(error: Exception, attempt: int) -> ApplicationError:
    """Transient: again, after its own delay if it names one. Rejected: never. Anything else is a bug: three tries."""
    final = isinstance(error, Rejected) or (not isinstance(error, Transient) and attempt >= TRIES_FOR_A_BUG)
    delay = timedelta(seconds=error.retry_after) if isinstance(error, Transient) and error.retry_after else None
    expected = isinstance(error, Transient)
    return ApplicationError(
        _text(error),
        type=type(error).__name__,
        non_retryable=final,
        next_retry_delay=delay,
        category=ApplicationErrorCategory.BENIGN if expected else ApplicationErrorCategory.UNSPECIFIED,
    )


def _text(error: Exception) -> str:
    """Our own errors are safe to show; a stranger's text may hold anything, so only its kind is kept."""
    return str(error)[:LONGEST_TEXT] if isinstance(error, EverturnError) else f"unexpected {type(error).__name__}"
