"""A hundred thousand bent bodies, rightly signed, from every platform: no crash, and nobody left unanswered."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from benchmarks.answering import open_conversations, stuck
from benchmarks.figures import Row
from benchmarks.ground import CHANGED, Ground
from benchmarks.mutations import Mutant, mutated
from benchmarks.recorded import nowhere, proven, recorded
from platforms.base import Credentials
from platforms.registry import names, variables
from runtime.settings import load_settings
from runtime.temporal import connect

SEED = 20_261_121
AT_ONCE = 16
EXAMINED = 300
"""Conversations that are asked for an answer afterwards."""
REST = 600.0
"""Seconds a conversation has for all that was said in it before."""
SHOP = Credentials(account="default", access_token="simulator", webhook_secret="fuzz-secret")
NO_ANSWER = 0
REFUSALS = frozenset({400, 413, 429})


def environment() -> dict[str, str]:
    """Secrets on every platform, and nothing that slows us down."""
    own: dict[str, str] = {"CHAT2DESK_STORAGE_URL": "http://media.invalid"}
    for known in variables():
        own[known.variable("webhook_secret")] = SHOP.webhook_secret
        own[known.variable("quiet_period_seconds")] = "0.2"
        own[known.variable("rate_limit_requests_per_minute")] = "600000"
        own[known.variable("flow")] = ""  # its own
    return CHANGED | own


class Odd(NamedTuple):
    """An answer that must not be."""

    platform: str
    how: str
    status: int
    body: bytes


async def measure(ground: Ground) -> list[Row]:
    """Post all of it while the workers work; then ask a sample of the conversations for an answer."""
    count = 5_000 if ground.quick else 100_000
    await _no_rates(ground)
    met: Counter[tuple[str, int]] = Counter()
    odd: list[Odd] = []
    await _post_all(ground, bodies(count), count, met, odd)
    return [*_counted(met), _verdict(ground, odd, count), *await _conversations(ground)]


def bodies(count: int) -> Iterator[tuple[str, Mutant]]:
    """The same ones on every run, from every platform's recorded bodies in turn; none leads to a real host."""
    chance = Random(SEED)
    pools = {name: [nowhere(body) for body in recorded(name).values()] for name in names()}
    for number in range(count):
        name = names()[number % len(pools)]
        yield name, mutated(chance.choice(pools[name]), chance)


async def _no_rates(ground: Ground) -> None:
    for name in names():
        await ground.door.set_up("/simulator/_settings", f'{{"platform": "{name}", "rate": 0, "latency": 0}}'.encode())


async def _post_all(
    ground: Ground, waiting: Iterator[tuple[str, Mutant]], count: int, met: Counter[tuple[str, int]], odd: list[Odd]
) -> None:
    async def keep_posting() -> None:
        for name, mutant in waiting:
            status = await _post(ground, name, mutant.body)
            met[name, status] += 1
            if status // 100 != 2 and status not in REFUSALS:
                odd.append(Odd(name, mutant.how, status, mutant.body[:2_000]))
            if (done := met.total()) % (count // 50) == 0:
                ground.tell(f"{done:,} of {count:,} bodies, {len(odd)} answers that must not be")

    await asyncio.gather(*(keep_posting() for _ in range(AT_ONCE)))


async def _post(ground: Ground, name: str, body: bytes) -> int:
    request = ground.door.request_of(proven(name, body, SHOP))
    try:
        status, _ = await ground.door.exchange(request)
    except (OSError, EOFError):
        return NO_ANSWER
    return status


def _counted(met: Counter[tuple[str, int]]) -> list[Row]:
    rows = []
    for name in names():
        found = sorted((status, count) for (whose, status), count in met.items() if whose == name)
        told = ", ".join(f"{status or 'none'}: {count:,}" for status, count in found)
        rows.append(Row(f"{name}: answers to bent bodies", told))
    return rows


def _verdict(ground: Ground, odd: list[Odd], count: int) -> Row:
    for one in odd[:20]:
        ground.tell(f"{one.status} {one.platform} {one.how}: {one.body[:300]!r}")
    figure = f"answers other than 2xx, 400, 413, 429 (seed {SEED})"
    return Row(figure, f"{len(odd)} of {count:,}", aim="0", holds=not odd)


async def _conversations(ground: Ground) -> list[Row]:
    ground.tell("looking whether the conversations still answer")
    address = ground.running.temporal_address
    client = await connect(load_settings(_env_file=None, temporal_address=address))
    opened = await open_conversations(client)
    ended = {name: state for name, state in opened.items() if state != "RUNNING"}
    sample = Random(SEED).sample(sorted(opened), min(EXAMINED, len(opened)))
    silent = await stuck(client, sample, REST)
    for name, why in [*ended.items(), *silent.items()][:20]:
        ground.tell(f"{name}: {why}")
    return [
        Row("conversations that were opened and run", f"{len(opened) - len(ended)} of {len(opened)}", aim="all",
            holds=bool(opened) and not ended),
        Row("conversations that answer afterwards", f"{len(sample) - len(silent)} of {len(sample)}", aim="all",
            holds=bool(sample) and not silent),
    ]  # fmt: skip
