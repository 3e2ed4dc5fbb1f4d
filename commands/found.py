"""Settings as a command finds them: the environment, and beside a running `everturn up` what that one uses."""

from pathlib import Path

from commands.home import Home
from providers.secrets import FILE_IN_PRODUCTION
from runtime.account_settings import AccountSettings, load_account_settings
from runtime.settings import Settings, load_settings


def settings_beside(home_path: Path, api_url: str = "") -> Settings:
    """The settings; what they leave open is taken from the home.

    Raises:
        WrongSetting: names the variable and the reason.
    """
    plain, home = load_settings(), Home(home_path)
    found: dict[str, str] = {}
    if not plain.operator_token:
        found["operator_token"] = home.operator_token()
    if running := home.running():
        found["everturn_api_url"] = running.api_url
        found["temporal_address"] = plain.temporal_address or running.temporal_address
        found["database_url"] = plain.database_url or running.database_url
    if api_url:
        found["everturn_api_url"] = api_url.rstrip("/")
    return load_settings(**found) if found else plain


def key_settings(settings: Settings, home: Path) -> AccountSettings:
    """Where the keys lie: in production, `everturn up` keeps one in its home where the environment names none.

    Raises:
        WrongSetting: names the variable and the reason.
    """
    keys = load_account_settings(everturn_home=str(home), everturn_env=settings.everturn_env)
    stated = keys.everturn_secrets_key.get_secret_value() or keys.everturn_secrets_key_file
    if stated or not keys.is_production or not (home / FILE_IN_PRODUCTION).exists():
        return keys
    return keys.model_copy(update={"everturn_secrets_key_file": str(home / FILE_IN_PRODUCTION)})
