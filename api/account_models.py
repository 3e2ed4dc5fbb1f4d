"""What the operator API takes and gives about accounts, plans and credits. Secrets go in and never come out."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from api.operator_models import Row
from domain.plans import LARGEST, MICRO, Feature, Plan, Tariff, as_credits, of_credits
from providers.records.credits import Balance
from providers.records.tenants import SECRETS, Line, Status, Stored, Tenant, overrides
from runtime.accounts import Account

Secret = Annotated[SecretStr, Field(max_length=4_000)]
Whole = Annotated[
    Decimal, Field(ge=0, le=LARGEST // MICRO), AfterValidator(lambda credits: as_credits(of_credits(credits)))
]
"""Credits, to six decimal places."""
Own = Annotated[
    Mapping[str, Any],
    AfterValidator(overrides),
    Field(
        description="Only what differs from the platform's own turn-taking",
        examples=[{"quiet_period": 4, "quiet_period_by_kind": {"image": 8}}],
    ),
]


class Secrets(BaseModel):
    """Write-only: an answer says which are set, never what they are."""

    access_token: Secret | None = Field(default=None, description='What the platform knows us by; "" takes it away')
    webhook_secret: Secret | None = Field(default=None, description='The proof of origin of its webhooks; "" as above')
    verify_token: Secret | None = Field(default=None, description='Meta\'s verification of the webhook; "" as above')

    def secrets(self) -> dict[str, str]:
        """Those that were given, in plain text."""
        given = {name: getattr(self, name) for name in SECRETS}
        return {name: value.get_secret_value() for name, value in given.items() if value is not None}


class NewAccount(Tenant, Secrets):
    """An account to add."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def tenant(self) -> Tenant:
        """Without its secrets."""
        return Tenant.model_validate(self.model_dump(include=set(Tenant.model_fields)))


class AccountChanges(Secrets):
    """What is to change; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    name: Line | None = None
    flow: Line | None = None
    language: Line | None = None
    plan: Line | None = None
    options: Mapping[Line, Line] | None = None
    turn_taking: Own | None = None
    requests_per_minute: int | None = Field(default=None, description="null: the platform's own rate")
    interim_text: Line | None = None
    exhausted_text: Line | None = None
    api_base_url: Line | None = None
    retention_days: int | None = Field(default=None, description="null: as long as everybody's")
    status: Status | None = None

    def changes(self) -> dict[str, Any]:
        """Those that were given, without the secrets."""
        return {name: getattr(self, name) for name in self.model_fields_set - set(SECRETS)}


class AccountView(Row):
    """An account as it is set up."""

    platform: str
    account: str
    origin: str = Field(description='"stored", "environment", or "both": what the environment sets of its secrets wins')
    name: str
    flow: str = Field(description="Empty: the platform's own")
    language: str
    plan: str
    options: Mapping[str, str]
    turn_taking: Mapping[str, Any]
    requests_per_minute: int | None
    interim_text: str
    exhausted_text: str
    api_base_url: str
    retention_days: int | None
    status: Status = Status.ACTIVE
    secrets: Mapping[str, bool] = Field(description="Which secrets are set")
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @classmethod
    def of(cls, stored: Stored | None, own: Account | None) -> Self:
        """From its row, from the environment, or from both; one of them there must be."""
        is_set = {name: bool(own and getattr(own, name)) for name in SECRETS}
        is_set |= dict.fromkeys(stored.secret_names, True) if stored else {}
        if stored is None:
            return cls.model_validate({**(own.model_dump() if own else {}), "origin": "environment", "secrets": is_set})
        return cls.model_validate({**stored.model_dump(), "origin": "both" if own else "stored", "secrets": is_set})


class Checked(BaseModel):
    """What the platform says of an account's credentials."""

    accepted: bool
    reason: str = Field(default="", description="Why they were refused")
    rating: str = Field(default="", description="How the platform rates the account, where it says so")


class TariffBody(BaseModel):
    """What things cost, in credits."""

    model_config = ConfigDict(extra="forbid")

    reply: Whole = as_credits(Tariff().reply)
    image: Whole = as_credits(Tariff().image)
    audio_second: Whole = as_credits(Tariff().audio_second)
    thousand_input_tokens: Whole = as_credits(Tariff().thousand_input_tokens)
    thousand_output_tokens: Whole = as_credits(Tariff().thousand_output_tokens)
    thousand_cached_tokens: Whole = as_credits(Tariff().thousand_cached_tokens)
    percent_by_platform: dict[Line, Annotated[int, Field(ge=0, le=10_000)]] = {}


PRICES = tuple(name for name in TariffBody.model_fields if name != "percent_by_platform")


class PlanBody(BaseModel):
    """A plan. null: as much as they like."""

    model_config = ConfigDict(extra="forbid")

    features: frozenset[Feature] = frozenset(Feature)
    messages_per_period: int | None = Field(default=None, ge=0, le=10**9)
    credits_per_period: Whole | None = None
    period_days: int = Field(default=30, ge=1, le=366)
    warn_at_percent: int = Field(default=80, ge=1, le=100, description="Of the credits or messages; told once a period")
    requests_per_minute: dict[Line, Annotated[int, Field(ge=1, le=1_000_000)]] = Field(
        default={}, description="The most an account on this plan may send, by platform"
    )
    tariff: TariffBody = TariffBody()

    def plan(self, name: str) -> Plan:
        """As the ledger counts."""
        prices = {price: of_credits(getattr(self.tariff, price)) for price in PRICES}
        tariff = Tariff(percent_by_platform=self.tariff.percent_by_platform, **prices)
        limit = None if self.credits_per_period is None else of_credits(self.credits_per_period)
        others = self.model_dump(exclude={"tariff", "credits_per_period"})
        return Plan(name=name, credits_per_period=limit, tariff=tariff, **others)


class PlanView(PlanBody):
    """A plan, with its name."""

    name: str

    @classmethod
    def of(cls, plan: Plan) -> Self:
        """As people read it."""
        prices = {price: as_credits(getattr(plan.tariff, price)) for price in PRICES}
        tariff = TariffBody(percent_by_platform=dict(plan.tariff.percent_by_platform), **prices)
        limit = None if plan.credits_per_period is None else as_credits(plan.credits_per_period)
        return cls(**plan.model_dump(exclude={"tariff", "credits_per_period"}), credits_per_period=limit, tariff=tariff)


class MovementView(Row):
    """One row of the ledger."""

    id: int
    at: datetime
    movement: str
    turn_key: str
    amount: Decimal = Field(description="Credits; what leaves is negative")
    messages: int
    balance: Decimal = Field(description="Credits left after it")
    messages_left: int
    shortfall: Decimal = Field(description="Credits that were used and not covered")
    usage: dict[str, Any]

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """As people read it."""
        amounts = {name: as_credits(row[name]) for name in ("amount", "balance", "shortfall")}
        return cls.model_validate({**row, **amounts, "at": row["created_at"]})


class CreditsView(BaseModel):
    """What an account has left, and how it came to it, newest first. null: its plan does not count that."""

    plan: str
    credits: Decimal | None
    messages: int | None
    granted: Decimal
    granted_messages: int
    held: Decimal = Field(description="Set aside for turns under way; no longer in `credits`")
    period: datetime
    period_ends: datetime
    is_low: bool = Field(description="The plan's warning threshold is passed")
    items: list[MovementView]
    next_cursor: str | None = None

    @classmethod
    def of(cls, balance: Balance, items: list[MovementView], next_cursor: str | None) -> Self:
        """As people read it."""
        credits = None if balance.credits is None else as_credits(balance.credits)
        amounts = {"credits": credits, "granted": as_credits(balance.granted), "held": as_credits(balance.held)}
        return cls(**balance.model_dump() | amounts, items=items, next_cursor=next_cursor)


class Adjustment(BaseModel):
    """Credits added or, with a minus, taken by hand."""

    model_config = ConfigDict(extra="forbid")

    amount: Decimal = Field(ge=-(LARGEST // MICRO), le=LARGEST // MICRO, description="Credits, to six decimal places")
    why: Line = ""
