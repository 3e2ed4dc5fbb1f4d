"""What one message says: every type there is, as text a person can read, and media."""

import math
from collections.abc import Callable, Iterator
from typing import Any

from domain.messages import Media, MessageKind
from domain.model import Value
from platforms.text import clean, identifier, mapping, objects

MOST_ITEMS = 100
"""Of a poll's options, or of the pieces of a formatted text."""
DEEPEST = 20
LONGEST_FILE_ID = 300
KINDS_OF_FILES = {"image": MessageKind.IMAGE, "audio": MessageKind.AUDIO, "video": MessageKind.VIDEO}


class Content(Value):
    """What a message says, whoever wrote it."""

    kind: MessageKind = MessageKind.TEXT
    text: str = ""
    media: tuple[Media, ...] = ()


HIDDEN = Content(kind=MessageKind.OTHER)

Reader = Callable[[dict[str, Any]], Content]


def content_of(message: dict[str, Any]) -> Content:
    """What stands in the first field that we know; a message without any hides what was said."""
    reader = next((READERS[field] for field in READERS if message.get(field) is not None), None)
    return reader(message) if reader else HIDDEN


def _told(text: str) -> Content:
    return Content(text=text) if text else HIDDEN


# --- words ----------------------------------------------------------------------------------------------------------


def _text(message: dict[str, Any]) -> Content:
    return Content(text=clean(message.get("text")))


def _web_app(message: dict[str, Any]) -> Content:
    return _told(clean(mapping(message.get("web_app_data")).get("data")))


def _rich(message: dict[str, Any]) -> Content:
    blocks = mapping(message.get("rich_message")).get("blocks")
    return _told(clean("\n".join("".join(_words(block)) for block in objects(blocks)[:MOST_ITEMS])))


def _words(piece: Any, depth: int = 0) -> Iterator[str]:
    """The words of a formatted text, whatever they are wrapped in."""
    if isinstance(piece, str):
        yield piece
    elif isinstance(piece, list) and depth < DEEPEST:
        for inner in piece[:MOST_ITEMS]:
            yield from _words(inner, depth + 1)
    elif isinstance(piece, dict) and depth < DEEPEST:
        for field in ("text", "cells", "items", "blocks"):
            yield from _words(piece.get(field), depth + 1)


def _dice(message: dict[str, Any]) -> Content:
    dice = mapping(message.get("dice"))
    return _told(" ".join(filter(None, (clean(dice.get(field), 20) for field in ("emoji", "value")))))


def _poll(message: dict[str, Any]) -> Content:
    poll = mapping(message.get("poll"))
    return _listed(poll.get("question"), poll.get("options"))


def _checklist(message: dict[str, Any]) -> Content:
    checklist = mapping(message.get("checklist"))
    return _listed(checklist.get("title"), checklist.get("tasks"))


def _listed(title: object, items: Any) -> Content:
    texts = (clean(item.get("text"), 200) for item in objects(items)[:MOST_ITEMS])
    lines = [clean(title, 500), *(f"• {text}" for text in texts if text)]
    return _told("\n".join(filter(None, lines)))


# --- people and places ----------------------------------------------------------------------------------------------


def _contact(message: dict[str, Any]) -> Content:
    """A visiting card; of one's own only the phone, for that is what was asked for."""
    card = mapping(message.get("contact"))
    phone, own = clean(card.get("phone_number"), 40), identifier(card.get("user_id"))
    is_own = own is not None and own == identifier(mapping(message.get("from")).get("id"))
    return _told(phone if is_own and phone else ": ".join(filter(None, (name_in(card), phone))))


def name_in(person: dict[str, Any]) -> str:
    """First name and last name."""
    return " ".join(filter(None, (clean(person.get(field), 100) for field in ("first_name", "last_name"))))


def _place(message: dict[str, Any]) -> Content:
    venue = mapping(message.get("venue"))
    place = mapping(venue.get("location")) or mapping(message.get("location"))
    point = [_degrees(place.get(axis)) for axis in ("latitude", "longitude")]
    lines = [clean(venue.get("title"), 300), clean(venue.get("address"), 500), ", ".join(point) if all(point) else ""]
    return _told("\n".join(filter(None, lines)))


def _degrees(value: object) -> str:
    text = clean(value, 30)
    try:
        return text if math.isfinite(float(text)) else ""
    except ValueError:
        return ""


# --- media ----------------------------------------------------------------------------------------------------------


def _media(field: str, kind: MessageKind) -> Reader:
    """A reader of media of one kind."""

    def read(message: dict[str, Any]) -> Content:
        return _shown(message, mapping(message.get(field)), kind)

    return read


def _shown(message: dict[str, Any], file: dict[str, Any], kind: MessageKind) -> Content:
    text, own = clean(message.get("caption")), identifier(file.get("file_id"), LONGEST_FILE_ID)
    if own is None:
        return Content(kind=MessageKind.OTHER, text=text)
    name, mime = clean(file.get("file_name"), 200), clean(file.get("mime_type"), 100)
    return Content(kind=kind, text=text, media=(Media(id=own, name=name, mime=mime, kind=kind),))


def _photo(message: dict[str, Any]) -> Content:
    """One picture in several sizes: the largest."""
    return _shown(message, max(objects(message.get("photo")), key=_area, default={}), MessageKind.IMAGE)


def _area(size: dict[str, Any]) -> float:
    sides = [size.get(side) for side in ("width", "height")]
    whole = [side for side in sides if isinstance(side, int) and 0 < side < 100_000]
    return math.prod(whole) if len(whole) == 2 else 0


def _document(message: dict[str, Any]) -> Content:
    """A picture sent "as a file" is a picture all the same."""
    file = mapping(message.get("document"))
    family = clean(file.get("mime_type"), 100).split("/")[0].lower()
    return _shown(message, file, KINDS_OF_FILES.get(family, MessageKind.DOCUMENT))


def _sticker(message: dict[str, Any]) -> Content:
    """Its emoji says what is meant; one that does not move is a picture, too."""
    sticker = mapping(message.get("sticker"))
    emoji = clean(sticker.get("emoji"), 20)
    if sticker.get("is_animated") or sticker.get("is_video"):
        return _told(emoji)
    return _shown({"caption": emoji}, sticker, MessageKind.IMAGE)


READERS: dict[str, Reader] = {
    "text": _text,
    "rich_message": _rich,
    "photo": _photo,
    "animation": _media("animation", MessageKind.VIDEO),
    "video": _media("video", MessageKind.VIDEO),
    "video_note": _media("video_note", MessageKind.VIDEO),
    "voice": _media("voice", MessageKind.AUDIO),
    "audio": _media("audio", MessageKind.AUDIO),
    "document": _document,
    "sticker": _sticker,
    "contact": _contact,
    "venue": _place,
    "location": _place,
    "dice": _dice,
    "poll": _poll,
    "checklist": _checklist,
    "web_app_data": _web_app,
}
"""In order: an animation comes with a `document`, a venue with a `location`."""
