"""Shows people in Temporal's web UI, and to its command line, what histories hold; strangers see nothing.

The UI's browser comes with the console's cookie (same machine or same site), programs with the operator token.
"""

import hmac
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from fastapi import FastAPI
from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from temporalio.api.common.v1 import Payload, Payloads

from api.bodies import parse_json, read_body
from api.console.office import Office, cookie_name, now
from api.house import House
from api.problems import Problem, answer, unavailable
from domain.failures import EverturnError
from runtime.codec import HistoryCodec

PATH = "/codec"
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="everturn"'}
Work = Callable[[list[Payload]], Awaitable[list[Payload]]]


class CodecDoor:
    """`POST /codec/decode` and `/codec/encode`, as Temporal's tools ask for them."""

    def __init__(self, app: FastAPI, house: House) -> None:
        self._app = app
        self._house = house
        self._origin = _origin(house.settings.temporal_ui_url)

    def application(self) -> Starlette:
        """Both routes; browsers may ask from the UI's own pages alone."""
        origins = [self._origin] if self._origin else []
        rules = Middleware(
            CORSMiddleware, allow_origins=origins, allow_credentials=True, allow_methods=["POST"], allow_headers=["*"]
        )
        routes = [Route("/decode", self.decode, methods=["POST"]), Route("/encode", self.encode, methods=["POST"])]
        return Starlette(routes=routes, middleware=[rules])

    async def decode(self, request: Request) -> Response:
        """Unlock payloads; what cannot be read says why in its place."""
        codec = self._house.discretion.codec
        return await self._answered(request, codec.shown if codec else _as_they_are)

    async def encode(self, request: Request) -> Response:
        """Lock payloads with the house's own key: nobody says here whose conversation they are for."""
        codec = self._house.discretion.codec
        return await self._answered(request, _locking(codec) if codec else _as_they_are)

    async def _answered(self, request: Request, work: Work) -> Response:
        try:
            await self._require_somebody(request)
            payloads = _payloads(parse_json(await read_body(request)))
            done = await work(list(payloads.payloads))
        except Problem as problem:
            return answer(problem)
        except EverturnError as error:
            return answer(unavailable(str(error)))
        return JSONResponse(MessageToDict(Payloads(payloads=done)))

    async def _require_somebody(self, request: Request) -> None:
        """Who asks is an operator.

        Raises:
            Problem: 401, it is nobody we know; 403, another page asks in an operator's name.
        """
        given, expected = request.headers.get("authorization", ""), self._house.settings.operator_token
        if expected and hmac.compare_digest(given.encode("latin-1"), f"Bearer {expected}".encode()):
            return
        office: Office | None = getattr(self._app.state, "office", None)
        secret = request.cookies.get(cookie_name(request, office), "") if office else ""
        session = await office.sessions.find(secret, now()) if office and secret else None
        if session is None:
            raise Problem(401, "log in to the console first, or send the operator token", headers=_CHALLENGE)
        if session.operator.accounts:  # a payload does not say whose it is
            raise Problem(403, "histories are for those who see every account")
        if request.headers.get("origin") not in (None, self._origin, _origin(self._house.settings.everturn_api_url)):
            raise Problem(403, "this page may not ask: TEMPORAL_UI_URL names the one that may")


def _locking(codec: HistoryCodec) -> Work:
    async def lock(payloads: list[Payload]) -> list[Payload]:
        return await codec.encode(payloads)

    return lock


async def _as_they_are(payloads: list[Payload]) -> list[Payload]:
    return payloads


def _payloads(body: object) -> Payloads:
    try:
        if not isinstance(body, dict):
            raise ParseError("it is no object")
        return ParseDict(body, Payloads(), ignore_unknown_fields=True)
    except (ParseError, TypeError, ValueError, AttributeError):
        raise Problem(400, 'the body is not {"payloads": […]} as Temporal sends it') from None


def _origin(url: str) -> str:
    pieces = urlsplit(url)
    return f"{pieces.scheme}://{pieces.netloc}" if pieces.netloc else ""
