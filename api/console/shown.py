"""How the console answers: pages under its policy, never kept by a browser, and errors as pages too."""

from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import quote

import structlog
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.responses import RedirectResponse, Response

from api import problems
from api.console import shaping
from api.console.icons import icon
from api.console.office import Here, NotSignedIn
from api.console.words import SCRIPT_WORDS, WORDS
from api.encoded import EncodedRoute
from api.pages import page
from api.problems import PATIENCE, Problem, unavailable
from domain.failures import Transient

log = structlog.get_logger(__name__)

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SCRIPTED = "x-console"
"""Our own scripts say with it that they want an answer for a program."""
LOG_IN = "/console/login"
GIVEN: dict[str, Any] = {
    "t": WORDS,
    "script_words": SCRIPT_WORDS,
    "icon": icon,
    "link": shaping.link,
    "initials": shaping.initials,
    "item_line": shaping.item_line,
    "money": shaping.money,
    "quoted": lambda text: quote(text, safe=""),
}
"""What every template may use."""
Answer = Callable[[Request], Coroutine[Any, Any, Response]]


def show(here: Here, template: str, *, status: int = 200, **values: Any) -> Response:
    """A page for somebody who is logged in."""
    return _page(here.request, template, status, here=here, me=here.operator, csrf=here.csrf, **values)


def show_stranger(request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
    """A page for anybody."""
    return _page(request, template, status, here=None, me=None, **values)


def _page(request: Request, template: str, status: int, **values: Any) -> Response:
    response = page(request, f"console/{template}", **GIVEN, **values)
    response.status_code = status
    response.headers["Content-Security-Policy"] = POLICY
    return response


def back(to: str) -> Response:
    """After something was done: to where it shows."""
    return RedirectResponse(to, 303)


def is_scripted(request: Request) -> bool:
    """Whether a script of ours asks."""
    return SCRIPTED in request.headers


class ConsoleRoute(EncodedRoute):
    """Errors as people read them, and nothing that a browser may keep."""

    def get_route_handler(self) -> Answer:
        """The route's own answer, or a page that says why not."""
        inner = super().get_route_handler()

        async def answered(request: Request) -> Response:
            response = await _answered(inner, request)
            response.headers["Cache-Control"] = "no-store"
            return response

        return answered


async def _answered(inner: Answer, request: Request) -> Response:
    try:
        return await inner(request)
    except NotSignedIn:
        return _to_the_door(request)
    except Problem as error:
        return _refused(request, error)
    except RequestValidationError as error:
        wrong = "; ".join(f"{item['loc'][-1]}: {item['msg']}" for item in error.errors())
        return _refused(request, Problem(422, wrong))
    except Transient as error:
        return _refused(request, unavailable(str(error), error.retry_after or PATIENCE))
    except Exception:
        log.exception("page_failed", path=request.scope["route"].path, method=request.method)
        return _refused(request, Problem(500, WORDS.bug))


def _to_the_door(request: Request) -> Response:
    if is_scripted(request) or request.headers.get("accept") == "text/event-stream":
        return problems.answer(Problem(401, "log in again"))
    sent: bytes = request.scope.get("raw_path") or request.url.path.encode()  # with the slashes of ids still encoded
    wanted = sent.split(b"?")[0].decode("latin-1") + (f"?{request.url.query}" if request.url.query else "")
    if request.method != "GET" or wanted in ("/console", "/console/"):
        return back(LOG_IN)
    return back(f"{LOG_IN}?next={quote(wanted, safe='/')}")


def _refused(request: Request, error: Problem) -> Response:
    if is_scripted(request):
        return problems.answer(error)
    title = WORDS.errors.get(error.status, WORDS.errors[500])
    response = show_stranger(request, "error.html", status=error.status, title=title, problem=error)
    response.headers.update(error.headers)
    return response
