"""What the shop's own documents say: a question to them, and the passages that answer it."""

from typing import Literal

from pydantic import Field

from domain.model import Value


class FindPassages(Value):
    """A question in the customer's words."""

    kind: Literal["find_passages"] = "find_passages"
    text: str
    most: int = Field(default=4, ge=1, le=20)


class Passage(Value):
    """A piece of a document, with what an operator needs to find it there."""

    document: str
    """The document's name, as it was imported."""
    title: str
    section: str = ""
    """The headings above it, outermost first, with › between."""
    text: str
    rank: float = 0.0
    """How well it fits, 0 to 1: the part of the question it speaks of, where rare words count for more."""
