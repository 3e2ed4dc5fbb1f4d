"""The environment's variables of one platform's default account: what every platform has, and what one adds."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, ValidationError, create_model
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.model import Value

Url = Annotated[str, Field(pattern=r"^https?://[^\s/]+")]
Seconds = Annotated[float, Field(ge=0, le=120)]


class WrongSetting(Exception):
    """A variable has a value we cannot use; the text names it and says why."""


class Option(Value):
    """A variable that only one platform knows. Its value reaches the platform's folder as text."""

    variable: str
    default: str = ""
    pattern: str = ""
    """What the whole value must match, as a regular expression; empty: anything."""
    meaning: str = ""


class Variables(Value):
    """What a platform's folder says about its default account's settings."""

    platform: str
    vendor_url: str
    """The vendor's own API; in dev, without a token, the simulator stands in for it."""
    flows: tuple[str, ...] = ("assistant", "water_order")
    """The flow of an account that names none: the first of these that exists."""
    quiet_period: float = 2.0
    interim_after: float = 8.0
    named: Mapping[str, str] = {}
    """Fields whose variable has a name of the platform's own (`access_token` → `MANYCHAT_API_KEY`)."""
    options: Mapping[str, Option] = {}
    interim_option: str = ""
    """The option that holds the interim message's seconds where `_INTERIM_AFTER_SECONDS` is not set."""

    def variable(self, field: str) -> str:
        """The environment's name of a field."""
        return self.named.get(field, f"{self.platform}_{field}".upper())


class Stated(Value):
    """What the environment states about one account; None: nothing."""

    account_id: Annotated[str, Field(pattern=r"^[^\s:/]{1,64}$")] = "default"
    access_token: str = ""
    verify_token: str = ""
    webhook_secret: str = ""
    api_base_url: Url | None = None
    rate_limit_requests_per_minute: Annotated[int, Field(ge=1)] | None = None
    flow: str = ""
    interim_text: str = ""
    quiet_period_seconds: Annotated[float, Field(ge=0, le=30)] | None = None
    longest_wait_seconds: Annotated[float, Field(ge=0, le=300)] = 30
    max_burst: Annotated[int, Field(ge=1, le=100)] = 10
    interim_after_seconds: Seconds | None = None
    options: Mapping[str, str] = {}


class _Environment(BaseSettings):
    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True, env_ignore_empty=True)


def stated(variables: Variables, overrides: Mapping[str, Any], env_file: str | None = ".env") -> Stated:
    """Read one platform's variables; `overrides`, by lower-case variable name, win over the environment.

    Raises:
        WrongSetting: names every wrong variable and the reason.
    """
    fields: dict[str, Any] = {
        variables.variable(name).lower(): (field.annotation, field)
        for name, field in Stated.model_fields.items()
        if name != "options"
    }
    for option in variables.options.values():
        fields[option.variable.lower()] = (str, Field(default=option.default, pattern=_whole(option)))
    model = create_model("PlatformEnvironment", __base__=_Environment, **fields)
    given = {name: value for name, value in overrides.items() if name in fields}
    try:
        read: Any = model(_env_file=env_file, **given)
    except ValidationError as error:
        raise wrong_setting(error) from None
    values = {
        name: getattr(read, variables.variable(name).lower()) for name in Stated.model_fields if name != "options"
    }
    chosen = {name: getattr(read, option.variable.lower()) for name, option in variables.options.items()}
    return Stated(**values, options=chosen)


def _whole(option: Option) -> str | None:
    """The pattern of a whole value; an option that is not set at all is always right."""
    optional = "" if option.default else "?"
    return f"^(?:{option.pattern}){optional}$" if option.pattern else None


def wrong_setting(error: ValidationError) -> WrongSetting:
    """Every wrong variable and the reason, one a line, without showing a secret's value."""
    lines = [f"{_variable(item['loc'])}: {_plain(item)}" for item in error.errors(include_input=False)]
    return WrongSetting("\n".join(lines))


def _plain(item: Mapping[str, Any]) -> str:
    """Pydantic's words, without a pattern's anchors; our own as they are."""
    return re.sub(r"'\^\(\?:(.*)\)\??\$'", r"'\1'", str(item["msg"]).removeprefix("Value error, "))


def _variable(location: tuple[int | str, ...]) -> str:
    return str(location[0]).upper() if location else "settings"
