"""A server that speaks the Messages API and plays a script. It refuses what the real one refuses."""

import asyncio
import json
from collections.abc import Iterable
from itertools import count
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from providers.model.refusing import ERRORS, why_refused
from providers.model.script import Asked, Scripted

LETTERS_A_TOKEN = 4


class SimulatedModel:
    """Serve `app`; what was asked stands in `asked`."""

    def __init__(
        self, script: Iterable[Scripted] = (), *, otherwise: str = "OK.", delay: float = 0.0, key: str = ""
    ) -> None:
        self.script = list(script)
        self.otherwise = otherwise
        """What is answered where no line of the script fits."""
        self.delay = delay
        """Seconds before every answer."""
        self.key = key
        """The only key that is taken; empty: any."""
        self.asked: list[Asked] = []
        self.app = Starlette(routes=[Route("/v1/messages", self._messages, methods=["POST"])])
        self._played: dict[int, int] = {}
        self._seen: set[str] = set()
        self._numbers = count(1)

    def play(self, *script: Scripted) -> None:
        """Begin another script; what was asked is forgotten."""
        self.script, self.asked, self._played = list(script), [], {}

    async def _messages(self, request: Request) -> Response:
        number = f"{next(self._numbers):024d}"
        refused = self._refused_key(request)
        if refused:
            return failure(401, refused, number)
        try:
            body = json.loads(await request.body())
        except ValueError:
            return failure(400, "the body is not valid JSON", number)
        if reason := why_refused(body):
            return failure(400, reason, number)
        return await self._answer(Asked(body=body, headers=dict(request.headers)), request, number)

    def _refused_key(self, request: Request) -> str:
        """The SDK's newer versions send the key as a bearer token, the older ones as a header of its own."""
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        given = request.headers.get("x-api-key", bearer)
        if not given:
            return "Authorization or x-api-key header is required"
        return "invalid API key" if self.key and given != self.key else ""

    async def _answer(self, asked: Asked, request: Request, number: str) -> Response:
        line = self._line(asked)
        self.asked.append(asked.model_copy(update={"answered_by": line}))
        played = Scripted(text=self.otherwise) if line is None else self.script[line]
        await asyncio.sleep(self.delay + played.delay)
        if played.trouble == "hang":
            await gone(request)
        if played.trouble == "reset":
            return Torn()
        if played.trouble == "garbage":
            return Response('{"id": "msg_', media_type="application/json")
        if played.error:
            return failure(played.error, "scripted", number, played.error_type, played.retry_after)
        return JSONResponse(self._message(asked, played, number), headers={"request-id": f"req_{number}"})

    def _line(self, asked: Asked) -> int | None:
        for number, line in enumerate(self.script):
            if self._played.get(number, 0) < (line.times or len(self.asked) + 1) and line.fits(asked):
                self._played[number] = self._played.get(number, 0) + 1
                return number
        return None

    def _message(self, asked: Asked, played: Scripted, number: str) -> dict[str, Any]:
        content = [] if played.trouble == "empty" else list(content_of(asked, played, number))
        calls = any(block["type"] == "tool_use" for block in content)
        return {
            "id": f"msg_{number}",
            "type": "message",
            "role": "assistant",
            "model": asked.body["model"],
            "content": content,
            "stop_reason": played.stop or ("tool_use" if calls else "end_turn"),
            "stop_sequence": None,
            "usage": self._usage(asked, content) | dict(played.usage),
        }

    def _usage(self, asked: Asked, content: list[dict[str, Any]]) -> dict[str, int]:
        """About what the real one counts: a marked beginning is written to the cache once, and read from then on."""
        marked = marked_part(asked.body)
        cached = tokens(marked) if marked else 0
        was_seen = marked in self._seen
        self._seen.add(marked)
        whole = {name: asked.body.get(name) for name in ("tools", "system", "messages")}
        return {
            "input_tokens": max(1, tokens(json.dumps(whole)) - cached),
            "output_tokens": max(1, tokens(json.dumps(content))),
            "cache_read_input_tokens": cached if was_seen else 0,
            "cache_creation_input_tokens": 0 if was_seen else cached,
        }


def content_of(asked: Asked, played: Scripted, number: str) -> Iterable[dict[str, Any]]:
    """The answer's blocks. A question for an output format gets the first call's arguments as text."""
    if asked.is_formatted and played.calls:
        yield {"type": "text", "text": json.dumps(played.calls[0].arguments, ensure_ascii=False)}
        return
    if played.text:
        yield {"type": "text", "text": played.text}
    for place, call in enumerate(played.calls):
        yield {"type": "tool_use", "id": f"toolu_{number}_{place}", "name": call.name, "input": call.arguments}


def failure(status: int, message: str, number: str, kind: str = "", retry_after: float | None = None) -> JSONResponse:
    """An error as the API writes it."""
    error = {"type": kind or ERRORS.get(status, "api_error"), "message": message}
    headers = {"request-id": f"req_{number}"}
    if retry_after is not None:
        headers["retry-after"] = f"{retry_after:g}"
    body = {"type": "error", "error": error, "request_id": f"req_{number}"}
    return JSONResponse(body, status_code=status, headers=headers)


def marked_part(body: dict[str, Any]) -> str:
    """What stands before the last mark for the cache; tools come before the system prompt."""
    blocks = [*body.get("tools", []), *(body["system"] if isinstance(body.get("system"), list) else [])]
    last = max((place for place, block in enumerate(blocks) if "cache_control" in block), default=-1)
    return json.dumps(blocks[: last + 1]) if last >= 0 else ""


def tokens(text: str) -> int:
    """About how many they are."""
    return -(-len(text) // LETTERS_A_TOKEN)


async def gone(request: Request) -> None:
    """Say nothing until whoever asked hangs up."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


class Torn(Response):
    """An answer that breaks off: the connection ends before the promised body does."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Promise a thousand bytes and send one."""
        headers = [(b"content-type", b"application/json"), (b"content-length", b"1000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})
        raise ConnectionResetError("scripted")
