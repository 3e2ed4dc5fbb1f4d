"""What one message says, in the domain's words, whichever bridge showed it."""

import math
import re
from collections.abc import Callable
from typing import Any

from domain.messages import Context, Media, MessageKind
from domain.model import Value
from platforms.bridge.route import Whereabouts
from platforms.text import clean, identifier, mapping

LONGEST_URL = 2_048
MOST_CARDS = 50
PHONE_LINE = re.compile(r"(?im)^[ \t]*(?:item\d+\.)?TEL(?P<how>[^:\r\n]*):[ \t]*(?P<phone>[^\r\n]+)")
NAME_LINE = re.compile(r"(?im)^[ \t]*FN[^:\r\n]*:[ \t]*(?P<name>[^\r\n]+)")


class Content(Value):
    """What was said."""

    kind: MessageKind = MessageKind.TEXT
    text: str = ""
    media: tuple[Media, ...] = ()
    choice: str = ""
    context: Context | None = None
    is_unreadable: bool = False
    """It could not be decrypted yet; the same message may come again, readable, under the same id."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to read, and nothing hidden either."""
        return self.kind is MessageKind.TEXT and not self.text


class Changed(Value):
    """Its author wrote it anew."""

    original: str
    mark: str
    """Tells one edit from the next."""
    content: Content


class TakenBack(Value):
    """Its author took it back."""

    original: str


class Aside(Value):
    """Nothing was said: a reaction, a vote, a notice of WhatsApp's own."""

    reason: str


Said = Content | Changed | TakenBack | Aside
HIDDEN = Content(kind=MessageKind.OTHER)
UNREADABLE = Content(kind=MessageKind.OTHER, is_unreadable=True)


class Shown(Value):
    """What a reader of content needs besides the content."""

    whereabouts: Whereabouts
    url: str = ""
    """Where the bridge has laid the media itself (Evolution with an object store); WhatsApp's own is encrypted."""

    def media(self, kind: MessageKind, mime: object, name: object = "") -> tuple[Media, ...]:
        """The reference to the message's one medium. Its bytes, where they stand in the webhook, are not kept."""
        own = Media(
            id=str(self.whereabouts),
            url=self.url,
            kind=kind,
            mime=clean(mime, 100),
            name=clean(name, 200),
        )
        return (own,)


Reader = Callable[[Any, Shown], Said]


def tapped(choice: object, title: object) -> Content:
    """A choice, button or list row."""
    own = clean(choice, 256)
    text = clean(title) or own
    return Content(text=text, choice=own) if text else HIDDEN


def hidden(text: str) -> Content:
    """Something that cannot be shown whole; what words there are stay."""
    return Content(kind=MessageKind.OTHER, text=text)


def place(latitude: object, longitude: object, *lines: object) -> Content:
    """A location as text: its names, and the point."""
    point = [_degrees(latitude), _degrees(longitude)]
    named = dict.fromkeys(clean(line, 500) for line in lines)
    text = "\n".join(filter(None, [*named, ", ".join(point) if all(point) else ""]))
    return Content(text=text) if text else HIDDEN


def _degrees(value: object) -> str:
    text = clean(value, 30)
    try:
        return text if math.isfinite(float(text)) else ""
    except ValueError:
        return ""


def cards(shared: list[tuple[object, object]]) -> Content:
    """Shared contacts, each a display name and a vCard: `Оля: +380 67 000 00 00`, one a line."""
    lines = [_card(name, vcard) for name, vcard in shared[:MOST_CARDS]]
    text = clean("\n".join(filter(None, lines)))
    return Content(text=text) if text else HIDDEN


def _card(name: object, vcard: object) -> str:
    """Phones as RFC 6350 writes them; WhatsApp adds `waid=` with the digits."""
    written = clean(vcard)
    found = NAME_LINE.search(written)
    phones = (clean(line["phone"], 40).removeprefix("tel:") for line in PHONE_LINE.finditer(written))
    known = clean(name, 200) or (clean(found["name"], 200) if found else "")
    return ": ".join(filter(None, (known, ", ".join(dict.fromkeys(filter(None, phones))))))


def context(replies_to: object, ad: Any, product: object = "") -> Context | None:
    """What the message answers or came from; None: nothing of that kind is told."""
    said = mapping(ad)
    told = [clean(said.get(field), 300) for field in ("sourceId", "title", "sourceUrl")]
    found = Context(
        replies_to=identifier(replies_to) or "", ad=" · ".join(filter(None, told)), product=clean(product, 200)
    )
    return None if found == Context() else found


def web_url(value: object) -> str:
    """An address a downloader can open; empty where there is none."""
    url = identifier(value, LONGEST_URL) or ""
    return url if url.startswith(("https://", "http://")) else ""
