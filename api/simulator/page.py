"""`/simulator`: chat as a customer, see what the platform shows, and break things."""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from api.operator_models import Order
from api.pages import page
from api.simulator.visit import CONTACT, Delivered, Saying, Visit
from domain.identifiers import Address
from providers.records import listings

router = APIRouter(prefix="/simulator", include_in_schema=False)

FAULTS = {
    "429": "Too many requests",
    "500": "Server error",
    "401": "Token refused",
    "answer_lost": "Answer lost (bytes left)",
    "reset_before": "Connection dropped",
    "refused": "Refuse this message",
}


def visit_of(request: Request) -> Visit:
    """The simulator of this process."""
    visit: Visit = request.app.state.visit
    return visit


TheVisit = Annotated[Visit, Depends(visit_of)]
Contact = Annotated[str, Query(pattern=CONTACT)]


@router.get("")
async def show(request: Request, visit: TheVisit) -> Response:
    """The page."""
    return page(request, "simulator.html", platforms=list(visit.house.platforms), faults=FAULTS)


@router.post("/_say")
async def say(request: Request, visit: TheVisit, saying: Saying) -> Delivered:
    """Type on a simulated phone. Posts to the socket this request came in by, whatever the settings say of our URL."""
    host, port = request.scope["server"]
    return await visit.say(saying, f"http://{f'[{host}]' if ':' in host else host}:{port}")


@router.get("/_about")
async def about(visit: TheVisit, platform: str, contact: Contact) -> dict[str, Any]:
    """Where else this conversation can be seen, and what this customer ordered."""
    if platform not in visit.house.platforms:
        return {"conversation": "", "temporal": "", "orders": []}
    account = (await visit.house.accounts.default(platform)).account
    name = Address(platform=platform, account=account, contact=contact).conversation_id
    rows = await listings.orders(visit.house.pool, name, None, None, 20)
    orders = [Order.model_validate(row).model_dump(mode="json") for row in rows]
    return {"conversation": name, "temporal": _temporal_link(visit, name), "orders": orders}


def _temporal_link(visit: Visit, name: str) -> str:
    settings = visit.house.settings
    if not settings.temporal_ui_url:
        return ""
    root = settings.temporal_ui_url.rstrip("/")
    return f"{root}/namespaces/{settings.temporal_namespace}/workflows/{quote(name, safe='')}"
