"""What each platform's door costs: proof and parsing alone, and the whole way until a message is durable."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import httpx

from api.bodies import parse_json
from api.problems import Problem
from benchmarks.bare import BareSide
from benchmarks.door import Door
from benchmarks.figures import Row, paired
from benchmarks.ground import Ground
from benchmarks.nobody import Nobody, nobody_works
from benchmarks.recorded import proven, recorded
from benchmarks.sides import contacts
from domain.failures import NotUnderstood
from domain.messages import Received
from platforms.base import Credentials, Platform, WebhookRequest
from platforms.registry import names, platforms

SHOP = Credentials(account="default", access_token="token", webhook_secret="s3cret")
AT_ONCE = 16
TEXT = "ул. Киевская 120, кв. 5"
Call = Callable[[], object]


async def measure(ground: Ground) -> list[Row]:
    """In this process first, on one core, while the servers rest; then through the door, where nobody works."""
    async with httpx.AsyncClient() as client:
        known = platforms(client)
        rows = [_alone(ground, known[name]) for name in names()]
    async with nobody_works(ground) as nobody:
        return [*rows, *[await _through(ground, nobody, name) for name in names()]]


# --- parsing and proof ----------------------------------------------------------------------------------------------


def _alone(ground: Ground, platform: Platform) -> Row:
    """Every recorded body that holds a customer's message, in turn; beside it the JSON parser alone."""
    ground.tell(f"{platform.name}: proof and parsing")
    rounds, seconds = (3, 0.3) if ground.quick else (7, 0.6)
    seen, messages = _recorded(platform)
    ours, bare = [], []
    for _ in range(rounds):
        ours.append(_each(lambda: [_take(platform, one) for one in seen], seconds) / messages)
        bare.append(_each(lambda: [json.loads(one.body) for one in seen], seconds) / messages)
    pair = paired(ours, bare)
    size = sum(len(one.body) for one in seen) // messages
    return Row(
        f"{platform.name}: proof and parsing, {size} bytes a message", f"{1 / pair.ours:,.0f}/s a core",
        f"{1 / pair.bare:,.0f}/s", f"{pair.ratio:.1f} × json.loads",
    )  # fmt: skip


def _recorded(platform: Platform) -> tuple[list[WebhookRequest], int]:
    """The bodies with customers' messages, and how many messages they hold."""
    now = datetime.now(UTC)
    found: list[WebhookRequest] = []
    messages = 0
    for body in recorded(platform.name).values():
        hook = proven(platform.name, body, SHOP, now)
        one = WebhookRequest(headers=hook.headers, query=hook.query, body=body, now=now)
        try:
            heard = _take(platform, one)
        except (NotUnderstood, Problem):
            continue
        if heard:
            found.append(one)
            messages += heard
    return found, messages


def _take(platform: Platform, seen: WebhookRequest) -> int:
    """What the door does before it hands over; how many messages there are."""
    platform.authenticate(seen, SHOP)
    cut = platform.by_account(parse_json(seen.body))
    return sum(isinstance(one, Received) for body in cut.values() for one in platform.read(body, seen, SHOP))


def _each(call: Call, seconds: float) -> float:
    """Processor seconds of one call."""
    calls, began = 0, time.process_time()
    while (took := time.process_time() - began) < seconds:
        call()
        calls += 1
    return took / calls


# --- the whole way --------------------------------------------------------------------------------------------------


async def _through(ground: Ground, nobody: Nobody, name: str) -> Row:
    """New customers' messages, so many at a time, until each is durable; beside it signal-with-start alone."""
    rounds, messages = (3, 200) if ground.quick else (5, 500)
    ours: list[float] = []
    bare: list[float] = []
    for number in range(rounds):
        ground.tell(f"{name}: through the door, round {number + 1} of {rounds}")
        ours.append(await _posted(nobody.door, name, messages))
        bare.append(await _signalled(nobody.bare, messages))
    pair = paired(ours, bare)
    return Row(
        f"{name}: taken, {AT_ONCE} at a time", f"{pair.ours:.0f}/s", f"{pair.bare:.0f}/s", f"{pair.ratio:.2f} ×",
        "≥ 0.5 ×", pair.ratio >= 0.5,
    )  # fmt: skip


async def _posted(door: Door, name: str, messages: int) -> float:
    requests = iter([door.prepare(name, who, TEXT) for who in contacts(messages)])

    async def post() -> None:
        for request in requests:
            await door.post(request)

    return await _rate(messages, post)


async def _signalled(bare: BareSide, messages: int) -> float:
    people = iter(contacts(messages))

    async def write() -> None:
        for who in people:
            await bare.write(who, TEXT)

    return await _rate(messages, write)


async def _rate(messages: int, work: Callable[[], Awaitable[None]]) -> float:
    began = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return messages / (time.perf_counter() - began)
