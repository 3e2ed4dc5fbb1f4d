"""The composition root of the command line: `everturn`."""

import asyncio
import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from typer.exceptions import Exit, TyperException

from commands.account_menu import menu as account
from commands.catalog_menu import menu as catalog
from commands.deploy_menu import menu as deploy
from commands.history_menu import menu as history
from commands.knowledge_menu import menu as knowledge
from commands.operator import menu as operator
from commands.outcome import Failed, WrongUse
from domain.failures import EverturnError
from runtime.sdk_runtime import leave
from runtime.settings import WrongSetting, load_settings

HomeOption = Annotated[
    Path, typer.Option("--home", envvar="EVERTURN_HOME", help="Where all data lies.", show_default=True)
]
ApiOption = Annotated[str, typer.Option("--api", help="The API's URL, where it is not the one running in the home.")]
HostOption = Annotated[str, typer.Option(help="The address to listen on.")]
DEFAULT_HOME = Path(".everturn")


app = typer.Typer(
    name="everturn",
    help="Everturn carries customers' conversations, durably.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
outbox = typer.Typer(help="Replies that wait, and those that could not be delivered.", rich_markup_mode=None)
app.add_typer(outbox, name="outbox")
app.add_typer(account, name="account")
app.add_typer(operator, name="operator")
app.add_typer(catalog, name="catalog")
app.add_typer(knowledge, name="knowledge")
app.add_typer(deploy, name="deploy")
app.add_typer(history, name="history")


def _say_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"everturn {version('everturn')}\n")
        raise typer.Exit


@app.callback()
def _everturn(
    _: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None:
    """What holds for every command."""


@app.command()
def up(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the API.")] = 8080,
    home: HomeOption = DEFAULT_HOME,
    temporal_port: Annotated[int, typer.Option(min=1, max=65535, help="Port of Temporal.")] = 7233,
    ui_port: Annotated[int, typer.Option(min=1, max=65535, help="Port of Temporal's web UI.")] = 8233,
    postgres_port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port of PostgreSQL. Left out: a free one, remembered.")
    ] = None,
    host: HostOption = "127.0.0.1",
    workers: Annotated[int, typer.Option(min=1, max=32, help="Worker processes.")] = 2,
) -> None:
    """Run everything on this machine: PostgreSQL, Temporal and its web UI, API, worker, simulator."""
    from commands.up import Places, go_up
    from runtime.logs import configure_logs

    settings = load_settings()
    configure_logs(settings)
    go_up(Places(host, port, temporal_port, ui_port, postgres_port, workers), settings, home)


@app.command()
def api(
    host: HostOption = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8080,
) -> None:
    """Serve the API alone."""
    from commands.serve import serve_api

    serve_api(host, port)


@app.command()
def worker(
    processes: Annotated[int, typer.Option(min=1, max=64, help="How many processes, kept alive by a first one.")] = 1,
) -> None:
    """Run the worker alone."""
    from commands.serve import serve_worker

    raise Exit(serve_worker(processes))


@app.command()
def migrate(home: HomeOption = DEFAULT_HOME) -> None:
    """Bring the database up to date."""
    from commands.found import settings_beside
    from commands.serve import apply_migrations

    applied = apply_migrations(settings_beside(home).database_url)
    print("\n".join(f"applied {name}" for name in applied) or "the database is up to date")


@app.command()
def doctor(home: HomeOption = DEFAULT_HOME, api: ApiOption = "") -> None:
    """Check every dependency and credential, and say how to mend what is wrong."""
    from commands.doctor import Verdict, examine
    from commands.found import settings_beside

    findings = asyncio.run(examine(settings_beside(home, api), home))
    print("\n".join(map(str, findings)))
    if wrong := [finding.subject for finding in findings if finding.verdict is Verdict.WRONG]:
        raise Failed(f"not well: {', '.join(wrong)}")


@app.command()
def say(
    texts: Annotated[list[str] | None, typer.Argument(help="What the customer writes.", metavar="TEXT...")] = None,
    platform: Annotated[
        str, typer.Option(help="Where the customer writes; left out: manychat, or the script's own first.")
    ] = "",
    contact: Annotated[str, typer.Option(help="Who writes: the platform's id of the customer.")] = "42",
    name: Annotated[str, typer.Option(help="The customer's name.")] = "",
    channel: Annotated[str, typer.Option(help="The network behind the platform (instagram, telegram, …).")] = "",
    image: Annotated[
        str | None, typer.Option(help="A picture's address or file, sent before the texts.", metavar="URL|FILE")
    ] = None,
    audio: Annotated[
        str | None, typer.Option(help="A voice note's address or file, sent before the texts.", metavar="URL|FILE")
    ] = None,
    choice: Annotated[
        str | None, typer.Option(help="A choice the phone shows, by title or id: it is tapped.", metavar="CHOICE")
    ] = None,
    script: Annotated[
        Path | None,
        typer.Option(
            help="A golden file to play as a new customer, in place of texts.", metavar="FILE", dir_okay=False
        ),
    ] = None,
    each: Annotated[bool, typer.Option("--each", help="Wait for the reply to every text before the next.")] = False,
    wait: Annotated[float, typer.Option(min=0.1, help="Seconds to wait for a reply.")] = 30,
    home: HomeOption = DEFAULT_HOME,
    api: ApiOption = "",
) -> None:
    """Write as a customer to the running API, and see what the platform would have shown."""
    from commands.found import settings_beside
    from commands.say import Attached, Customer, say

    if script is not None:
        from commands.script import play_script

        play_script(settings_beside(home, api), script, platform, wait=wait)
        return
    customer = Customer(platform or "manychat", contact, name, channel)
    attached = Attached(image, audio, choice)
    say(settings_beside(home, api), customer, texts or [], attached, wait=wait, each=each)


@app.command()
def load(
    conversations: Annotated[int, typer.Option(min=1, max=100_000, help="How many customers write.")] = 200,
    minutes: Annotated[float, typer.Option(min=0.05, max=24 * 60, help="For how long.")] = 10,
    platform: Annotated[str, typer.Option(help="On which simulated platform.")] = "manychat",
    rate: Annotated[
        float | None, typer.Option(min=0.01, help="Bursts a second of all together. Left out: each writes every 40 s.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Write a report there, with a picture beside it.", metavar="FILE.md")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same customers again.")] = 1,
    home: HomeOption = DEFAULT_HOME,
    api: ApiOption = "",
) -> None:
    """Let many customers write to the running API, and see whether the promises hold."""
    from commands.found import settings_beside
    from commands.home import Home
    from commands.load.going import go
    from commands.load.plan import EVERY_SECONDS, Plan

    plan = Plan(conversations, minutes, rate or conversations / EVERY_SECONDS, platform, seed)
    go(settings_beside(home, api), Home(home), plan, report)


@app.command()
def replay(
    since: Annotated[str, typer.Option(help="How far back ended conversations are looked at: 7d, 12h, 90m.")] = "7d",
    limit: Annotated[int, typer.Option(min=1, help="How many at most; those that run come first.")] = 500,
    workflow_type: Annotated[str, typer.Option(help="The workflow's name.")] = "ConversationWorkflow",
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Replay histories of the running namespace on this build: whether it may be deployed."""
    from commands.replay import replay, require_known, span_of
    from commands.temporal import with_temporal

    span, known = span_of(since), require_known(workflow_type)
    with_temporal(home, lambda client, _: replay(client, known, span, limit))


PlatformOption = Annotated[str, typer.Option(help="The platform they write on, where several know the contact.")]
AccountOption = Annotated[str, typer.Option(help="The account they write to, likewise.")]
ContactArgument = Annotated[
    str, typer.Argument(help="The platform's id of the customer, or platform:account:contact.", metavar="CONTACT")
]


@app.command()
def erase(
    contact: ContactArgument,
    platform: PlatformOption = "",
    account: AccountOption = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    home: HomeOption = DEFAULT_HOME,
    api: ApiOption = "",
) -> None:
    """Forget a customer: histories, files and rows; what the law wants kept stays without them."""
    from commands import contact as customers
    from commands.found import settings_beside

    settings = settings_beside(home, api)
    customers.erase(settings, customers.find(settings, contact, platform, account), sure=yes)


@app.command()
def export(
    contact: ContactArgument,
    platform: PlatformOption = "",
    account: AccountOption = "",
    out: Annotated[
        Path | None,
        typer.Option(help="Write it there: .zip with the files, else JSON.", metavar="FILE", dir_okay=False),
    ] = None,
    home: HomeOption = DEFAULT_HOME,
    api: ApiOption = "",
) -> None:
    """Print everything that is known of a customer."""
    from commands import contact as customers
    from commands.found import settings_beside

    settings = settings_beside(home, api)
    customers.export(settings, customers.find(settings, contact, platform, account), out)


@app.command()
def fork(
    conversation: Annotated[str, typer.Argument(help="Its id, like conv:manychat:default:42.", metavar="ID")],
    turn: Annotated[int, typer.Option(min=1, help="The first turn that is taken again.")],
    prompt: Annotated[Path | None, typer.Option(help="A prompt file to try in the place of ours.")] = None,
    model: Annotated[str, typer.Option(help="A model to try.")] = "",
    catalog: Annotated[Path | None, typer.Option(help="Goods to try: a .csv, .json or .jsonl file.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write it into a .md or .json file instead of showing it.")] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Take the rest of a conversation again with other words, model or goods, changing nothing, and see both."""
    from commands.fork import fork, require_place, wish_of
    from commands.history import address_of
    from commands.temporal import with_conversation

    typed = address_of(conversation)
    require_place(out)
    wish = wish_of(turn, prompt, model, catalog)
    with_conversation(home, typed, lambda client, settings, address: fork(client, settings, home, address, wish, out))


@outbox.command("list")
def outbox_list(
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many at most.")] = 50,
    home: HomeOption = DEFAULT_HOME,
    api: ApiOption = "",
) -> None:
    """Show what waits to be sent and the dead letters."""
    from commands.found import settings_beside
    from commands.outbox import show

    show(settings_beside(home, api), limit=limit)


@outbox.command("retry")
def outbox_retry(letter: str, home: HomeOption = DEFAULT_HOME, api: ApiOption = "") -> None:
    """Send a dead letter again."""
    from commands.found import settings_beside
    from commands.outbox import decide

    decide(settings_beside(home, api), letter, "retry")


@outbox.command("drop")
def outbox_drop(letter: str, home: HomeOption = DEFAULT_HOME, api: ApiOption = "") -> None:
    """Give a dead letter up."""
    from commands.found import settings_beside
    from commands.outbox import decide

    decide(settings_beside(home, api), letter, "drop")


def main() -> NoReturn:
    """Run a command; exit status 0 done, 1 failed, 2 wrong use; what went wrong is one line on standard error."""
    try:
        status = app(standalone_mode=False)
    except TyperException as error:
        status = _complain(error.format_message() or "give a command; --help lists them", error.exit_code)
    except WrongSetting as error:
        status = _complain("; ".join(str(error).splitlines()), WrongUse.status)
    except Failed as error:
        status = _complain(str(error), error.status)
    except EverturnError as error:
        status = _complain(str(error), 1)
    except (KeyboardInterrupt, typer.Abort):
        status = _complain("interrupted", 1)
    except PermissionError as error:
        status = _complain(f"{error.filename}: {error.strerror}: run it as the user it belongs to", 1)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    sys.exit(status if isinstance(status, int) else 0)


def _complain(text: str, status: int) -> int:
    sys.stderr.write(f"everturn: {' '.join(text.split())}\n")
    return status


def run() -> NoReturn:
    """The program."""
    try:
        main()
    except SystemExit as ended:
        leave(ended.code if isinstance(ended.code, int) else 1)


if __name__ == "__main__":
    run()
