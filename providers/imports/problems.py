"""What is wrong with a file, said so that whoever made it finds the place."""

from collections.abc import Sequence
from typing import NamedTuple

from domain.failures import Rejected

MOST_SHOWN = 200
LONGEST_QUOTE = 60


class Problem(NamedTuple):
    """One thing wrong in one row."""

    row: int
    """As a spreadsheet counts: the header is row 1."""
    text: str

    def __str__(self) -> str:
        return f"row {self.row}: {self.text}"


class BadFile(Rejected):
    """The file as a whole cannot be read."""


class WrongRows(Rejected):
    """Some rows are wrong, so nothing was imported."""

    def __init__(self, problems: Sequence[Problem], count: int) -> None:
        super().__init__(f"{count} {'thing is' if count == 1 else 'things are'} wrong: nothing was imported")
        self.problems, self.count = tuple(problems), count


class Problems:
    """Gathers what is wrong: all of it counted, the first few hundred kept."""

    def __init__(self) -> None:
        self.first: list[Problem] = []
        self.count = 0

    def add(self, row: int, text: str) -> None:
        """One more."""
        self.count += 1
        if len(self.first) < MOST_SHOWN:
            self.first.append(Problem(row, text))

    def raise_if_any(self) -> None:
        """Say them all.

        Raises:
            WrongRows: there are some.
        """
        if self.count:
            raise WrongRows(self.first, self.count)


def quoted(text: str) -> str:
    """What stands in a cell, on one line and not too long."""
    line = " ".join(text.split())
    return f"“{line if len(line) <= LONGEST_QUOTE else f'{line[:LONGEST_QUOTE]}…'}”"
