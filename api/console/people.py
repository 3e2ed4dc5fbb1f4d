"""Operators, who of them is logged in, what they did, and one's own password."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from api.console.acts import noted
from api.console.office import Here, TheManager, TheOperator, ThePosted, now, visitor_of
from api.console.shown import ConsoleRoute, back, show
from api.console.words import WORDS
from api.operator_models import decode_cursor, encode_cursor
from api.problems import Problem
from domain.operators import OWNER, Act, Role
from providers.records.operators import Refused

router = APIRouter(prefix="/console", route_class=ConsoleRoute, include_in_schema=False)

ROWS = 50
PEOPLE = "/console/operators"
Name = Annotated[str, Path(max_length=64, pattern=r"^[^\x00]*$")]
Cursor = Annotated[str | None, Query(max_length=200)]
Filter = Annotated[str | None, Query(max_length=1_000, pattern=r"^[^\x00]*$")]


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except Refused as error:
        raise Problem(422, str(error)) from None


def _password(form: dict[str, str] | object) -> str:
    """The new password, typed twice.

    Raises:
        Problem: 422, they differ.
    """
    fields = form if isinstance(form, dict) else {}
    if fields.get("password", "") != fields.get("repeat", ""):
        raise Problem(422, WORDS.people.differ)
    return str(fields.get("password", ""))


def _role(text: str) -> Role:
    try:
        return Role(text)
    except ValueError:
        raise Problem(422, "a role is operator or manager") from None


@router.get("/operators")
async def operators(here: TheManager, cursor: Cursor = None) -> Response:
    """Everybody, and who is logged in."""
    before = decode_cursor(cursor, int)
    sessions = await here.office.sessions.page(now(), before[0] if before else None, ROWS)
    following = encode_cursor(int(str(sessions[-1]["id"]))) if len(sessions) == ROWS else None
    return show(
        here, "operators.html", operators=await here.office.operators.all(), sessions=sessions, roles=list(Role),
        own=here.session.id, following=following, cursor=cursor,
    )  # fmt: skip


@router.post("/operators")
async def add(here: TheManager, form: ThePosted) -> Response:
    """Somebody new."""
    name, role, password = form.get("name", ""), _role(form.get("role", "")), _password(form)
    async with noted(here, Act.ADD_OPERATOR, subject=f"{name[:64]}: {role}"):
        with _refusals():
            await here.office.operators.add(name, role, password)
    return back(PEOPLE)


@router.post("/operators/{name}/password")
async def set_password(here: TheManager, name: Name, form: ThePosted) -> Response:
    """Another password; whoever was logged in with the old one no longer is."""
    password = _password(form)
    async with noted(here, Act.CHANGE_PASSWORD, subject=name):
        with _refusals():
            await here.office.operators.set_password(name, password)
    return back(PEOPLE)


@router.post("/operators/{name}/role")
async def set_role(here: TheManager, name: Name, form: ThePosted) -> Response:
    """Another role; it holds at once."""
    role = _role(form.get("role", ""))
    return await _change(here, Act.CHANGE_ROLE, name, f"{name}: {role}", role=role)


@router.post("/operators/{name}/disable")
async def disable(here: TheManager, name: Name, form: ThePosted) -> Response:
    """Shut somebody out, at once."""
    return await _change(here, Act.DISABLE_OPERATOR, name, name, is_disabled=True)


@router.post("/operators/{name}/enable")
async def enable(here: TheManager, name: Name, form: ThePosted) -> Response:
    """Let them in again; they log in anew."""
    return await _change(here, Act.ENABLE_OPERATOR, name, name, is_disabled=False)


async def _change(
    here: Here, act: Act, name: str, subject: str, *, role: Role | None = None, is_disabled: bool | None = None
) -> Response:
    async with noted(here, act, subject=subject):
        if name.casefold() == here.name.casefold():
            raise Problem(409, "this is you: another manager has to do it")
        with _refusals():
            await here.office.operators.change(name, role=role, is_disabled=is_disabled)
        if is_disabled is not None:
            await here.office.sessions.end_all(name)
    return back(PEOPLE)


@router.post("/sessions/{number}/end")
async def end_session(here: TheManager, number: Annotated[int, Path(ge=1, le=2**63 - 1)], form: ThePosted) -> Response:
    """Log somebody out."""
    whose = await here.office.sessions.end(number)
    await here.note(Act.END_SESSION, subject=whose or "", outcome="done" if whose else "over before")
    return back(PEOPLE)


@router.get("/audit")
async def audit(
    here: TheManager,
    operator: Filter = None,
    conversation: Filter = None,
    act: Filter = None,
    cursor: Cursor = None,
) -> Response:
    """What operators did, newest first."""
    before = decode_cursor(cursor, int)
    found = await here.office.audit.page(
        operator=operator or None, conversation=conversation or None, act=act or None, limit=ROWS,
        before=before[0] if before else None,
    )  # fmt: skip
    following = encode_cursor(found[-1]["id"]) if len(found) == ROWS else None
    wanted = {"operator": operator or "", "conversation": conversation or "", "act": act or ""}
    return show(here, "audit.html", deeds=found, acts=list(Act), wanted=wanted, following=following, cursor=cursor)


@router.get("/me")
async def me(here: TheOperator) -> Response:
    """One's own password."""
    return show(here, "me.html", is_owner=here.name == OWNER)


@router.post("/me/password")
async def my_password(here: TheOperator, form: ThePosted) -> Response:
    """Change it; every session of one's own ends, this one too."""
    password = _password(form)
    async with noted(here, Act.CHANGE_PASSWORD, subject=here.name):
        if here.name == OWNER:
            raise Problem(409, WORDS.people.no_password)
        await _prove(here, form.get("present", ""))
        with _refusals():
            await here.office.operators.set_password(here.name, password)
    return back("/console/login")


async def _prove(here: Here, password: str) -> None:
    """Whether it is really them; nobody's mistakes slow down anybody elsewhere.

    Raises:
        Problem: 429 too many attempts; 422 this is not their password.
    """
    guessing, address = here.office.guessing, visitor_of(here.request).address
    if not await guessing.may_try(here.name, address, now()):
        raise Problem(429, WORDS.log_in.slow)
    if await here.office.operators.log_in(here.name, password) is None:
        raise Problem(422, WORDS.people.wrong)
    await guessing.forget(here.name, address)
