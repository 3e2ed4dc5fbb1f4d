"""Instagram's variables, and the two ways an account may be connected."""

from enum import StrEnum

from platforms.base import Credentials
from runtime.variables import Option, Variables

GRAPH_VERSION = "v25.0"


class Flavour(StrEnum):
    """Through which of Meta's products the account is connected; it decides host and token."""

    INSTAGRAM = "instagram"
    """Instagram Login: graph.instagram.com and an Instagram User token.

    Such a token lives 60 days and is renewed at `graph.instagram.com/refresh_access_token` (`Instagram.renew_token`).
    """
    MESSENGER = "messenger"
    """Messenger Platform: graph.facebook.com and the token of the Page that the account is linked to."""


HOSTS = {Flavour.INSTAGRAM: "https://graph.instagram.com", Flavour.MESSENGER: "https://graph.facebook.com"}


def flavour_of(credentials: Credentials) -> Flavour:
    """The account's flavour; an address on Facebook's host leaves no other."""
    if credentials.api_base_url.startswith(HOSTS[Flavour.MESSENGER]):
        return Flavour.MESSENGER
    named = credentials.options.get("flavour", "")
    return Flavour(named) if named in set(Flavour) else Flavour.INSTAGRAM


VARIABLES = Variables(
    platform="instagram",
    vendor_url=HOSTS[Flavour.INSTAGRAM],
    flows=("sales", "water_order"),
    options={
        "flavour": Option(
            variable="INSTAGRAM_FLAVOUR",
            default=Flavour.INSTAGRAM.value,
            pattern="instagram|messenger",
            meaning="`instagram` (Instagram Login) or `messenger` (the token of a Facebook Page)",
        ),
        "graph_version": Option(
            variable="INSTAGRAM_GRAPH_VERSION",
            default=GRAPH_VERSION,
            pattern=r"v\d{1,3}\.\d{1,2}",
            meaning="the version of the Graph API",
        ),
        "app_id": Option(
            variable="INSTAGRAM_APP_ID",
            pattern=r"\d*",
            meaning="our own app's id: an echo that names it is known for ours without asking our books",
        ),
    },
)
