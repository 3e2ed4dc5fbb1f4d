"""Puts a running system under load, watches it, and says whether the promises held."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from commands.home import Home
from commands.load.customers import Crowd
from commands.load.looking import Pids, family, keep_looking
from commands.load.plan import Plan, Seen
from commands.load.report import facts, table, written
from commands.load.verdict import promises
from commands.outcome import Failed, WrongUse
from platforms import registry
from runtime.settings import Settings

PROGRAMS = ("api", "worker", "temporal", "postgres")


def go(settings: Settings, home: Home, plan: Plan, report: Path | None) -> None:
    """Run a load against what runs in this home, or at `--api`.

    Raises:
        WrongUse: there is no such platform, or the report's folder does not exist.
        Failed: the API cannot be loaded, or a promise was not kept.
    """
    if plan.platform not in registry.PLATFORMS:
        raise WrongUse(f"--platform {plan.platform}: is none of {', '.join(registry.names())}")
    if report is not None and not report.parent.is_dir():
        raise WrongUse(f"--report {report}: there is no folder {report.parent}")
    seen = asyncio.run(loaded(settings, plan, [settings.everturn_api_url], lambda: _pids(home)))
    kept = promises(seen, settings.database_pool_size)
    print("\n".join([*facts(plan, seen), "", *table(kept)]))
    if report is not None:
        picture = written(report, plan, seen, kept, [])
        print(f"\nwritten: {report}, {picture}")
    if missed := [one.what for one in kept if one.held is False]:
        raise Failed(f"not kept: {', '.join(missed)}")


async def loaded(
    settings: Settings, plan: Plan, urls: Sequence[str], pids: Callable[[], Pids], seen: Seen | None = None
) -> Seen:
    """Everything that was seen of a load on these APIs, written down in `seen` as it happens.

    Raises:
        Failed: an API cannot be reached, or has no simulator.
    """
    await _check(urls, plan)
    seen = Seen() if seen is None else seen
    crowd = Crowd(settings, plan, urls, seen)
    seen.processes = sum(_working(pids()))
    looking = asyncio.create_task(keep_looking(pids, settings.database_url, seen))
    try:
        with _bar(plan.seconds) as tell:
            await crowd.live(lambda at: tell(at, f"{seen.messages} messages, {seen.unanswered} unanswered"))
    except httpx.HTTPError as error:
        raise Failed(f"the phones cannot be looked at ({type(error).__name__})") from None
    finally:
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking
        await crowd.close()
    return seen


async def _check(urls: Sequence[str], plan: Plan) -> None:
    async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
        for url in urls:
            try:
                answer = await client.get(f"{url}/simulator/{plan.platform}/_shown/{plan.platform}")
            except httpx.HTTPError as error:
                raise Failed(
                    f"the API at {url} cannot be reached ({type(error).__name__}): start it with `everturn up`,"
                    " or name it with --api"
                ) from None
            if not answer.is_success:
                raise Failed(
                    f"the API at {url} has no simulated {plan.platform} (HTTP {answer.status_code}): a load runs"
                    " against EVERTURN_ENV=dev, never against customers' phones"
                )


def _pids(home: Home) -> Pids:
    """The processes of the `everturn up` in this home; none where it runs elsewhere."""
    running = home.running()
    children = running.children if running else {}
    return {name: [pid for child, (pid, _) in children.items() if child.startswith(name)] for name in PROGRAMS}


def _working(pids: Pids) -> list[int]:
    """How many processes of each program keep connections; the keeper of several workers has none of its own."""
    counts = []
    for name in ("api", "worker"):
        families = [len(family(root)) for root in pids.get(name, ())]
        counts.append(sum(size - 1 if name == "worker" and size > 1 else size for size in families))
    return counts


@contextmanager
def _bar(seconds: float) -> Iterator[Callable[[float, str], None]]:
    """A progress bar on a terminal, nothing elsewhere."""
    console = Console(stderr=True)
    columns = (
        BarColumn(),
        TextColumn("{task.percentage:3.0f}%"),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("starting", total=seconds)
        yield lambda at, text: progress.update(task, completed=at, description=text)
