"""Telegram's variables."""

from runtime.variables import Variables

VENDOR_URL = "https://api.telegram.org"
VARIABLES = Variables(platform="telegram", vendor_url=VENDOR_URL, flows=("assistant", "water_order"))
