"""WhatsApp Cloud played on this machine: the Graph API with its limits, its windows and its errors."""

import hashlib
import json
import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from domain.messages import Choice
from platforms.simulation import Direction, Entry, Manners, World, control_routes, meet
from platforms.text import listed, mapping
from platforms.whatsapp.hooks import DISPLAY_PHONE, contact_in
from platforms.whatsapp.limits import PairLimit, contact_of, refusal, refused

NAME = "whatsapp"
VERSION = re.compile(r"v[0-9]{1,3}\.[0-9]")
WINDOW = timedelta(hours=24)
REFUSALS = {
    401: lambda: refusal(401, 190, "Invalid OAuth access token"),
    429: lambda: refusal(429, 130429, "Rate limit hit", "Cloud API message throughput has been reached."),
    500: lambda: refusal(500, 131000, "Something went wrong"),
}
MANNERS = Manners(
    platform=NAME,
    rate=80,
    span=1.0,
    refuse=lambda status, _: REFUSALS[status](),
    refuse_for_good=lambda: refusal(400, 131026, "Message undeliverable", "Message Undeliverable."),
)


def simulator(world: World, token: str = "") -> Starlette:
    """The Graph API of one business, delivering into `world`. Without a token any is good, but one must be sent."""
    api = _Api(world, token)
    routes = [
        Route("/attachments/{id}", api.attachment, methods=["GET"]),
        Route("/{version}/{number}/messages", api.messages, methods=["POST"]),
        Route("/{version}/{id}", api.node, methods=["GET"]),
    ]
    return Starlette(routes=[*control_routes(world), *routes])


class _Api:
    def __init__(self, world: World, token: str) -> None:
        self._world = world
        self._token = token
        self._pairs = PairLimit()

    async def messages(self, request: Request) -> Response:
        """Everything that is posted: messages, and the signs "read" and "typing"."""
        if no := self._unauthorized(request) or _unknown_version(request):
            return no
        try:
            body = mapping(json.loads(await request.body()))
        except ValueError:
            return refusal(400, 100, "Invalid JSON")
        if body.get("status") == "read":
            return self._show_sign(body)
        contact = contact_of(body) or str(body.get("to") or body.get("recipient") or "")
        return await meet(request, self._world, MANNERS, contact, lambda: self._deliver(contact, body))

    async def node(self, request: Request) -> Response:
        """`GET /{id}`: the business itself, our number, or where a medium lies."""
        if no := self._unauthorized(request) or _unknown_version(request):
            return no
        own_id = request.path_params["id"]
        if own_id == "me":
            return JSONResponse({"id": "1", "name": "Simulated business"})
        if "fields" in request.query_params:
            rated = {"verified_name": "Simulated", "quality_rating": "GREEN", "display_phone_number": DISPLAY_PHONE}
            return JSONResponse(rated | {"id": own_id})
        return self._whereabouts(request, own_id)

    async def attachment(self, request: Request) -> Response:
        """A medium's bytes, which need the token, too."""
        if no := self._unauthorized(request):
            return no
        found = self._world.media(request.path_params["id"])
        return Response(found[1], media_type=found[0]) if found else Response(status_code=404)

    def _whereabouts(self, request: Request, own_id: str) -> Response:
        found = self._world.media(own_id)
        if found is None:
            return refusal(400, 100, "Unsupported get request. The object does not exist")
        mime, content = found
        root = request.url.path.rsplit("/", 2)[0]
        url = str(request.url.replace(path=f"{root}/attachments/{own_id}", query=""))
        told = {"url": url, "mime_type": mime, "file_size": len(content), "id": own_id}
        digest = hashlib.sha256(content).hexdigest()
        return JSONResponse(told | {"sha256": digest, "messaging_product": "whatsapp"})

    def _unauthorized(self, request: Request) -> Response | None:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        right = "Bearer " in request.headers.get("authorization", "") and given and self._token in ("", given)
        return None if right else REFUSALS[401]()

    def _show_sign(self, body: dict[str, Any]) -> Response:
        message_id = body.get("message_id")
        if not isinstance(message_id, str) or not message_id:
            return refusal(400, 100, "Invalid parameter", "message_id is required")
        contact = self._writer_of(message_id)
        self._world.show_sign(NAME, contact, "seen")
        if mapping(body.get("typing_indicator")).get("type") == "text":
            self._world.show_sign(NAME, contact, "typing")
        return JSONResponse({"success": True})

    def _writer_of(self, message_id: str) -> str:
        """A message's id tells whose it is; one that a test has made up is looked for on the phones."""
        if contact := contact_in(message_id):
            return contact
        for contact in self._world.contacts(NAME):
            if any(entry.external_id == message_id for entry in self._world.phone(NAME, contact)):
                return contact
        return ""

    def _deliver(self, contact: str, body: dict[str, Any]) -> Response:
        if no := refused(body):
            return no
        if body.get("type") != "template" and self._is_window_closed(contact):
            return refusal(400, 131047, "Re-engagement message", "More than 24 hours have passed since they last wrote")
        if self._world.faults.setting(NAME).rate != 0 and not self._pairs.takes(contact):
            return refusal(400, 131056, "(Business Account, Consumer Account) pair rate limit hit")
        entry = self._world.show(self._entry(contact, body))
        addressed = {"input": contact, "user_id" if "recipient" in body else "wa_id": contact}
        told = {"messaging_product": "whatsapp", "contacts": [addressed], "messages": [{"id": entry.external_id}]}
        return JSONResponse(told)

    def _is_window_closed(self, contact: str) -> bool:
        """A customer whom this phone never saw writing is taken for one who has just written."""
        heard = [entry.at for entry in self._world.phone(NAME, contact) if entry.direction is Direction.IN]
        return bool(heard) and self._world.clock() - heard[-1] > WINDOW

    def _entry(self, contact: str, body: dict[str, Any]) -> Entry:
        text, choices = _shown(body)
        return Entry(
            platform=NAME,
            contact=contact,
            at=self._world.clock(),
            direction=Direction.OUT,
            text=text,
            choices=choices,
            image_url=str(mapping(body.get("image")).get("link") or ""),
            external_id=f"wamid.{uuid4().hex.upper()}",
        )


def _unknown_version(request: Request) -> Response | None:
    known = VERSION.fullmatch(request.path_params["version"])
    return None if known else refusal(400, 2500, "Unknown path components")


def _shown(body: dict[str, Any]) -> tuple[str, tuple[Choice, ...]]:
    """What the phone shows of a message that passed."""
    content = mapping(body[body["type"]])
    match body["type"]:
        case "text":
            return content["body"], ()
        case "image":
            return content.get("caption") or "", ()
        case "template":
            parameters = [p for component in listed(content.get("components")) for p in listed(component["parameters"])]
            return " ".join(parameter["text"] for parameter in parameters), ()
    action = content["action"]
    rows = [button["reply"] for button in listed(action.get("buttons"))]
    rows += [row for section in listed(action.get("sections")) for row in section["rows"]]
    return content["body"]["text"], tuple(Choice(id=row["id"], title=row["title"]) for row in rows)
