"""Logging in and out."""

import hmac
import re
import secrets

import structlog
from fastapi import APIRouter, Request
from starlette.responses import Response

from api.console.office import (
    CSRF_FIELD,
    Office,
    TheOffice,
    TheOperator,
    ThePosted,
    cookie_name,
    csrf_of,
    is_https,
    now,
    read_form,
    require_our_page,
    visitor_of,
)
from api.console.shown import ConsoleRoute, back, show_stranger
from api.console.words import WORDS
from domain.failures import Unavailable
from domain.operators import OWNER, Act, Via
from providers.records.audit import Deed
from providers.records.sessions import LONGEST

router = APIRouter(prefix="/console", route_class=ConsoleRoute, include_in_schema=False)
log = structlog.get_logger(__name__)

HOME = "/console/inbox"
LONGEST_NAME, LONGEST_SECRET = 100, 500
NOBODY = "(nobody)"
"""Stands in the audit log for a name that no operator has."""
OURS = re.compile(r"/console(?:/(?!/)[^\\\x00-\x20\x7f]*)?")
"""Where a log-in may lead: a page of ours, and nothing that a browser could read as another host."""

TIED = re.compile(r"[\w-]{43}", re.ASCII)
"""What we tie a form to its browser with."""


def destination(wanted: str) -> str:
    """Where to go after the log-in."""
    return wanted if OURS.fullmatch(wanted) and ".." not in wanted and len(wanted) < 2_000 else HOME


@router.get("/login")
async def door(request: Request, office: TheOffice, next: str = "") -> Response:
    """The form. Its cookie only ties the form to the browser: a log-in gets another one."""
    secret = request.cookies.get(cookie_name(request, office), "")
    if secret and await office.sessions.find(secret, now()):
        return back(destination(next))
    return _form(request, office, wanted=destination(next))


def _form(
    request: Request, office: Office, *, wanted: str, said: str = "", name: str = "", status: int = 200
) -> Response:
    secret = _of_another_tab(request, office) or secrets.token_urlsafe(32)
    response = show_stranger(
        request, "login.html", status=status, csrf=csrf_of(secret), wanted=wanted, said=said, name=name
    )
    _give(response, request, office, secret, seconds=3_600)
    return response


def _of_another_tab(request: Request, office: Office) -> str:
    """The form's cookie that this browser has already: with a new one, the forms of its other tabs would not count."""
    secret = request.cookies.get(cookie_name(request, office), "")
    return secret if TIED.fullmatch(secret) else ""


def _give(response: Response, request: Request, office: Office, secret: str, *, seconds: int) -> None:
    response.set_cookie(
        cookie_name(request, office), secret, max_age=seconds, path="/", secure=is_https(request, office),
        httponly=True, samesite="lax",
    )  # fmt: skip


@router.post("/login")
async def log_in(request: Request, office: TheOffice) -> Response:
    """Look at the name and the password; whatever of them is wrong, the answer is the same and takes as long."""
    form = await read_form(request)
    cookie = request.cookies.get(cookie_name(request, office), "")
    require_our_page(request, office, form.get(CSRF_FIELD, ""), cookie)
    name = " ".join(form.get("name", "").split())[:LONGEST_NAME]
    password, wanted = form.get("password", "")[:LONGEST_SECRET], destination(form.get("next", ""))
    visitor = visitor_of(request)
    if not await office.guessing.may_try(name, visitor.address, now()):
        return _form(request, office, wanted=wanted, said=WORDS.log_in.slow, name=name, status=429)
    known = await _known(office, name, password)
    if known is None:
        log.warning("log_in_refused")
        await _note_refusal(office, name, visitor.address)
        return _form(request, office, wanted=wanted, said=WORDS.log_in.wrong, name=name, status=403)
    return await _welcome(request, office, known, wanted)


async def _note_refusal(office: Office, name: str, address: str) -> None:
    """Who was tried; a name that nobody has is not written down, for it may be a password in the wrong field.

    Attempts that come too soon leave no row: the log would be theirs to fill.
    """
    tried = OWNER if name.casefold() == OWNER else await office.operators.called(name)
    refused = "refused: wrong password" if tried else "refused: nobody has this name"
    deed = Deed(operator=tried or NOBODY, via=Via.CONSOLE, act=Act.LOG_IN, address=address, outcome=refused)
    try:
        await office.audit.write(deed)
    except Unavailable:
        log.error("act_not_written_down", act=Act.LOG_IN.value, via="console")


async def _known(office: Office, name: str, password: str) -> tuple[str, str] | None:
    """Who this is, and by what credential."""
    token = office.house.settings.operator_token
    found = await office.operators.log_in(name, password)  # for the owner, too: it takes as long
    if name.casefold() == OWNER:
        right = hmac.compare_digest(password.encode("utf-8", "surrogateescape"), token.encode())
        return (OWNER, token) if right and token else None
    return (found[0].name, found[1]) if found else None


async def _welcome(request: Request, office: Office, known: tuple[str, str], wanted: str) -> Response:
    """A session of their own, under a secret that nobody could have known before."""
    (name, credential), visitor = known, visitor_of(request)
    await office.guessing.forget(name, visitor.address)
    await office.sessions.tidy(now())
    secret = await office.sessions.open(name, credential, visitor, now())
    await office.audit.write(Deed(operator=name, via=Via.CONSOLE, act=Act.LOG_IN, address=visitor.address))
    response = back(wanted)
    _give(response, request, office, secret, seconds=int(LONGEST.total_seconds()))
    return response


@router.post("/logout")
async def log_out(request: Request, here: TheOperator, form: ThePosted) -> Response:
    """End this session."""
    await here.office.sessions.end(here.session.id)
    await here.note(Act.LOG_OUT)
    response = back("/console/login")
    response.delete_cookie(
        cookie_name(request, here.office), path="/", secure=is_https(request, here.office), httponly=True,
        samesite="lax",
    )  # fmt: skip
    return response
