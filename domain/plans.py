"""What an account may use and what it costs. Amounts are whole micro-credits: a million of them are one credit."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal
from enum import StrEnum

from pydantic import Field, NonNegativeFloat, NonNegativeInt

from domain.messages import MessageKind
from domain.model import Value

MICRO = 1_000_000
"""Micro-credits in a credit."""
LARGEST = 10**15
"""Micro-credits: a thousand million credits; sums of such amounts still fit sixty-three bits."""
FREE_KINDS = frozenset({MessageKind.TEXT, MessageKind.DOCUMENT, MessageKind.OTHER})
"""What every plan understands; the other kinds are features."""


class Feature(StrEnum):
    """What a plan may switch on, in the words of message kinds."""

    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"


class Usage(Value):
    """What one turn used, or is expected to use."""

    messages: NonNegativeInt = 0
    replies: NonNegativeInt = 0
    images: NonNegativeInt = 0
    audio_seconds: NonNegativeFloat = 0.0
    input_tokens: NonNegativeInt = 0
    output_tokens: NonNegativeInt = 0
    cached_tokens: NonNegativeInt = 0
    """Input that the model read from its cache, in the model API's own figures; not counted in `input_tokens`."""

    def plus(self, other: "Usage") -> "Usage":
        """Both together."""
        return Usage(**{name: getattr(self, name) + getattr(other, name) for name in Usage.model_fields})


class Tariff(Value):
    """What things cost, in micro-credits."""

    reply: NonNegativeInt = MICRO
    image: NonNegativeInt = 2 * MICRO
    audio_second: NonNegativeInt = MICRO // 50
    thousand_input_tokens: NonNegativeInt = MICRO // 10
    thousand_output_tokens: NonNegativeInt = MICRO // 2
    thousand_cached_tokens: NonNegativeInt = MICRO // 100
    percent_by_platform: Mapping[str, NonNegativeInt] = {}
    """A platform that costs more or less than the others; 100 where it is not named."""

    def cost(self, usage: Usage, platform: str) -> int:
        """The price of this usage; a fraction of a micro-credit counts as a whole one."""
        tokens = (
            usage.input_tokens * self.thousand_input_tokens
            + usage.output_tokens * self.thousand_output_tokens
            + usage.cached_tokens * self.thousand_cached_tokens
        )
        whole = usage.replies * self.reply + usage.images * self.image
        audio = Decimal(str(usage.audio_seconds)) * self.audio_second
        percent = Decimal(self.percent_by_platform.get(platform, 100)) / 100
        return _rounded_up((whole + audio + Decimal(tokens) / 1000) * percent)


def _rounded_up(amount: Decimal) -> int:
    return int(amount.to_integral_value(ROUND_CEILING))


class Plan(Value):
    """What the accounts on it may use in a period. None: as much as they like."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")
    features: frozenset[Feature] = frozenset(Feature)
    messages_per_period: int | None = Field(default=None, ge=0, le=10**9)
    credits_per_period: int | None = Field(default=None, ge=0, le=LARGEST)
    """Micro-credits."""
    period_days: int = Field(default=30, ge=1, le=366)
    warn_at_percent: int = Field(default=80, ge=1, le=100)
    requests_per_minute: Mapping[str, int] = {}
    """The most an account on this plan may send on a platform; a platform not named keeps its own rate."""
    tariff: Tariff = Tariff()

    @property
    def is_metered(self) -> bool:
        """Whether anything is counted; an account on any other plan costs no look at the ledger."""
        return self.messages_per_period is not None or self.credits_per_period is not None

    @property
    def period(self) -> timedelta:
        """How long a grant lasts."""
        return timedelta(days=self.period_days)

    def kinds(self) -> frozenset[MessageKind]:
        """The kinds of message that the assistant may take in under this plan."""
        return FREE_KINDS | {kind for kind in MessageKind if kind.value in set(self.features)}


UNLIMITED = Plan(name="unlimited")
"""The plan of every account that names none. It never changes, so nobody has to ask for it."""


def as_credits(amount: int) -> Decimal:
    """Micro-credits as people read them."""
    return (Decimal(amount) / MICRO).quantize(Decimal("0.000001"), ROUND_HALF_EVEN)


def of_credits(credits: Decimal) -> int:
    """Credits as the ledger counts them.

    Raises:
        ValueError: finer than a micro-credit, or larger than any ledger.
    """
    if not credits.is_finite() or abs(credits) > LARGEST // MICRO:
        raise ValueError("this is no amount of credits")
    amount = credits * MICRO
    if amount != amount.to_integral_value():
        raise ValueError("credits have at most six decimal places")
    return int(amount)
