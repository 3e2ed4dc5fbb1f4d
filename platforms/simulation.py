"""What simulated platforms share: the world they deliver into, and how a call meets its faults.

`POST /_faults` (`Fault`), `GET /_faults`, `DELETE /_faults?platform=` · `POST /_gate` (`Gate`), `GET /_gate` ·
`POST /_settings` (`Setting`) · `GET /_world/{platform}` (contacts), `GET /_world/{platform}/{contact}?after=` (what the
phone shows), `POST /_world/{platform}/{contact}` with `{"unknown": true|false}` or
`{"said": "…", "media": […], "id": "…"}` ·
`GET /_calls/{platform}` (every send call and what became of it) · `GET /_shown/{platform}?after=` (whom our messages
reached and when, on all phones) · `POST /_media` (bytes; gives `id` and `url`),
`GET /_media/{id}`. Every simulator serves these beside its own API.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from domain.model import Value
from platforms.simulation_faults import Fault, FaultKind, Gate, Setting
from platforms.simulation_world import Direction, Entry, World
from platforms.text import mapping

__all__ = ["Direction", "Entry", "Fault", "FaultKind", "Gate", "Setting", "Webhook", "World", "control_routes", "meet"]

POLL = 0.01
LARGEST_MEDIUM = 20 * 1024 * 1024
HARMLESS = {"Content-Security-Policy": "default-src 'none'; sandbox", "X-Content-Type-Options": "nosniff"}
Rule = TypeVar("Rule", bound=Value)


class Webhook(Value):
    """A webhook ready to be posted to our API."""

    path: str
    query: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}
    body: bytes


@dataclass(frozen=True)
class Manners:
    """How one platform says no."""

    platform: str
    rate: int
    span: float
    """Seconds the rate is counted over."""
    refuse: Callable[[int, str], Response]
    """An error of this HTTP status in the platform's own words."""
    refuse_for_good: Callable[[], Response]
    """What a contact who can never be reached answers."""


async def meet(
    request: Request, world: World, manners: Manners, contact: str, deliver: Callable[[], Response]
) -> Response:
    """Carry out one send call: through gate, latency and rate, into its fault or to the customer."""
    setting = world.faults.setting(manners.platform)
    if not await _passes_gate(request, world, manners.platform, contact):
        return Dropped()
    await asyncio.sleep(setting.latency or 0)
    rate = manners.rate if setting.rate is None else setting.rate
    fault = world.faults.take(manners.platform, contact)
    if fault is None and world.faults.over_rate(manners.platform, rate, manners.span):
        fault = Fault(platform=manners.platform, kind=FaultKind.RATE_LIMITED, retry_after=setting.retry_after)
    if fault is None and world.is_unknown(manners.platform, contact):
        fault = Fault(platform=manners.platform, kind=FaultKind.REFUSED)
    if fault:
        world.log_call(manners.platform, contact, fault.kind.value)
        return await _suffer(request, manners, fault, deliver)
    answer = deliver()
    world.log_call(manners.platform, contact, str(answer.status_code))
    return answer


def _refused(manners: Manners, fault: Fault) -> Response | None:
    """The answer of a fault that refuses; None: this one does worse than answer."""
    refusals: dict[FaultKind, Callable[[], Response]] = {
        FaultKind.RATE_LIMITED: lambda: manners.refuse(429, "Too many requests"),
        FaultKind.SERVER_ERROR: lambda: manners.refuse(500, "Internal server error"),
        FaultKind.UNAUTHORIZED: lambda: manners.refuse(401, "Wrong token"),
        FaultKind.REFUSED: manners.refuse_for_good,
    }
    if fault.kind not in refusals:
        return None
    answer = refusals[fault.kind]()
    if fault.retry_after is not None:
        answer.headers["Retry-After"] = f"{fault.retry_after:g}"
    return answer


async def _suffer(request: Request, manners: Manners, fault: Fault, deliver: Callable[[], Response]) -> Response:
    """What a call gets under a fault."""
    if answer := _refused(manners, fault):
        return answer
    if fault.kind is FaultKind.HANG:
        gone = await _sleep_while_connected(request, fault.seconds)
        return manners.refuse(500, "Client closed the request") if gone else deliver()
    if fault.kind in (FaultKind.ANSWER_LOST, FaultKind.RESET):
        deliver()
    if fault.kind is FaultKind.ANSWER_LOST:
        await _sleep_while_connected(request, fault.seconds)
    return Dropped()


async def _passes_gate(request: Request, world: World, platform: str, contact: str) -> bool:
    """Wait at a closed gate, polling so that any thread may open it; False: the caller went away meanwhile."""
    if not world.faults.is_held(platform, contact):
        return True
    world.faults.waiting += 1
    try:
        while world.faults.is_held(platform, contact):
            if await request.is_disconnected():
                return False
            await asyncio.sleep(POLL)
        return not await request.is_disconnected()
    finally:
        world.faults.waiting -= 1


async def _sleep_while_connected(request: Request, seconds: float) -> bool:
    """Sleep; True as soon as the caller has hung up, so that a server can stop in time."""
    deadline = asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < deadline:
        if await request.is_disconnected():
            return True
        await asyncio.sleep(POLL)
    return False


class Dropped(Response):
    """No answer: the connection is cut.

    Under uvicorn by aborting its transport; elsewhere by promising a body that never comes, which a client sees as
    the same broken connection.
    """

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Cut instead of answering."""
        transport = getattr(getattr(receive, "__self__", None), "transport", None)
        if transport is not None:
            transport.abort()
            await asyncio.sleep(2 * POLL)  # let the server notice, or it would try to answer 500
            return
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})


def control_routes(world: World) -> list[Route]:
    """The HTTP API for tests and pages; see the module's docstring."""
    control = _Control(world)
    return [
        Route("/_faults", control.faults, methods=["GET", "POST", "DELETE"]),
        Route("/_gate", control.gate, methods=["GET", "POST"]),
        Route("/_settings", control.settings, methods=["POST"]),
        Route("/_world/{platform}", control.contacts, methods=["GET"]),
        Route("/_world/{platform}/{contact:path}", control.phone, methods=["GET", "POST"]),
        Route("/_calls/{platform}", control.calls, methods=["GET"]),
        Route("/_shown/{platform}", control.shown, methods=["GET"]),
        Route("/_media", control.keep_media, methods=["POST"]),
        Route("/_media/{id}", control.media, methods=["GET"]),
    ]


class _Control:
    """The endpoints behind `control_routes`."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def faults(self, request: Request) -> Response:
        """Add, list or clear faults."""
        if request.method == "POST":
            return await _change(request, Fault, self._world.faults.add)
        if request.method == "DELETE":
            self._world.faults.clear(request.query_params.get("platform"))
        return JSONResponse([rule.model_dump(mode="json") for rule in self._world.faults.rules()])

    async def gate(self, request: Request) -> Response:
        """Close or open a gate, or tell how many calls wait."""
        if request.method == "POST":
            return await _change(request, Gate, self._world.faults.set_gate)
        return JSONResponse({"waiting": self._world.faults.waiting})

    async def settings(self, request: Request) -> Response:
        """Change latency and rate."""
        return await _change(request, Setting, self._world.faults.change)

    async def contacts(self, request: Request) -> Response:
        """Whose phones there are."""
        return JSONResponse(self._world.contacts(request.path_params["platform"]))

    async def phone(self, request: Request) -> Response:
        """What one phone shows; or: its owner writes (`said`), or becomes unknown to the platform (`unknown`)."""
        platform, contact = request.path_params["platform"], request.path_params["contact"]
        if request.method == "POST":
            change = mapping(await request.json())
            if "unknown" in change:
                self._world.set_unknown(platform, contact, unknown=bool(change["unknown"]))
            if change.get("said") or change.get("media"):
                return self._show_said(platform, contact, change)
            return JSONResponse({}, status_code=201)
        after = request.query_params.get("after", "0")
        entries = self._world.phone(platform, contact, after=int(after) if after.isdigit() else 0)
        return JSONResponse([entry.model_dump(mode="json") for entry in entries])

    def _show_said(self, platform: str, contact: str, change: dict[str, Any]) -> Response:
        said, media, own_id = (change.get(field) for field in ("said", "media", "id"))
        told = {"text": said or "", "media": media or (), "external_id": own_id or "", "at": self._world.clock()}
        where = {"platform": platform, "contact": contact, "direction": Direction.IN}
        try:
            self._world.show(Entry.model_validate(told | where))
        except ValidationError as error:
            return JSONResponse({"error": error.errors(include_url=False, include_context=False)}, status_code=422)
        return JSONResponse({}, status_code=201)

    async def keep_media(self, request: Request) -> Response:
        """Take a picture or voice note as a phone would upload it."""
        content = bytearray()
        async for piece in request.stream():
            content += piece
            if len(content) > LARGEST_MEDIUM:
                return JSONResponse({"error": "a medium has at most 20 MB"}, status_code=413)
        mime = request.headers.get("content-type", "application/octet-stream")
        own_id = self._world.keep_media(bytes(content), mime)
        url = str(request.url.replace(path=f"{request.url.path}/{own_id}", query=""))
        return JSONResponse({"id": own_id, "url": url}, status_code=201)

    async def media(self, request: Request) -> Response:
        """The bytes, at an address like a platform's public one; whatever they are, no browser runs them."""
        found = self._world.media(request.path_params["id"])
        return Response(found[1], media_type=found[0], headers=HARMLESS) if found else Response(status_code=404)

    async def shown(self, request: Request) -> Response:
        """Whom our messages reached and when, on all phones: the next thousand, and where to go on."""
        after = request.query_params.get("after", "")
        return JSONResponse(self._world.shown(request.path_params["platform"], int(after) if after.isdigit() else None))

    async def calls(self, request: Request) -> Response:
        """Every send call, oldest first."""
        return JSONResponse(self._world.calls(request.path_params["platform"]))


async def _change(request: Request, rule: type[Rule], apply: Callable[[Rule], object]) -> Response:
    """Read a rule from the body and apply it."""
    try:
        wanted = rule.model_validate_json(await request.body())
    except ValidationError as error:
        return JSONResponse({"error": error.errors(include_url=False, include_context=False)}, status_code=422)
    apply(wanted)
    return JSONResponse(wanted.model_dump(mode="json"), status_code=201)


def stamp(now: datetime) -> str:
    """A time as webhooks write it."""
    return now.isoformat().replace("+00:00", "Z")
