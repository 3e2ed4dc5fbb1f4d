"""Chat2Desk played on this machine: API v1 with its real refusals and its message list, and the hooks it would post."""

import hashlib
import json
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from domain.messages import MessageKind
from platforms.base import Credentials
from platforms.chat2desk.signature import keys_of, sign, timestamp_header
from platforms.kit import Said
from platforms.simulation import Direction, Entry, Manners, Webhook, World, control_routes, meet, stamp
from platforms.text import mapping

CHANNEL_ID = 1
OPERATOR_ID = 7
TRANSPORTS = ("telegram", "instagram", "viber_public", "wa_dialog")
"""Some of those Chat2Desk carries."""
LIMITS = {"instagram": 1000}
LONGEST_TEXT = 4096


def simulator(world: World, token: str = "") -> Starlette:
    """Chat2Desk's API, delivering into `world`. Without a token any is good, but one must be sent."""
    api = _Api(world, token)
    routes = [
        Route("/v1/messages", api.send_message, methods=["POST"]),
        Route("/v1/messages", api.list_messages, methods=["GET"]),
        Route("/v1/companies/api_info", api.api_info, methods=["GET"]),
    ]
    return Starlette(routes=[*routes, *control_routes(world)])


def dialog_of(contact: str) -> int:
    """Every simulated client has one dialog; its number follows from the client's, whatever process asks."""
    return int(hashlib.sha256(contact.encode()).hexdigest()[:8], 16)


def inbound_body(said: Said) -> dict[str, Any]:
    """An inbox hook in the vendor's key order. Without an id the message gets one made from its time."""
    own = said.message_id if said.message_id is not None else str(int(said.at.timestamp() * 1_000_000))
    client = {"id": _number(said.contact), "phone": f"[tg] {said.contact}", "client_phone": None}
    return {
        "message_id": _number(own),
        "type": "from_client",
        "text": said.text,
        "transport": said.channel or "telegram",
        "client_id": _number(said.contact),
        "operator_id": None,
        "dialog_id": dialog_of(said.contact),
        "channel_id": CHANNEL_ID,
        "photo": _first(said, MessageKind.IMAGE),
        "coordinates": None,
        "audio": _first(said, MessageKind.AUDIO),
        "pdf": _first(said, MessageKind.DOCUMENT),
        "client": client | {"name": said.name or None, "assigned_name": None, "external_id": None},
        "hook_type": "inbox",
        "request_id": dialog_of(said.contact),
        "attachments": [],
        "is_new_request": False,
        "is_new_client": False,
        "extra_data": {},
        "event_time": stamp(said.at),
    }


def _first(said: Said, kind: MessageKind) -> str | None:
    return next((one.url for one in said.media if (one.kind or MessageKind.IMAGE) is kind), None)


def inbound(said: Said, credentials: Credentials) -> Webhook:
    """A whole hook: the secret in its address, and signed where the account has an API token."""
    return _hook(inbound_body(said), said, credentials)


def echo(said: Said, credentials: Credentials) -> Webhook:
    """The outbox hook of what an operator wrote in Chat2Desk itself."""
    fields = inbound_body(said) | {"hook_type": "outbox", "type": "to_client", "operator_id": OPERATOR_ID}
    return _hook(fields, said, credentials)


def _hook(fields: dict[str, Any], said: Said, credentials: Credentials) -> Webhook:
    body = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
    headers = {"content-type": "application/json"}
    if credentials.access_token:
        timestamp = str(int(said.at.timestamp()))
        headers[timestamp_header(credentials).lower()] = timestamp
        headers["x-signature"] = sign(keys_of(credentials.access_token)[0], body, timestamp)
    query = {"secret": credentials.webhook_secret} if credentials.webhook_secret else {}
    return Webhook(path="/webhook/chat2desk", query=query, headers=headers, body=body)


def _number(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else text


def _error(status: int, message: str) -> Response:
    return JSONResponse({"status": "error", "message": message}, status_code=status)


MANNERS = Manners(
    platform="chat2desk",
    rate=300,
    span=60.0,
    refuse=_error,
    refuse_for_good=lambda: _error(200, "Client not found"),
)


class _Api:
    def __init__(self, world: World, token: str) -> None:
        self._world = world
        self._token = token

    async def api_info(self, request: Request) -> Response:
        if refusal := self._unauthorized(request):
            return refusal
        return JSONResponse({"status": "success", "data": {"mode": "demo", "requests_this_month": 0}})

    async def send_message(self, request: Request) -> Response:
        if refusal := self._unauthorized(request):
            return refusal
        try:
            body = mapping(json.loads(await request.body()))
        except ValueError:
            return _error(400, "The body is not JSON")
        client = body.get("client_id")
        if isinstance(client, bool) or not isinstance(client, int):
            return _error(400, "client_id is missing")
        return await meet(request, self._world, MANNERS, str(client), lambda: self._deliver(str(client), body))

    async def list_messages(self, request: Request) -> Response:
        """The vendor pages this list by `start_id`; `offset` does not work, so it is not offered."""
        if refusal := self._unauthorized(request):
            return refusal
        dialog, limit = (request.query_params.get(name, "") for name in ("dialog_id", "limit"))
        most = min(int(limit), 200) if limit.isdigit() else 20
        known = {str(dialog_of(c)): c for c in {*self._world.contacts("chat2desk"), *self._world.called("chat2desk")}}
        if dialog not in known:
            return _error(404, "Dialog not found")
        entries = self._world.phone("chat2desk", known[dialog])[::-1]
        if request.query_params.get("order") != "desc":
            entries.reverse()
        listed = [_listed(entry) for entry in entries[:most]]
        return JSONResponse({"status": "success", "data": listed, "meta": {"total": len(entries), "limit": most}})

    def _unauthorized(self, request: Request) -> Response | None:
        given = request.headers.get("authorization", "")
        right = given and not given.startswith("Bearer ") and self._token in ("", given)
        return None if right else _error(401, "Unauthorized")

    def _deliver(self, contact: str, body: dict[str, Any]) -> Response:
        text, image = body.get("text") or "", body.get("attachment") or ""
        transport = body.get("transport") or "telegram"
        if not text and not image:
            return _error(400, "text is missing")
        size = len(text.encode()) if transport == "instagram" else len(text)
        if size > LIMITS.get(transport, LONGEST_TEXT):
            return _error(400, "text is too long")
        entry = self._world.show(
            Entry(
                platform="chat2desk",
                contact=contact,
                at=self._world.clock(),
                direction=Direction.OUT,
                text=text,
                image_url=image,
                external_id=str(body.get("external_id") or ""),
                dialog=str(dialog_of(contact)),
                opened=body.get("open_dialog", True) is not False,
            )
        )
        return JSONResponse({"status": "success", "data": _receipt(entry, transport)})


def _receipt(entry: Entry, transport: str) -> dict[str, Any]:
    return {
        "message_id": entry.id,
        "channel_id": CHANNEL_ID,
        "operator_id": None,
        "transport": transport,
        "type": "to_client",
        "client_id": int(entry.contact),
        "dialog_id": int(entry.dialog),
        "request_id": int(entry.dialog),
    }


def _listed(entry: Entry) -> dict[str, Any]:
    """Of the list's fields only these are relied on; `external_id` is left out, as the vendor may do."""
    return {
        "id": entry.id,
        "text": entry.text,
        "type": "to_client" if entry.direction is Direction.OUT else "from_client",
        "created": entry.at.strftime("%Y-%m-%dT%H:%M:%S UTC"),
        "client_id": entry.contact,
        "dialog_id": dialog_of(entry.contact),
    }
