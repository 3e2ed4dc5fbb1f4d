"""Media behind signed links: shown to whoever has the link, for as long as it lasts."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from api.problems import Problem
from domain.failures import NotProven
from domain.messages import MessageKind
from providers.media.kinds import suffix_of
from providers.media.links import MediaLinks
from providers.media.store import MediaStore
from providers.records.media import MediaRecords, MediaRow

SHOWN = frozenset({MessageKind.IMAGE, MessageKind.AUDIO})
"""What a browser shows in place: pictures of our own making, and sounds."""

router = APIRouter(tags=["media"])


@dataclass(frozen=True)
class MediaShelf:
    """What this door leans on; `app.state.media`."""

    store: MediaStore
    links: MediaLinks
    records: MediaRecords


def shelf_of(request: Request) -> MediaShelf:
    """The shelf of this application."""
    shelf: MediaShelf = request.app.state.media
    return shelf


@router.get("/media/{token}", response_class=Response)
async def show(token: str, shelf: Annotated[MediaShelf, Depends(shelf_of)]) -> Response:
    """One picture, voice note or file. 404: no link of ours; 410: its time is over, or nothing is kept any more."""
    row = await _row(token, shelf)
    content = await shelf.store.get(row.name) if row and row.name else None
    if row is None or content is None:
        raise Problem(410, "It is not kept any more.")
    return Response(content, headers=headers_of(row), media_type=row.mime)


async def _row(token: str, shelf: MediaShelf) -> MediaRow | None:
    try:
        media_id = shelf.links.read(token, datetime.now(UTC))
    except NotProven:
        raise Problem(404) from None
    if media_id is None:
        raise Problem(410, "This link's time is over.")
    return await shelf.records.find(media_id)


def headers_of(row: MediaRow) -> dict[str, str]:
    """Nothing in a file may run, whatever a browser thinks it is."""
    manner = "inline" if row.kind in SHOWN else "attachment"
    return {
        "Content-Disposition": f'{manner}; filename="{row.kind}-{row.id[:8]}.{suffix_of(row.mime)}"',
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }
