"""Settings as a command finds them: the environment, and beside a running `everturn up` what that one uses."""

from pathlib import Path

from commands.home import Home
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
