"""What a model's answer costs, in millionths of a dollar."""

from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal

from domain.plans import Usage

Price = tuple[float, float, float]
"""Dollars a million tokens (so, millionths of a dollar a token): input, output, input read from the cache."""


class Prices:
    """A price list by the beginning of a model's name."""

    def __init__(self, listed: Mapping[str, Price]) -> None:
        self._listed = dict(listed)

    def of(self, model: str) -> Price:
        """The price of a model; one nobody knows costs what the dearest one does."""
        known = [name for name in self._listed if model.startswith(name)]
        if known:
            return self._listed[max(known, key=len)]
        return max(self._listed.values(), key=lambda price: price[1], default=(0.0, 0.0, 0.0))

    def cost(self, model: str, usage: Usage) -> int:
        """What this usage costs; a fraction counts as a whole one."""
        counts = (usage.input_tokens, usage.output_tokens, usage.cached_tokens)
        amounts = (Decimal(str(price)) * count for price, count in zip(self.of(model), counts, strict=True))
        return int(sum(amounts, Decimal(0)).to_integral_value(ROUND_CEILING))
