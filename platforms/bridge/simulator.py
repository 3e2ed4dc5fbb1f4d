"""Both bridges' HTTP APIs played on this machine, with their refusals and their shapes of errors."""

import json
from base64 import b64encode
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from platforms.bridge.jids import LID_SUFFIX, Elsewhere, contact_among, message_id_of
from platforms.simulation import Direction, Entry, Manners, World, control_routes, meet
from platforms.text import mapping

NAMES = {400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 429: "Too Many Requests"}
PRESENCES = ("unavailable", "available", "composing", "recording", "paused")


def simulator(world: World, token: str = "") -> Starlette:
    """Both APIs, delivering into `world`. Without a token any is good, but one must be sent.

    An instance is missing where the world does not know the contact `instance:<name>`.
    """
    evolution, web = _Evolution(world, token), _Wppconnect(world, token)
    routes = [
        Route("/message/sendText/{instance}", evolution.send_text, methods=["POST"]),
        Route("/message/sendMedia/{instance}", evolution.send_media, methods=["POST"]),
        Route("/chat/sendPresence/{instance}", evolution.send_presence, methods=["POST"]),
        Route("/chat/markMessageAsRead/{instance}", evolution.mark_read, methods=["POST"]),
        Route("/chat/getBase64FromMediaMessage/{instance}", evolution.media, methods=["POST"]),
        Route("/instance/connectionState/{instance}", evolution.state, methods=["GET"]),
        Route("/api/{instance}/send-message", web.send_message, methods=["POST"]),
        Route("/api/{instance}/get-media-by-message/{id}", web.media, methods=["GET"]),
        Route("/api/{instance}/check-connection-session", web.state, methods=["GET"]),
    ]
    return Starlette(routes=[*routes, *control_routes(world)])


def _evolution_error(status: int, message: Any) -> Response:
    """What `main.ts` makes of an exception."""
    name = NAMES.get(status, "Internal Server Error")
    return JSONResponse({"status": status, "error": name, "response": {"message": message}}, status_code=status)


def _number_unknown() -> Response:
    return _evolution_error(400, [{"exists": False, "jid": "000@s.whatsapp.net", "number": "000"}])


def _web_error(status: int, message: str) -> Response:
    return JSONResponse({"status": "Error", "message": message}, status_code=status)


def _web_number_unknown() -> Response:
    body = {"response": None, "status": "Connected", "message": "O número 000 não existe."}
    return JSONResponse(body, status_code=400)


EVOLUTION = Manners(platform="bridge", rate=0, span=60.0, refuse=_evolution_error, refuse_for_good=_number_unknown)
WPPCONNECT = Manners(platform="bridge", rate=0, span=60.0, refuse=_web_error, refuse_for_good=_web_number_unknown)


class _Bridge:
    """What both have in common: the phone behind them."""

    def __init__(self, world: World, token: str) -> None:
        self._world = world
        self._token = token

    def _is_missing(self, request: Request) -> bool:
        return self._world.is_unknown("bridge", f"instance:{request.path_params['instance']}")

    def _show(self, contact: str, text: str, image_url: str = "") -> str:
        own_id = f"3EB0{uuid4().hex[:18].upper()}"
        self._world.show(
            Entry(
                platform="bridge",
                contact=contact,
                at=self._world.clock(),
                direction=Direction.OUT,
                text=text,
                image_url=image_url,
                external_id=own_id,
            )
        )
        return own_id


async def _body(request: Request) -> dict[str, Any]:
    try:
        return mapping(json.loads(await request.body()))
    except ValueError:
        return {}


class _Evolution(_Bridge):
    """Evolution API v2.3."""

    async def send_text(self, request: Request) -> Response:
        """`{"number", "text"}`."""
        body = await _body(request)
        return await self._send(request, body, "text", lambda to: self._show(to, body["text"]))

    async def send_media(self, request: Request) -> Response:
        """`{"number", "mediatype", "media", …}`; the picture is fetched by its address."""
        body = await _body(request)
        if body.get("mediatype") not in ("image", "video", "document", "audio"):
            return _evolution_error(400, [['instance requires property "mediatype"']])
        return await self._send(
            request, body, "media", lambda to: self._show(to, body.get("caption", ""), body["media"])
        )

    async def _send(self, request: Request, body: dict[str, Any], needed: str, show: Callable[[str], str]) -> Response:
        if refusal := self._refusal(request):
            return refusal
        if not isinstance(body.get(needed), str) or not body[needed].strip():
            return _evolution_error(400, [[f'instance requires property "{needed}"']])
        contact = contact_among([body.get("number")])
        if isinstance(contact, Elsewhere):
            return _number_unknown()

        def deliver() -> Response:
            key = {"remoteJid": _jid(contact), "fromMe": True, "id": show(contact)}
            now = str(int(self._world.clock().timestamp()))
            return JSONResponse({"key": key, "messageTimestamp": now, "status": "PENDING"}, status_code=201)

        return await meet(request, self._world, EVOLUTION, contact, deliver)

    async def send_presence(self, request: Request) -> Response:
        """`{"number", "presence", "delay"}`. The real one answers after the delay; here nobody has to wait."""
        if refusal := self._refusal(request):
            return refusal
        body = await _body(request)
        contact = contact_among([body.get("number")])
        if body.get("presence") not in PRESENCES or not isinstance(body.get("delay"), int):
            return _evolution_error(400, [['instance requires property "presence"']])
        if isinstance(contact, Elsewhere):
            return _number_unknown()
        self._world.show_sign("bridge", contact, "typing")
        return JSONResponse({"presence": body["presence"]}, status_code=201)

    async def mark_read(self, request: Request) -> Response:
        """`{"readMessages": [{"remoteJid", "fromMe", "id"}]}`."""
        if refusal := self._refusal(request):
            return refusal
        listed = (await _body(request)).get("readMessages")
        if not isinstance(listed, list) or not listed:
            return _evolution_error(400, [['instance requires property "readMessages"']])
        for key in map(mapping, listed):
            contact = contact_among([key.get("remoteJid")])
            if key.get("id") and not isinstance(contact, Elsewhere):
                self._world.show_sign("bridge", contact, "seen")
        return JSONResponse({"message": "Read messages", "read": "success"}, status_code=201)

    async def media(self, request: Request) -> Response:
        """`{"message": {"key": {"id"}}}`: the bytes as base64 in JSON."""
        if refusal := self._refusal(request):
            return refusal
        key = mapping(mapping((await _body(request)).get("message")).get("key"))
        found = self._world.media(str(key.get("id")))
        if found is None:
            return _evolution_error(400, ["Message not found"])
        mime, content = found
        fields = {"mediaType": "imageMessage", "mimetype": mime, "base64": b64encode(content).decode()}
        return JSONResponse(fields, status_code=201)

    async def state(self, request: Request) -> Response:
        """Whether the instance is linked to a phone."""
        name = request.path_params["instance"]
        return self._refusal(request) or JSONResponse({"instance": {"instanceName": name, "state": "open"}})

    def _refusal(self, request: Request) -> Response | None:
        given = request.headers.get("apikey", "")
        if not given or self._token not in ("", given):
            return _evolution_error(401, "Unauthorized")
        if self._is_missing(request):
            return _evolution_error(404, [f'The "{request.path_params["instance"]}" instance does not exist'])
        return None


class _Wppconnect(_Bridge):
    """wppconnect-server."""

    async def send_message(self, request: Request) -> Response:
        """`{"phone", "isGroup", "isLid", "message"}`."""
        if refusal := self._refusal(request):
            return refusal
        body = await _body(request)
        phone, text = str(body.get("phone") or ""), body.get("message")
        is_lid = body.get("isLid") is True or len(phone) > 14
        contact = contact_among([phone + (LID_SUFFIX if is_lid else "@c.us")])
        if isinstance(contact, Elsewhere):
            return _web_number_unknown()
        if not isinstance(text, str) or not text:
            return _web_error(400, "Error sending message")
        return await meet(request, self._world, WPPCONNECT, contact, lambda: self._deliver(contact, text))

    def _deliver(self, contact: str, text: str) -> Response:
        chat = contact if contact.endswith(LID_SUFFIX) else f"{contact}@c.us"
        sent = {"id": f"true_{chat}_{self._show(contact, text)}", "body": text, "type": "chat", "to": chat, "ack": 0}
        return JSONResponse({"status": "success", "response": [sent], "mapper": "return"}, status_code=201)

    async def media(self, request: Request) -> Response:
        """The bytes as base64 in JSON."""
        if refusal := self._refusal(request):
            return refusal
        found = self._world.media(message_id_of(request.path_params["id"]) or "")
        if found is None:
            return JSONResponse({"status": "error", "message": "Message not found"}, status_code=400)
        return JSONResponse({"base64": b64encode(found[1]).decode(), "mimetype": found[0]})

    async def state(self, request: Request) -> Response:
        """Whether the session is linked to a phone."""
        return self._refusal(request) or JSONResponse({"status": True, "message": "Connected"})

    def _refusal(self, request: Request) -> Response | None:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not given or self._token not in ("", given):
            return JSONResponse({"error": "Check that the Session and Token are correct"}, status_code=401)
        if self._is_missing(request):
            body = {"response": None, "status": "Disconnected", "message": "A sessão do WhatsApp não está ativa."}
            return JSONResponse(body, status_code=404)
        return None


def _jid(contact: str) -> str:
    return contact if contact.endswith(LID_SUFFIX) else f"{contact}@s.whatsapp.net"
