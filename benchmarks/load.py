"""200 customers for ten minutes on two APIs and three workers, of which one each dies in the middle.

`python -m benchmarks.load` writes the report that stands in docs/load.md; `--only load` measures a smaller one.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.figures import Row
from benchmarks.ground import Ground, laid
from benchmarks.pieces import Pieces, Where, standing
from commands.load.going import loaded
from commands.load.plan import EVERY_SECONDS, Plan, Seen
from commands.load.report import facts, table, written
from commands.load.verdict import Promise, promises
from runtime.settings import Settings, load_settings

ROOT = Path(__file__).parents[1]
ENVIRONMENT = {
    "MANYCHAT_FLOW": "water_order",
    "MANYCHAT_RATE_LIMIT_REQUESTS_PER_MINUTE": "60000",
    "OPERATOR_TOKEN": "pieces",
}
"""The quiet period and everything else is as it comes; only the simulated platform's rate is lifted."""
WORKERS = 2
"""Of `everturn up`; the third is the one that dies."""


async def measure(ground: Ground) -> list[Row]:
    """The promises, on a smaller load."""
    count, minutes = (40, 0.7) if ground.quick else (200, 3.0)
    plan = _plan(ground.conversations or count, minutes)
    seen, kept = await carried(ground, plan)
    ground.tell(" ".join(facts(plan, seen)))
    return [Row(f"load: {one.what}", one.measured, aim=one.aim, holds=one.held) for one in kept]


def _plan(conversations: int, minutes: float, rate: float | None = None) -> Plan:
    return Plan(conversations, minutes, rate or conversations / EVERY_SECONDS, "manychat", seed=1)


async def carried(ground: Ground, plan: Plan) -> tuple[Seen, list[Promise]]:
    """Carry a load; at half time one API and one worker are killed."""
    running = ground.running
    settings = _settings(ground)
    where = Where(running.database_url, running.temporal_address, ground.home.path, api_url=running.api_url)
    async with standing(where, apis=1, workers=1, environment=ENVIRONMENT) as extra:
        dying = asyncio.create_task(_die(extra, plan.seconds / 2, ground))
        own = {name: [pid for child, (pid, _) in running.children.items() if child == name] for name in
               ("api", "worker", "temporal", "postgres")}  # fmt: skip
        try:
            seen = await loaded(settings, plan, [running.api_url, *extra.urls], lambda: own)
        finally:
            dying.cancel()
        seen.processes += 2
    return seen, promises(seen, settings.database_pool_size)


async def _die(extra: Pieces, after: float, ground: Ground) -> None:
    await asyncio.sleep(after)
    for child in (*extra.apis.values(), *extra.workers):
        ground.tell(f"kill -9 of {child.spec.name}")
        child.kill()


def _settings(ground: Ground) -> Settings:
    running = ground.running
    return load_settings(
        _env_file=None, everturn_api_url=running.api_url, database_url=running.database_url, manychat_flow="water_order"
    )


async def _report(plan: Plan, report: Path, remarks: Sequence[str]) -> int:
    async with laid(quick=False, tell=lambda text: print(text, file=sys.stderr), environment=ENVIRONMENT,
                    workers=WORKERS) as ground:  # fmt: skip
        seen, kept = await carried(ground, plan)
    print("\n".join([*facts(plan, seen), "", *table(kept)]))
    again = f"Again: `python -m benchmarks.load --conversations {plan.conversations} --minutes {plan.minutes:g}`."
    topology = (
        "Two APIs and three workers on one Temporal and one PostgreSQL, all on this machine together with the"
        " customers and the simulated platform; at half time one API and one worker were killed with `kill -9`. Memory"
        " is that of the API (which plays the platform, too) and of the two workers that lived on."
    )
    written(report, plan, seen, kept, [topology, again, *remarks])
    return 1 if any(one.held is False for one in kept) else 0


def main() -> int:
    """Measure and write."""
    reader = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    reader.add_argument("--conversations", type=int, default=200)
    reader.add_argument("--minutes", type=float, default=10)
    reader.add_argument("--rate", type=float, help="bursts a second of all; left out: each customer writes every 40 s")
    reader.add_argument("--report", type=Path, default=ROOT / "docs" / "load.md")
    reader.add_argument("--remark", action="append", default=[], help="a sentence for the end of the report")
    given = reader.parse_args()
    return asyncio.run(_report(_plan(given.conversations, given.minutes, given.rate), given.report, given.remark))


if __name__ == "__main__":
    sys.exit(main())
