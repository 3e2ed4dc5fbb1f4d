"""Settings of privacy: whether histories are encrypted, and whether pseudonyms stand for contacts."""

from enum import StrEnum
from typing import Any

from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from runtime.settings import Settings
from runtime.variables import WrongSetting, wrong_setting

NO_KEY = "EVERTURN_SECRETS_KEY is not set: make a key with `everturn account new-key`"


class Switch(StrEnum):
    """On, off, or as the environment asks for: on in production."""

    AUTO = "auto"
    ON = "on"
    OFF = "off"


class PrivacySettings(BaseSettings):
    """Every variable of privacy."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True, env_ignore_empty=True)

    everturn_encrypt_histories: Switch = Switch.AUTO
    everturn_pseudonyms: Switch = Switch.AUTO

    def wanted(self, settings: Settings, *, has_key: bool) -> "Privacy":
        """What this process does; `auto` is on in production, where there is a key to do it with.

        Raises:
            WrongSetting: something is switched on that cannot be done here.
        """
        chosen = {name.removeprefix("everturn_"): getattr(self, name) for name in type(self).model_fields}
        possible = has_key and bool(settings.database_url)
        for name, switch in chosen.items():
            if switch is Switch.ON and not possible:
                why = NO_KEY if settings.database_url else "DATABASE_URL is not set, and the keys lie there"
                raise WrongSetting(f"EVERTURN_{name.upper()}: is on, but {why}")
        auto = settings.is_production and possible
        done = {name: switch is Switch.ON or (switch is Switch.AUTO and auto) for name, switch in chosen.items()}
        lacking = settings.is_production and not has_key and Switch.AUTO in chosen.values()
        return Privacy(**done, lacks_key=lacking)


class Privacy:
    """What this process does for privacy."""

    def __init__(self, *, encrypt_histories: bool = False, pseudonyms: bool = False, lacks_key: bool = False) -> None:
        self.encrypt_histories = encrypt_histories
        self.pseudonyms = pseudonyms
        self.lacks_key = lacks_key
        """Production would do both by itself, and has no key to do it with."""

    @property
    def is_kept(self) -> bool:
        """Whether customers have keys of their own here."""
        return self.encrypt_histories or self.pseudonyms


def encrypts(settings: Settings) -> bool:
    """Whether histories are encrypted where everything they need is there, as under `everturn up`."""
    chosen = load_privacy_settings().everturn_encrypt_histories
    return chosen is Switch.ON or (chosen is Switch.AUTO and settings.is_production)


def load_privacy_settings(**overrides: Any) -> PrivacySettings:
    """Read them.

    Raises:
        WrongSetting: names every wrong variable and the reason.
    """
    try:
        return PrivacySettings(**overrides)
    except ValidationError as error:
        raise wrong_setting(error) from None
