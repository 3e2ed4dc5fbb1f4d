"""The options and help of `everturn account`; its work is in `commands/account.py`."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:  # late at run time: the other commands start without it
    from commands.account import Books

Outcome = TypeVar("Outcome")
DEFAULT_HOME = Path(".everturn")
HomeOption = Annotated[
    Path, typer.Option("--home", envvar="EVERTURN_HOME", help="Where all data lies.", show_default=True)
]
PlatformName = Annotated[str, typer.Argument(help="The platform, e.g. telegram.", metavar="PLATFORM")]
AccountId = Annotated[str, typer.Argument(help="The account's id on its platform.", metavar="ACCOUNT")]

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
    platform: PlatformName,
    account: AccountId,
    name: Annotated[str, typer.Option(help="What the shop calls it.")] = "",
    flow: Annotated[str, typer.Option(help="Its dialog. Left out: the platform's own.")] = "",
    language: Annotated[str, typer.Option(help="What its customers are answered in, e.g. uk. Left out: theirs.")] = "",
    plan: Annotated[str, typer.Option(help="Its plan (`everturn account plan list`).")] = "unlimited",
    option: Annotated[
        list[str] | None, typer.Option(help="What only its platform knows; may be given again.", metavar="NAME=VALUE")
    ] = None,
    turn_taking: Annotated[
        list[str] | None,
        typer.Option(help="e.g. quiet_period=4 or quiet_period_by_kind.image=8; again.", metavar="NAME=NUMBER"),
    ] = None,
    requests_per_minute: Annotated[int | None, typer.Option(help="A lower rate than the platform's own.")] = None,
    interim_text: Annotated[str, typer.Option(help='Its own "one moment".')] = "",
    exhausted_text: Annotated[
        str, typer.Option(help="What customers hear when the plan is used up. Left out: a person is asked for.")
    ] = "",
    api_base_url: Annotated[str, typer.Option(help="Another address of the platform's API.")] = "",
    retention_days: Annotated[int | None, typer.Option(help="How long its media are kept.")] = None,
    token_file: Annotated[
        Path | None,
        typer.Option(
            help="A file with the access token, or lines of name=secret; - is standard input.", metavar="FILE"
        ),
    ] = None,
    check: Annotated[bool, typer.Option("--check/--no-check", help="Ask the platform whether the token works.")] = True,
    replace: Annotated[bool, typer.Option("--replace", help="Take the place of a stored account.")] = False,
    home: HomeOption = DEFAULT_HOME,
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
def list_accounts(home: HomeOption = DEFAULT_HOME) -> None:
    """Show every account and which of its secrets are set."""
    from commands.account import show

    _run(home, show)


@menu.command()
def check(platform: PlatformName, account: AccountId, home: HomeOption = DEFAULT_HOME) -> None:
    """Ask the platform whether an account's credentials work."""
    from commands.account import check as ask

    print(_run(home, lambda books: ask(books, platform, account)))


@menu.command()
def remove(platform: PlatformName, account: AccountId, home: HomeOption = DEFAULT_HOME) -> None:
    """Forget an account and its secrets; its conversations and its ledger stay."""
    from commands.account import remove as forget

    print(_run(home, lambda books: forget(books, platform, account)))


@menu.command("new-key")
def make_key() -> None:
    """Print a fresh key for EVERTURN_SECRETS_KEY."""
    from providers.secrets import new_key

    print(new_key())


@menu.command("rotate-key")
def rotate_key(home: HomeOption = DEFAULT_HOME) -> None:
    """Lock every stored secret with the newest key.

    Put the new key in front of the old one in EVERTURN_SECRETS_KEY (`new,old`) and start everything again; run this;
    then take the old one away. Without the variable the key made for development is changed for a new one.
    """
    from commands.account import rotate_key as rotate

    print(_run(home, rotate))


@plans.command("list")
def list_plans(home: HomeOption = DEFAULT_HOME) -> None:
    """Show every plan."""
    from commands.account import show_plans

    _run(home, show_plans)


@plans.command("set")
def set_plan(
    name: Annotated[str, typer.Argument(help="The plan's name.", metavar="NAME")],
    messages: Annotated[int | None, typer.Option(min=0, help="Messages in a period. Left out: unlimited.")] = None,
    credits: Annotated[str | None, typer.Option(help="Credits in a period. Left out: unlimited.")] = None,
    features: Annotated[str, typer.Option(help='Of image,audio,video; "" for none.')] = "image,audio,video",
    period_days: Annotated[int, typer.Option(min=1, max=366, help="How long a period is.")] = 30,
    warn_at_percent: Annotated[int, typer.Option(min=1, max=100, help="When the shop is warned.")] = 80,
    rate: Annotated[
        list[str] | None, typer.Option(help="The most it may send on a platform; again.", metavar="PLATFORM=PER_MINUTE")
    ] = None,
    price: Annotated[
        list[str] | None,
        typer.Option(
            help="Credits for reply, image, audio_second, thousand_input_tokens, thousand_output_tokens,"
            " thousand_cached_tokens; again.",
            metavar="NAME=CREDITS",
        ),
    ] = None,
    percent: Annotated[
        list[str] | None, typer.Option(help="A platform that costs more or less; again.", metavar="PLATFORM=PERCENT")
    ] = None,
    home: HomeOption = DEFAULT_HOME,
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
    platform: PlatformName,
    account: AccountId,
    add: Annotated[str | None, typer.Option(help="Credits to add; with a minus, to take.")] = None,
    why: Annotated[str, typer.Option(help="Why, for the record.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many movements at most.")] = 20,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Show what an account has left and its latest movements; with --add, change it instead."""
    from commands.account import adjust, show_credits
    from commands.account_input import credits_of

    if add is not None:
        amount = credits_of(add, "--add")
        print(_run(home, lambda books: adjust(books, platform, account, amount, why)))
        return
    _run(home, lambda books: show_credits(books, platform, account, limit))
