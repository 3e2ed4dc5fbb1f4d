"""Phone numbers of any country, where they are written with a plus."""

import phonenumbers

from flows.rules.phone import find_phone_of

_MOST_LETTERS = 1_000


def find_any_phone(text: str) -> str:
    """The number in a cleaned text: a Ukrainian one however it is written, or any with its plus; "" if none."""
    own = find_phone_of(text, region="UA")
    if own is not None and own.problem is None:
        return own.number
    for match in phonenumbers.PhoneNumberMatcher(text[:_MOST_LETTERS], None):
        return phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164)
    kyrgyz = find_phone_of(text, region="KG")
    return kyrgyz.number if kyrgyz is not None and kyrgyz.problem is None else ""
