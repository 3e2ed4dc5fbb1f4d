"""`/simulator`: chat as a customer, see what the platform shows, and break things."""

from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from api.operator_models import Order
from api.pages import POLICY, page
from api.problems import Problem
from api.simulator import samples
from api.simulator.models import (
    About,
    Delivered,
    Editing,
    Look,
    Operating,
    Passed,
    Passing,
    Phone,
    Saying,
    Screen,
    Trouble,
    Unsending,
)
from api.simulator.postman import told_states
from api.simulator.visit import Visit
from domain.failures import Unavailable
from platforms.kit import Kit
from platforms.registry import PLATFORMS
from platforms.simulation import Direction, Entry
from providers.records import listings

router = APIRouter(prefix="/simulator", include_in_schema=False)

USUAL = "chat2desk"
MOST_SHOWN = 200
"""Bubbles; what is older has scrolled away."""
FAULTS = {
    "429": ("Too many requests", "Refused with 429; tried again later"),
    "500": ("Server error", "Refused with 500; tried again later"),
    "401": ("Token refused", "Sends of the account pause"),
    "refused": ("Message refused", "This message will never be taken"),
    "hang": ("Long silence", "No answer for half a minute, then it goes on"),
    "answer_lost": ("Answer lost", "The customer sees it, and no answer comes (a time-out after the bytes left)"),
    "reset": ("Cut off after", "The customer sees it, and the connection breaks"),
    "reset_before": ("Cut off before", "The connection breaks, and the customer sees nothing"),
    "undelivered": ("Do not deliver", "Taken, and later reported as failed"),
}
"""Every `FaultKind` in words, and what it does."""
SOURCES = f"{POLICY}; media-src 'self' blob:".replace("data: https:", "data: blob: https: http://127.0.0.1:*")


def visit_of(request: Request) -> Visit:
    """The simulator of this process, which learns by which socket it is asked."""
    visit: Visit = request.app.state.visit
    visit.posting.learn(request.scope)
    return visit


TheVisit = Annotated[Visit, Depends(visit_of)]
ThePhone = Annotated[Phone, Query()]


@router.get("")
async def show(request: Request, visit: TheVisit) -> Response:
    """The page."""
    kits = [PLATFORMS[name] for name in visit.house.platforms]
    usual = USUAL if USUAL in visit.house.platforms else next(iter(visit.house.platforms), "")
    shown = page(
        request, "simulator.html", kits=kits, can=_abilities, usual=usual, faults=FAULTS, samples=samples.SAMPLES
    )
    shown.headers["Content-Security-Policy"] = SOURCES
    return shown


def _abilities(kit: Kit) -> str:
    """What the page may offer, as words in an attribute."""
    able = {"echo": kit.echo, "unsent": kit.unsent, "edited": kit.edited, "receipt": kit.receipt}
    return " ".join(name for name, builder in able.items() if builder)


@router.post("/_say")
async def say(visit: TheVisit, saying: Saying) -> Delivered:
    """Send from a simulated phone."""
    return Delivered(statuses=await visit.say(saying))


@router.post("/_operator")
async def operate(visit: TheVisit, operating: Operating) -> Delivered:
    """Type as an operator in the platform's own app."""
    return Delivered(statuses=[await visit.operate(operating)])


@router.post("/_unsend")
async def unsend(visit: TheVisit, unsending: Unsending) -> Delivered:
    """Take a message back."""
    return Delivered(statuses=[await visit.unsend(unsending)])


@router.post("/_edit")
async def edit(visit: TheVisit, editing: Editing) -> Delivered:
    """Write a message anew."""
    return Delivered(statuses=[await visit.edit(editing)])


@router.post("/_later")
async def let_pass(visit: TheVisit, passing: Passing) -> Passed:
    """Hours have passed since the last message: a session window closes."""
    return Passed(notes=await visit.let_pass(passing))


@router.post("/_look")
async def look(visit: TheVisit, looking: Look) -> Screen:
    """What a phone shows; looked at with open eyes it is read."""
    if looking.eyes and looking.platform in visit.house.platforms:
        visit.postman.look(looking.platform, looking.contact)
    world = visit.world
    revision = world.revision(looking.platform, looking.contact)
    changed = revision != looking.revision
    return Screen(
        revision=revision,
        typing=world.is_typing(looking.platform, looking.contact),
        entries=world.latest(looking.platform, looking.contact, MOST_SHOWN) if changed else None,
    )


@router.get("/_about")
async def about(visit: TheVisit, phone: ThePhone) -> About:
    """Where else this conversation can be seen, what this customer ordered, and what is about to go wrong."""
    _, credentials = await visit.of(phone.platform)
    name = (await visit.address(phone)).conversation_id
    example = Entry(
        id=1, platform=phone.platform, contact=phone.contact, at=datetime.now(UTC), direction=Direction.OUT,
        external_id="1",
    )  # fmt: skip
    return About(
        conversation=name,
        temporal=_temporal_link(visit, name),
        flow=(await visit.house.accounts.default(phone.platform)).flow,
        orders=await _orders(visit, name),
        tells=told_states(phone.platform, phone.network, credentials, example),
        trouble=_trouble(visit, phone),
    )


@router.get("/_samples/{name}")
async def sample(name: str) -> Response:
    """A picture or voice note of ours."""
    if name not in samples.SAMPLES:
        raise Problem(404, "there is no such sample")
    mime, content = samples.content(name)
    return Response(content, media_type=mime, headers={"Cache-Control": "max-age=3600"})


async def _orders(visit: Visit, conversation: str) -> list[Order] | None:
    try:
        rows = await listings.orders(visit.house.pool, conversation, None, None, 20)
    except Unavailable:
        return None
    return [Order.model_validate(row) for row in rows]


def _trouble(visit: Visit, phone: Phone) -> Trouble:
    faults = visit.world.faults
    closed = {gate.contact for gate in faults.gates() if gate.platform == phone.platform}
    return Trouble(
        faults=[
            rule for rule in faults.rules() if rule.platform == phone.platform and rule.contact in (None, phone.contact)
        ],
        held=phone.contact in closed,
        all_held=None in closed,
        waiting=faults.waiting,
        latency=faults.setting(phone.platform).latency or 0,
    )


def _temporal_link(visit: Visit, name: str) -> str:
    settings = visit.house.settings
    if not settings.temporal_ui_url:
        return ""
    root = settings.temporal_ui_url.rstrip("/")
    return f"{root}/namespaces/{settings.temporal_namespace}/workflows/{quote(name, safe='')}"
