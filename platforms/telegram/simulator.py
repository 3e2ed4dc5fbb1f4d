"""The Bot API played on this machine, with its limits and its way of saying no."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from domain.messages import Choice
from platforms.simulation import Direction, Entry, Manners, World, control_routes, meet
from platforms.telegram.buttons import LONGEST_WORD
from platforms.telegram.hooks import BOT, BUSINESS, CONNECTION
from platforms.telegram.route import number_of
from platforms.text import listed, mapping, objects

NAME = "telegram"
LONGEST_TEXT = 4096
LONGEST_CAPTION = 1024
MOST_BUTTONS = 100
LARGEST_FILE = 20 * 1024 * 1024
WINDOW = timedelta(hours=24)
WORDS = {401: "Unauthorized", 404: "Not Found", 429: "Too Many Requests: retry later", 500: "Internal Server Error"}
WEBHOOK = {"url": "https://shop.example/webhooks/telegram", "has_custom_certificate": False, "pending_update_count": 0}


def simulator(world: World, token: str = "") -> Starlette:
    """One bot's API, delivering into `world`. Without a token any is good, but one must stand in the path."""
    api = _Api(world, token)
    routes = [
        Route("/file/bot{token}/{path:path}", api.file, methods=["GET"]),
        Route("/bot{token}/{method}", api.call, methods=["GET", "POST"]),
    ]
    return Starlette(routes=[*control_routes(world), *routes])


def refusal(status: int, words: str) -> Response:
    """An error of the Bot API."""
    return JSONResponse({"ok": False, "error_code": status, "description": words}, status_code=status)


def _taken(result: Any) -> Response:
    return JSONResponse({"ok": True, "result": result})


MANNERS = Manners(
    platform=NAME,
    rate=30,
    span=1.0,
    refuse=lambda status, words: refusal(status, WORDS.get(status, f"Bad Request: {words}")),
    refuse_for_good=lambda: refusal(403, "Forbidden: bot was blocked by the user"),
)


class _Api:
    def __init__(self, world: World, token: str) -> None:
        self._world = world
        self._token = token

    async def call(self, request: Request) -> Response:
        """Any method: its fields in a JSON body."""
        if no := self._unauthorized(request):
            return no
        try:
            body = mapping(json.loads(await request.body() or b"{}"))
        except ValueError:
            return refusal(400, "Bad Request: can't parse request JSON object")
        method = request.path_params["method"].lower()
        if method in ("sendmessage", "sendphoto"):
            return await self._send(request, body, "caption" if method == "sendphoto" else "text")
        methods: dict[str, Callable[[dict[str, Any]], Response]] = {
            "getme": lambda _: _taken(BOT),
            "getwebhookinfo": lambda _: _taken(WEBHOOK),
            "getfile": self._whereabouts,
            "sendchataction": self._act,
            "answercallbackquery": self._answer_tap,
        }
        return methods[method](body) if method in methods else refusal(404, WORDS[404])

    async def file(self, request: Request) -> Response:
        """A file's bytes; its address holds the token."""
        if no := self._unauthorized(request):
            return no
        found = self._world.media(request.path_params["path"].rsplit("/", 1)[-1])
        return Response(found[1], media_type=found[0]) if found else refusal(404, WORDS[404])

    def _unauthorized(self, request: Request) -> Response | None:
        right = self._token in ("", request.path_params["token"])
        return None if right else refusal(401, WORDS[401])

    async def _send(self, request: Request, body: dict[str, Any], field: str) -> Response:
        chat = number_of(body.get("chat_id"))
        if chat is None:
            return refusal(400, "Bad Request: chat not found")
        contact = str(chat)
        answer = await meet(request, self._world, MANNERS, contact, lambda: self._deliver(contact, body, field))
        return _with_wait(answer)

    def _deliver(self, contact: str, body: dict[str, Any], field: str) -> Response:
        if wrong := self._wrong_connection(contact, body) or _wrong_words(body, field) or _wrong_keyboard(body):
            return refusal(400, f"Bad Request: {wrong}")
        entry = self._world.show(
            Entry(
                platform=NAME,
                contact=contact,
                at=self._world.clock(),
                direction=Direction.OUT,
                text=body.get(field) or "",
                image_url=str(body.get("photo") or ""),
                choices=tuple(Choice(id=each["callback_data"], title=each["text"]) for each in _buttons(body)),
                network=BUSINESS if body.get("business_connection_id") else "",
            )
        )
        chat = {"id": int(contact), "type": "private"}
        sent = {"message_id": entry.id, "from": BOT, "chat": chat, "date": int(entry.at.timestamp())}
        return _taken(sent | ({field: entry.text} if entry.text else {}))

    def _wrong_connection(self, contact: str, body: dict[str, Any]) -> str:
        """In a business account's chats a bot may write a day long; who was never seen writing has just written."""
        connection = body.get("business_connection_id")
        if connection not in (None, CONNECTION):
            return "BUSINESS_CONNECTION_INVALID"
        heard = [entry.at for entry in self._world.phone(NAME, contact) if entry.direction is Direction.IN]
        closed = connection and heard and self._world.clock() - max(heard) > WINDOW
        return "BUSINESS_PEER_USAGE_MISSING" if closed else ""

    def _act(self, body: dict[str, Any]) -> Response:
        chat, action = number_of(body.get("chat_id")), body.get("action")
        if chat is None:
            return refusal(400, "Bad Request: chat not found")
        if self._world.is_unknown(NAME, str(chat)):
            return MANNERS.refuse_for_good()
        if not isinstance(action, str) or not action:
            return refusal(400, "Bad Request: wrong parameter action in request")
        self._world.show_sign(NAME, str(chat), action)
        return _taken(True)

    def _answer_tap(self, body: dict[str, Any]) -> Response:
        """The button stops turning. Whose it is stands in the simulated query's name."""
        query = body.get("callback_query_id")
        if not isinstance(query, str) or not query:
            return refusal(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
        self._world.show_sign(NAME, query.rpartition("-")[0], "seen")
        return _taken(True)

    def _whereabouts(self, body: dict[str, Any]) -> Response:
        own = body.get("file_id")
        found = self._world.media(own) if isinstance(own, str) else None
        if found is None:
            return refusal(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        if len(found[1]) > LARGEST_FILE:
            return refusal(400, "Bad Request: file is too big")
        told = {"file_id": own, "file_unique_id": own, "file_size": len(found[1])}
        return _taken(told | {"file_path": f"files/{own}"})


def _with_wait(answer: Response) -> Response:
    """The Bot API says in the body, too, how long to wait."""
    if answer.status_code != 429 or "retry-after" not in answer.headers:
        return answer
    seconds = answer.headers["retry-after"]
    told = {"ok": False, "error_code": 429, "description": f"Too Many Requests: retry after {seconds}"}
    return JSONResponse(told | {"parameters": {"retry_after": int(float(seconds))}}, 429, {"Retry-After": seconds})


def _wrong_words(body: dict[str, Any], field: str) -> str:
    text = body.get(field) or ""
    if field == "caption" and not str(body.get("photo") or "").startswith(("https://", "http://")):
        return "there is no photo in the request"
    if not isinstance(text, str) or (field == "text" and not text.strip()):
        return "message text is empty"
    if len(text) > (LONGEST_TEXT if field == "text" else LONGEST_CAPTION):
        return "message is too long" if field == "text" else "message caption is too long"
    return ""


def _buttons(body: dict[str, Any]) -> list[dict[str, Any]]:
    rows = mapping(body.get("reply_markup")).get("inline_keyboard")
    return [button for row in listed(rows) for button in objects(row)]


def _wrong_keyboard(body: dict[str, Any]) -> str:
    buttons = _buttons(body)
    if len(buttons) > MOST_BUTTONS:
        return "reply markup is too long"
    for button in buttons:
        word = button.get("callback_data")
        if not isinstance(button.get("text"), str) or not button["text"].strip():
            return "can't parse inline keyboard button: text buttons are unallowed in the inline keyboard"
        if not isinstance(word, str) or not 0 < len(word.encode()) <= LONGEST_WORD:
            return "BUTTON_DATA_INVALID"
    return ""
