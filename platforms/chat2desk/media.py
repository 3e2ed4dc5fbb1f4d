"""Pictures, voice notes and files in a Chat2Desk hook."""

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urljoin, urlsplit

from domain.messages import Media, MessageKind
from platforms.base import Credentials
from platforms.text import clean, mapping

STORAGE_OPTION = "storage_url"
STORAGE_URL = "https://storage.chat2desk.com/"
"""Where relative paths (`companies/…`) live (unconfirmed): an option of the account."""
FIELDS = {
    "photo": MessageKind.IMAGE,
    "audio": MessageKind.AUDIO,
    "pdf": MessageKind.DOCUMENT,
    "video": MessageKind.VIDEO,
}
SUFFIXES = {
    **dict.fromkeys((".jpg", ".jpeg", ".png", ".gif", ".webp", ".heic", ".bmp"), MessageKind.IMAGE),
    **dict.fromkeys((".ogg", ".oga", ".opus", ".mp3", ".m4a", ".wav", ".amr", ".aac"), MessageKind.AUDIO),
    **dict.fromkeys((".mp4", ".mov", ".avi", ".webm", ".3gp"), MessageKind.VIDEO),
}
MAINLY = (MessageKind.IMAGE, MessageKind.AUDIO, MessageKind.VIDEO, MessageKind.DOCUMENT)
"""Of several media, the first of these names the message."""
LONGEST_URL = 2_048
MOST_MEDIA = 20

Kinded = tuple[MessageKind, Media]


def media_of(hook: dict[str, Any], credentials: Credentials) -> list[Kinded]:
    """Every usable media of a hook, once; a picture often stands both as `photo` and as attachment."""
    storage = credentials.options.get(STORAGE_OPTION) or STORAGE_URL
    found: dict[str, Kinded] = {}
    for kind, link, name in [*_fields(hook), *_attachments(hook)]:
        if url := absolute(link, storage):
            found.setdefault(urlsplit(url).path, (kind, Media(url=url, name=name, kind=kind)))
    return list(found.values())[:MOST_MEDIA]


def _fields(hook: dict[str, Any]) -> Iterator[tuple[MessageKind, object, str]]:
    for field, kind in FIELDS.items():
        for item in _items(hook.get(field)):
            yield kind, item.get("link") or item.get("url"), clean(item.get("name"), 200)


def _attachments(hook: dict[str, Any]) -> Iterator[tuple[MessageKind, object, str]]:
    for item in _items(hook.get("attachments")):
        link, name = item.get("link") or item.get("url"), clean(item.get("name"), 200)
        yield _kind_by_suffix(name) or _kind_by_suffix(clean(link, LONGEST_URL)) or MessageKind.DOCUMENT, link, name


def _items(value: Any) -> list[dict[str, Any]]:
    """One link or several, each bare or in an object of its own."""
    several = value if isinstance(value, list) else [value]
    return [{"link": item} if isinstance(item, str) else mapping(item) for item in several]


def _kind_by_suffix(name: str) -> MessageKind | None:
    return SUFFIXES.get(PurePosixPath(name.split("?")[0]).suffix.lower())


def absolute(link: object, storage: str) -> str:
    """A link a downloader can open; empty where there is none."""
    if not isinstance(link, str) or not (link := link.strip()) or not link.isprintable() or len(link) > LONGEST_URL:
        return ""
    try:
        url = urljoin(storage.rstrip("/") + "/", link)
        pieces = urlsplit(url)
        return url if pieces.scheme in ("http", "https") and pieces.hostname else ""
    except ValueError:
        return ""


def kind_of(media: list[Kinded], *, located: bool) -> MessageKind:
    """What the message mainly is."""
    kinds = {kind for kind, _ in media}
    found = next((kind for kind in MAINLY if kind in kinds), None)
    return found or (MessageKind.OTHER if kinds or located else MessageKind.TEXT)
