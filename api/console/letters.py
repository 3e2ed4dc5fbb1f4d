"""Dead letters: what could not be delivered, and a person's decision about each."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.console import shaping
from api.console.acts import noted
from api.console.office import TheOperator, ThePosted
from api.console.shown import ConsoleRoute, back, show
from api.operator import LetterId, drop_dead_letter, retry_dead_letter
from api.operator_models import decode_cursor, encode_cursor
from domain.operators import Act
from providers.records import listings

router = APIRouter(prefix="/console", route_class=ConsoleRoute, include_in_schema=False)

ROWS = 50


@router.get("/letters")
async def letters(here: TheOperator, cursor: Annotated[str | None, Query(max_length=200)] = None) -> Response:
    """Newest first."""
    before = decode_cursor(cursor, int)
    found = await listings.dead_letters(here.house.pool, before[0] if before else None, ROWS)
    await here.house.names.unmask(found)
    following = encode_cursor(found[-1]["id"]) if len(found) == ROWS else None
    own = here.house.settings.everturn_api_url
    pictures = {row["id"]: shaping.local_media(str(row["part"].get("image_url") or ""), own) for row in found}
    return show(here, "letters.html", letters=found, pictures=pictures, following=following, cursor=cursor)


@router.post("/letters/{letter}/retry")
async def send_again(here: TheOperator, letter: LetterId, form: ThePosted) -> Response:
    """Send it again, behind whatever its conversation is sending already."""
    async with noted(here, Act.SEND_AGAIN, form.get("conversation", ""), f"letter {letter}"):
        await retry_dead_letter(here.house, letter)
    return back("/console/letters")


@router.post("/letters/{letter}/drop")
async def give_up(here: TheOperator, letter: LetterId, form: ThePosted) -> Response:
    """It will never be sent."""
    async with noted(here, Act.DROP_LETTER, form.get("conversation", ""), f"letter {letter}"):
        await drop_dead_letter(here.house, letter)
    return back("/console/letters")
