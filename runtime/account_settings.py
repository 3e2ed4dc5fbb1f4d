"""Settings of accounts: the key of their secrets, and how long they are remembered."""

from typing import Any

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from runtime.settings import Environment
from runtime.variables import wrong_setting


class AccountSettings(BaseSettings):
    """What accounts need of the environment."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True, env_ignore_empty=True)

    everturn_env: Environment = Environment.DEV
    everturn_home: str = ".everturn"
    """Where a key made for development lies."""
    everturn_secrets_key: SecretStr = SecretStr("")
    """One key, or several with commas between them: the first locks, each of them unlocks."""
    everturn_secrets_key_file: str = ""
    """A file with the same keys, one a line, where the variable is not set."""
    account_cache_seconds: float = Field(default=3600, gt=0, le=86_400)
    account_cache_size: int = Field(default=10_000, ge=1, le=1_000_000)

    @property
    def is_production(self) -> bool:
        """Whether this is a production process."""
        return self.everturn_env is Environment.PRODUCTION


def load_account_settings(**overrides: Any) -> AccountSettings:
    """Read them.

    Raises:
        WrongSetting: names every wrong variable and the reason.
    """
    try:
        return AccountSettings(**overrides)
    except ValidationError as error:
        raise wrong_setting(error) from None
