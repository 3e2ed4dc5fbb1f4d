"""What if the shop's words, model or goods had been others: a conversation as it was, and as it would have been."""

from domain.model import Value


class Answer(Value):
    """What a turn's decision was, or would have been."""

    parts: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()
    """What it did in the world, in a few words each; what would have been done was not."""
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
        return (self.was.parts, self.was.effects) == (self.would_be.parts, self.would_be.effects)


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
