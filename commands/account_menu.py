"""The options and help of `everturn account`; its work is in `commands/account.py`."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import typer

from commands import account_options as options

if TYPE_CHECKING:  # late at run time: the other commands start without it
    from commands.account import Books

Outcome = TypeVar("Outcome")
DEFAULT_HOME = Path(".everturn")

menu = typer.Typer(help="Accounts of shops, their plans and their credits.", rich_markup_mode=None)
plans = typer.Typer(help="What accounts may use in a period.", rich_markup_mode=None)
menu.add_typer(plans, name="plan")


def _run(home: Path, work: "Callable[[Books], Awaitable[Outcome]]") -> Outcome:
    """Open the books, do the work, and close them."""
    from commands.account import opened
    from commands.found import settings_beside

    settings, folder = settings_beside(home), home.expanduser()

    async def opened_and_done() -> Outcome:
        async with opened(settings, folder) as books:
            return await work(books)

    return asyncio.run(opened_and_done())


@menu.command()
def add(
    platform: options.PlatformName,
    account: options.AccountId,
    name: options.ShopName = "",
    flow: options.Flow = "",
    language: options.Language = "",
    plan: options.PlanOfIt = "unlimited",
    option: options.OwnOptions = None,
    turn_taking: options.TurnTakingOptions = None,
    requests_per_minute: options.LowerRate = None,
    interim_text: options.InterimText = "",
    exhausted_text: options.ExhaustedText = "",
    api_base_url: options.ApiBaseUrl = "",
    retention_days: options.RetentionDays = None,
    token_file: options.TokenFile = None,
    check: options.Check = True,
    replace: options.Replace = False,
    home: options.HomeOption = DEFAULT_HOME,
) -> None:
    """Add an account; it is used at once.

    Secrets are read from --token-file, else from EVERTURN_ACCOUNT_ACCESS_TOKEN, EVERTURN_ACCOUNT_WEBHOOK_SECRET and
    EVERTURN_ACCOUNT_VERIFY_TOKEN, else asked for without showing what is typed.
    """
    from commands.account import add as store
    from commands.account_input import pairs, read_secrets, tenant_of, turn_taking_of

    tenant = tenant_of(
        {
            "platform": platform, "account": account, "name": name, "flow": flow, "language": language, "plan": plan,
            "options": pairs(option or [], "--option"), "turn_taking": turn_taking_of(turn_taking or []),
            "requests_per_minute": requests_per_minute, "interim_text": interim_text, "api_base_url": api_base_url,
            "exhausted_text": exhausted_text, "retention_days": retention_days,
        }
    )  # fmt: skip
    secrets = read_secrets(token_file, lambda question: typer.prompt(question, default="", hide_input=True, err=True))
    print(_run(home, lambda books: store(books, tenant, secrets, check=check, replace=replace)))


@menu.command("list")
def list_accounts(home: options.HomeOption = DEFAULT_HOME) -> None:
    """Show every account and which of its secrets are set."""
    from commands.account import show

    _run(home, show)


@menu.command()
def check(platform: options.PlatformName, account: options.AccountId, home: options.HomeOption = DEFAULT_HOME) -> None:
    """Ask the platform whether an account's credentials work."""
    from commands.account import check as ask

    print(_run(home, lambda books: ask(books, platform, account)))


@menu.command()
def remove(platform: options.PlatformName, account: options.AccountId, home: options.HomeOption = DEFAULT_HOME) -> None:
    """Forget an account and its secrets; its conversations and its ledger stay."""
    from commands.account import remove as forget

    print(_run(home, lambda books: forget(books, platform, account)))


@menu.command("new-key")
def make_key() -> None:
    """Print a fresh key for EVERTURN_SECRETS_KEY."""
    from providers.secrets import new_key

    print(new_key())


@menu.command("rotate-key")
def rotate_key(home: options.HomeOption = DEFAULT_HOME) -> None:
    """Lock every stored secret with the newest key.

    Put the new key in front of the old one in EVERTURN_SECRETS_KEY (`new,old`) and start everything again; run this;
    then take the old one away. Without the variable the key made for development is changed for a new one.
    """
    from commands.account import rotate_key as rotate

    print(_run(home, rotate))


@plans.command("list")
def list_plans(home: options.HomeOption = DEFAULT_HOME) -> None:
    """Show every plan."""
    from commands.account import show_plans

    _run(home, show_plans)


@plans.command("set")
def set_plan(
    name: options.PlanName,
    messages: options.Messages = None,
    credits: options.Credits = None,
    features: options.Features = "image,audio,video",
    period_days: options.PeriodDays = 30,
    warn_at_percent: options.WarnAtPercent = 80,
    rate: options.Rates = None,
    price: options.Prices = None,
    percent: options.Percents = None,
    home: options.HomeOption = DEFAULT_HOME,
) -> None:
    """Create a plan or change it, at once for every account on it."""
    from commands.account_input import credits_of, pairs, plan_of, prices_of

    plan = plan_of(
        {
            "name": name, "messages_per_period": messages, "period_days": period_days,
            "credits_per_period": None if credits is None else credits_of(credits, "--credits"),
            "features": [word.strip() for word in features.split(",") if word.strip()],
            "warn_at_percent": warn_at_percent, "requests_per_minute": pairs(rate or [], "--rate"),
            "tariff": prices_of(price or []) | {"percent_by_platform": pairs(percent or [], "--percent")},
        }
    )  # fmt: skip
    _run(home, lambda books: books.tenants.put_plan(plan))
    print(f"plan {name}: stored")


@menu.command()
def credits(
    platform: options.PlatformName,
    account: options.AccountId,
    add: options.AddedCredits = None,
    why: options.Why = "",
    limit: options.MostMovements = 20,
    home: options.HomeOption = DEFAULT_HOME,
) -> None:
    """Show what an account has left and its latest movements; with --add, change it instead."""
    from commands.account import adjust, show_credits
    from commands.account_input import credits_of

    if add is not None:
        amount = credits_of(add, "--add")
        print(_run(home, lambda books: adjust(books, platform, account, amount, why)))
        return
    _run(home, lambda books: show_credits(books, platform, account, limit))
