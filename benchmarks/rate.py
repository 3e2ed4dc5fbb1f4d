"""A thousand messages wait on one account; three workers send them, and never faster than the platform allows."""

import asyncio
import sqlite3
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count

import httpx

from benchmarks.bare import PAUSE
from benchmarks.figures import Row, percentile
from benchmarks.ground import Ground
from benchmarks.sides import contacts
from contracts.conversation import DELIVERY_QUEUE_PREFIX
from platforms.base import Credentials
from platforms.kit import Said
from platforms.registry import PLATFORMS

PLATFORM = "chat2desk"
LIMIT = 300
"""Chat2Desk's own, a minute and account: the stock setting."""
WINDOW = 60.0
WORKERS = 3
AT_ONCE = 16
ASK_EVERY = 5.0
"""Seconds between two messages on the account beside."""
TOKEN = "rate-operator"
BESIDE = Credentials(account="beside", access_token="token-of-beside")
OWN = Credentials(account="default", access_token="simulator")
STALLED = 60.0
"""Seconds without a single call after which something is broken."""
SETTLED = 0.98
"""Of the messages: the server's count of a backlog is about right."""
ENVIRONMENT = {
    "CHAT2DESK_QUIET_PERIOD_SECONDS": str(PAUSE),
    "FLOOD_MESSAGES_PER_MINUTE": "1000000",
    "OPERATOR_TOKEN": TOKEN,
}
_numbers = count(1)


async def measure(ground: Ground) -> list[Row]:
    """All of them written at once; beside them, every few seconds, a message on another account."""
    wanted = 150 if ground.quick else 1_000
    async with httpx.AsyncClient(base_url=ground.running.api_url, timeout=30, trust_env=False) as client:
        await _open_account(client)
        await _say(ground, BESIDE, "1")
        people = contacts(wanted)
        began = time.time()
        asking = asyncio.create_task(_ask_beside(ground))
        try:
            await _write_all(ground, people)
            ground.tell(f"{wanted} messages written in {time.time() - began:.0f} s")
            waiting_from = await _all_wait(client, ground, people)
            ground.tell(f"all of them wait to be sent after {waiting_from - began:.0f} s")
            calls = await _all_sent(ground, people)
        finally:
            asking.cancel()
        took = time.time() - began
        waits = await _beside_waits(ground, asking)
    beside = [wait for at, wait in waits if at >= waiting_from and at <= max(calls)]
    earlier = [wait for at, wait in waits if at < waiting_from]
    return _rows(calls, beside, earlier, took)


def _rows(calls: Sequence[float], beside: Sequence[float], earlier: Sequence[float], took: float) -> list[Row]:
    most = busiest(calls, WINDOW)
    worst = max(beside, default=float("inf"))
    return [
        Row(f"most calls of one account in any {WINDOW:.0f} s, {len(calls)} waiting, {WORKERS} workers", str(most),
            aim=f"≤ {LIMIT}", holds=most <= LIMIT),
        Row("pace in the middle", f"{_pace(calls):.0f} a minute", compared=f"all within {took:.0f} s"),
        Row(f"another account's message beside the waiting ones, worst of {len(beside)}", f"{worst * 1000:.0f} ms",
            compared=f"p50 {percentile(beside, 0.5) * 1000:.0f} ms, {PAUSE * 1000:.0f} ms of them quiet period",
            aim="≤ 1000 ms", holds=worst <= 1),
        Row(f"the same while they were still being decided about, worst of {len(earlier)}",
            f"{max(earlier, default=0) * 1000:.0f} ms"),
    ]  # fmt: skip


async def _write_all(ground: Ground, people: Sequence[str]) -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def write(who: str) -> None:
        async with gate:
            await _say(ground, OWN, who)

    await asyncio.gather(*map(write, people))


async def _all_wait(client: httpx.AsyncClient, ground: Ground, people: Sequence[str]) -> float:
    """When every message that is not sent yet had its turn and waits for its account's pace."""
    while True:
        backlog = (await client.get("/health")).json()["backlog"][DELIVERY_QUEUE_PREFIX + PLATFORM] or 0
        sent = _sent(ground)
        if backlog + sum(who in sent for who in people) >= SETTLED * len(people):
            return time.time()
        await asyncio.sleep(1)


def busiest(calls: Sequence[float], window: float) -> int:
    """The most calls that any window of so many seconds holds."""
    ordered, first, most = sorted(calls), 0, 0
    for place, at in enumerate(ordered):
        while ordered[first] <= at - window:
            first += 1
        most = max(most, place - first + 1)
    return most


def _pace(calls: Sequence[float]) -> float:
    ordered = sorted(calls)
    middle = ordered[len(ordered) // 4 : 3 * len(ordered) // 4]
    return (len(middle) - 1) / (middle[-1] - middle[0]) * 60


async def _open_account(client: httpx.AsyncClient) -> None:
    """A second shop on the same platform, as its operator would add it."""
    base = f"{str(client.base_url).rstrip('/')}/simulator/{PLATFORM}"
    shop = {"platform": PLATFORM, "account": BESIDE.account, "access_token": BESIDE.access_token, "api_base_url": base,
            "turn_taking": {"quiet_period": PAUSE}}  # fmt: skip
    answer = await client.post("/api/accounts", json=shop, headers={"Authorization": f"Bearer {TOKEN}"})
    if answer.status_code != 201:
        raise RuntimeError(f"the second account was not taken: {answer.status_code} {answer.text[:200]}")


async def _say(ground: Ground, shop: Credentials, who: str) -> None:
    said = Said(contact=who, text="Здравствуйте", message_id=str(next(_numbers)), at=datetime.now(UTC))
    hook = PLATFORMS[PLATFORM].inbound(said, shop)
    path = hook.path if shop is OWN else f"{hook.path}/{shop.account}"
    await ground.door.post(ground.door.request_of(hook.model_copy(update={"path": path})))


async def _ask_beside(ground: Ground) -> dict[str, float]:
    """New customers of the other shop, one after another; when each wrote. Until cancelled."""
    wrote: dict[str, float] = {}
    try:
        while True:
            (who,) = contacts(1)
            wrote[who] = time.time()
            await _say(ground, BESIDE, who)
            await asyncio.sleep(ASK_EVERY)
    except asyncio.CancelledError:
        return wrote


async def _beside_waits(ground: Ground, asking: "asyncio.Task[dict[str, float]]") -> list[tuple[float, float]]:
    """When each of them wrote, and how long they waited for the send call; the last may be on its way still."""
    wrote = await asking
    await asyncio.sleep(2)
    sent = _sent(ground)
    if missing := [who for who in wrote if who not in sent]:
        raise RuntimeError(f"{len(missing)} of {len(wrote)} customers beside got no answer")
    return [(at, sent[who][0] - at) for who, at in wrote.items()]


async def _all_sent(ground: Ground, people: Sequence[str]) -> list[float]:
    """Every call that was made for these customers, once there is one for each."""
    known, changed = -1, time.monotonic()
    while True:
        sent = _sent(ground)
        done = sum(who in sent for who in people)
        if done == len(people):
            return [at for who in people for at in sent[who]]
        if done != known:
            known, changed = done, time.monotonic()
        elif time.monotonic() - changed > STALLED:
            raise RuntimeError(f"nothing was sent for {STALLED:.0f} s: {done} of {len(people)}")
        ground.tell(f"{done} of {len(people)} sent")
        await asyncio.sleep(5)


def _sent(ground: Ground) -> dict[str, list[float]]:
    """When the platform was called, by customer; refused calls count as well."""
    found: dict[str, list[float]] = {}
    base = sqlite3.connect(f"file:{ground.home.path / 'simulator.sqlite'}?mode=ro", uri=True)
    try:
        for who, at in base.execute("SELECT contact, at FROM calls WHERE platform = ? ORDER BY id", (PLATFORM,)):
            found.setdefault(who, []).append(datetime.fromisoformat(at).timestamp())
    finally:
        base.close()
    return found
