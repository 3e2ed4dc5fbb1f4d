"""What a flow is told of the shop it speaks for: the account's options, by their meaning."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from domain.model import Value

YES = frozenset({"1", "true", "yes", "on"})


class Shop(Value):
    """The shop behind an account."""

    name: str = ""
    language: str = ""
    """What customers are answered in; empty: the language they write in."""
    persona: str = ""
    """Who the assistant is and what the shop's rules are, in the shop's own words."""
    currency: str = "UAH"
    timezone: str = "Europe/Kyiv"
    """By whose clock "tomorrow at three" is meant."""
    payment_details: str = ""
    """Where to pay: said to the customer as it stands here. Empty: an operator tells."""
    cash_on_delivery: bool = True
    four_eyes_above: Decimal | None = None
    """Payments above this sum need two people."""
    follow_up_hours: float = 0.0
    """After how long a silence an abandoned cart is mentioned, once; 0: never."""

    @classmethod
    def of(cls, name: str, language: str, options: Mapping[str, str]) -> "Shop":
        """Read an account's options; a value that cannot be read counts as not set."""
        return cls(
            name=options.get("shop_name", "") or name,
            language=language,
            persona=options.get("persona", ""),
            currency=options.get("currency", "") or "UAH",
            timezone=options.get("timezone", "").strip() or "Europe/Kyiv",
            payment_details=options.get("payment_details", ""),
            cash_on_delivery=options.get("cash_on_delivery", "yes").strip().lower() in YES,
            four_eyes_above=_amount(options.get("four_eyes_above", "")),
            follow_up_hours=min(float(_amount(options.get("follow_up_hours", "")) or 0), 23.0),
        )


def _amount(text: str) -> Decimal | None:
    try:
        amount = Decimal(text.strip().replace(",", "."))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and amount >= 0 else None
