"""Which account speaks on a platform, and by which rules: one place for the API and the worker to ask."""

from collections.abc import Iterable, Mapping
from typing import Self

from domain.model import Value
from domain.turn_taking import TurnTaking
from runtime.settings import Settings


class Account(Value):
    """One account of a platform: what it needs to speak, and how it takes turns."""

    platform: str
    account: str
    access_token: str = ""
    webhook_secret: str = ""
    verify_token: str = ""
    api_base_url: str = ""
    options: Mapping[str, str] = {}
    flow: str
    turn_taking: TurnTaking
    requests_per_minute: int | None = None
    """A lower rate than the platform's own; None: the platform's own."""
    interim_text: str = ""
    """The account's own "one moment"; empty: the flow's."""


class Accounts:
    """The accounts we know. Today one default account a platform, from the settings."""

    def __init__(self, known: Iterable[Account]) -> None:
        self._known = {(account.platform, account.account): account for account in known}
        self._defaults: dict[str, Account] = {}
        for account in self._known.values():
            self._defaults.setdefault(account.platform, account)

    @classmethod
    def of_settings(cls, settings: Settings, platforms: Iterable[str]) -> Self:
        """The default account of each of these platforms, as the environment describes it."""
        return cls(default_account(settings, platform) for platform in platforms)

    def default(self, platform: str) -> Account:
        """The account a webhook without an account of its own belongs to.

        Raises:
            KeyError: nobody has an account on this platform.
        """
        return self._defaults[platform]

    def find(self, platform: str, account: str) -> Account | None:
        """This account, if we know it."""
        return self._known.get((platform, account))

    def all(self) -> tuple[Account, ...]:
        """Every account, in the order of the platforms."""
        return tuple(self._known.values())


def default_account(settings: Settings, platform: str) -> Account:
    """What the environment says about the default account of a platform."""
    found = settings.platform(platform)
    return Account(
        platform=platform,
        account=found.account,
        access_token=found.access_token,
        webhook_secret=found.webhook_secret,
        verify_token=found.verify_token,
        api_base_url=found.api_base_url,
        options=found.options,
        flow=found.flow,
        turn_taking=found.turn_taking,
        requests_per_minute=found.requests_per_minute,
        interim_text=found.interim_text,
    )
