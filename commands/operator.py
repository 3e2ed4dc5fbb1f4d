"""`everturn operator`: who may log in to the console."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from commands.outcome import Failed, WrongUse

if TYPE_CHECKING:  # late at run time: the other commands start without it
    from domain.operators import Act
    from providers.records.operators import Operators
    from providers.records.pool import Pool

Outcome = TypeVar("Outcome")
Work = Callable[["Pool", "Operators"], Awaitable[Outcome]]
DEFAULT_HOME = Path(".everturn")
HomeOption = Annotated[
    Path, typer.Option("--home", envvar="EVERTURN_HOME", help="Where all data lies.", show_default=True)
]
OperatorName = Annotated[str, typer.Argument(help="The operator's name.", metavar="NAME")]
PasswordFile = Annotated[
    Path | None,
    typer.Option(help="A file with the password; - is standard input. Left out: it is asked for.", metavar="FILE"),
]

menu = typer.Typer(help="Operators of the console.", rich_markup_mode=None)


@menu.command()
def add(
    name: OperatorName,
    role: Annotated[str, typer.Option(help="operator, or manager: looks after the others, too.")] = "operator",
    password_file: PasswordFile = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Let somebody in."""
    from domain.operators import Act, Role

    if role not in list(Role):
        raise WrongUse(f"--role: {role!r} is none; it is {' or '.join(Role)}")
    password = _password(password_file)

    async def work(pool: "Pool", operators: "Operators") -> str:
        added = await operators.add(name, Role(role), password)
        await _note(pool, Act.ADD_OPERATOR, f"{added.name}: {role}")
        return added.name

    print(f"{_run(home, work)} may log in as {role}")


@menu.command("list")
def show(home: HomeOption = DEFAULT_HOME) -> None:
    """Show every operator."""

    async def work(pool: "Pool", operators: "Operators") -> list[str]:
        found = await operators.all()
        stands = {one.name: "shut out" if one.is_disabled else one.role.value for one in found}
        return ["\t".join([one.name, stands[one.name], *one.accounts]) for one in found]

    print("\n".join(_run(home, work)) or "there are no operators yet; owner logs in with OPERATOR_TOKEN")


@menu.command()
def password(name: OperatorName, password_file: PasswordFile = None, home: HomeOption = DEFAULT_HOME) -> None:
    """Give somebody another password; whoever is logged in with the old one no longer is."""
    from domain.operators import Act

    fresh = _password(password_file)

    async def work(pool: "Pool", operators: "Operators") -> str:
        changed = await operators.set_password(name, fresh)
        await _note(pool, Act.CHANGE_PASSWORD, changed.name)
        return changed.name

    print(f"{_run(home, work)} has a new password")


@menu.command()
def confine(
    name: OperatorName,
    accounts: Annotated[
        list[str] | None, typer.Argument(help="platform/account; none: every account.", metavar="ACCOUNT")
    ] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Let somebody see some accounts only, at once; without any, every account."""
    from domain.operators import Act
    from providers.records.operators import Refused

    async def work(pool: "Pool", operators: "Operators") -> str:
        try:
            changed = await operators.confine(name, accounts or ())
        except Refused as error:
            raise WrongUse(str(error)) from None
        await _note(pool, Act.CHANGE_ACCOUNTS, f"{changed.name}: {' '.join(changed.accounts) or 'every account'}")
        return f"{changed.name} sees {', '.join(changed.accounts) or 'every account'}"

    print(_run(home, work))


@menu.command()
def disable(name: OperatorName, home: HomeOption = DEFAULT_HOME) -> None:
    """Shut somebody out, at once."""
    from domain.operators import Act
    from providers.records.sessions import Sessions

    async def work(pool: "Pool", operators: "Operators") -> str:
        changed = await operators.change(name, is_disabled=True)
        await Sessions(pool, "").end_all(changed.name)
        await _note(pool, Act.DISABLE_OPERATOR, changed.name)
        return changed.name

    print(f"{_run(home, work)} is shut out")


@menu.command()
def enable(name: OperatorName, home: HomeOption = DEFAULT_HOME) -> None:
    """Let somebody in again."""
    from domain.operators import Act

    async def work(pool: "Pool", operators: "Operators") -> str:
        changed = await operators.change(name, is_disabled=False)
        await _note(pool, Act.ENABLE_OPERATOR, changed.name)
        return changed.name

    print(f"{_run(home, work)} may log in again")


async def _note(pool: "Pool", act: "Act", subject: str) -> None:
    """Whoever sits at the machine has no name we could trust."""
    from domain.operators import Via
    from providers.records.audit import Audit, Deed

    await Audit(pool).write(Deed(operator="command line", via=Via.COMMAND, act=act, subject=subject))


def _password(file: Path | None) -> str:
    if file is None:
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUse(f"--password-file: {type(error).__name__}") from None
    return text.removesuffix("\n").removesuffix("\r")


def _run(home: Path, work: Work[Outcome]) -> Outcome:
    """Open the books, do the work, and close them.

    Raises:
        WrongUse: no database is set.
        Failed: it cannot be reached or is not up to date, or what is asked for cannot be.
    """
    import psycopg

    from commands.found import settings_beside
    from providers.records.migrate import pending_migrations
    from providers.records.operators import Operators, Passwords
    from providers.records.pool import open_pool

    url = settings_beside(home).database_url
    if not url:
        raise WrongUse("DATABASE_URL: is not set, and no `everturn up` is running in this home")

    async def opened_and_done() -> Outcome:
        try:
            pending = await pending_migrations(url)
        except psycopg.Error as error:
            raise Failed(f"PostgreSQL: {' '.join(str(error).split())}") from None
        if pending:
            raise Failed("the database is not up to date: run `everturn migrate`")
        async with open_pool(url, size=1, name="everturn-operator") as pool:
            return await work(pool, Operators(pool, Passwords()))

    return asyncio.run(opened_and_done())
