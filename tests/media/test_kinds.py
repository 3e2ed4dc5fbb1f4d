"""What a file is, its content tells."""

import pytest

from domain.failures import MediaRefused
from domain.media import MediaProblem
from domain.messages import MessageKind
from providers.media.kinds import recognise, suffix_of
from tests.media.files import AMR, M4A, MP3, MP4, OGG, PDF, SVG, office, packed, picture, voice

IMAGE, AUDIO, DOCUMENT = MessageKind.IMAGE, MessageKind.AUDIO, MessageKind.DOCUMENT
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.mark.parametrize(
    ("content", "kind", "mime", "suffix"),
    [
        (picture(), IMAGE, "image/jpeg", "jpg"),
        (picture(format="PNG"), IMAGE, "image/jpeg", "jpg"),
        (picture(format="GIF", mode="P"), IMAGE, "image/jpeg", "jpg"),
        (picture(format="WEBP"), IMAGE, "image/jpeg", "jpg"),
        (OGG, AUDIO, "audio/ogg", "ogg"),
        (MP3, AUDIO, "audio/mpeg", "mp3"),
        (M4A, AUDIO, "audio/mp4", "m4a"),
        (voice(), AUDIO, "audio/wav", "wav"),
        (AMR, AUDIO, "audio/amr", "amr"),
        (PDF, DOCUMENT, "application/pdf", "pdf"),
        (office(), DOCUMENT, WORD, "docx"),
        (office("xl/workbook.xml"), DOCUMENT, EXCEL, "xlsx"),
        ("Адреса: Київ, вул. Хрещатик, 1\r\n".encode(), DOCUMENT, "text/plain", "txt"),
        ("\ufeffЗ міткою порядку".encode(), DOCUMENT, "text/plain", "txt"),
    ],
)
def test_what_we_take(content: bytes, kind: MessageKind, mime: str, suffix: str) -> None:
    """Pictures, voice notes and the usual documents are known by what is in them."""
    found = recognise(content)
    assert (kind, mime, suffix) == (found.kind, found.mime, found.suffix)
    assert suffix == suffix_of(mime)


@pytest.mark.parametrize(
    "content",
    [
        SVG, b"<!DOCTYPE html><script>", b"  \n<?xml version='1.0'?><svg/>", b"MZ" + bytes(100),
        b"\x7fELF" + bytes(100),
        packed(a_txt=b"words"), office(word__vbaProject_bin=b"macro"), b"Rar!\x1a\x07\x00" + bytes(50), b"\0\1\2\3",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), b"{\\rtf1 hello}", b"%!PS-Adobe-3.0", b"\xff\xfe\xff words",
        b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(40), MP4, b"#!/bin/sh\n\x1b[0m\x00",
    ],
)  # fmt: skip
def test_what_we_do_not_take(content: bytes) -> None:
    """Programs, pages, drawings with scripts, archives, macros and films are refused, whatever they are called."""
    with pytest.raises(MediaRefused) as refusal:
        recognise(content)
    assert refusal.value.problem is MediaProblem.WRONG_TYPE


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", MediaProblem.BROKEN),
        (office()[:-30], MediaProblem.BROKEN),
        (office(word__more_xml=b"0" * 201_000_000), MediaProblem.TOO_LARGE),
    ],
    ids=["empty", "cut short", "bomb"],
)
def test_broken_documents_and_bombs(content: bytes, problem: MediaProblem) -> None:
    """A document cut short is broken; one that unpacks to hundreds of megabytes is nobody's to open."""
    with pytest.raises(MediaRefused) as refusal:
        recognise(content)
    assert problem is refusal.value.problem


def test_a_voice_note_in_a_films_clothes() -> None:
    """Some phones pack voice notes like films; where the platform says it is one, it is one."""
    assert recognise(MP4, AUDIO).kind is AUDIO
