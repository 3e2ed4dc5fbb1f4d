"""How much a customer wants to spend at most."""

import re
from decimal import Decimal

from flows.rules.loose import loosen, shape

_AMOUNT = r"(\d{1,3}(?:[ ]\d{3}){1,2}|\d{1,7})(?:[.,](\d{1,2}))?"
_MONEY = r"[ ]?(к(?!\w)|тис\w{0,3}\.?|тыс\w{0,3}\.?)?[ ]?(грн|гривен\w*|гривн\w*|гр(?!\w)|₴|уах)?"
_LIMIT = shape(
    rf"(?<!\w)(?:до|дешевше|дешевле|не дорожче|не дороже|не більше|не больше|максимум|макс|в межах|в пределах|бюджет"
    rf"|менше|меньше|нижче|ниже)(?: за| ніж| чем| від| на"
    rf"| \w{{2,8}}ю)?[ :\-]{{0,3}}(?:\d{{2,6}}[ ]?[-–—][ ]?)?{_AMOUNT}{_MONEY}"
)
_NO_MONEY = re.compile(
    r"[ ]?(?:розм|разм|год|час|числ|гру|січ|лют|бер|кви|тра|чер|лип|сер|вер|жов|лис|см|кг|шт|рок|лет|дн|ден|хв|мин|%"
    r"|видд|отд|[:.]\d|-?(?:го|й|ти)(?!\w))"
)
_SMALLEST = 100
"""Less than so many hryvnias without the word is a size or an hour."""


def find_price_limit(text: str) -> Decimal | None:
    """The most the customer wants to pay: «до 1000 грн», «не дорожче 1,5 тис»."""
    for match in _LIMIT.finditer(loosen(text)):
        limit = _read(match)
        if limit is not None:
            return limit
    return None


def _read(match: re.Match[str]) -> Decimal | None:
    whole, part, thousands, money = match.groups()
    if not money and not thousands and _NO_MONEY.match(match.string, match.end()):
        return None
    amount = Decimal(f"{re.sub(r'[^0-9]', '', whole)}.{part or 0}") * (1000 if thousands else 1)
    return amount.normalize() + 0 if money or thousands or amount >= _SMALLEST else None
