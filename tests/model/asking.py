"""What the tests of the model ask, and a clock that stands still until somebody waits."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.language import AskModel, Eyes, Line, Speaker, Tool
from providers.model.anthropic import AnthropicModel
from providers.model.base import LanguageModel
from providers.model.patient import ModelTurn, PatientModel
from runtime.model_settings import ModelSettings

NAMES: Mapping[Eyes, str] = {Eyes.TEXT: "claude-haiku-5-5", Eyes.VISION: "claude-sonnet-5-5"}
NOON = datetime(2026, 11, 21, 12, 3, tzinfo=UTC)
WISH = Tool(
    name="note_wish",
    description="Write down what the customer wants to buy.",
    schema_={
        "type": "object",
        "properties": {
            "garment": {"type": "string", "enum": ["dress", "coat"]},
            "size": {"type": ["string", "null"], "maxLength": 3},
        },
        "required": ["garment", "size"],
        "additionalProperties": False,
    },
)
A_DRESS = {"garment": "dress", "size": "M"}


def asks(text: str = "Є сукні?", **more: Any) -> AskModel:
    """A customer's question."""
    return AskModel(**{"lines": (Line(by=Speaker.CUSTOMER, text=text),), **more})


def anthropic(url: str, key: str = "key") -> AnthropicModel:
    """The real client of a server here."""
    return AnthropicModel(key, NAMES, url)


def bounds(**more: Any) -> ModelSettings:
    """The settings, whatever the environment says."""
    return ModelSettings(_env_file=None, **more)


class Clock:
    """Time that passes only where somebody sleeps or a model takes its time."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        """The time of day."""
        return NOON + timedelta(seconds=self.seconds)

    async def sleep(self, seconds: float) -> None:
        """Pass it."""
        self.slept.append(seconds)
        self.seconds += seconds


def patient(model: LanguageModel | None, clock: Clock | None = None, **more: Any) -> PatientModel:
    """A patient model whose waiting costs no time."""
    clock = clock or Clock()
    states = more.pop("states", None)
    return PatientModel(model, NAMES, bounds(**more), states, clock=clock, now=clock.now, sleep=clock.sleep)


def turn_of(asking: PatientModel) -> ModelTurn:
    """A turn of some shop's customer."""
    return asking.turn("telegram", "shop", "sales")
