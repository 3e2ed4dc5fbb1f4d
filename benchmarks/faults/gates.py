"""Gates in front of and behind what the system asks of others: they tell that a step is reached, and hold it."""

import asyncio
import re
import threading
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from benchmarks.faults.plan import Step

LOOK = 0.004
Whose = Callable[[bytes], str]


class Gates:
    """Which steps of whose turns are held. Shared by threads: the servers run in one of their own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._closed: set[tuple[Step, str]] = set()
        self._reached: set[tuple[Step, str]] = set()

    def close(self, step: Step, contact: str) -> None:
        """Hold this customer's next call at this step."""
        with self._lock:
            self._closed.add((step, contact))

    def open(self, step: Step, contact: str) -> None:
        """Let it go on."""
        with self._lock:
            self._closed.discard((step, contact))
            self._reached.discard((step, contact))

    def is_reached(self, step: Step, contact: str) -> bool:
        """Whether a call stands before the gate."""
        with self._lock:
            return (step, contact) in self._reached

    async def pass_through(self, step: Step, contact: str) -> None:
        """Wait for as long as the gate is closed."""
        gate = step, contact
        while gate in self._closed:
            with self._lock:
                if gate in self._closed:
                    self._reached.add(gate)
            await asyncio.sleep(LOOK)


class Gated:
    """A server with one gate before it does what is asked, and one before it answers."""

    def __init__(self, app: ASGIApp, gates: Gates, before: Step, after: Step, whose: Whose) -> None:
        self._app = app
        self._gates = gates
        self._before = before
        self._after = after
        self._whose = whose

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Only what is posted is gated: looking something up has no effect."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        body = await _whole(receive)
        contact = self._whose(body)
        await self._gates.pass_through(self._before, contact)
        told = [False]

        async def again() -> Message:
            if told[0]:
                return await receive()
            told[0] = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def held(message: Message) -> None:
            if message["type"] == "http.response.start":
                await self._gates.pass_through(self._after, contact)
            await send(message)

        await self._app(scope, again, held)


async def _whole(receive: Receive) -> bytes:
    pieces = []
    while True:
        message = await receive()
        pieces.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(pieces)


_CONTACT = re.compile(rb'"(?:client_id|subscriber_id)":\s*"?(\d+)')
_CODE = re.compile(r"кодик([a-j]+)x([a-j]+)")
_LETTERS = "abcdefghij"


def contact_in(body: bytes) -> str:
    """Whom a platform is asked to write to."""
    found = _CONTACT.search(body)
    return found.group(1).decode() if found else ""


def code(contact: str, number: int) -> str:
    """A word that names a customer and a message of theirs, without a digit that a flow could take for anything."""
    return f"кодик{_word(contact)}x{_word(str(number))}"


def codes_in(text: str) -> list[tuple[str, int]]:
    """The customers and messages that are named in a text."""
    return [(_digits(who), int(_digits(number))) for who, number in _CODE.findall(text)]


def asker_in(body: bytes) -> str:
    """Whose question a model is asked: the last one that is named."""
    named = _CODE.findall(body.decode(errors="replace").encode().decode("unicode_escape", errors="replace"))
    named = named or _CODE.findall(body.decode(errors="replace"))
    return _digits(named[-1][0]) if named else ""


def _word(digits: str) -> str:
    return "".join(_LETTERS[int(digit)] for digit in digits)


def _digits(word: str) -> str:
    return "".join(str(_LETTERS.index(letter)) for letter in word)
