"""ManyChat played on this machine: its Public API with its real refusals, and the webhook its flow would post."""

import json
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from domain.messages import Choice
from platforms.base import Credentials
from platforms.kit import Said
from platforms.manychat.channels import MOST_QUICK_REPLIES
from platforms.simulation import Direction, Entry, Manners, Webhook, World, control_routes, meet, stamp
from platforms.text import mapping

LONGEST_TEXT = 2000
LONGEST_ON_INSTAGRAM = 1000
"""Bytes. ManyChat may split for Instagram (unconfirmed); the simulator is as strict as Instagram itself."""
MOST_MESSAGES = 10


def simulator(world: World, token: str = "") -> Starlette:
    """ManyChat's Public API, delivering into `world`. Without a token any is good, but one must be sent."""
    api = _Api(world, token)
    routes = [
        Route("/fb/sending/sendContent", api.send_content, methods=["POST"]),
        Route("/fb/page/getInfo", api.page_info, methods=["GET"]),
    ]
    return Starlette(routes=[*routes, *control_routes(world)])


def inbound_body(said: Said) -> dict[str, Any]:
    """The body our documentation tells shops to paste into their External Request.

    Its one field for media carries voice notes, too: what a medium is, its content tells.
    """
    body = {
        "subscriber_id": said.contact,
        "text": said.text,
        "image_url": said.media[0].url if said.media else None,
        "channel": said.channel or "instagram",
        "name": said.name,
        "message_id": said.message_id,
        "timestamp": stamp(said.at),
    }
    return {field: value for field, value in body.items() if value is not None}


def inbound(said: Said, credentials: Credentials) -> Webhook:
    """A whole External Request, secret included."""
    headers = {"content-type": "application/json"}
    if credentials.webhook_secret:
        headers["x-webhook-secret"] = credentials.webhook_secret
    body = json.dumps(inbound_body(said), ensure_ascii=False).encode()
    return Webhook(path="/webhooks/manychat", headers=headers, body=body)


def _error(status: int, message: str, code: int | None = None) -> Response:
    body: dict[str, Any] = {"status": "error", "message": message}
    return JSONResponse(body if code is None else body | {"code": code}, status_code=status)


MANNERS = Manners(
    platform="manychat",
    rate=25,
    span=1.0,
    refuse=_error,
    refuse_for_good=lambda: _error(400, "Subscriber does not exist", 2011),
)


class _Api:
    def __init__(self, world: World, token: str) -> None:
        self._world = world
        self._token = token

    async def page_info(self, request: Request) -> Response:
        if refusal := self._unauthorized(request):
            return refusal
        return JSONResponse({"status": "success", "data": {"id": 1, "name": "Simulated page", "is_pro": True}})

    async def send_content(self, request: Request) -> Response:
        if refusal := self._unauthorized(request):
            return refusal
        try:
            body = mapping(json.loads(await request.body()))
        except ValueError:
            return _error(400, "Validation error: the body is not JSON")
        subscriber, data = body.get("subscriber_id"), mapping(body.get("data"))
        if isinstance(subscriber, bool) or not isinstance(subscriber, int):
            return _error(400, "Validation error: subscriber_id must be an integer")
        if data.get("version") != "v2":
            return _error(400, "Wrong dynamic message format: version must be v2", 3011)
        return await meet(
            request, self._world, MANNERS, str(subscriber), lambda: self._deliver(str(subscriber), data.get("content"))
        )

    def _unauthorized(self, request: Request) -> Response | None:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        right = scheme == "Bearer" and given and self._token in ("", given)
        return None if right else _error(401, "Wrong token")

    def _deliver(self, contact: str, content: Any) -> Response:
        if refusal := _refusal(mapping(content)):
            return refusal
        messages = content["messages"]
        choices = tuple(Choice(id=q["caption"], title=q["caption"]) for q in content.get("quick_replies") or [])
        for place, message in enumerate(messages):
            self._world.show(
                Entry(
                    platform="manychat",
                    contact=contact,
                    at=self._world.clock(),
                    direction=Direction.OUT,
                    text=message.get("text", ""),
                    image_url=message.get("url", ""),
                    choices=choices if place == len(messages) - 1 else (),
                )
            )
        return JSONResponse({"status": "success", "data": {}})


def _refusal(content: dict[str, Any]) -> Response | None:
    """Why ManyChat would not take this content."""
    channel, messages = content.get("type", "facebook"), content.get("messages")
    if channel not in ("facebook", "instagram", "whatsapp", "telegram"):
        return _error(400, "Wrong dynamic message format: unknown content type", 3011)
    if not isinstance(messages, list) or not 1 <= len(messages) <= MOST_MESSAGES:
        return _error(400, "Wrong dynamic message format: 1 to 10 messages are needed", 3011)
    for message in messages:
        if refusal := _message_refusal(mapping(message), channel):
            return refusal
    return _quick_reply_refusal(content.get("quick_replies") or [], channel)


def _message_refusal(message: dict[str, Any], channel: str) -> Response | None:
    match message.get("type"):
        case "text":
            return _text_refusal(message.get("text"), channel)
        case "image" if channel != "whatsapp" and str(message.get("url", "")).startswith(("http://", "https://")):
            return None
        case kind:
            return _error(400, f"Wrong dynamic message format: {kind} is not possible on {channel}", 3011)


def _text_refusal(text: object, channel: str) -> Response | None:
    if not isinstance(text, str) or not text.strip():
        return _error(400, "Wrong dynamic message format: text is empty", 3011)
    if len(text) > LONGEST_TEXT:
        return _error(400, "Wrong dynamic message format: Provided text is longer than 2000 symbols")
    if channel == "instagram" and len(text.encode()) > LONGEST_ON_INSTAGRAM:
        return _error(400, "Wrong dynamic message format: Instagram takes 1000 bytes")
    return None


def _quick_reply_refusal(replies: Any, channel: str) -> Response | None:
    if not replies:
        return None
    if channel not in ("facebook", "instagram") or not isinstance(replies, list) or len(replies) > MOST_QUICK_REPLIES:
        return _error(400, f"Wrong dynamic message format: quick replies are not possible on {channel}", 3011)
    whole = all(q.get("caption") and (q.get("target") or q.get("url")) for q in map(mapping, replies))
    return None if whole else _error(400, "Wrong dynamic message format: a quick reply needs a target", 3011)
