"""Errors as `application/problem+json` (RFC 9457): one shape for every refusal."""

from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from domain.failures import NotProven, NotUnderstood, OurFault, Transient

MEDIA_TYPE = "application/problem+json"
PATIENCE = 5
"""Seconds a client is asked to wait when we cannot serve it now and nobody said how long it takes."""

MENDED_IN = 60
"""The same, when a person has to mend something first."""

log = structlog.get_logger(__name__)


class Problem(Exception):
    """A refusal, ready to be answered."""

    def __init__(self, status: int, detail: str = "", *, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, headers or {}


class ProblemBody(BaseModel):
    """What a refusal looks like."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str = ""


def unavailable(detail: str, retry_after: float = PATIENCE) -> Problem:
    """503: try again soon."""
    return Problem(503, detail, headers={"Retry-After": str(max(1, round(retry_after)))})


def answer(problem: Problem, **more: Any) -> Response:
    """The response that says it."""
    body = {"type": "about:blank", "title": HTTPStatus(problem.status).phrase, "status": problem.status}
    if problem.detail:
        body["detail"] = problem.detail
    return JSONResponse({**body, **more}, problem.status, problem.headers, MEDIA_TYPE)


REFUSALS = {
    400: "A body that is no JSON, or a cursor that is none of ours",
    401: "No token or a wrong one",
    403: "No operator token is set",
    404: "There is no such thing",
    409: "Not now: the conversation is over, or cannot do this as it stands",
    410: "It is not kept any more",
    422: "Not what is wanted here: the text says where and why",
    503: "Try again later",
}
"""What a status means where nothing more is said."""


def refusals(*statuses: int, **said: str) -> dict[int | str, dict[str, Any]]:
    """For the description of a route: how it may refuse. `said` describes a status otherwise (`_404="…"`)."""
    known = {status: REFUSALS[status] for status in statuses}
    known |= {int(status.removeprefix("_")): what for status, what in said.items()}
    return {status: {"model": ProblemBody, "description": what} for status, what in known.items()}


def install(app: FastAPI) -> None:
    """Answer every error of this application in our shape, and describe it so."""
    app.add_exception_handler(Problem, _on_problem)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, _on_http)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, _on_validation)  # type: ignore[arg-type]
    app.add_exception_handler(Transient, _on_transient)  # type: ignore[arg-type]
    app.add_exception_handler(OurFault, _on_fault)  # type: ignore[arg-type]
    app.add_exception_handler(Exception, _on_bug)
    described = app.openapi
    app.openapi = lambda: _as_answered(described())  # type: ignore[method-assign]


def _as_answered(schema: dict[str, Any]) -> dict[str, Any]:
    """FastAPI describes every model as plain JSON, and refused fields in a shape of its own; a refusal is a problem.

    Whatever takes a body may get one that cannot be read.
    """
    operations = [operation for methods in schema["paths"].values() for operation in methods.values()]
    ours = {"$ref": f"#/components/schemas/{ProblemBody.__name__}"}
    unread = {"description": REFUSALS[400], "content": {MEDIA_TYPE: {"schema": ours}}}
    for operation in operations:
        if "requestBody" in operation:
            operation["responses"].setdefault("400", unread)
        for answer in operation["responses"].values():
            told = answer.get("content", {}).get("application/json", {}).get("schema", {}).get("$ref", "")
            if told in (ours["$ref"], "#/components/schemas/HTTPValidationError"):
                answer["content"] = {MEDIA_TYPE: {"schema": ours}}
    return schema


def of_failure(failure: NotProven | NotUnderstood) -> Problem:
    """What a webhook that proves or means nothing is answered."""
    if isinstance(failure, NotUnderstood):
        return Problem(400, str(failure))
    if failure.missing:
        return Problem(401, str(failure), headers={"WWW-Authenticate": "Webhook"})
    return Problem(403, str(failure))


async def _on_problem(_: Request, error: Problem) -> Response:
    return answer(error)


async def _on_http(_: Request, error: HTTPException) -> Response:
    phrase = HTTPStatus(error.status_code).phrase
    detail = "" if error.detail == phrase else str(error.detail)
    return answer(Problem(error.status_code, detail, headers=dict(error.headers or {})))


async def _on_validation(_: Request, error: RequestValidationError) -> Response:
    wrong = [{"where": ".".join(map(str, item["loc"])), "why": item["msg"]} for item in error.errors()]
    return answer(Problem(422, "; ".join(f"{item['where']}: {item['why']}" for item in wrong)), errors=wrong)


async def _on_transient(_: Request, error: Transient) -> Response:
    return answer(unavailable(str(error), error.retry_after or PATIENCE))


async def _on_fault(request: Request, error: OurFault) -> Response:
    """A broken setup (a lost key): nothing is lost, for whoever asks tries again, and somebody is paged meanwhile."""
    log.critical("not_set_up", path=request.url.path, method=request.method, reason=str(error)[:300])
    return answer(unavailable("Everturn is not set up right; its log says what is wrong", MENDED_IN))


async def _on_bug(request: Request, error: Exception) -> Response:
    log.error("request_failed", path=request.url.path, method=request.method, error=type(error).__name__)
    return answer(Problem(500, "This is a bug of ours; it has been logged."))
