"""Says what an error of the SDK means to us: by the error's own type first, by the HTTP status where it has none."""

import time
from email.utils import mktime_tz, parsedate_tz

from anthropic import APIConnectionError, APIStatusError

from domain.failures import EverturnError, OutcomeUnknown, RateLimited, Rejected, Transient, Unavailable
from providers.model.base import SetupRefused

LONGEST_RETRY_AFTER = 3600.0
NEVER_LEFT = frozenset({"ConnectError", "ConnectTimeout", "PoolTimeout"})
"""Causes after which nothing reached the other side."""
_SETUP = {
    "authentication_error": "the key is refused: correct ANTHROPIC_API_KEY",
    "permission_error": "the key may not use this model: correct ANTHROPIC_API_KEY",
    "billing_error": "the account has no credit left",
    "not_found_error": "there is no such model: correct ANTHROPIC_MODEL and ANTHROPIC_VISION_MODEL",
}
_SETUP_BY_STATUS = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
}
_AGAIN = frozenset({408, 409, 425})


def failure_of(error: APIStatusError) -> EverturnError:
    """What an answer with an error means."""
    kind, status = error.type or "", error.status_code
    said = f"HTTP {status}" + (f", {kind}" if kind else "")
    if _is_spent(error):
        return SetupRefused(f"{_SETUP['billing_error']} ({said})")
    if kind == "rate_limit_error" or status == 429:
        return RateLimited(f"the model asks us to slow down ({said})", retry_after=retry_after(error))
    if kind == "overloaded_error" or status == 529:
        return Transient(f"the model is overloaded ({said})", retry_after=retry_after(error))
    if status >= 500 or status in _AGAIN or status < 400:
        return Transient(f"the model has trouble ({said})", retry_after=retry_after(error))
    if mend := _SETUP.get(kind, _SETUP.get(_SETUP_BY_STATUS.get(status, ""))):
        return SetupRefused(f"{mend} ({said})")
    return Rejected(f"the model refuses the question ({said})")


def no_answer(error: APIConnectionError) -> EverturnError:
    """What it means that no answer came."""
    cause = type(error.__cause__).__name__
    if cause in NEVER_LEFT:
        return Unavailable(f"the model cannot be reached ({cause})")
    return OutcomeUnknown(f"no answer from the model ({cause})")


def retry_after(error: APIStatusError) -> float | None:
    """Seconds the API asks us to wait, however it says so."""
    headers = error.response.headers
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            wait = float(headers.get(name, "")) / unit
        except ValueError:
            continue
        return min(wait, LONGEST_RETRY_AFTER) if wait >= 0 else None
    date = parsedate_tz(headers.get("retry-after", ""))
    return min(max(0.0, mktime_tz(date) - time.time()), LONGEST_RETRY_AFTER) if date else None


def _is_spent(error: APIStatusError) -> bool:
    """A spending limit may come as a 429, and no waiting mends it."""
    return error.type == "billing_error" or (error.error_code or "").endswith("spend_limit_reached")
