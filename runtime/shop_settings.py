"""Settings of the shop: what the environment says to every account whose own options say nothing."""

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from runtime.variables import WrongSetting, wrong_setting

LONGEST_PERSONA = 20_000


def _known_timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError("there is no such time zone; write one like Europe/Kyiv") from None
    return name


class ShopSettings(BaseSettings):
    """Each of these is an account option too, of the same name without `SHOP_` but for the name."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True, env_ignore_empty=True)

    shop_name: str = ""
    shop_persona_file: str = ""
    """A Markdown file: who the assistant is, and the shop's own rules."""
    shop_currency: str = Field(default="UAH", pattern="^[A-Z]{3}$")
    shop_payment_details: str = ""
    """Where customers pay by transfer; said as it stands here."""
    shop_cash_on_delivery: bool = True
    shop_four_eyes_above: Decimal | None = Field(default=None, ge=0)
    """Payments above this sum need two people."""
    shop_follow_up_hours: float = Field(default=0, ge=0, le=23)
    """After how long a silence an abandoned cart is mentioned, once; 0: never."""
    shop_timezone: Annotated[str, AfterValidator(_known_timezone)] = "Europe/Kyiv"
    """By whose clock "tomorrow at three" is meant."""

    shop_bot_disclosure: str = Field(default="", pattern=r"^(|off|dialog|eu|us-ca|\d{1,4})$")
    """How often customers are told that no person writes: a law, `dialog`, or days; empty: they are not told."""
    shop_bot_disclosure_text: str = Field(default="", max_length=1_000)
    """In the shop's own words."""
    shop_keep_records_days: int | None = Field(default=None, ge=1, le=36_500)
    """How long messages, replies and decisions are kept; None: until somebody erases them."""

    def options(self) -> dict[str, str]:
        """The same as an account's options.

        Raises:
            WrongSetting: the persona cannot be read.
        """
        said = {
            "shop_name": self.shop_name,
            "persona": self._persona(),
            "currency": self.shop_currency,
            "payment_details": self.shop_payment_details,
            "cash_on_delivery": "yes" if self.shop_cash_on_delivery else "no",
            "four_eyes_above": "" if self.shop_four_eyes_above is None else f"{self.shop_four_eyes_above:f}",
            "follow_up_hours": f"{self.shop_follow_up_hours:g}" if self.shop_follow_up_hours else "",
            "timezone": self.shop_timezone,
            "bot_disclosure": self.shop_bot_disclosure,
            "bot_disclosure_text": self.shop_bot_disclosure_text,
            "keep_records_days": "" if self.shop_keep_records_days is None else str(self.shop_keep_records_days),
        }
        return {name: value for name, value in said.items() if value}

    def _persona(self) -> str:
        if not self.shop_persona_file:
            return ""
        try:
            return Path(self.shop_persona_file).read_text("utf-8").strip()[:LONGEST_PERSONA]
        except (OSError, UnicodeDecodeError) as error:
            raise WrongSetting(f"SHOP_PERSONA_FILE: cannot be read ({type(error).__name__})") from None


def load_shop_settings(**overrides: Any) -> ShopSettings:
    """Read them.

    Raises:
        WrongSetting: names every wrong variable and the reason, one a line.
    """
    try:
        return ShopSettings(**overrides)
    except ValidationError as error:
        raise wrong_setting(error) from None
