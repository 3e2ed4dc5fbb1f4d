"""100,000 messages, and whether the memory of API and workers has levelled by then."""

import asyncio
from statistics import median

from benchmarks.figures import Row
from benchmarks.ground import Ground
from commands.load.going import loaded
from commands.load.plan import Plan, Seen
from runtime.settings import load_settings

ENVIRONMENT = {
    "MANYCHAT_FLOW": "water_order",
    "MANYCHAT_RATE_LIMIT_REQUESTS_PER_MINUTE": "600000",
    "MANYCHAT_QUIET_PERIOD_SECONDS": "0.5",
    "FLOOD_MESSAGES_PER_MINUTE": "1000000",
}
MESSAGES, QUICK_MESSAGES = 100_000, 3_000
CUSTOMERS, TOGETHER = 8, 10
"""Ten messages a burst: what is weighed is messages, and one turn answers ten as well as one. As many customers as two
cores answer without keeping anybody waiting: of more, conversations are handed from one worker to the other, each of
which keeps a copy until its cache is full (600): growth with an end, but one that 100,000 messages do not reach."""
TELL_EVERY = 5.0
MOST_GROWTH = 0.10
"""From half of the messages to all of them."""


async def measure(ground: Ground) -> list[Row]:
    """Customers write bursts as fast as they are answered, until all messages are written."""
    wanted = ground.conversations or (QUICK_MESSAGES if ground.quick else MESSAGES)
    running = ground.running
    settings = load_settings(
        _env_file=None, everturn_api_url=running.api_url, database_url=running.database_url, manychat_flow="water_order"
    )
    plan = Plan(CUSTOMERS, 24 * 60, 1_000.0, "manychat", seed=1, together=TOGETHER, breath=0.02, most=wanted)
    pids = {name: [pid for child, (pid, _) in running.children.items() if child == name] for name in ("api", "worker")}
    seen = Seen()
    telling = asyncio.create_task(_tell(ground, seen, wanted))
    try:
        await loaded(settings, plan, [running.api_url], lambda: pids, seen)
    finally:
        telling.cancel()
    return [_row(seen, name, wanted) for name in pids] + [
        Row(
            "soak: bursts without a reply",
            f"{seen.unanswered} of {len(seen.turns)}",
            aim="0",
            holds=not seen.unanswered,
        )
    ]


async def _tell(ground: Ground, seen: Seen, wanted: int) -> None:
    while True:
        await asyncio.sleep(TELL_EVERY)
        ground.tell(f"{seen.messages:,} of {wanted:,} messages, {seen.unanswered} bursts without a reply")


def _row(seen: Seen, name: str, wanted: int) -> Row:
    """Megabytes around half of the messages, and at the end."""
    acks = sorted(at for at, _ in seen.acks)
    half, end = acks[len(acks) // 2], acks[-1]
    early = [one.megabytes[name] for one in seen.samples if 0.9 * half <= one.at <= 1.1 * half]
    late = [one.megabytes[name] for one in seen.samples if 0.9 * end <= one.at <= end]
    if not early or not late:
        return Row(f"soak: memory of {name}", "not seen")
    before, after = median(early), median(late)
    return Row(
        f"soak: memory of {name} after {seen.messages // 2:,} and {seen.messages:,} messages",
        f"{before:.0f} → {after:.0f} MB", aim="level (≤ 10 %)", holds=after <= before * (1 + MOST_GROWTH),
    )  # fmt: skip
