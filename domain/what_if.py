"""What if the shop's words, model or goods had been others: a conversation as it was, and as it would have been."""

import re

from domain.model import Value

NUMBER = "…"
"""Stands where the number of an order would."""


class Answer(Value):
    """What a turn's decision was, or would have been."""

    parts: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()
    """What it did in the world, in a few words each; what would have been done was not."""
    is_whole: bool = True
    """Whether its effects are known; the books tell only what was said."""
    phase: str = ""
    problem: str = ""
    """Why there is no answer, or one by rules alone; empty: all was as it should be."""


class TurnAgain(Value):
    """One turn, twice."""

    turn: int
    heard: tuple[str, ...]
    """What the customer said, or what the turn was about."""
    was: Answer
    would_be: Answer

    @property
    def is_same(self) -> bool:
        """Whether nobody would have noticed."""
        effects = self.was.effects == self.would_be.effects or not self.was.is_whole
        return effects and len(self.was.parts) == len(self.would_be.parts) and all(map(_is_same, *self._parts))

    @property
    def _parts(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        return self.was.parts, self.would_be.parts


def _is_same(was: str, would_be: str) -> bool:
    """The number of an order that was not placed stands for any number."""
    pattern = r"\d+".join(map(re.escape, would_be.split(NUMBER)))
    return was == would_be or (NUMBER in would_be and re.fullmatch(pattern, was) is not None)


class WhatIf(Value):
    """The rest of a conversation, twice."""

    conversation: str
    changes: tuple[str, ...]
    """What was changed, in words."""
    turns: tuple[TurnAgain, ...]
    notes: tuple[str, ...] = ()
    """What the reader must know about how it was found."""
    cost: int = 0
    """Millionths of a dollar that asking the model again took."""

    @property
    def differing(self) -> int:
        """How many turns would have been others."""
        return sum(not one.is_same for one in self.turns)


class Wish(Value):
    """What to change, and from where on."""

    turn: int
    prompt: str = ""
    """The whole text of a prompt file, which names itself in its front matter; empty: as it is."""
    model: str = ""
    catalogue: str = ""
    """A file of goods that stands in for the account's catalogue."""
    most: int = 0
    """How many turns at most; 0: all."""
