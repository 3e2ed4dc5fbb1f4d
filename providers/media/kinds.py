"""Tells what a medium is, by its content; names and headers are not asked."""

import re
import zipfile
from io import BytesIO

import filetype  # type: ignore[import-untyped] # it brings none

from domain.failures import MediaRefused
from domain.media import MediaProblem
from domain.messages import MessageKind
from domain.model import Value

PICTURES = frozenset({"image/jpeg", "image/png", "image/apng", "image/gif", "image/webp"})
SOUNDS = {
    "audio/ogg": ("audio/ogg", "ogg"),
    "audio/mpeg": ("audio/mpeg", "mp3"),
    "audio/mp4": ("audio/mp4", "m4a"),
    "audio/x-wav": ("audio/wav", "wav"),
    "audio/amr": ("audio/amr", "amr"),
    "audio/aac": ("audio/aac", "aac"),
}
SOUNDS_IN_FILMS = {
    "video/mp4": ("audio/mp4", "m4a"),
    "video/webm": ("audio/webm", "webm"),
    "video/3gpp": ("audio/3gpp", "3gp"),
}
"""Containers that are a voice note where the platform says so, and a film elsewhere."""
OFFICE = {
    "word/document.xml": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
    "xl/workbook.xml": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
}
MOST_ENTRIES = 5_000
LONGEST_UNPACKED = 200_000_000
"""Bytes an office document may say it unpacks to: it would be somebody's machine that opens a bomb."""
MARKUP = re.compile(rb"\s*(<[!?a-z]|%!ps|\{\\rtf)", re.IGNORECASE)
NOT_IN_TEXT = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Found(Value):
    """What a medium proved to be."""

    kind: MessageKind
    mime: str
    suffix: str


def recognise(content: bytes, expected: MessageKind | None = None) -> Found:
    """What this is. `expected` decides only between a voice note and a film in the same container.

    Raises:
        MediaRefused: nothing we take, or nothing at all.
    """
    if not content:
        raise MediaRefused(MediaProblem.BROKEN, "empty")
    guessed = filetype.guess_mime(content) or ""
    if guessed in PICTURES:
        return Found(kind=MessageKind.IMAGE, mime="image/jpeg", suffix="jpg")
    found = _sound(guessed, expected) or _document(content, guessed)
    if found is None:
        raise MediaRefused(MediaProblem.WRONG_TYPE, guessed or "no known type")
    return found


def suffix_of(mime: str) -> str:
    """The usual ending of a stored medium's name."""
    pairs = [*SOUNDS.values(), *SOUNDS_IN_FILMS.values(), *OFFICE.values()]
    known = {"image/jpeg": "jpg", "application/pdf": "pdf", "text/plain": "txt", **dict(pairs)}
    return known.get(mime, "bin")


def _sound(guessed: str, expected: MessageKind | None) -> Found | None:
    known = {**SOUNDS, **SOUNDS_IN_FILMS} if expected is MessageKind.AUDIO else SOUNDS
    if guessed not in known:
        return None
    mime, suffix = known[guessed]
    return Found(kind=MessageKind.AUDIO, mime=mime, suffix=suffix)


def _document(content: bytes, guessed: str) -> Found | None:
    if guessed == "application/pdf":
        return Found(kind=MessageKind.DOCUMENT, mime="application/pdf", suffix="pdf")
    if content.startswith(b"PK\x03\x04"):
        return _office(content)
    if not guessed and _is_text(content):
        return Found(kind=MessageKind.DOCUMENT, mime="text/plain", suffix="txt")
    return None


def _office(content: bytes) -> Found | None:
    """A word or excel document without macros, by the list of what is packed in it; nothing is unpacked."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as packed:
            entries = packed.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError):
        raise MediaRefused(MediaProblem.BROKEN, "a broken archive") from None
    if len(entries) > MOST_ENTRIES or sum(entry.file_size for entry in entries) > LONGEST_UNPACKED:
        raise MediaRefused(MediaProblem.TOO_LARGE, "it unpacks to too much")
    inside = {entry.filename for entry in entries}
    if "[Content_Types].xml" not in inside or any(name.lower().endswith("vbaproject.bin") for name in inside):
        return None
    mime, suffix = next((OFFICE[name] for name in OFFICE if name in inside), ("", ""))
    return Found(kind=MessageKind.DOCUMENT, mime=mime, suffix=suffix) if mime else None


def _is_text(content: bytes) -> bool:
    """Plain words: UTF-8, nothing invisible, and not a page or a drawing that a browser would run."""
    words = content.removeprefix(BYTE_ORDER_MARK)
    if NOT_IN_TEXT.search(words) or MARKUP.match(words):
        return False
    try:
        words.decode()
    except UnicodeDecodeError:
        return False
    return True
