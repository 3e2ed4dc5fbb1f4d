"""One conversation: what was said, what became of it, and everything its operator needs beside it."""

import asyncio
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from psycopg.rows import DictRow
from starlette.responses import Response

from api.console import shaping
from api.console.inbox import degraded, listing
from api.console.office import Here, TheOperator
from api.console.shaping import Said
from api.console.shown import ConsoleRoute, show
from api.console.words import WORDS
from api.operator_models import decode_cursor, encode_cursor
from api.problems import Problem
from contracts.conversation import Overview
from domain.conversation import foremost
from domain.identifiers import Address
from providers.records import canned, console, listings
from providers.records.console import Tab
from providers.records.turns import TurnRecords

router = APIRouter(prefix="/console", route_class=ConsoleRoute, include_in_schema=False)

LINES = 40
AT_ONCE = 0.1
"""Seconds the page waits for the conversation's own word; what comes later is fetched by the page."""
MOST_ACTS, MOST_ORDERS = 10, 5
ConversationId = Annotated[str, Path(max_length=1_000, pattern=r"^[^\x00]*$")]


@dataclass(frozen=True)
class Transcript:
    """A page of lines."""

    lines: list[Said]
    earlier: str | None
    waiting: list[Said]


def address_of(conversation: str) -> Address:
    """Whose conversation this is.

    Raises:
        Problem: 404, it is no conversation's id.
    """
    try:
        return Address.of_conversation(conversation)
    except ValueError:
        raise Problem(404, WORDS.talk.never) from None


@router.get("/conversations/{conversation:path}/lines")
async def lines(
    here: TheOperator,
    conversation: ConversationId,
    before: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """The latest messages, or those before."""
    return show(here, "lines.html", transcript=await transcript(here, await here.house.address(conversation), before))


@router.get("/conversations/{conversation:path}/card")
async def card(here: TheOperator, conversation: ConversationId) -> Response:
    """What the conversation says of itself, asked now."""
    address = await here.house.address(conversation)
    return show(here, "card.html", **await beside(here, address, patience=8.0))


@router.get("/conversations/{conversation:path}")
async def read(
    here: TheOperator,
    conversation: ConversationId,
    tab: Tab | None = None,
    before: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """The page."""
    address = await here.house.address(conversation)
    if await console.find(here.house.pool, address.conversation_id) is None:
        await _overview(here, address, 8.0)  # never written to our books: is there one at all?
    said, card, texts = await asyncio.gather(
        transcript(here, address, before),
        beside(here, address, patience=AT_ONCE),
        canned.of_account(here.house.pool, address.platform, address.account),
    )
    around = await listing(here, tab, "", None)
    return show(
        here, "conversation.html", transcript=said, texts=texts, opened=address.conversation_id,
        degraded=await degraded(here), **card, **around,
    )  # fmt: skip


async def transcript(here: Here, address: Address, before: str | None) -> Transcript:
    """A page of what was said; with the latest one, the parts on their way."""
    cursor, pool = decode_cursor(before, int), here.house.pool
    found = await console.lines(pool, address.conversation_id, cursor[0] if cursor else None, LINES)
    waiting = [] if cursor else await console.waiting(pool, address.conversation_id)
    kept = await here.office.shelf.of_messages(address, [row["message_id"] for row in found if row["media"]])
    own = here.house.settings.everturn_api_url
    earlier = encode_cursor(found[0]["id"]) if len(found) == LINES else None
    written = {row["message_id"] for row in found}
    return Transcript(
        shaping.once_a_reply([shaping.said(row, kept.get(row["message_id"], []), own) for row in found]),
        earlier,
        [shaping.on_its_way(row, own) for row in waiting if row["key"] not in written],
    )


async def beside(here: Here, address: Address, *, patience: float) -> dict[str, Any]:
    """Everything beside the messages."""
    conversation, pool = address.conversation_id, here.house.pool
    overview, known, spent, orders, acts = await asyncio.gather(
        _asked(here, address, patience),
        console.find(pool, conversation),
        TurnRecords(pool).cost_of(conversation),
        listings.orders(pool, conversation, None, None, MOST_ORDERS),
        here.office.audit.page(conversation=conversation, limit=MOST_ACTS),
    )
    state = overview.dialog_state if overview else None
    return {
        "conversation": conversation, "address": await here.house.names.shown(address),
        "overview": overview, "known": standing(known, overview),
        "spent": spent, "orders": orders, "acts": acts, "facts": shaping.facts(state), "cart": shaping.cart(state),
        "temporal": shaping.temporal_link(here.house.settings, conversation),
    }  # fmt: skip


def standing(known: DictRow | None, overview: Overview | None) -> dict[str, Any]:
    """Where the conversation stands: by its own word, else by our books."""
    row: dict[str, Any] = dict(known or {})
    if overview is not None:
        row |= {
            "holder": overview.holder.value, "phase": overview.phase, "flow": overview.flow,
            "held_by": overview.operator if overview.holder == "operator" else "",
            "attention": foremost(overview.attention),
        }  # fmt: skip
    return row


async def _asked(here: Here, address: Address, patience: float) -> Overview | None:
    """The conversation's own word; None: it does not come in time, or the conversation is over."""
    try:
        async with asyncio.timeout(patience):
            return await _overview(here, address, patience)
    except (TimeoutError, Problem):
        return None


async def _overview(here: Here, address: Address, patience: float) -> Overview:
    async with asyncio.timeout(patience):
        overview = await here.house.conversations.overview(address)
    await here.office.watch.learn(overview)
    return overview
