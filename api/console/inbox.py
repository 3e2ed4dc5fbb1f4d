"""The list of conversations, by what asks for attention."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query
from psycopg.rows import DictRow
from starlette.responses import Response

from api.console.office import Here, TheOperator
from api.console.shown import ConsoleRoute, back, show
from api.operator_models import decode_moment, encode_cursor
from providers.records import console
from providers.records.console import MOST_COUNTED, Tab
from providers.records.model_state import model_part

router = APIRouter(prefix="/console", route_class=ConsoleRoute, include_in_schema=False)

ROWS = 40
Words = Annotated[str, Query(max_length=200)]
Cursor = Annotated[str | None, Query(max_length=4_000)]


@router.get("")
@router.get("/")
async def home() -> Response:
    """The console begins with the inbox."""
    return back("/console/inbox")


@router.get("/inbox")
async def inbox(here: TheOperator, tab: Tab | None = None, q: Words = "", cursor: Cursor = None) -> Response:
    """Who waits, and what was said last."""
    return show(here, "inbox.html", **await listing(here, tab, q, cursor), opened=None, degraded=await degraded(here))


@router.get("/inbox/rows")
async def rows(
    here: TheOperator, tab: Tab | None = None, q: Words = "", cursor: Cursor = None, opened: Words = ""
) -> Response:
    """The list alone, for a page that shows it already."""
    return show(here, "rows.html", **await listing(here, tab, q, cursor), opened=opened)


async def listing(here: Here, tab: Tab | None, words: str, cursor: str | None) -> dict[str, Any]:
    """What the list shows."""
    here.office.watch.look()
    counts = await console.counts(here.house.pool, here.name)
    tab, words = tab or _usual(counts), words.replace("\x00", "").strip()
    after = decode_moment(cursor)
    if words:
        found = await console.search(here.house.pool, words, after, ROWS, await here.house.sought(words))
    else:
        found = await console.page(here.house.pool, tab, here.name, after, ROWS)
    await here.house.names.unmask(found)
    short = await console.short_of_stock(here.house.pool, [row["id"] for row in found])
    return {
        "tab": tab, "short": short, "tabs": list(Tab), "counts": told(counts), "rows": found, "words": words,
        "following": following(found), "cursor": cursor,
    }  # fmt: skip


def _usual(counts: dict[Tab, int]) -> Tab:
    """Whatever asks for attention first; else everything."""
    return next((tab for tab in (Tab.PAYMENT, Tab.HANDOFF, Tab.DEAD_LETTER) if counts[tab]), Tab.OPEN)


def told(counts: dict[Tab, int]) -> dict[str, str]:
    """Counts as they are shown."""
    return {tab.value: f"{MOST_COUNTED // 1000}k+" if n >= MOST_COUNTED else str(n) for tab, n in counts.items()}


def following(found: Sequence[DictRow]) -> str | None:
    """Where the next page begins."""
    return encode_cursor(found[-1]["since"].isoformat(), found[-1]["id"]) if len(found) == ROWS else None


async def degraded(here: Here) -> str:
    """Why the assistant answers without its model, if it does."""
    return await model_part(here.house.pool)
