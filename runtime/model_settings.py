"""Settings of the language model: what one turn may take, and when the model counts as away."""

from typing import Annotated, Any

from pydantic import Field, NonNegativeFloat, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from runtime.variables import wrong_setting

Seconds = Annotated[float, Field(gt=0, le=300)]
Price = tuple[NonNegativeFloat, NonNegativeFloat, NonNegativeFloat]
"""Dollars a million tokens: input, output, input read from the cache."""

PRICES: dict[str, Price] = {
    "claude-haiku-5-5": (0.1, 0.5, 0.01),
    "claude-haiku-4-5": (1, 5, 0.1),
    "claude-sonnet-5-5": (2, 10, 0.1),
    "claude-sonnet-5": (2, 10, 0.2),
    "claude-sonnet-4": (3, 15, 0.3),
    "claude-opus-5-5": (4, 20, 0.2),
    "claude-opus-5": (5, 25, 0.5),
    "claude-opus-4": (5, 25, 0.5),
    "claude-fable-5": (10, 50, 1),
    "claude-mythos-5": (10, 50, 1),
}
"""By the beginning of a model's name, as published in October 2026."""


class ModelSettings(BaseSettings):
    """Every variable of the model but its key, its address and the two names, which every process knows."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True, env_ignore_empty=True)

    model_seconds_per_turn: Seconds = 25.0
    model_seconds_per_turn_with_pictures: Seconds = 40.0
    model_tool_rounds: int = Field(default=6, ge=0, le=20)
    """How often the model may be given results of tools within a turn."""
    model_tokens_per_turn: int = Field(default=4096, ge=64, le=100_000)
    """Of output."""
    model_money_per_turn: float = Field(default=0.1, gt=0, le=100)
    """Dollars."""
    model_retries: int = Field(default=3, ge=0, le=8)
    model_failures_until_away: int = Field(default=10, ge=1, le=1_000)
    """In a row, within one process."""
    model_away_seconds: float = Field(default=15.0, gt=0, le=3_600)
    """How long nobody asks a model that is away; then one question at a time tries it."""
    model_prices: dict[str, Price] = {}
    """JSON: `{"claude-haiku-5-5": [0.1, 0.5, 0.01]}`; goes before what we know."""

    @property
    def prices(self) -> dict[str, Price]:
        """What models cost."""
        return PRICES | self.model_prices


def load_model_settings(**overrides: Any) -> ModelSettings:
    """Read them.

    Raises:
        WrongSetting: names every wrong variable and the reason, one a line, without showing a value.
    """
    try:
        return ModelSettings(**overrides)
    except ValidationError as error:
        raise wrong_setting(error) from None
