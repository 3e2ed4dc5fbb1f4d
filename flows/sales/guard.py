"""Looks over a model's words before a customer reads them: no amount that nobody told it, no deed it cannot do."""

import re
from collections.abc import Iterable

_AMOUNT = re.compile(r"(\d[\d \u00a0\u202f.,]{0,12}?)\s*(?:грн|₴|uah|гривн|hrn)", re.IGNORECASE)
_DEED = re.compile(
    r"оплат\w*[^.!?\n]{0,30}?(?:підтвердж|подтвержд|зарахован|зачислен)"
    r"|(?:замовленн|заказ)\w*[^.!?\n]{0,40}?(?:прийнят|принят|оформлен[оа]?\b|підтверджен|подтвержд)"
    r"|(?:уже|вже|всё|усе|все)\s+(?:уже\s+|вже\s+)?(?:оплачен|оформлен)",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d[\d \u00a0\u202f]*(?:[.,]\d{1,2})?")


def unknown_amounts(text: str, known: Iterable[str]) -> list[str]:
    """The amounts of money in a reply that stand in nothing the model was told."""
    told = {_plain(match.group()) for words in known for match in _NUMBER.finditer(words)}
    return [amount for match in _AMOUNT.finditer(text) if (amount := _plain(match.group(1))) not in told]


def claims_a_deed(text: str) -> bool:
    """Whether the words say that an order is placed or a payment confirmed: that is said by the shop itself alone."""
    return _DEED.search(text) is not None


def _plain(written: str) -> str:
    digits = re.sub(r"[\s\u00a0\u202f]", "", written).replace(",", ".").rstrip(".")
    whole, _, pennies = digits.partition(".")
    return f"{whole.lstrip('0') or '0'}.{pennies}" if pennies.strip("0") else whole.lstrip("0") or "0"
