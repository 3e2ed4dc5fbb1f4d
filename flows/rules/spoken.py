"""A text as words that are compared, each of which still knows where it stands in what the customer wrote."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache

from flows.rules.loose import loosen
from flows.rules.text import fold

_WORD = re.compile(r"\d{1,4}(?:[:./-]\d{1,4}){0,2}|[^\W\d_]+(?:['’ʼ`-][^\W\d_]+)*|[?!.,;\n]")
LONGEST = 600


class Spoken:
    """The words of a cleaned text, joined by blanks: loosened for Ukrainian and Russian, folded for English."""

    def __init__(self, text: str) -> None:
        self.text = text[:LONGEST]
        self._spans = [word.span() for word in _WORD.finditer(self.text)]
        written = [self.text[start:end] for start, end in self._spans]
        self.loose, self._loose_at = _joined([_loosened(word) for word in written])
        self.folded, self._folded_at = _joined([fold(word) for word in written])

    def find(self, loose: re.Pattern[str], folded: re.Pattern[str]) -> Iterator[tuple[re.Match[str], tuple[int, int]]]:
        """Everything either pattern finds, and where it stands in the text."""
        for shape, joined, places in ((loose, self.loose, self._loose_at), (folded, self.folded, self._folded_at)):
            for match in shape.finditer(joined):
                if match.group().strip():
                    yield match, self._span(match, places)

    def _span(self, match: re.Match[str], places: list[int]) -> tuple[int, int]:
        group = match.group()
        start = match.start() + len(group) - len(group.lstrip())
        end = match.end() - (len(group) - len(group.rstrip()))
        first, last = (bisect_right(places, place) - 1 for place in (start, end - 1))
        return self._spans[first][0], self._spans[last][1]


def _joined(words: list[str]) -> tuple[str, list[int]]:
    places, position = [], 0
    for word in words:
        places.append(position)
        position += len(word) + 1
    return " ".join(words), places


@lru_cache(maxsize=4096)
def _loosened(word: str) -> str:
    return loosen(word) if word != "\n" else word
