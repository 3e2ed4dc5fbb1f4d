"""Canned texts: kept once, offered beside every message."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from api.console.acts import LONGEST_TEXT, noted
from api.console.office import TheOperator, ThePosted
from api.console.shown import ConsoleRoute, back, show
from api.operator_models import decode_cursor, encode_cursor
from api.problems import Problem
from domain.operators import Act
from platforms.text import clean
from providers.records import canned

router = APIRouter(prefix="/console", route_class=ConsoleRoute, include_in_schema=False)

ROWS = 50
LONGEST_TITLE = 80
EVERY = "*"


@router.get("/texts")
async def texts(here: TheOperator, cursor: Annotated[str | None, Query(max_length=200)] = None) -> Response:
    """All of them."""
    after = decode_cursor(cursor, int)
    found = await canned.page(here.house.pool, after[0] if after else None, ROWS)
    following = encode_cursor(found[-1]["id"]) if len(found) == ROWS else None
    return show(here, "texts.html", texts=found, shops=await here.shops(), following=following, cursor=cursor)


@router.post("/texts")
async def save(here: TheOperator, form: ThePosted) -> Response:
    """Keep a text; one of the same title is replaced."""
    title, text = clean(form.get("title", ""), LONGEST_TITLE), clean(form.get("text", ""), LONGEST_TEXT)
    platform, _, account = form.get("shop", "").partition("/")
    shops = await here.shops()
    if not title or not text:
        raise Problem(422, "a canned text has a title and a text")
    if (platform, account) != ("", "") and (platform, account) not in shops:
        raise Problem(422, "there is no such account")
    if here.operator.accounts and not platform:
        raise Problem(403, "a text of every account is for those who see every account: choose one of yours")
    async with noted(here, Act.SAVE_CANNED_TEXT, subject=title):
        await canned.save(here.house.pool, platform or EVERY, account or EVERY, title, text)
    return back("/console/texts")


@router.post("/texts/{number}/remove")
async def remove(here: TheOperator, number: Annotated[int, Path(ge=1, le=2**63 - 1)], form: ThePosted) -> Response:
    """Forget a text."""
    title = await canned.remove(here.house.pool, number)
    await here.note(Act.REMOVE_CANNED_TEXT, subject=title or str(number), outcome="done" if title else "gone before")
    return back("/console/texts")
