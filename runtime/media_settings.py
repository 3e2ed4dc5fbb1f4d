"""Settings of media: where they are kept, how long, how large they may be, and who listens to voice notes."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from domain.messages import MessageKind
from runtime.settings import WrongSetting

MEGABYTE = 1_048_576
Days = Annotated[float, Field(gt=0, le=3_650)]
Bytes = Annotated[int, Field(ge=1_024, le=100 * MEGABYTE)]
Host = Annotated[str, Field(pattern=r"^(\*\.)?[A-Za-z0-9._-]+(:\d{1,5})?$|^\[[0-9A-Fa-f:.]+\](:\d{1,5})?$")]


def _listed(value: Any) -> Any:
    return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value


Hosts = Annotated[tuple[Host, ...], NoDecode, BeforeValidator(_listed)]
"""Written with commas."""


class MediaSettings(BaseSettings):
    """Every variable of media."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True, env_ignore_empty=True)

    media_store_url: Annotated[str, Field(pattern=r"^(|file:///.+|s3://[^/\s]+(/\S*)?)$")] = ""
    """Empty: the folder `media` in the house's home."""
    media_s3_endpoint: Annotated[str, Field(pattern=r"^(|https?://[^\s/]+\S*)$")] = ""
    """Empty: Amazon's own."""
    media_s3_access_key_id: str = ""
    media_s3_secret_access_key: str = ""
    media_s3_region: str = "us-east-1"

    media_link_secret: str = ""
    """Signs links; empty: the operator token does."""
    media_retention_days: Days = 30
    media_retention_days_by_account: dict[str, Days] = {}
    """JSON: `{"whatsapp": 7, "whatsapp/main": 3}`; an account's own goes before its platform's."""

    media_longest_image_bytes: Bytes = 16 * MEGABYTE
    media_longest_audio_bytes: Bytes = 16 * MEGABYTE
    media_longest_document_bytes: Bytes = 20 * MEGABYTE
    media_most_pixels: Annotated[int, Field(ge=1_000, le=80_000_000)] = 40_000_000
    media_trusted_hosts: Hosts = ()
    """Hosts of your own that media may come from over http and from private addresses."""

    transcription_base_url: Annotated[str, Field(pattern=r"^(|https?://[^\s/]+\S*)$")] = ""
    """Empty: voice notes are kept, and the customer is asked to type."""
    transcription_api_key: str = ""
    transcription_model: str = "whisper-1"

    @property
    def longest_bytes(self) -> dict[MessageKind, int]:
        """How large a medium may be, by kind."""
        return {
            MessageKind.IMAGE: self.media_longest_image_bytes,
            MessageKind.AUDIO: self.media_longest_audio_bytes,
            MessageKind.DOCUMENT: self.media_longest_document_bytes,
        }

    def store_url(self, home: Path) -> str:
        """Where media are kept."""
        return self.media_store_url or (home.absolute() / "media").as_uri()

    def retention(self, platform: str, account: str) -> timedelta:
        """How long the media of this account are kept."""
        said = self.media_retention_days_by_account
        days = said.get(f"{platform}/{account}", said.get(platform, self.media_retention_days))
        return timedelta(days=days)


def load_media_settings(**overrides: Any) -> MediaSettings:
    """Read them.

    Raises:
        WrongSetting: names every wrong variable and the reason, one a line, without showing a secret's value.
    """
    try:
        return MediaSettings(**overrides)
    except ValidationError as error:
        lines = [f"{str(item['loc'][0]).upper()}: {item['msg']}" for item in error.errors(include_input=False)]
        raise WrongSetting("\n".join(lines)) from None
