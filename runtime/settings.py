"""Settings from the environment or `.env`, read once by the composition roots and handed in from there."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.turn_taking import TurnTaking


class WrongSetting(Exception):
    """A variable has a value we cannot use; the text names it and says why."""


class Environment(StrEnum):
    """Where we run; production refuses what is only safe on a laptop."""

    DEV = "dev"
    PRODUCTION = "production"


Url = Annotated[str, Field(pattern=r"^https?://[^\s/]+")]


class PlatformSettings(BaseModel):
    """The one default account of a platform that the environment describes."""

    model_config = ConfigDict(frozen=True)

    account: str = "default"
    access_token: str = ""
    verify_token: str = ""
    webhook_secret: str = ""
    api_base_url: str = ""
    requests_per_minute: int | None = None
    flow: str = ""
    interim_text: str = ""
    turn_taking: TurnTaking = TurnTaking()
    options: dict[str, str] = {}


class Settings(BaseSettings):
    """Every variable of ours. Durations are seconds unless the name says otherwise."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True, env_ignore_empty=True)

    everturn_env: Environment = Environment.DEV
    everturn_api_url: str = "http://127.0.0.1:8080"
    everturn_metrics_port: int | None = Field(default=None, ge=1, le=65535)
    everturn_log_format: Annotated[str, Field(pattern="^(auto|json|console)$")] = "auto"

    database_url: str = ""
    database_pool_size: int = Field(default=10, ge=1, le=200)
    temporal_address: str = ""
    temporal_namespace: str = "default"
    temporal_api_key: str = ""
    temporal_tls: bool = False
    temporal_tls_ca_cert: str = ""
    temporal_tls_client_cert: str = ""
    temporal_tls_client_key: str = ""
    temporal_ui_url: str = ""

    operator_token: str = ""

    anthropic_api_key: str = ""
    anthropic_base_url: str = ""
    anthropic_model: str = ""
    anthropic_vision_model: str = ""

    dialog_ttl_hours: float = Field(default=24, gt=0, le=24 * 365)
    dedupe_days: float = Field(default=7, gt=0, le=90)
    handoff_patience_minutes: float = Field(default=30, gt=0)
    flood_messages_per_minute: int = Field(default=600, ge=1)

    manychat_api_key: str = ""
    manychat_api_url: Url | None = None
    manychat_webhook_secret: str = ""
    manychat_push_mode: bool = True
    manychat_fallback_after_seconds: float = Field(default=8, ge=0, le=9)
    manychat_interim_text: str = ""
    manychat_account_id: str = "default"
    manychat_flow: str = ""
    manychat_rate_limit_requests_per_minute: int | None = Field(default=None, ge=1)
    manychat_quiet_period_seconds: float = Field(default=2, ge=0, le=30)
    manychat_longest_wait_seconds: float = Field(default=30, ge=0, le=300)
    manychat_max_burst: int = Field(default=10, ge=1, le=100)
    manychat_interim_after_seconds: float | None = Field(default=None, ge=0, le=120)
    """Not set: ManyChat's own name for it, MANYCHAT_FALLBACK_AFTER_SECONDS, counts."""

    chat2desk_access_token: str = ""
    chat2desk_account_id: str = "default"
    chat2desk_webhook_secret: str = ""
    chat2desk_api_base_url: Url | None = None
    chat2desk_timestamp_header: str = "X-Timestamp"
    chat2desk_storage_url: Url = "https://storage.chat2desk.com"
    chat2desk_flow: str = ""
    chat2desk_rate_limit_requests_per_minute: int | None = Field(default=None, ge=1)
    chat2desk_quiet_period_seconds: float = Field(default=2, ge=0, le=30)
    chat2desk_longest_wait_seconds: float = Field(default=30, ge=0, le=300)
    chat2desk_max_burst: int = Field(default=10, ge=1, le=100)
    chat2desk_interim_after_seconds: float = Field(default=8, ge=0, le=120)

    @property
    def is_production(self) -> bool:
        """Whether this is a production process."""
        return self.everturn_env is Environment.PRODUCTION

    def manychat(self) -> PlatformSettings:
        """The default ManyChat account."""
        return PlatformSettings(
            account=self.manychat_account_id,
            access_token=self.manychat_api_key or self._simulated_token,
            webhook_secret=self.manychat_webhook_secret,
            api_base_url=str(
                self.manychat_api_url
                or self._default_base("manychat", "https://api.manychat.com", self.manychat_api_key)
            ),
            requests_per_minute=self.manychat_rate_limit_requests_per_minute,
            flow=self.manychat_flow or "water_order",
            interim_text=self.manychat_interim_text,
            turn_taking=self._turn_taking("manychat"),
        )

    def chat2desk(self) -> PlatformSettings:
        """The default Chat2Desk account."""
        return PlatformSettings(
            account=self.chat2desk_account_id,
            access_token=self.chat2desk_access_token or self._simulated_token,
            webhook_secret=self.chat2desk_webhook_secret,
            api_base_url=str(
                self.chat2desk_api_base_url
                or self._default_base("chat2desk", "https://api.chat2desk.com", self.chat2desk_access_token)
            ),
            requests_per_minute=self.chat2desk_rate_limit_requests_per_minute,
            flow=self.chat2desk_flow or "water_order",
            turn_taking=self._turn_taking("chat2desk"),
            options={"timestamp_header": self.chat2desk_timestamp_header, "storage_url": self.chat2desk_storage_url},
        )

    def platform(self, name: str) -> PlatformSettings:
        """The default account of a platform by its name."""
        settings: PlatformSettings = getattr(self, name)()
        return settings

    @property
    def _simulated_token(self) -> str:
        return "" if self.is_production else "simulator"

    def _default_base(self, platform: str, vendor: str, token: str) -> str:
        """With a token or in production the vendor's own host; else the simulator that runs beside the API."""
        return vendor if token or self.is_production else f"{self.everturn_api_url}/simulator/{platform}"

    def _turn_taking(self, platform: str) -> TurnTaking:
        interim_after = getattr(self, f"{platform}_interim_after_seconds")
        if interim_after is None:
            interim_after = self.manychat_fallback_after_seconds
        return TurnTaking(
            quiet_period=getattr(self, f"{platform}_quiet_period_seconds"),
            longest_wait=getattr(self, f"{platform}_longest_wait_seconds"),
            max_burst=getattr(self, f"{platform}_max_burst"),
            interim_after=interim_after,
            dialog_ttl_hours=self.dialog_ttl_hours,
            dedupe_days=self.dedupe_days,
            handoff_patience_minutes=self.handoff_patience_minutes,
        )


def load_settings(**overrides: Any) -> Settings:
    """Read the settings.

    Raises:
        WrongSetting: names every wrong variable and the reason, one a line, without showing a secret's value.
    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        lines = [f"{_variable(item['loc'])}: {item['msg']}" for item in error.errors(include_input=False)]
        raise WrongSetting("\n".join(lines)) from None


def _variable(location: tuple[int | str, ...]) -> str:
    return str(location[0]).upper() if location else "settings"
