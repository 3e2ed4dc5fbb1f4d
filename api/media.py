"""Media behind signed links: shown to whoever has the link, for as long as it lasts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from api.operator_models import KeptMedia
from api.problems import Problem, refusals
from domain.failures import NotProven
from domain.identifiers import Address
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

    async def of_messages(self, address: Address, message_ids: Sequence[str]) -> dict[str, list[KeptMedia]]:
        """What is kept of these messages' media, in their order, with fresh links."""
        now = datetime.now(UTC)
        found: dict[str, list[KeptMedia]] = {}
        for row in await self.records.of_messages(address, message_ids):
            url = self.links.url_of(row.id, now) if row.name else ""
            found.setdefault(row.message_id, []).append(
                KeptMedia(kind=row.kind, problem=str(row.problem), url=url, mime=row.mime, transcript=row.transcript)
            )
        return found


def shelf_of(request: Request) -> MediaShelf:
    """The shelf of this application."""
    shelf: MediaShelf = request.app.state.media
    return shelf


TheShelf = Annotated[MediaShelf, Depends(shelf_of)]


@router.get("/media/{token}", response_class=Response, responses=refusals(404, 410, 503))
async def show(token: str, shelf: TheShelf) -> Response:
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
