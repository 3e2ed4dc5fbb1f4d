"""How long customers wait while a model thinks: from their last message to the first thing they read."""

import asyncio
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from time import monotonic, sleep, time

import uvicorn

from benchmarks.bare import PAUSE
from benchmarks.door import CREDENTIALS
from benchmarks.figures import Row, milliseconds, more_or_less, percentile
from benchmarks.ground import CHANGED, LOOPBACK, Ground
from benchmarks.sides import Customers, all_open, contacts, one_turn
from benchmarks.turns import CHANGES, OPENING
from domain.messages import Media
from platforms.kit import Said
from platforms.registry import PLATFORMS
from providers.model.script import Scripted, ScriptedCall
from providers.model.simulated import SimulatedModel
from providers.servers.ports import any_free

READING = 15.0
"""Seconds from an answer to the customer's next message: whoever reads and types is no faster."""
QUIET = 2.0
"""ManyChat's own debounce window."""
TALK = "Порадьте, будь ласка, щось гарне на літню прогулянку з друзями"
GREETING = "Добрий день!"
SEEN = {"kind": "garment", "garment": "dress", "colour": "black", "details": "міді", "confidence": 0.9}
PICTURE = "/shop/pictures/sv-101-blk.jpg"
_model = SimulatedModel(
    [Scripted(pictures=True, calls=(ScriptedCall(name="describe_picture", arguments=SEEN),))],
    otherwise="Раджу легку сукню або шорти з футболкою. Який колір вам ближчий?",
)


def environment() -> Mapping[str, str]:
    """A model of our own on this machine; ManyChat speaks the sales flow, as it does by default."""
    port = any_free(LOOPBACK)
    server = uvicorn.Server(uvicorn.Config(_model.app, LOOPBACK, port, log_level="error"))
    threading.Thread(target=server.run, name="model", daemon=True).start()
    until = monotonic() + 10
    while not server.started and monotonic() < until:
        sleep(0.02)
    return CHANGED | {
        "ANTHROPIC_API_KEY": "bench",
        "ANTHROPIC_BASE_URL": f"http://{LOOPBACK}:{port}",
        "MANYCHAT_FLOW": "sales",
        "CHAT2DESK_FLOW": "water_order",
    }


async def measure(ground: Ground) -> list[Row]:
    """Customers who write fifteen seconds after each answer; the step-by-step flow, at the same pace, is the floor."""
    crowds = (50,) if ground.quick else (50, 100, 200)
    customers = Customers(ground.door, ground.home.path / "simulator.sqlite", "manychat")
    rows: list[Row] = []
    try:
        for crowd in crowds:
            people = contacts(crowd)
            ground.tell(f"opening {crowd} conversations")
            _model.delay = 0.0
            await all_open(customers, people, GREETING)
            floor = await _spine(ground, crowd)
            for delay in (1.0, 12.0):
                ground.tell(f"{crowd} customers, a model of {delay:g} s")
                _model.delay = delay
                waits = await _at_their_pace(customers, people, TALK, _cycle(delay))
                rows += _text(crowd, delay, waits, floor)
        rows.append(await _pictures(ground, customers, crowds[0]))
    finally:
        await customers.close()
    return rows


async def _spine(ground: Ground, crowd: int) -> float:
    """What the step-by-step flow adds to a turn at the same pace, p95."""
    people = contacts(crowd)
    await all_open(ground.customers, people, OPENING)
    waits = await _at_their_pace(ground.customers, people, CHANGES[0], _cycle(1.0))
    return percentile(waits, 0.95) - PAUSE


def _cycle(delay: float) -> float:
    """Seconds from one message of a customer to their next: the window, the model, then they read."""
    return QUIET + delay + READING


async def _at_their_pace(customers: Customers, people: list[str], text: str, cycle: float) -> list[float]:
    """Everybody writes once within a cycle, evenly; how long each waited."""
    began = asyncio.get_running_loop().time()

    async def talk(place: int, who: str) -> float:
        await asyncio.sleep(began + cycle * place / len(people) - asyncio.get_running_loop().time())
        written = time()
        return await one_turn(customers, who, text) - written

    return list(await asyncio.gather(*(talk(place, who) for place, who in enumerate(people))))


def _text(crowd: int, delay: float, waits: list[float], floor: float) -> list[Row]:
    named = f"{crowd} customers, model {delay:g} s"
    p50, p95, p99 = (percentile(waits, share) for share in (0.5, 0.95, 0.99))
    rows = [
        Row(f"wait for the first part p50, {named}", f"{p50:.2f} s"),
        Row(f"wait for the first part p95, {named}", f"{p95:.2f} s", aim="< 10 s", holds=p95 < 10),
        Row(f"wait for the first part p99, {named}", f"{p99:.2f} s", aim="< 18 s", holds=p99 < 18),
    ]
    if delay < 8:
        added = p95 - QUIET - delay
        rows.append(
            Row(f"added beyond window and model p95, {named}", milliseconds(added), f"{milliseconds(floor)} (spine)",
                more_or_less(added - floor))
        )  # fmt: skip
    return rows


async def _pictures(ground: Ground, customers: Customers, crowd: int) -> Row:
    """A photo, and a vision model of twelve seconds: "one moment" comes in time."""
    ground.tell(f"{crowd} photos, a model of 12 s")
    people = contacts(crowd)
    await all_open(customers, people, GREETING)
    _model.delay = 12.0
    began = asyncio.get_running_loop().time()

    async def show(place: int, who: str) -> float:
        await asyncio.sleep(began + _cycle(12.0) * place / len(people) - asyncio.get_running_loop().time())
        said = Said(
            contact=who, media=(Media(url=ground.running.api_url + PICTURE),), message_id=f"photo-{who}",
            at=datetime.now(UTC),
        )  # fmt: skip
        answer, written = customers.answer_to(who), time()
        await ground.door.post(ground.door.request_of(PLATFORMS["manychat"].inbound(said, CREDENTIALS)))
        return await asyncio.wait_for(answer, 60) - written

    waits = await asyncio.gather(*(show(place, who) for place, who in enumerate(people)))
    p95 = percentile(list(waits), 0.95)
    return Row(f"wait for the first part p95, {crowd} photos, model 12 s", f"{p95:.2f} s", aim="< 35 s", holds=p95 < 35)
