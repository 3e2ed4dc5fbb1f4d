"""The page of settings and `.env.example` name every variable there is, and none that is not."""

import re
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from domain.shop import Shop
from flows.registry import FLOWS
from platforms.registry import platforms, variables
from runtime.account_settings import AccountSettings
from runtime.accounts import default_account
from runtime.media_settings import MediaSettings
from runtime.model_settings import ModelSettings
from runtime.privacy_settings import PrivacySettings
from runtime.search_settings import SearchSettings
from runtime.settings import Settings
from runtime.shop_settings import ShopSettings, load_shop_settings
from runtime.variables import Stated, WrongSetting

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "reference" / "settings.md").read_text()
EXAMPLE = (ROOT / ".env.example").read_text()
OF_A_COMMAND = {f"EVERTURN_ACCOUNT_{name}" for name in ("ACCESS_TOKEN", "WEBHOOK_SECRET", "VERIFY_TOKEN")}
"""Read by `everturn account add` alone."""
OF_UVICORN = {"FORWARDED_ALLOW_IPS"}
"""Read by the API's HTTP server, from the environment alone."""
OURS = (Settings, AccountSettings, MediaSettings, ModelSettings, ShopSettings, SearchSettings, PrivacySettings)
NAME = r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+"


def own() -> set[str]:
    """The variables of the house, of accounts, of media, of the model, of the shop and of searching."""
    return {name.upper() for settings in OURS for name in settings.model_fields}


def common(field: str) -> set[str]:
    """One field's variable on every platform that uses it."""
    known = platforms(httpx.AsyncClient())
    verified = {name for name, platform in known.items() if vars(type(platform)).get("challenge")}
    wanted = verified if field == "verify_token" else known.keys()
    return {one.variable(field) for one in variables() if one.platform in wanted}


def of_platforms() -> set[str]:
    """The variables of the default accounts."""
    fields = set(Stated.model_fields) - {"options"}
    options = {option.variable for one in variables() for option in one.options.values()}
    return options.union(*map(common, fields))


def on_the_page() -> set[str]:
    """Every name in backticks; `<PLATFORM>_…` stands for all platforms that use it by that name."""
    named = set(re.findall(f"`({NAME})`", PAGE))
    for field in re.findall(r"`<PLATFORM>_([A-Z_]+)`", PAGE):
        named |= {name for name in common(field.lower()) if name.endswith(f"_{field}")}
    return named


def test_the_page_names_every_variable_and_no_other() -> None:
    """What can be set can be read about, and what can be read about can be set."""
    assert own() | of_platforms() | OF_A_COMMAND | OF_UVICORN == on_the_page()


def test_every_option_of_a_stored_account_is_named() -> None:
    """The option stands in the same line as its variable."""
    lines = {line.split("`")[1]: line for line in PAGE.splitlines() if line.startswith("| `")}
    options = {option.variable: name for one in variables() for name, option in one.options.items()}
    assert {} == {variable: name for variable, name in options.items() if f"`{name}` |" not in lines[variable]}


def test_defaults_of_options_are_told() -> None:
    """A default that the code changes is changed on the page."""
    lines = {line.split("`")[1]: line for line in PAGE.splitlines() if line.startswith("| `")}
    defaults = {option.variable: option.default for one in variables() for option in one.options.values()}
    assert {} == {name: default for name, default in defaults.items() if default not in lines[name].split("|")[3]}


def test_the_example_names_every_variable_once_and_no_other() -> None:
    """`.env.example` is a list to choose from; all of it is commented out."""
    named = re.findall(f"^#({NAME})=", EXAMPLE, re.MULTILINE)
    assert sorted(own() | of_platforms()) == sorted(named)
    assert [] == [line for line in EXAMPLE.splitlines() if line and not line.startswith("#")]


def test_the_example_can_be_used_as_it_is() -> None:
    """Its defaults are those of the code."""
    given = dict(re.findall(f"^#({NAME})=(.*)$", EXAMPLE, re.MULTILINE))
    for settings in OURS:
        for name, field in settings.model_fields.items():
            said = given[name.upper()]
            wanted = type(field.default)(said) if said and isinstance(field.default, int | float) else said
            if said and isinstance(field.default, bool):
                wanted = said == "true"
            if said and not said.startswith("<"):
                assert field.default == wanted, name


def test_every_account_can_say_of_its_shop_what_the_environment_says() -> None:
    """Beside each variable of the shop stands the account's option that goes before it."""
    lines = {line.split("`")[1]: line for line in PAGE.splitlines() if line.startswith("| `SHOP_")}
    said = {
        "shop_name": "Світлиця",
        "shop_payment_details": "IBAN",
        "shop_four_eyes_above": 5,
        "shop_follow_up_hours": 3,
        "shop_bot_disclosure": "eu",
        "shop_bot_disclosure_text": "Це програма",
        "shop_keep_records_days": 90,
    }
    options = ShopSettings(_env_file=None, **said).options() | {"persona": "a file's text"}
    assert len(ShopSettings.model_fields) == len(options)
    assert options.keys() == {line.split("|")[4].split("`")[1] for line in lines.values()}


def test_the_flow_of_each_platform_is_told() -> None:
    """On the page and in the example: sales where shops sell, the assistant where customers ask, water on Chat2Desk."""
    flows = {one.platform: default_account(Settings(_env_file=None), one, FLOWS).flow for one in variables()}
    wanted = {
        "manychat": "sales", "instagram": "sales", "chat2desk": "water_order",
        "whatsapp": "assistant", "bridge": "assistant", "telegram": "assistant",
    }  # fmt: skip
    assert wanted == flows
    assert flows == {
        name.lower(): flow for name, flow in re.findall(r"^#([A-Z0-9]+)_FLOW=(.*)$", EXAMPLE, re.MULTILINE)
    }
    (line,) = [line for line in PAGE.splitlines() if line.startswith("| `<PLATFORM>_FLOW`")]
    assert set(FLOWS) == set(re.findall(r"`([a-z_]+)`", line.split("|")[2]))


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SHOP_CURRENCY", "hryvnia"), ("SHOP_FOUR_EYES_ABOVE", "-1"), ("SHOP_FOLLOW_UP_HOURS", "24"),
        ("SHOP_TIMEZONE", "Europe/Atlantis"), ("SHOP_TIMEZONE", "../../etc/passwd"),
        ("SHOP_CASH_ON_DELIVERY", "perhaps"), ("SHOP_BOT_DISCLOSURE", "mars"), ("SHOP_KEEP_RECORDS_DAYS", "0"),
    ],
)  # fmt: skip
def test_a_wrong_setting_of_the_shop_is_named(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    """It stops the start, with its name."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(WrongSetting, match=f"^{variable}: "):
        load_shop_settings(_env_file=None)


def test_a_large_sum_is_read_to_the_last_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Above which two people decide is money: it is not rounded."""
    monkeypatch.setenv("SHOP_FOUR_EYES_ABOVE", "12345678.90")
    shop = Shop.of("shop", "", load_shop_settings(_env_file=None).options())
    assert Decimal("12345678.90") == shop.four_eyes_above
