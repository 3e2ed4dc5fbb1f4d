"""Reads a burst with every rule of the sales flow, once."""

from decimal import Decimal

from domain.messages import CartItem, MessageKind
from domain.model import Value
from flows.base import Senses, Turn
from flows.rules.branches import Branch, find_branch
from flows.rules.cart_wish import Removal, detect_add_to_cart, find_place, find_removal, wants_cart
from flows.rules.cities import find_city
from flows.rules.colours import find_colours
from flows.rules.complaint import detect_complaint
from flows.rules.consent import Consent, read_consent
from flows.rules.delivery_wish import detect_delivery_request
from flows.rules.discount import detect_haggling
from flows.rules.garments import find_garment
from flows.rules.names import find_name
from flows.rules.opt_in import detect_opt_in
from flows.rules.opt_out import detect_opt_out
from flows.rules.payment_proof import PaymentProof, detect_payment_proof
from flows.rules.phone import find_phone_of
from flows.rules.phone_abroad import find_any_phone
from flows.rules.pieces import find_quantity
from flows.rules.prices import find_price_limit
from flows.rules.sizes import find_sizes
from flows.rules.text import clean
from flows.rules.topics import is_question
from flows.rules.wishes import Wish, find_wish, is_courtesy
from flows.sales.state import Question, Sale

LISTED = (Question.WHICH, Question.COLOUR, Question.METHOD, Question.MORE)
"""Questions whose choices a customer may also name by their place in the list."""

HEARD_IN = "uk"
"""Whatever they write in: with it, Ukrainian counts beside Russian."""
LONGEST_PLACE = 30
"""Signs of an answer that names a place and nothing else; «друга сукня не підійшла» is none."""
SHORTEST_WORD = 4


class Heard(Value):
    """What the rules heard in a burst."""

    text: str
    tapped: str = ""
    """The id of the choice that was tapped, or named by its title or its place."""
    wish: Wish | None = None
    consent: Consent | None = None
    complains: bool = False
    opts_out: bool = False
    opts_in: bool = False
    haggles: bool = False
    proof: PaymentProof = PaymentProof.NONE
    asks_delivery: bool = False
    adds: bool = False
    asks_cart: bool = False
    removal: Removal | None = None
    sizes: tuple[str, ...] = ()
    colours: tuple[str, ...] = ()
    quantity: int | None = None
    garment: str = ""
    price_to: Decimal | None = None
    name: str = ""
    phone: str = ""
    phone_problem: str = ""
    city: str = ""
    branch: str = ""
    courtesy: bool = False
    question: bool = False
    pictures: tuple[str, ...] = ()
    """Our ids of the pictures that can be looked at."""
    documents: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    cart: tuple[CartItem, ...] = ()


def hear(turn: Turn, sale: Sale, senses: Senses) -> Heard:
    """Apply every rule to the burst, in the light of what was asked last."""
    text = clean(turn.text)
    usable = [one for one in senses.media if one.problem is None and one.media_id]
    pictures = tuple(one.media_id for one in usable if one.kind is MessageKind.IMAGE)
    documents = tuple(one.media_id for one in usable if one.kind is MessageKind.DOCUMENT)
    links = links_in(text)
    phone = find_phone_of(text, region="UA")
    branch = find_branch(text)
    return Heard(
        text=text,
        tapped=_tapped(turn, sale, text),
        wish=find_wish(text, HEARD_IN),
        consent=read_consent(text, HEARD_IN),
        complains=detect_complaint(text),
        opts_out=detect_opt_out(text),
        opts_in=detect_opt_in(text),
        haggles=detect_haggling(text),
        proof=detect_payment_proof(text, bool(pictures or documents), bool(links)),
        asks_delivery=detect_delivery_request(text),
        adds=detect_add_to_cart(text),
        asks_cart=wants_cart(text),
        removal=find_removal(text),
        sizes=find_sizes(text),
        colours=find_colours(text),
        quantity=find_quantity(text),
        garment=find_garment(text),
        price_to=find_price_limit(text),
        name=find_name(text, asked=sale.asked is Question.NAME),
        phone=find_any_phone(text),
        phone_problem=str(phone.problem) if phone and phone.problem else "",
        city=find_city(text),
        branch=_written(branch),
        courtesy=is_courtesy(text, HEARD_IN),
        question=is_question(text, HEARD_IN),
        pictures=pictures,
        documents=documents,
        links=links,
        cart=tuple(item for message in turn.messages for item in message.cart),
    )


def links_in(text: str) -> tuple[str, ...]:
    """Addresses in a text, as they stand there."""
    return tuple(word for word in text.split() if word.startswith(("https://", "http://", "www.")))[:3]


def _written(branch: Branch | None) -> str:
    return branch.text if branch else ""


def _tapped(turn: Turn, sale: Sale, text: str) -> str:
    """A tap counts, whatever menu it came from; a title or a number counts for the last menu alone."""
    if tapped := next((message.choice for message in reversed(turn.messages) if message.choice), ""):
        return tapped
    said = text.casefold().strip(" .!)№")
    if named := next((choice.id for choice in sale.menu if choice.title.casefold() == said), ""):
        return named
    return _in_the_list(sale, said) if sale.asked in LISTED else ""


def _in_the_list(sale: Sale, said: str) -> str:
    """By its number («2»), its place («друга»), or a word that only its title has («Злата»)."""
    place = int(said) if said.isdecimal() and len(said) < 3 else find_place(said) if len(said) < LONGEST_PLACE else 0
    place = len(sale.menu) if place == -1 else place
    if 0 < place <= len(sale.menu):
        return sale.menu[place - 1].id
    titled = [choice.id for choice in sale.menu if len(said) >= SHORTEST_WORD and said in choice.title.casefold()]
    return titled[0] if len(titled) == 1 else ""
