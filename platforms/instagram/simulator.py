"""Instagram's side of the Graph API played on this machine, with its limits, its window and its way of saying no."""

import json
from datetime import timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from domain.messages import Choice
from platforms.instagram.hooks import ACCOUNT_ID, mid_of
from platforms.simulation import Direction, Entry, Manners, World, control_routes, meet
from platforms.text import mapping

LONGEST_TEXT = 1000
MOST_QUICK_REPLIES = 13
LONGEST_TITLE = 20
LARGEST_IMAGE = 8 * 1024 * 1024
WINDOW = timedelta(hours=24)
HUMAN_AGENT_WINDOW = timedelta(days=7)
SIXTY_DAYS = 60 * 24 * 3600
SIGNS = {"typing_on": "typing", "typing_off": "", "mark_seen": "seen"}
TOLD = frozenset({"id", "name", "username", "profile_pic"})
"""Fields of a profile that need no further permission."""
STATUS_CODES = {401: 190, 429: 613, 500: 2}


def simulator(world: World, token: str = "") -> Starlette:
    """The Graph API, delivering into `world`. Without a token any is good, but one must be sent."""
    api = _Api(world, token)
    routes = [
        Route("/refresh_access_token", api.renew, methods=["GET"]),
        Route("/{version}/{account}/messages", api.send, methods=["POST"]),
        Route("/{version}/me", api.me, methods=["GET"]),
        Route("/{version}/{contact}", api.profile, methods=["GET"]),
    ]
    return Starlette(routes=[*control_routes(world), *routes])


def _error(status: int, message: str, code: int | None = None, subcode: int | None = None) -> Response:
    number = code or STATUS_CODES.get(status, 100)
    error: dict[str, Any] = {"message": f"(#{number}) {message}", "type": "OAuthException", "code": number}
    if subcode:
        error["error_subcode"] = subcode
    return JSONResponse({"error": error | {"fbtrace_id": "simulated"}}, status_code=status)


def _nobody() -> Response:
    return _error(400, "No matching user found", 100, 2534014)


MANNERS = Manners(platform="instagram", rate=100, span=1.0, refuse=_error, refuse_for_good=_nobody)


class _Api:
    def __init__(self, world: World, token: str) -> None:
        self._world = world
        self._token = token

    async def me(self, request: Request) -> Response:
        """Whose token it is."""
        if refusal := self._unauthorized(request):
            return refusal
        return JSONResponse({"id": ACCOUNT_ID, "username": "simulated_shop"})

    async def renew(self, request: Request) -> Response:
        """Another 60 days for the same token, as Instagram mostly answers."""
        if refusal := self._unauthorized(request):
            return refusal
        if request.query_params.get("grant_type") != "ig_refresh_token":
            return _error(400, "Invalid parameter: grant_type")
        token = request.query_params.get("access_token")
        return JSONResponse({"access_token": token, "token_type": "bearer", "expires_in": SIXTY_DAYS})

    async def profile(self, request: Request) -> Response:
        """A customer's profile. A field that is not permitted makes the whole call fail."""
        contact = request.path_params["contact"]
        if refusal := self._unauthorized(request) or self._unknown(contact):
            return refusal
        asked = [field for field in request.query_params.get("fields", "").split(",") if field]
        if not TOLD.issuperset(asked):
            return _error(403, "Application does not have permission for this action", 10)
        known = {"name": f"Customer {contact}", "username": f"customer_{contact}", "profile_pic": ""}
        return JSONResponse({field: known[field] for field in asked if field in known} | {"id": contact})

    async def send(self, request: Request) -> Response:
        """A message or a sender action."""
        if refusal := self._unauthorized(request):
            return refusal
        try:
            body = mapping(json.loads(await request.body()))
        except ValueError:
            return _error(400, "The body is not JSON")
        contact = str(mapping(body.get("recipient")).get("id") or "")
        if not (contact.isascii() and contact.isdigit()):
            return _nobody()
        if "sender_action" in body:
            return self._unknown(contact) or self._sign(contact, body)
        return await meet(request, self._world, MANNERS, contact, lambda: self._deliver(contact, body))

    def _unauthorized(self, request: Request) -> Response | None:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        token = given if scheme == "Bearer" else request.query_params.get("access_token", "")
        right = token and self._token in ("", token)
        return None if right else _error(401, "Invalid OAuth access token", 190)

    def _unknown(self, contact: str) -> Response | None:
        return _nobody() if self._world.is_unknown("instagram", contact) else None

    def _sign(self, contact: str, body: dict[str, Any]) -> Response:
        """A sender action must be alone in its request."""
        sign = SIGNS.get(str(body["sender_action"]))
        if sign is None or "message" in body:
            return _error(400, "Invalid parameter: sender_action")
        if sign:
            self._world.show_sign("instagram", contact, sign)
        return JSONResponse({"recipient_id": contact})

    def _deliver(self, contact: str, body: dict[str, Any]) -> Response:
        message = mapping(body.get("message"))
        if refusal := self._closed(contact, body) or self._refusal(message):
            return refusal
        replies = message.get("quick_replies") or []
        entry = self._world.show(
            Entry(
                platform="instagram",
                contact=contact,
                at=self._world.clock(),
                direction=Direction.OUT,
                text=message.get("text") or "",
                image_url=_image(message),
                choices=tuple(Choice(id=reply["payload"], title=reply["title"]) for reply in replies),
            )
        )
        return JSONResponse({"recipient_id": contact, "message_id": mid_of(entry)})

    def _closed(self, contact: str, body: dict[str, Any]) -> Response | None:
        """A contact whose phone shows nothing written is taken to have written just now, outside this world."""
        tag = body.get("tag")
        if tag not in (None, "HUMAN_AGENT"):
            return _error(400, "Invalid parameter: tag")
        heard = [e.at for e in self._world.phone("instagram", contact) if e.direction is Direction.IN]
        allowed = HUMAN_AGENT_WINDOW if tag else WINDOW
        if heard and self._world.clock() - max(heard) > allowed:
            return _error(400, "This message is sent outside of allowed window.", 10, 2534022)
        return None

    def _refusal(self, message: dict[str, Any]) -> Response | None:
        """Why Instagram would not take this message: it holds words or an attachment, never both."""
        text, image = message.get("text"), _image(message)
        if bool(text) == bool(message.get("attachment")):
            return _error(400, "Invalid parameter: either text or attachment")
        if text and (not isinstance(text, str) or len(text.encode()) > LONGEST_TEXT):
            return _error(400, "Length of param message[text] must be less than or equal to 1000")
        if not text and not image.startswith(("http://", "https://")):
            return _error(400, "Invalid parameter: attachment")
        if image and self._is_too_large(image):
            return _error(200, "The image size is too large", 36000)  # an error inside HTTP 200, as public code reports
        return _quick_reply_refusal(message.get("quick_replies"))

    def _is_too_large(self, image: str) -> bool:
        kept = self._world.media(image.rsplit("/", 1)[-1])
        return kept is not None and len(kept[1]) > LARGEST_IMAGE


def _image(message: dict[str, Any]) -> str:
    attachment = mapping(message.get("attachment"))
    return str(mapping(attachment.get("payload")).get("url") or "") if attachment.get("type") == "image" else ""


def _quick_reply_refusal(replies: Any) -> Response | None:
    if not replies:
        return None
    whole = isinstance(replies, list) and len(replies) <= MOST_QUICK_REPLIES and all(map(_is_whole, replies))
    return None if whole else _error(400, "Invalid parameter: quick_replies")


def _is_whole(reply: Any) -> bool:
    fields = mapping(reply)
    title = fields.get("title")
    right = isinstance(title, str) and 0 < len(title) <= LONGEST_TITLE and fields.get("payload")
    return bool(right) and fields.get("content_type") == "text"
