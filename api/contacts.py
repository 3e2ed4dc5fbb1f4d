"""What customers may ask of a shop: everything we know of them, or that we forget it."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from temporalio.service import RPCError

from api.console.office import Office, visitor_of
from api.encoded import EncodedRoute
from api.erasing import Erasing
from api.exporting import exported
from api.house import House, TheHouse
from api.media import MediaShelf, TheShelf
from api.operator_auth import OperatorsOnly
from api.problems import Problem, refusals, unavailable
from domain.failures import Unavailable
from domain.identifiers import LONGEST_CONTACT, Address
from domain.model import Value
from domain.operators import Act, Via
from providers.media.keeping import Keeping
from providers.records.audit import Deed
from providers.records.erasure import Belongings, Receipt

router = APIRouter(
    prefix="/api/contacts", tags=["contacts"], route_class=EncodedRoute, dependencies=[OperatorsOnly],
    responses=refusals(401, 403, 422, 503),
)  # fmt: skip

Contact = Annotated[
    str,
    Path(
        description="The customer's id on the platform (URL-encoded), or the pseudonym that stands for it",
        min_length=1, max_length=LONGEST_CONTACT * 4, pattern=r"^[^\x00]*$",
    ),
]  # fmt: skip
Piece = Annotated[str, Path(max_length=200, pattern=r"^[^\x00:]+$")]
UNKNOWN = refusals(404)


class Place(Value):
    """Where somebody of this name is known."""

    platform: str
    account: str


def _erasing(house: TheHouse, shelf: TheShelf) -> Erasing:
    return Erasing(house, Keeping(shelf.store, shelf.records))


TheErasing = Annotated[Erasing, Depends(_erasing)]


@router.get("")
async def find_contact(
    house: TheHouse, contact: Annotated[str, Query(min_length=1, max_length=300, pattern=r"^[^\x00]*$")]
) -> list[Place]:
    """The platforms and accounts where somebody of this name is known."""
    found = await Belongings(house.pool).whereabouts(await house.called(contact))
    return [Place(platform=platform, account=account) for platform, account in found]


@router.get("/{platform}/{account}/{contact}/export", responses=UNKNOWN)
async def export_contact(
    request: Request, house: TheHouse, shelf: TheShelf, erasing: TheErasing, platform: Piece, account: Piece,
    contact: Contact,
) -> dict[str, Any]:  # fmt: skip
    """Everything we know of a customer: rows, histories, and links to files that last a day."""
    address = Address(platform=platform, account=account, contact=contact)
    document = await _document(house, shelf, erasing, address)
    await _note(request, house, Act.EXPORT_CONTACT, address, "done")
    return document


async def _document(house: House, shelf: MediaShelf, erasing: Erasing, address: Address) -> dict[str, Any]:
    subject = await erasing.subject(address)
    real = await house.names.shown(await house.names.masked(address))
    runs = await erasing.runs(subject)
    try:
        document = await exported(house, shelf, subject, runs, real.contact)
    except RPCError as error:
        raise unavailable(f"Temporal does not tell now ({error.status.name.lower()})") from error
    if not document["rows"] and not document["histories"]:
        raise Problem(404, "nothing is known of this contact")
    return document


@router.get("/{platform}/{account}/{contact}", responses=UNKNOWN)
async def count_contact(
    house: TheHouse, erasing: TheErasing, platform: Piece, account: Piece, contact: Contact
) -> dict[str, int]:
    """How many rows each of our tables has of a customer."""
    subject = await erasing.subject(Address(platform=platform, account=account, contact=contact))
    if not (found := await Belongings(house.pool).count(subject)):
        raise Problem(404, "nothing is known of this contact")
    return found


@router.delete("/{platform}/{account}/{contact}", responses=UNKNOWN)
async def erase_contact(
    request: Request, house: TheHouse, erasing: TheErasing, platform: Piece, account: Piece, contact: Contact,
    operator: Annotated[str, Query(min_length=1, max_length=100, description="Who asks, for the receipt")] = "operator",
) -> Receipt:  # fmt: skip
    """Forget a customer: histories, files and rows go; what the law wants kept stays without them. Takes seconds."""
    address = Address(platform=platform, account=account, contact=contact)
    receipt = await erasing.erase(address, operator)
    nobody = address.model_copy(update={"contact": "erased"})
    await _note(request, house, Act.ERASE_CONTACT, nobody, "done", operator, f"receipt {receipt.id}")
    return receipt


async def _note(
    request: Request, house: House, act: Act, address: Address, outcome: str, operator: str = "operator",
    subject: str = "",
) -> None:  # fmt: skip
    """Write it into the audit log, under the name that everything of ours knows the customer by."""
    office: Office | None = getattr(request.app.state, "office", None)
    if office is None:
        return
    masked = await house.names.masked(address) if address.contact != "erased" else address
    deed = Deed(
        operator=operator, via=Via.API, act=act, conversation=masked.conversation_id, subject=subject,
        address=visitor_of(request).address, outcome=outcome,
    )  # fmt: skip
    try:
        await office.audit.write(deed)
    except Unavailable:
        return  # what was done is done
