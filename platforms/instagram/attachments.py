"""What a message holds beside its words: pictures, voice notes, shared posts and stories, hearts, places, products."""

from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from domain.messages import Media, MessageKind
from platforms.text import clean, identifier, listed, mapping

KINDS = {
    **dict.fromkeys(("image", "gif", "sticker", "animated_image", "media"), MessageKind.IMAGE),
    "audio": MessageKind.AUDIO,
    "video": MessageKind.VIDEO,
    "file": MessageKind.DOCUMENT,
    # Shared posts; `share` is the older name, deprecated after February 2026. Their pictures lie on Meta's servers.
    **dict.fromkeys(("share", "ig_post", "post"), MessageKind.IMAGE),
    **dict.fromkeys(("ig_reel", "reel"), MessageKind.VIDEO),
    # A story may be a film as well; what it is, its content tells.
    **dict.fromkeys(("story_mention", "story", "ig_story"), MessageKind.IMAGE),
}
STORIES = frozenset({"story_mention", "story", "ig_story"})
SHARED = frozenset({"share", "ig_post", "post", "ig_reel", "reel"})
PAGES = ("instagram.com", "facebook.com", "fb.watch", "fb.com", "m.me", "ig.me")
"""Hosts of pages for people: a share that names one of them is a link, not a picture."""
MAINLY = (MessageKind.IMAGE, MessageKind.AUDIO, MessageKind.VIDEO, MessageKind.DOCUMENT)
"""Of several media, the first of these names the message."""
HEART = "❤️"
LONGEST_URL = 2_048
LONGEST_ID = 500
"""Characters; a message's id (`mid`) takes up to about 250."""
MOST_ATTACHMENTS = 20


class Piece(NamedTuple):
    """What one attachment brings."""

    text: str = ""
    """Said by the customer with it: a heart, a place."""
    title: str = ""
    """Said by the thing itself; it stands in where the customer wrote nothing."""
    media: Media | None = None
    story_url: str = ""
    product: str = ""


class Content(NamedTuple):
    """What a message says."""

    kind: MessageKind
    text: str = ""
    media: tuple[Media, ...] = ()
    story_url: str = ""
    product: str = ""


def content_of(message: dict[str, Any]) -> Content:
    """Words, media and what they are about; kind OTHER where nothing of it can be shown (`is_unsupported`, a poll)."""
    pieces = [_piece(mapping(item)) for item in listed(message.get("attachments"))[:MOST_ATTACHMENTS]]
    said = [clean(message.get("text")), *(piece.text for piece in pieces)]
    text = "\n".join(filter(None, said)) or "\n".join(filter(None, (piece.title for piece in pieces)))
    media = tuple({piece.media.url: piece.media for piece in pieces if piece.media}.values())
    return Content(
        kind=_kind(media, clean(text)),
        text=clean(text),
        media=media,
        story_url=next((piece.story_url for piece in pieces if piece.story_url), ""),
        product=next((piece.product for piece in pieces if piece.product), ""),
    )


def _kind(media: tuple[Media, ...], text: str) -> MessageKind:
    kinds = {one.kind for one in media}
    found = next((kind for kind in MAINLY if kind in kinds), None)
    return found or (MessageKind.TEXT if text else MessageKind.OTHER)


def _piece(attachment: dict[str, Any]) -> Piece:
    kind, payload = clean(attachment.get("type"), 40).lower(), mapping(attachment.get("payload"))
    if reader := READERS.get(kind):
        return reader(attachment, payload)
    url = link(payload.get("url")) or link(attachment.get("url"))
    title = clean(payload.get("title") or attachment.get("title"), 200)
    if not url:
        return Piece(title=title)
    if kind in SHARED and _is_page(url):
        return Piece(title="\n".join(filter(None, (title, url))))
    media = Media(url=url, name=title, kind=KINDS.get(kind, MessageKind.OTHER))
    return Piece(media=media, story_url=url if kind in STORIES else "")


def _heart(attachment: dict[str, Any], payload: dict[str, Any]) -> Piece:
    """A double tap's heart has no payload."""
    return Piece(text=HEART)


def _place(attachment: dict[str, Any], payload: dict[str, Any]) -> Piece:
    """Messenger only: a place as its title and coordinates, which any map understands."""
    spot = mapping(payload.get("coordinates"))
    latitude, longitude = clean(spot.get("lat"), 30), clean(spot.get("long") or spot.get("lng"), 30)
    coordinates = f"{latitude}, {longitude}" if latitude and longitude else ""
    title = clean(attachment.get("title"), 200)
    return Piece(text="\n".join(filter(None, (title, coordinates))))


def _web_page(attachment: dict[str, Any], payload: dict[str, Any]) -> Piece:
    """Messenger's `fallback`: the preview of a link the customer wrote or shared."""
    title = clean(payload.get("title") or attachment.get("title"), 200)
    return Piece(title="\n".join(filter(None, (title, link(payload.get("url")) or link(attachment.get("url"))))))


def _product(attachment: dict[str, Any], payload: dict[str, Any]) -> Piece:
    """A product from the shop's catalogue, by the catalogue's own id (`retailer_id`) where it is told."""
    elements = listed(mapping(payload.get("product")).get("elements")) or listed(payload.get("elements"))
    first = mapping(elements[0]) if elements else {}
    own_id = identifier(first.get("retailer_id")) or identifier(first.get("id")) or ""
    title = clean(first.get("title"), 200) or clean(payload.get("title") or attachment.get("title"), 200)
    return Piece(title=title, product=own_id)


READERS: dict[str, Callable[[dict[str, Any], dict[str, Any]], Piece]] = {
    "like_heart": _heart,
    "location": _place,
    "fallback": _web_page,
    "template": _product,
    "product": _product,
}


def link(value: object) -> str:
    """An address a downloader can open; empty where there is none."""
    if not isinstance(value, str) or not (url := value.strip()).isprintable() or " " in url or len(url) > LONGEST_URL:
        return ""
    try:
        pieces = urlsplit(url)
        return url if pieces.scheme.lower() in ("http", "https") and pieces.hostname else ""
    except ValueError:
        return ""


def _is_page(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return any(host == page or host.endswith(f".{page}") for page in PAGES)
