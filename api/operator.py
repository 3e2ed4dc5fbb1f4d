"""The operator API: look at conversations, orders and undelivered parts, and act on them."""

from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Header, Path, Query

from api.encoded import EncodedRoute
from api.house import House, TheHouse
from api.media import TheShelf
from api.operator_auth import OperatorsOnly
from api.operator_list import conversation_query, listed
from api.operator_models import (
    DeadLetter,
    Decided,
    GivesBack,
    Line,
    ListedConversation,
    Order,
    Page,
    Reply,
    WaitingPart,
    Who,
    decode_cursor,
    decode_moment,
    encode_cursor,
)
from api.problems import Problem, refusals
from contracts.conversation import OperatorReply, Overview, Release, Resend, TakeOver
from domain.conversation import Attention, Holder
from domain.identifiers import Address
from domain.messages import OutboundMessage
from platforms.text import fit
from providers.records import letters, listings

router = APIRouter(
    prefix="/api", route_class=EncodedRoute, dependencies=[OperatorsOnly], responses=refusals(401, 403, 422, 503)
)
log = structlog.get_logger(__name__)

Limit = Annotated[int, Query(ge=1, le=200, description="Rows on a page")]
Cursor = Annotated[str | None, Query(max_length=4_000, description="`next_cursor` of the page before")]
Filter = Annotated[str | None, Query(max_length=300, pattern=r"^[^\x00]*$")]
ConversationId = Annotated[
    str,
    Path(description="`conv:{platform}:{account}:{contact}`, URL-encoded", max_length=1000, pattern=r"^[^\x00]*$"),
]
LISTED, FOUND = refusals(400), refusals(404)
TOLD = refusals(400, 404, 409)
LetterId = Annotated[int, Path(ge=1, le=2**63 - 1)]
Key = Annotated[str | None, Header(max_length=200, description="The same key twice does it once")]


def once(act: str, key: str | None) -> str | None:
    """The caller's key, for this act alone: on another act it is another wish, and must not get this one's answer."""
    return f"{act}/{key}" if key else None


async def _shown(house: House, overview: Overview) -> Overview:
    """Operators see the contact itself, not what stands for it."""
    address = await house.names.shown(Address.of_conversation(overview.conversation_id))
    return overview.model_copy(update={"contact": address.contact})


def _first(cursor: tuple[Any, ...] | None) -> Any:
    return cursor[0] if cursor else None


def _next_cursor(rows: list[Any], limit: int, *names: str) -> str | None:
    """A full page may have a successor; it begins after this page's last row."""
    return encode_cursor(*(rows[-1][name] for name in names)) if len(rows) == limit else None


@router.get("/orders", tags=["orders"], responses=LISTED)
async def list_orders(
    house: TheHouse, contact: Filter = None, status: Filter = None, limit: Limit = 50, cursor: Cursor = None
) -> Page[Order]:
    """Orders, newest first; `contact` is the customer's id on the platform or a whole conversation id."""
    before = _first(decode_cursor(cursor, int))
    called = None if contact is None else await house.sought(contact)
    rows = await listings.orders(house.pool, called, status, before, limit)
    await house.names.unmask(rows, "contact", "chat2desk_client_id")
    return Page(items=[Order.model_validate(row) for row in rows], next_cursor=_next_cursor(rows, limit, "id"))


@router.get("/conversations", tags=["conversations"], responses=LISTED)
async def list_conversations(
    house: TheHouse,
    attention: Attention | None = None,
    holder: Holder | None = None,
    phase: Filter = None,
    flow: Filter = None,
    platform: Filter = None,
    account: Filter = None,
    status: Annotated[str, Query(pattern="^(open|closed|all)$")] = "open",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[ListedConversation]:
    """Conversations, newest first, filtered by what Temporal knows of them (news shows within a second or so)."""
    wanted = {"Holder": holder, "Phase": phase, "Flow": flow, "Platform": platform, "Account": account}
    also = await listings.asking_for(house.pool, attention) if attention else []
    query = conversation_query(wanted, status, attention or "", also)
    found, following = await house.conversations.page(query, limit, cursor)
    rows = [listed(execution).model_dump() for execution in found]
    await house.names.unmask(rows)
    return Page(items=[ListedConversation.model_validate(row) for row in rows], next_cursor=following)


@router.get("/conversations/{conversation_id:path}/transcript", tags=["conversations"], responses=LISTED | FOUND)
async def read_transcript(
    house: TheHouse, shelf: TheShelf, conversation_id: ConversationId, limit: Limit = 50, cursor: Cursor = None
) -> Page[Line]:
    """What was said: the latest page first, each page oldest line first; `next_cursor` leads back in time."""
    address = await house.address(conversation_id)
    before = _first(decode_cursor(cursor, int))
    rows = await listings.transcript(house.pool, address.conversation_id, before, limit)
    kept = await shelf.of_messages(address, [row["message_id"] for row in rows if row["media"]])
    lines = [Line.model_validate({**row, "kept": kept.get(row["message_id"], [])}) for row in reversed(rows)]
    return Page(items=lines, next_cursor=_next_cursor(rows, limit, "id"))


@router.post("/conversations/{conversation_id:path}/take-over", tags=["conversations"], responses=TOLD)
async def take_over(
    house: TheHouse, conversation_id: ConversationId, who: Who | None = None, idempotency_key: Key = None
) -> Overview:
    """Seize the conversation: the assistant stops in the middle of whatever it does."""
    request = TakeOver(operator=(who or Who()).operator)
    address = await house.address(conversation_id)
    overview = await house.conversations.take_over(address, request, once("take-over", idempotency_key))
    return await _shown(house, overview)


@router.post("/conversations/{conversation_id:path}/release", tags=["conversations"], responses=TOLD)
async def release(
    house: TheHouse, conversation_id: ConversationId, given: GivesBack | None = None, idempotency_key: Key = None
) -> Overview:
    """Give the conversation back to the assistant, with a word about what happened meanwhile."""
    given = given or GivesBack()
    request = Release(operator=given.operator, summary=given.summary)
    address = await house.address(conversation_id)
    return await _shown(house, await house.conversations.release(address, request, once("release", idempotency_key)))


@router.post("/conversations/{conversation_id:path}/replies", status_code=202, tags=["conversations"], responses=TOLD)
async def reply(house: TheHouse, conversation_id: ConversationId, said: Reply, idempotency_key: Key = None) -> Overview:
    """Write to the customer; writing takes the conversation over. 202: it will be delivered in order."""
    address = await house.address(conversation_id)
    platform = house.platforms.get(address.platform)
    if platform is None:
        raise Problem(404, "there is no such conversation")
    route = (await house.conversations.overview(address)).route
    parts = tuple(fit(OutboundMessage(text=said.text), platform.abilities(route)))
    request = OperatorReply(text=said.text, operator=said.operator, parts=parts)
    return await _shown(house, await house.conversations.reply(address, request, once("reply", idempotency_key)))


@router.get("/conversations/{conversation_id:path}", tags=["conversations"], responses=TOLD)
async def read_conversation(house: TheHouse, conversation_id: ConversationId) -> Overview:
    """One conversation at a glance, asked of the conversation itself."""
    return await _shown(house, await house.conversations.overview(await house.address(conversation_id)))


@router.get("/outbox", tags=["delivery"], responses=LISTED)
async def list_outbox(
    house: TheHouse,
    state: Annotated[str | None, Query(pattern="^(pending|sending|sent|unknown|dead|dropped)$")] = None,
    conversation: Filter = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[WaitingPart]:
    """Parts, oldest first; without `state` those that wait to be sent."""
    if conversation and conversation.startswith("conv:"):
        conversation = (await house.address(conversation)).conversation_id
    rows = await listings.outbox(house.pool, state, conversation, decode_moment(cursor), limit)
    following = encode_cursor(rows[-1]["created_at"].isoformat(), rows[-1]["key"]) if len(rows) == limit else None
    return Page(items=[WaitingPart.model_validate(row) for row in rows], next_cursor=following)


@router.get("/dead-letters", tags=["delivery"], responses=LISTED)
async def list_dead_letters(house: TheHouse, limit: Limit = 50, cursor: Cursor = None) -> Page[DeadLetter]:
    """Parts a person must decide about, newest first."""
    before = _first(decode_cursor(cursor, int))
    rows = await listings.dead_letters(house.pool, before, limit)
    await house.names.unmask(rows)
    return Page(items=[DeadLetter.model_validate(row) for row in rows], next_cursor=_next_cursor(rows, limit, "id"))


@router.post("/dead-letters/{letter_id}/retry", status_code=202, tags=["delivery"], responses=FOUND)
async def retry_dead_letter(house: TheHouse, letter_id: LetterId) -> Decided:
    """Send the part again, behind whatever its conversation is sending already. 202: it will be tried."""
    letter = await _take(house, letter_id, again=True)
    address = Address.of_conversation(letter["conversation_id"])
    try:
        await house.conversations.tell(address, "resend", Resend(key=letter["outbox_key"]))
    except BaseException:
        await letters.put_back(house.pool, letter)
        raise
    await letters.told(house.pool, letter, again=True)
    log.info("dead_letter_retried", conversation=letter["conversation_id"], key=letter["outbox_key"])
    return Decided(id=letter_id, outbox_key=letter["outbox_key"], state="pending")


@router.post("/dead-letters/{letter_id}/drop", tags=["delivery"], responses=FOUND)
async def drop_dead_letter(house: TheHouse, letter_id: LetterId) -> Decided:
    """Give the part up: it will never be sent."""
    letter = await _take(house, letter_id, again=False)
    await house.conversations.mention(
        Address.of_conversation(letter["conversation_id"]), "letter_dropped", Resend(key=letter["outbox_key"])
    )
    await letters.told(house.pool, letter, again=False)
    log.info("dead_letter_dropped", conversation=letter["conversation_id"], key=letter["outbox_key"])
    return Decided(id=letter_id, outbox_key=letter["outbox_key"], state="dropped")


async def _take(house: House, letter_id: int, *, again: bool) -> dict[str, Any]:
    letter = await letters.take(house.pool, letter_id, again=again)
    if letter is None:
        raise Problem(404, "there is no such dead letter, or somebody decided about it already")
    return letter
