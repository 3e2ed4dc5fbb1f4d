"""Which account speaks on a platform, and by which rules: one place for the API and the worker to ask."""

from collections.abc import Collection, Iterable, Mapping
from typing import Protocol, Self

from domain.model import Value
from domain.turn_taking import TurnTaking
from runtime.settings import Settings
from runtime.shop_settings import load_shop_settings
from runtime.variables import Stated, Variables, WrongSetting


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
    name: str = ""
    """What the shop calls it."""
    language: str = ""
    """The language its customers are answered in; empty: the one they write in."""
    plan: str = "unlimited"
    exhausted_text: str = ""
    """What a customer hears when the plan is used up; empty: a person is asked for."""
    retention_days: int | None = None
    """How long its media are kept; None: as long as everybody's."""


class Accounts(Protocol):
    """Knows accounts: the environment's (`StatedAccounts`), or the database's too (`records/directory.py`)."""

    async def default(self, platform: str) -> Account:
        """The account a webhook without an account of its own belongs to.

        Raises:
            KeyError: nobody has an account on this platform.
        """
        ...

    async def find(self, platform: str, account: str) -> Account | None:
        """This account, if we know it.

        Raises:
            Unavailable: it cannot be looked up now.
        """
        ...

    async def of_platform(self, platform: str) -> tuple[Account, ...]:
        """Every account of one platform."""
        ...

    async def all(self) -> tuple[Account, ...]:
        """Every account, in the order of the platforms."""
        ...

    async def default_id(self, platform: str) -> str:
        """What the default account of a platform is called.

        Raises:
            KeyError: as `default`.
        """
        ...

    async def options(self) -> dict[tuple[str, str], Mapping[str, str]]:
        """Every account's options, also of those that are switched off or whose secrets cannot be unlocked here.

        Raises:
            Unavailable: they cannot be looked up now.
        """
        ...


class StatedAccounts:
    """The accounts that the environment describes: one default account a platform."""

    def __init__(self, known: Iterable[Account]) -> None:
        self._known = {(account.platform, account.account): account for account in known}
        self._defaults: dict[str, Account] = {}
        for account in self._known.values():
            self._defaults.setdefault(account.platform, account)

    @classmethod
    def of_settings(cls, settings: Settings, platforms: Iterable[Variables], flows: Collection[str]) -> Self:
        """The default account of each of these platforms, as the environment describes it.

        Raises:
            WrongSetting: a variable has a value we cannot use, or names a flow that is none of `flows`.
        """
        return cls(default_account(settings, platform, flows) for platform in platforms)

    async def default(self, platform: str) -> Account:
        """The account a webhook without an account of its own belongs to.

        Raises:
            KeyError: nobody has an account on this platform.
        """
        return self._defaults[platform]

    async def find(self, platform: str, account: str) -> Account | None:
        """This account, if we know it."""
        return self._known.get((platform, account))

    async def of_platform(self, platform: str) -> tuple[Account, ...]:
        """Every account of one platform."""
        return tuple(account for account in self._known.values() if account.platform == platform)

    async def all(self) -> tuple[Account, ...]:
        """Every account, in the order of the platforms."""
        return tuple(self._known.values())

    async def default_id(self, platform: str) -> str:
        """What the default account of a platform is called.

        Raises:
            KeyError: as `default`.
        """
        return self._defaults[platform].account

    async def options(self) -> dict[tuple[str, str], Mapping[str, str]]:
        """Every account's options."""
        return {whose: account.options for whose, account in self._known.items()}


def default_account(settings: Settings, variables: Variables, flows: Collection[str]) -> Account:
    """What the environment says about the default account of a platform.

    Raises:
        WrongSetting: as `StatedAccounts.of_settings`.
    """
    found = settings.stated(variables)
    return Account(
        platform=variables.platform,
        account=found.account_id,
        access_token=found.access_token or ("" if settings.is_production else "simulator"),
        webhook_secret=found.webhook_secret,
        verify_token=found.verify_token,
        api_base_url=str(found.api_base_url or _base_url(settings, variables, found)),
        options={**load_shop_settings().options(), **found.options},
        flow=_flow(variables, found, flows),
        turn_taking=_turn_taking(settings, variables, found),
        requests_per_minute=found.rate_limit_requests_per_minute,
        interim_text=found.interim_text,
    )


def _base_url(settings: Settings, variables: Variables, found: Stated) -> str:
    """With a token or in production the vendor's own host; else the simulator that runs beside the API."""
    if found.access_token or settings.is_production:
        return variables.vendor_url
    return f"{settings.everturn_api_url}/simulator/{variables.platform}"


def _flow(variables: Variables, found: Stated, flows: Collection[str]) -> str:
    if found.flow and found.flow not in flows:
        raise WrongSetting(
            f"{variables.variable('flow')}: there is no flow {found.flow!r} ({', '.join(sorted(flows))})"
        )
    return found.flow or next(flow for flow in (*variables.flows, *flows) if flow in flows)


def _turn_taking(settings: Settings, variables: Variables, found: Stated) -> TurnTaking:
    quiet, interim = found.quiet_period_seconds, found.interim_after_seconds
    usual_interim = found.options.get(variables.interim_option, variables.interim_after)
    return TurnTaking(
        quiet_period=variables.quiet_period if quiet is None else quiet,
        longest_wait=found.longest_wait_seconds,
        max_burst=found.max_burst,
        interim_after=float(usual_interim) if interim is None else interim,
        dialog_ttl_hours=settings.dialog_ttl_hours,
        dedupe_days=settings.dedupe_days,
        handoff_patience_minutes=settings.handoff_patience_minutes,
    )
