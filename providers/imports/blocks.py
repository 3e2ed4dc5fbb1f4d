"""A document as its paragraphs below headings, and those as chunks of a size that answers a question."""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

from providers.records.knowledge_shelf import Chunk

LONGEST = 1_200
"""Signs in a chunk."""
OVERLAP = 200
"""Signs that the end of a chunk and the beginning of the next may share."""
_SENTENCE = re.compile(r"(?<=[.!?…;])\s+(?=\S)|\n")
_BETWEEN_HEADINGS = " › "


class Block(NamedTuple):
    """A paragraph, a list or a table."""

    headings: tuple[str, ...]
    text: str


class Read(NamedTuple):
    """What a reader of one kind of file found."""

    title: str
    blocks: list[Block]


def cut(blocks: Iterable[Block]) -> tuple[Chunk, ...]:
    """Chunks of at most `LONGEST` signs; none of them spans a heading."""
    chunks: list[Chunk] = []
    for headings, group in groupby(blocks, key=lambda block: block.headings):
        section = _BETWEEN_HEADINGS.join(headings)[:LONGEST]
        chunks += [Chunk(section=section, text=text) for text in _filled(group)]
    return tuple(chunks)


def _filled(blocks: Iterable[Block]) -> Iterator[str]:
    """Paragraphs gathered until a chunk is full; the next begins with the end of the last."""
    gathered: list[str] = []
    fresh = False
    for piece in (piece for block in blocks for piece in _pieces(block.text)):
        if fresh and _length([*gathered, piece]) > LONGEST:
            yield "\n".join(gathered)
            gathered = _tail(gathered, LONGEST - len(piece))
        gathered.append(piece)
        fresh = True
    if fresh:
        yield "\n".join(gathered)


def _tail(gathered: list[str], room: int) -> list[str]:
    """The end of a chunk, as much of it as may be said twice."""
    last = _SENTENCE.split(gathered[-1])[-1].strip() if gathered else ""
    return [last] if last and len(last) <= min(OVERLAP, room - 1) else []


def _length(pieces: list[str]) -> int:
    return sum(map(len, pieces)) + len(pieces) - 1


def _pieces(text: str) -> Iterator[str]:
    """A paragraph; where it is too long for one chunk, by its sentences and at last by its words."""
    if len(text) <= LONGEST:
        yield text
        return
    sentences = [part for sentence in _SENTENCE.split(text) for part in _short(sentence.strip()) if part]
    gathered: list[str] = []
    for sentence in sentences:
        if gathered and _length([*gathered, sentence]) > LONGEST - OVERLAP:
            yield " ".join(gathered)
            gathered = []
        gathered.append(sentence)
    yield " ".join(gathered)


def _short(sentence: str) -> Iterator[str]:
    room = LONGEST - OVERLAP
    while len(sentence) > room:
        at = sentence.rfind(" ", room // 2, room)
        at = at if at > 0 else room
        yield sentence[:at].strip()
        sentence = sentence[at:].strip()
    yield sentence


class Headings:
    """Where in a document we are."""

    def __init__(self) -> None:
        self.title = ""
        self._above: list[tuple[int, str]] = []

    def enter(self, level: int, text: str) -> None:
        """A heading begins; the first of the first level is the title, and stands above everything anyway."""
        if level == 1 and not self.title:
            self.title = text
            return
        self._above = [(depth, name) for depth, name in self._above if depth < level]
        self._above.append((level, text))

    @property
    def path(self) -> tuple[str, ...]:
        """The headings above, outermost first."""
        return tuple(name for _, name in self._above)
