"""What an operator does with a conversation: take it over, answer, send a picture, give it back."""

import hashlib
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Annotated
from uuid import uuid4

import structlog
from fastapi import APIRouter, Depends, Header, Request
from starlette.responses import JSONResponse, Response

from api.console.conversation import ConversationId, address_of
from api.console.office import Here, TheOperator, ThePosted, now, proven_by_header
from api.console.shaping import link
from api.console.shown import ConsoleRoute, back, is_scripted
from api.problems import Problem
from contracts.conversation import OperatorReply, Overview, Release, TakeOver
from domain.failures import MediaRefused, Unavailable
from domain.identifiers import Address
from domain.messages import MessageKind, OutboundMessage
from domain.operators import Act
from platforms.text import clean, fit
from providers.media.pictures import Picture
from providers.media.store import random_name
from providers.records.media import MediaRow

router = APIRouter(prefix="/console", route_class=ConsoleRoute, include_in_schema=False)

LONGEST_TEXT = 4_000
LONGEST_NOTE = 1_000
LARGEST_PICTURE = 8 * 1024 * 1024
PICTURE_KEPT = timedelta(days=30)
CAPTION = "[picture]"
"""Stands for a picture without words where words are wanted."""

log = structlog.get_logger(__name__)


@router.post("/conversations/{conversation:path}/take-over")
async def take_over(here: TheOperator, conversation: ConversationId, form: ThePosted) -> Response:
    """Seize it: nothing more of the assistant's leaves."""
    asked = TakeOver(operator=here.name)
    key = key_of(here, "take-over", form.get("once"))
    work = here.house.conversations.take_over(address_of(conversation), asked, key)
    return await _did(here, conversation, Act.TAKE_OVER, work)


@router.post("/conversations/{conversation:path}/release")
async def release(here: TheOperator, conversation: ConversationId, form: ThePosted) -> Response:
    """Give it back to the assistant."""
    asked = Release(operator=here.name, summary=clean(form.get("summary", ""), LONGEST_NOTE))
    work = here.house.conversations.release(address_of(conversation), asked, key_of(here, "release", form.get("once")))
    return await _did(here, conversation, Act.RELEASE, work)


@router.post("/conversations/{conversation:path}/reply")
async def reply(here: TheOperator, conversation: ConversationId, form: ThePosted) -> Response:
    """Write to the customer; the same form posted twice writes once."""
    text = clean(form.get("text", ""), LONGEST_TEXT + 1)
    if not text or len(text) > LONGEST_TEXT:
        raise Problem(422, f"a message has 1 to {LONGEST_TEXT} characters")
    said = OutboundMessage(text=text)
    return await _did(here, conversation, Act.REPLY, _write(here, address_of(conversation), said, form.get("once")))


@router.post("/conversations/{conversation:path}/picture", dependencies=[Depends(proven_by_header)])
async def send_picture(
    here: TheOperator, conversation: ConversationId, request: Request, x_once: Annotated[str | None, Header()] = None
) -> Response:
    """Send a picture, which comes as the body itself."""
    address = address_of(conversation)
    content = await _read(request)
    try:
        picture = await here.office.pictures.normalise(content)
    except MediaRefused:
        raise Problem(422, "this is no picture we can send: JPEG, PNG, GIF or WebP") from None
    said = OutboundMessage(text="", image_url=await _keep(here, address, picture))
    return await _did(here, conversation, Act.REPLY, _write(here, address, said, x_once))


def key_of(here: Here, act: str, once: str | None) -> str | None:
    """What makes a form that is posted twice do one thing; nobody else's form, and no other act, has it."""
    return hashlib.sha256(f"{here.name}/{act}/{once}".encode()).hexdigest() if once else None


async def _did(here: Here, conversation: str, act: Act, work: Awaitable[Overview]) -> Response:
    async with noted(here, act, conversation):
        overview = await work
    await here.office.watch.learn(overview)
    here.office.live.tell(conversation)
    if is_scripted(here.request):
        return JSONResponse({"holder": overview.holder.value, "operator": overview.operator})
    return back(link(conversation))


@asynccontextmanager
async def noted(here: Here, act: Act, conversation: str = "", subject: str = "") -> AsyncIterator[None]:
    """Write down what is done in this block, and what came of it."""
    try:
        yield
    except Problem as error:
        await here.note(act, conversation, subject, f"refused: {error.status} {error}"[:200])
        raise
    try:
        await here.note(act, conversation, subject)
    except Unavailable:  # what was done is done: told that it was not, people would do it again
        log.error("act_not_written_down", act=act.value, via="console")


async def _write(here: Here, address: Address, said: OutboundMessage, once: str | None) -> Overview:
    platform = here.house.platforms.get(address.platform)
    if platform is None:
        raise Problem(404, "there is no such conversation")
    route = (await here.house.conversations.overview(address)).route
    parts = tuple(fit(said, platform.abilities(route)))
    asked = OperatorReply(text=said.text or CAPTION, operator=here.name, parts=parts)
    key = key_of(here, "reply", once) or uuid4().hex
    return await here.house.conversations.reply(address, asked, key)


async def _read(request: Request) -> bytes:
    """The picture's bytes.

    Raises:
        Problem: 413.
    """
    declared = request.headers.get("content-length", "")
    pieces, size = [], int(declared) if declared.isdecimal() else 0
    if size <= LARGEST_PICTURE:
        size = 0
        async for piece in request.stream():
            size += len(piece)
            if size > LARGEST_PICTURE:
                break
            pieces.append(piece)
    if size > LARGEST_PICTURE:
        raise Problem(413, "a picture may have 8 MB", headers={"Connection": "close"})
    return b"".join(pieces)


async def _keep(here: Here, address: Address, picture: Picture) -> str:
    """Keep it as customers' pictures are kept; where the platform can fetch it."""
    shelf, name, moment = here.office.shelf, random_name(), now()
    row = MediaRow(
        id=random_name(), conversation_id=address.conversation_id, platform=address.platform, account=address.account,
        message_id=f"operator/{uuid4().hex}", place=0, kind=MessageKind.IMAGE, mime=picture.mime,
        bytes_count=len(picture.content), width=picture.width, height=picture.height,
        sha256=hashlib.sha256(picture.content).hexdigest(), name=name, created_at=moment,
        expires_at=moment + PICTURE_KEPT,
    )  # fmt: skip
    await shelf.records.announce(name)
    await shelf.store.put(name, picture.content, picture.mime)
    await shelf.records.keep(row)
    return shelf.links.url_of(row.id, moment)
