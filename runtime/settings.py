"""Settings from the environment or `.env`, read once by the composition roots and handed in from there."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, PrivateAttr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from runtime.variables import Stated, Variables, WrongSetting, stated, wrong_setting

__all__ = ["Environment", "Settings", "WrongSetting", "load_settings"]


class Environment(StrEnum):
    """Where we run; production refuses what is only safe on a laptop."""

    DEV = "dev"
    PRODUCTION = "production"


def _readable(path: str) -> str:
    try:
        return path if not path or Path(path).read_bytes() else _refused("the file is empty")
    except OSError as error:
        return _refused(f"the file cannot be read ({(error.strerror or type(error).__name__).lower()})")


def _refused(reason: str) -> str:
    raise ValueError(reason)


class Settings(BaseSettings):
    """Every variable of ours. Durations are seconds unless the name says otherwise."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True, env_ignore_empty=True)

    everturn_env: Environment = Environment.DEV
    everturn_api_url: str = "http://127.0.0.1:8080"
    everturn_metrics_port: int | None = Field(default=None, ge=1, le=65535)
    everturn_log_format: Annotated[str, Field(pattern="^(auto|json|console)$")] = "auto"
    everturn_log_level: Annotated[str, Field(pattern="^(debug|info|warning|error)$")] = "info"
    otel_exporter_otlp_endpoint: Annotated[str, Field(pattern="^(https?://.+)?$")] = ""

    database_url: str = ""
    database_pool_size: int = Field(default=10, ge=1, le=200)
    temporal_address: str = ""
    temporal_namespace: str = "default"
    temporal_api_key: str = ""
    temporal_tls: bool = False
    temporal_tls_ca_cert: Annotated[str, AfterValidator(_readable)] = ""
    temporal_tls_client_cert: Annotated[str, AfterValidator(_readable)] = ""
    temporal_tls_client_key: Annotated[str, AfterValidator(_readable), Field(validate_default=True)] = ""
    temporal_ui_url: str = ""

    everturn_versioning: bool = False
    everturn_deployment: Annotated[str, Field(pattern="^[A-Za-z0-9_-]{1,64}$")] = "everturn"
    everturn_build_id: Annotated[str, Field(pattern="^[A-Za-z0-9_.+-]{0,64}$")] = ""
    """Empty: our version."""

    operator_token: str = ""

    anthropic_api_key: str = ""
    anthropic_base_url: str = ""
    anthropic_model: str = "claude-haiku-5-5"
    anthropic_vision_model: str = "claude-sonnet-5-5"

    dialog_ttl_hours: float = Field(default=24, gt=0, le=24 * 365)
    dedupe_days: float = Field(default=7, gt=0, le=90)
    handoff_patience_minutes: float = Field(default=30, gt=0, le=365 * 24 * 60)
    flood_messages_per_minute: int = Field(default=600, ge=1)
    hedge_webhooks: bool = True
    unaccounted_after_minutes: float = Field(default=5, gt=0, le=365 * 24 * 60)

    _given: Mapping[str, Any] = PrivateAttr(default_factory=dict)
    """What was handed in instead of read: the platforms' variables are read later, from the same place."""

    @field_validator("temporal_tls_client_key")
    @classmethod
    def _belongs_to_a_certificate(cls, key: str, seen: ValidationInfo) -> str:
        if "temporal_tls_client_cert" in seen.data and bool(key) != bool(seen.data["temporal_tls_client_cert"]):
            _refused("set TEMPORAL_TLS_CLIENT_CERT and TEMPORAL_TLS_CLIENT_KEY, or neither")
        return key

    @property
    def is_production(self) -> bool:
        """Whether this is a production process."""
        return self.everturn_env is Environment.PRODUCTION

    def stated(self, variables: Variables) -> Stated:
        """What the environment says about the default account of a platform.

        Raises:
            WrongSetting: a variable of the platform's has a value we cannot use.
        """
        return stated(variables, self._given, self._given.get("_env_file", ".env"))


def load_settings(**overrides: Any) -> Settings:
    """Read the settings; what is handed in wins over the environment, the platforms' variables included.

    Raises:
        WrongSetting: names every wrong variable and the reason, one a line, without showing a secret's value.
    """
    ours = {name: value for name, value in overrides.items() if name in Settings.model_fields or name == "_env_file"}
    try:
        settings = Settings(**ours)
    except ValidationError as error:
        raise wrong_setting(error) from None
    except UnicodeDecodeError:
        raise WrongSetting("the file .env is not in UTF-8: save it in that encoding") from None
    settings._given = overrides
    return settings
