"""Steady customers, who write in bursts, read, think, and write on; what is not taken their platforms deliver again."""

import asyncio
import contextlib
import json
import random
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count, cycle

import httpx

from benchmarks.door import CREDENTIALS, Door
from benchmarks.faults.gates import code
from benchmarks.faults.outside import TROUBLES, Outside
from benchmarks.faults.plan import Kind
from domain.identifiers import Address
from domain.messages import Received
from platforms.base import WebhookRequest
from platforms.kit import Said
from platforms.registry import PLATFORMS
from platforms.simulation import Entry, Fault, FaultKind

PATIENCE = 20.0
"""Seconds a customer waits for an answer before going on without."""
AGAIN_AFTER = 0.25
GIVES_UP = 90.0
"""Seconds after which a platform no longer delivers a webhook that is not taken."""
ANSWERED_WITHIN = 10.0
DETAILS = ("3 бутыли на ул. Ахунбаева 12, кв. 5", "0555 12 34 56")
TALK = "Порадьте, будь ласка, щось гарне на літню прогулянку"
SENDS = (
    FaultKind.SERVER_ERROR, FaultKind.RATE_LIMITED, FaultKind.RESET, FaultKind.RESET_BEFORE, FaultKind.HANG,
    FaultKind.ANSWER_LOST,
)  # fmt: skip
WEBHOOKS = ("doubled", "doubled later", "reordered")
_numbers = count(1)


@dataclass
class Message:
    """One message of a customer's, and what its webhook was answered."""

    address: Address
    id: str
    kind: Kind
    number: int
    accepted_at: float = 0.0
    """Monotonic; 0: never."""
    deliveries: int = 0


@dataclass
class Weather:
    """What goes wrong around a turn beside the strikes, by chance from the seed."""

    chance: random.Random
    share: float
    """Of the turns that meet something."""
    counted: Counter[str] = field(default_factory=Counter)

    def comes(self) -> bool:
        """Whether this turn meets something."""
        return self.chance.random() < self.share


class Crowd:
    """All customers, and everything they wrote."""

    def __init__(self, door: Door, outside: Outside, seed: int, weather_share: float) -> None:
        self.door = door
        self.outside = outside
        self.weather = Weather(random.Random(seed + 1), weather_share)
        self.messages: list[Message] = []
        self.waiting_for_a_turn: deque[tuple[set[Kind], asyncio.Future[Turn]]] = deque()
        """Strikes that want a turn of one of these kinds."""
        self.is_over = False
        self.people: dict[tuple[str, str], Customer] = {}
        self.http = httpx.AsyncClient()
        self._readers = {name: PLATFORMS[name].adapter(self.http) for name in ("chat2desk", "manychat")}

    def add(self, platform: str, contact: str, seed: int) -> "Customer":
        """One more."""
        customer = Customer(self, Address(platform=platform, account="default", contact=contact), random.Random(seed))
        self.people[platform, contact] = customer
        return customer

    def shown(self, entry: Entry) -> None:
        """A bubble appeared on somebody's phone."""
        if customer := self.people.get((entry.platform, entry.contact)):
            customer.reads()

    @property
    def accepted(self) -> list[Message]:
        """Everything a webhook was answered 2xx for."""
        return [message for message in self.messages if message.accepted_at]

    def prepare(self, address: Address, kind: Kind, text: str, number: int) -> tuple[Message, bytes]:
        """A message, its id as the system reads it, and the whole request."""
        said = Said(contact=address.contact, text=text, message_id=str(90_000_000 + number), at=datetime.now(UTC))
        hook = PLATFORMS[address.platform].inbound(said, CREDENTIALS)
        seen = WebhookRequest(headers=hook.headers, query=hook.query, body=hook.body, now=datetime.now(UTC))
        events = self._readers[address.platform].read(json.loads(hook.body), seen, CREDENTIALS)
        id = next(event.message.id for event in events if isinstance(event, Received))
        message = Message(address, id, kind, number)
        self.messages.append(message)
        return message, self.door.request_of(hook)

    async def deliver(self, message: Message, request: bytes, posting: Callable[[], None] = lambda: None) -> None:
        """Post a webhook as its platform would: again and again until it is taken, or for too long."""
        until = time.monotonic() + GIVES_UP
        while time.monotonic() < until:
            posting()
            message.deliveries += 1
            with contextlib.suppress(OSError, EOFError, TimeoutError, asyncio.IncompleteReadError, ValueError):
                status, _ = await asyncio.wait_for(self.door.exchange(request), ANSWERED_WITHIN)
                if status // 100 == 2:
                    message.accepted_at = message.accepted_at or time.monotonic()
                    return
            await asyncio.sleep(AGAIN_AFTER)


@dataclass
class Turn:
    """One burst of a customer's, offered to a strike."""

    customer: "Customer"
    kind: Kind
    armed: asyncio.Event = field(default_factory=asyncio.Event)
    """The gate is closed: the customer may write."""
    posting: asyncio.Event = field(default_factory=asyncio.Event)
    accepted: asyncio.Event = field(default_factory=asyncio.Event)
    read: asyncio.Event = field(default_factory=asyncio.Event)
    messages: list[Message] = field(default_factory=list)


class Customer:
    """One phone."""

    def __init__(self, crowd: Crowd, address: Address, chance: random.Random) -> None:
        self._crowd = crowd
        self.address = address
        self._chance = chance
        self._read = asyncio.Event()

    def reads(self) -> None:
        """A bubble came."""
        self._read.set()

    async def live(self, think: float) -> None:
        """Turn after turn, until the crowd goes home."""
        await asyncio.sleep(self._chance.random() * 2)
        for kind in cycle((Kind.TALK,) if self.address.platform == "manychat" else (Kind.DETAILS, Kind.YES)):
            if self._crowd.is_over:
                return
            await self._take_turn(kind)
            await asyncio.sleep(self._chance.random() * 2 * think)

    def _texts(self, kind: Kind) -> list[tuple[int, str]]:
        """What is said in this turn, with a number for each message."""
        match kind:
            case Kind.DETAILS:
                said = list(DETAILS)
            case Kind.YES:
                said = ["да"]
            case Kind.TALK:
                said = [TALK] * self._chance.choice((1, 1, 2, 3, 5))
        numbered = [(next(_numbers), text) for text in said]
        if kind is Kind.TALK:
            return [(number, f"{text} {code(self.address.contact, number)}") for number, text in numbered]
        return numbered

    async def _take_turn(self, kind: Kind) -> None:
        turn = self._offer(kind)
        if turn is not None:
            await turn.armed.wait()
        requests = [self._crowd.prepare(self.address, kind, text, number) for number, text in self._texts(kind)]
        if turn is not None:
            turn.messages = [message for message, _ in requests]
        self._read.clear()
        await self._write(requests, turn)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._read.wait(), PATIENCE)
        if turn is not None:
            turn.read.set()

    def _offer(self, kind: Kind) -> Turn | None:
        for place, (kinds, wanted) in enumerate(self._crowd.waiting_for_a_turn):
            if kind in kinds and not wanted.done():
                del self._crowd.waiting_for_a_turn[place]
                turn = Turn(self, kind)
                wanted.set_result(turn)
                return turn
        return None

    async def _write(self, requests: list[tuple[Message, bytes]], turn: Turn | None) -> None:
        webhooks = "" if turn is not None else self._weather(requests[0][0].kind)
        if webhooks == "reordered" and len(requests) > 1:
            await asyncio.gather(*(self._crowd.deliver(*one) for one in reversed(requests)))
            return
        for place, (message, request) in enumerate(requests):
            if place:
                await asyncio.sleep(self._chance.choice((0.02, 0.1, 0.6)))
            last = turn is not None and place == len(requests) - 1
            await self._crowd.deliver(message, request, turn.posting.set if turn and last else lambda: None)
            if webhooks == "doubled":
                await self._crowd.deliver(message, request)
        if turn is not None:
            turn.accepted.set()
        if webhooks == "doubled later":
            await asyncio.sleep(1.5)
            await self._crowd.deliver(*requests[-1])

    def _weather(self, kind: Kind) -> str:
        """What this turn meets; the fate of its webhook, if it is that."""
        weather = self._crowd.weather
        if not weather.comes():
            return ""
        fault = weather.chance.choice((*SENDS, *WEBHOOKS, *(TROUBLES if kind is Kind.TALK else ())))
        name = "reordered" if fault == "reordered" and kind is Kind.YES else str(fault)
        if fault in TROUBLES:
            self._crowd.outside.model.troubles[self.address.contact] = str(fault)
            return ""
        if isinstance(fault, FaultKind):
            self._send_fault(fault)
            return ""
        if name != "reordered" or kind is Kind.DETAILS:
            weather.counted[f"webhook {name}"] += 1
        return name

    def _send_fault(self, kind: FaultKind) -> None:
        """Its next part meets this."""
        address = self.address
        retry_after = 1.0 if kind is FaultKind.RATE_LIMITED else None
        fault = Fault(
            platform=address.platform, contact=address.contact, kind=kind, seconds=11.0, retry_after=retry_after
        )
        self._crowd.outside.world.faults.add(fault)
