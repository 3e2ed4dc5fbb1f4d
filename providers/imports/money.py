"""Prices as people and feeds write them: 1499.00 UAH, 1 499,00 грн, $1,499.00."""

import re
from decimal import Decimal

from babel.numbers import get_currency_precision, is_currency

from domain.model import Value
from providers.imports.problems import quoted

LONGEST_PRICE = 60
DEAREST = Decimal(10) ** 12
_SIGNS = {
    "₴": "UAH", "грн": "UAH", "гривень": "UAH", "гривня": "UAH", "гривні": "UAH", "гривен": "UAH", "$": "USD",
    "€": "EUR", "£": "GBP", "zł": "PLN", "zl": "PLN", "₸": "KZT", "тг": "KZT", "сом": "KGS", "₾": "GEL", "lei": "RON",
}  # fmt: skip
_PARTS = re.compile(r"^(?P<before>[^\d.,\-+]*)(?P<amount>[\d\s.,'’]*\d)(?P<after>\D*)$")
_GROUPED = re.compile(r"^\d{1,3}(?:[\s'’]\d{3})+(?:[.,]\d{1,3})?$")
_COMMAS = re.compile(r"^\d{1,3}(?:,\d{3})+\.\d{1,3}$|^\d{1,3}(?:,\d{3}){2,}$")
_POINTS = re.compile(r"^\d{1,3}(?:\.\d{3})+,\d{1,3}$|^\d{1,3}(?:\.\d{3}){2,}$")
_SIMPLE = re.compile(r"^\d+(?:[.,]\d{1,3})?$")


class Money(Value):
    """An amount in a currency of ISO 4217."""

    amount: Decimal
    currency: str


def money_of(text: str, currency: str = "") -> Money:
    """Read a price; `currency` where the text names none.

    Raises:
        ValueError: what is wrong and how to write it.
    """
    parts = _PARTS.match(text.strip()) if len(text) <= LONGEST_PRICE else None
    if parts is None:
        raise ValueError(f"{quoted(text)} is no amount; write 1499.00 UAH")
    plain = _plain(parts["amount"].strip(), text)
    said = currency_of(parts["before"].strip() or parts["after"].strip() or currency)
    places = get_currency_precision(said)
    if len(plain.partition(".")[2]) > places:
        raise ValueError(f"{quoted(text)} has more than {places} places: thousands or a fraction? Write 1499.00 UAH")
    amount = Decimal(plain)
    if not 0 < amount < DEAREST:
        raise ValueError(f"{quoted(text)} is no price; write 1499.00 UAH, or leave the row out")
    return Money(amount=amount.quantize(Decimal(1).scaleb(-places)), currency=said)


def currency_of(text: str) -> str:
    """A currency by its code or its usual sign.

    Raises:
        ValueError: there is none of that name.
    """
    plain = text.strip().strip(".").casefold()
    code = _SIGNS.get(plain, plain.upper())
    if not plain:
        raise ValueError("names no currency; write 1499.00 UAH, or give --currency UAH")
    if not (code.isascii() and is_currency(code)):
        raise ValueError(f"{quoted(text)} is no currency of ISO 4217; write UAH, EUR, USD, …")
    return code


def _plain(text: str, whole: str) -> str:
    """The amount as a program writes it."""
    if _GROUPED.match(text):
        return re.sub(r"[\s'’]", "", text).replace(",", ".")
    if _COMMAS.match(text):
        return text.replace(",", "")
    if _POINTS.match(text):
        return text.replace(".", "").replace(",", ".")
    if _SIMPLE.match(text):
        return text.replace(",", ".")
    raise ValueError(f"{quoted(whole)} is no amount; write 1499.00 UAH")
