"""Settings of searching: who embeds, if anybody."""

from typing import Annotated, Any

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from runtime.settings import WrongSetting


class SearchSettings(BaseSettings):
    """Every variable of searching."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True, env_ignore_empty=True)

    embedding_base_url: Annotated[str, Field(pattern=r"^(|https?://[^\s/]+\S*)$")] = ""
    """Empty: documents are found by their words alone."""
    embedding_model: str = "text-embedding-3-small"
    embedding_api_key: SecretStr = SecretStr("")


def load_search_settings(**overrides: Any) -> SearchSettings:
    """Read them.

    Raises:
        WrongSetting: names every wrong variable and the reason, one a line, without showing a secret's value.
    """
    try:
        return SearchSettings(**overrides)
    except ValidationError as error:
        lines = [f"{str(item['loc'][0]).upper()}: {item['msg']}" for item in error.errors(include_input=False)]
        raise WrongSetting("\n".join(lines)) from None
