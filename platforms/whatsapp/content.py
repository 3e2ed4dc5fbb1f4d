"""What one message says: every type there is, as text a person can read, media, a tapped choice or a cart."""

import json
import math
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from domain.messages import CartItem, Context, Media, MessageKind
from domain.model import Value
from platforms.meta import whole
from platforms.text import clean, identifier, listed, mapping

LONGEST_URL = 2_048
MOST_ITEMS = 100
"""Of a cart, a form or shared contacts."""
DEAREST = Decimal(10) ** 12


class Content(Value):
    """What a message says, whoever wrote it."""

    kind: MessageKind = MessageKind.TEXT
    text: str = ""
    media: tuple[Media, ...] = ()
    choice: str = ""
    cart: tuple[CartItem, ...] = ()

    @property
    def is_hidden(self) -> bool:
        """Whether there is something that we are not shown."""
        return self.kind is MessageKind.OTHER and not (self.text or self.media)


HIDDEN = Content(kind=MessageKind.OTHER)


def content_of(message: dict[str, Any]) -> Content:
    """What stands under the message's `type`; a type we do not know hides what was said.

    Where the type is missing, a body that we know is read all the same.
    """
    kind = message.get("type")
    if not isinstance(kind, str):
        kind = next((name for name in READERS if name in message), "")
    return READERS[kind](message.get(kind)) if kind in READERS else HIDDEN


def context_of(message: dict[str, Any]) -> Context | None:
    """What the message answers, asks about or came from."""
    context, ad = mapping(message.get("context")), mapping(message.get("referral"))
    said = [clean(ad.get(field), 300) for field in ("source_id", "headline", "body", "source_url")]
    found = Context(
        replies_to=identifier(context.get("id")) or "",
        product=clean(mapping(context.get("referred_product")).get("product_retailer_id"), 200),
        ad=" · ".join(filter(None, said)),
    )
    return None if found == Context() else found


# --- words and taps -------------------------------------------------------------------------------------------------


def _text(body: Any) -> Content:
    return Content(text=clean(mapping(body).get("body") if isinstance(body, dict) else body))


def _button(body: Any) -> Content:
    """A quick reply under a template."""
    return _tapped(mapping(body).get("payload"), mapping(body).get("text"))


def _interactive(body: Any) -> Content:
    """An answer to buttons, a list or a form; it may come without any of them, and only an error beside it."""
    said = mapping(body)
    tapped = mapping(said.get("button_reply")) or mapping(said.get("list_reply"))
    if tapped:
        return _tapped(tapped.get("id"), tapped.get("title"))
    text = _form(mapping(said.get("nfm_reply")))
    return Content(text=text) if text else HIDDEN


def _tapped(choice: object, title: object) -> Content:
    own = clean(choice, 256)
    text = clean(title) or own
    return Content(text=text, choice=own) if text else HIDDEN


def _form(reply: dict[str, Any]) -> str:
    """A filled-in form as lines, without its token. `response_json` is a string with an object in it, or a list."""
    raw = reply.get("response_json")
    try:
        answers = json.loads(raw) if isinstance(raw, str) else raw
    except (ValueError, RecursionError):
        answers = None
    if isinstance(answers, dict):
        pairs = [(clean(name, 100), _answer(said)) for name, said in answers.items() if name != "flow_token"]
        lines = [f"{name}: {said}" for name, said in pairs if name and said]
    else:
        lines = [_answer(said) for said in answers] if isinstance(answers, list) else []
    return clean("\n".join(filter(None, lines[:MOST_ITEMS]))) or clean(reply.get("body"))


def _answer(said: Any) -> str:
    if isinstance(said, list):
        return ", ".join(filter(None, (clean(item, 200) for item in said[:MOST_ITEMS])))
    if isinstance(said, dict):
        return clean(json.dumps(said, ensure_ascii=False), 500)
    return ("true" if said else "false") if isinstance(said, bool) else clean(said, 1_000)


# --- media ----------------------------------------------------------------------------------------------------------


def _media(kind: MessageKind) -> Callable[[Any], Content]:
    """A reader of media of one kind. The short-lived `url` of a webhook is kept only where there is no id to ask by."""

    def read(body: Any) -> Content:
        item = mapping(body)
        text, own = clean(item.get("caption")), identifier(item.get("id")) or ""
        url = "" if own else _url(item.get("url")) or _url(item.get("link"))
        if not (own or url):
            return Content(kind=MessageKind.OTHER, text=text)
        name, mime = clean(item.get("filename"), 200), clean(item.get("mime_type"), 100)
        return Content(kind=kind, text=text, media=(Media(id=own, url=url, name=name, mime=mime, kind=kind),))

    return read


def _url(value: object) -> str:
    url = identifier(value, LONGEST_URL) or ""
    return url if url.startswith(("https://", "http://")) else ""


# --- places, people, carts ------------------------------------------------------------------------------------------


def _location(body: Any) -> Content:
    place = mapping(body)
    point = [_degrees(place.get(axis)) for axis in ("latitude", "longitude")]
    lines = [clean(place.get("name"), 300), clean(place.get("address"), 500), ", ".join(point) if all(point) else ""]
    text = "\n".join(filter(None, lines)) or _url(place.get("url"))
    return Content(text=text) if text else HIDDEN


def _degrees(value: object) -> str:
    text = clean(value, 30)
    try:
        return text if math.isfinite(float(text)) else ""
    except ValueError:
        return ""


def _contacts(body: Any) -> Content:
    lines = [_visiting_card(mapping(contact)) for contact in listed(body)]
    text = clean("\n".join(filter(None, lines[:MOST_ITEMS])))
    return Content(text=text) if text else HIDDEN


def _visiting_card(contact: dict[str, Any]) -> str:
    """`Chandler Bing: +1 555-555-5555`."""
    named = mapping(contact.get("name"))
    parts = filter(None, (clean(named.get(field), 100) for field in ("first_name", "last_name")))
    name = clean(named.get("formatted_name"), 200) or " ".join(parts)
    given = (mapping(phone) for phone in listed(contact.get("phones")))
    phones = ", ".join(filter(None, (clean(p.get("phone"), 40) or clean(p.get("wa_id"), 40) for p in given)))
    return ": ".join(filter(None, (name, phones)))


def _order(body: Any) -> Content:
    """A cart from the catalogue: as items, and as lines for whoever reads along."""
    order = mapping(body)
    items = [_item(mapping(item)) for item in listed(order.get("product_items"))]
    cart = tuple(item for item in items if item)[:MOST_ITEMS]
    text = clean("\n".join(filter(None, [clean(order.get("text")), *map(_line, cart)])))
    return Content(text=text, cart=cart) if text else HIDDEN


def _item(item: dict[str, Any]) -> CartItem | None:
    sku = clean(item.get("product_retailer_id"), 200)
    quantity = whole(item.get("quantity")) or 1
    price = _price(item.get("item_price"))
    currency = clean(item.get("currency"), 10)
    return CartItem(sku=sku, quantity=min(max(quantity, 1), 100_000), price=price, currency=currency) if sku else None


def _price(value: object) -> Decimal | None:
    try:
        price = Decimal(clean(value, 30))
    except InvalidOperation:
        return None
    return price if price.is_finite() and 0 <= price < DEAREST else None


def _line(item: CartItem) -> str:
    """`3 × HAMBURGER, 30 ILS`."""
    price = "" if item.price is None else f", {item.price:f} {item.currency}".rstrip()
    return f"{item.quantity} × {item.sku}{price}"


READERS: dict[str, Callable[[Any], Content]] = {
    "text": _text,
    "image": _media(MessageKind.IMAGE),
    "sticker": _media(MessageKind.IMAGE),
    "audio": _media(MessageKind.AUDIO),
    "voice": _media(MessageKind.AUDIO),
    "video": _media(MessageKind.VIDEO),
    "document": _media(MessageKind.DOCUMENT),
    "interactive": _interactive,
    "button": _button,
    "location": _location,
    "contacts": _contacts,
    "order": _order,
}
