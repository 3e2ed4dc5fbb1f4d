"""One run: customers, strikes and bad weather for so many minutes, then the account of it."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from temporalio.client import Client

from benchmarks.door import Door
from benchmarks.faults import accounting
from benchmarks.faults.accounting import Account
from benchmarks.faults.customers import Crowd
from benchmarks.faults.locks import Locks
from benchmarks.faults.outside import Outside
from benchmarks.faults.plan import Strike, strikes
from benchmarks.faults.processes import Processes
from benchmarks.faults.striking import Plan, Striker
from commands.home import Home
from providers.records.pool import open_pool
from runtime.settings import load_settings
from runtime.temporal import connect

TELL_EVERY = 5.0
_METERED = """
INSERT INTO plans (name, credits_per_period) VALUES ('faults', 1000000000000) ON CONFLICT DO NOTHING;
INSERT INTO accounts (platform, account, plan)
    VALUES ('chat2desk', 'default', 'faults'), ('manychat', 'default', 'faults')
    ON CONFLICT (platform, account) DO UPDATE SET plan = 'faults';
"""


@dataclass(frozen=True)
class Size:
    """How much of it."""

    seconds: float
    writers: int
    """Customers who order by steps, on Chat2Desk."""
    talkers: int
    """Customers who talk with the model, on ManyChat."""
    think: float
    """Seconds from an answer to the next message, on average."""
    weather: float = 0.25
    """Of the turns that meet a fault of the platform, the model or the webhook."""
    strikes: int = 1_000_000
    """At most."""
    lanes: int = 3
    """Strikes under way at one time, never two at the same victim."""


@dataclass
class Result:
    """What a run did, and what became of it."""

    seed: int
    size: Size
    account: Account
    strikes: list[Strike]
    weather: Counter[str]
    messages: int
    """Accepted."""
    refused: int
    """Never accepted: their platform gave up."""
    deliveries: int
    took: float
    missed: int = 0
    """Strikes put off because no turn came that far in time."""
    gauge: float = 0.0
    """The live `unaccounted_messages` at the end."""

    @property
    def faults(self) -> int:
        """Everything that was broken."""
        return len(self.strikes) + sum(self.weather.values())


@asynccontextmanager
async def _means(home: Home, lanes: int) -> AsyncIterator[tuple[list[Locks], Client]]:
    running = home.running()
    assert running is not None
    locks = [Locks(running.database_url, lane) for lane in range(lanes)]
    async with await psycopg.AsyncConnection.connect(running.database_url, autocommit=True) as connection:
        await connection.execute(_METERED)
    await locks[0].set_up()
    try:
        yield locks, await connect(load_settings(temporal_address=running.temporal_address))
    finally:
        await asyncio.gather(*(one.hang_up() for one in locks))


async def broken(
    home: Home,
    outside: Outside,
    size: Size,
    seed: int,
    tell: Callable[[str], None],
    *,
    planned: Iterator[Strike] | None = None,
    errand: Callable[[], Coroutine[Any, Any, None]] | None = None,
) -> Result:
    """Break the house that stands in this home, and account for it.

    `planned`: these strikes instead of those the seed makes. `errand`: breaks it in its own way instead of strikes.
    """
    running = home.running()
    assert running is not None
    crowd = Crowd(Door(running.api_url), outside, seed, size.weather)
    outside.listen(crowd.shown)
    began = time.monotonic()
    async with _means(home, size.lanes) as (locks, temporal):
        processes = Processes(home)
        strikers = [Striker(crowd, processes, outside.gates, own) for own in locks]
        plan = Plan(planned or strikes(seed), processes, size.strikes)
        breaking = [errand()] if errand else [striker.carry_out(plan) for striker in strikers]
        await _live_through(crowd, strikers, breaking, size, seed, tell)
        outside.world.faults.clear()
        tell(f"waiting for the fates of {len(crowd.accepted)} messages")
        async with open_pool(running.database_url, size=2, name="faults") as pool:
            account = await accounting.settled(pool, temporal, crowd.accepted)
            await accounting.compare(pool, outside.world, crowd.messages, account)
    crowd.door.close()
    await crowd.http.aclose()
    await asyncio.sleep(0)  # what was closed just now lets go of its socket
    return _result(crowd, strikers, account, size, seed, time.monotonic() - began)


async def _live_through(
    crowd: Crowd,
    strikers: list[Striker],
    breaking: Sequence[Coroutine[Any, Any, None]],
    size: Size,
    seed: int,
    tell: Callable[[str], None],
) -> None:
    """Everybody lives until time is over, or all strikes are done; a striker that breaks ends it at once."""
    chance = random.Random(seed)
    people = [crowd.add("chat2desk", str(400_000 + number), chance.randrange(2**31)) for number in range(size.writers)]
    people += [crowd.add("manychat", str(500_000 + number), chance.randrange(2**31)) for number in range(size.talkers)]
    lives = [asyncio.create_task(person.live(size.think)) for person in people]
    striking = [asyncio.create_task(one) for one in breaking]
    telling = asyncio.create_task(_tell(crowd, strikers, tell))
    await asyncio.wait(striking, timeout=size.seconds, return_when=asyncio.FIRST_EXCEPTION)
    crowd.is_over = True
    await asyncio.gather(*striking, *lives)
    telling.cancel()


async def _tell(crowd: Crowd, strikers: list[Striker], tell: Callable[[str], None]) -> None:
    while True:
        await asyncio.sleep(TELL_EVERY)
        struck = sum(len(striker.done) for striker in strikers)
        tell(f"{len(crowd.accepted)} messages, {struck} strikes, {_met(crowd).total()} other faults")


def _met(crowd: Crowd) -> Counter[str]:
    """What was met beside the strikes: webhooks, troubles of the model, faults of the platforms."""
    met = Counter(crowd.weather.counted)
    met.update(f"model {trouble}" for trouble in crowd.outside.model.met)
    for platform in ("chat2desk", "manychat"):
        outcomes = (call["outcome"] for call in crowd.outside.world.calls(platform))
        met.update(f"platform {outcome}" for outcome in outcomes if outcome not in ("200", "201"))
    return met


def _result(crowd: Crowd, strikers: list[Striker], account: Account, size: Size, seed: int, took: float) -> Result:
    done = [strike for striker in strikers for strike in striker.done]
    for strike in done:
        strike.unaccounted = sum(account.fates.get(f"{strike.conversation} {id}", "") is None for id in strike.messages)
    return Result(
        seed=seed, size=size, account=account, strikes=done, weather=_met(crowd),
        messages=len(crowd.accepted), refused=len(crowd.messages) - len(crowd.accepted),
        deliveries=sum(message.deliveries for message in crowd.messages), took=took,
        missed=sum(striker.missed for striker in strikers),
    )  # fmt: skip
