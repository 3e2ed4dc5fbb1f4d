"""What a text is found by: its words without endings, in one spelling for Ukrainian and Russian.

PostgreSQL has no Ukrainian dictionary, the server may have been made with a locale that knows no Cyrillic, and most
customers mix the languages. So the words are cut here, by one rule for the shop's texts and the customers' questions,
and PostgreSQL stores and searches them as they are.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

import yaml

HERE = Path(__file__).parent
LONGEST_WORD = 40
MOST_TERMS = 6_000
"""Of one text; PostgreSQL counts positions up to 16,383."""
SHORT_TEXT = 300
SHORTEST_STEM = 3

_APOSTROPHES = re.compile(r"(?<=\w)['’ʼ`´ʹ](?=\w)")
_WORD = re.compile(r"[^\W_]+")
_ONE_LETTER = str.maketrans({
    "ґ": "г", "і": "и", "ї": "и", "ы": "и", "є": "е", "э": "е", "ё": "е", "ь": None, "ъ": None,
})  # fmt: skip
_AFTER_CH = re.compile(r"(?<=[чшщж])о")
"""«чорний» and «чёрный» are one colour."""
_DOUBLED = re.compile(r"([^\W\d])\1+")
_CYRILLIC = re.compile(r"[а-яѐ-ӿ]+")
_ENDINGS = tuple(sorted((
    # adjectives and participles
    "ого", "его", "ему", "ому", "ими", "ом", "ем", "их", "им", "ий", "ой", "ей", "ая", "яя", "ое", "ее", "ои", "ою",
    "ею", "ую", "юю", "ие",
    # nouns
    "ами", "ями", "иями", "ах", "ях", "иях", "ам", "ям", "ов", "ев", "ив", "ию", "ия", "ии", "ием", "ость", "ости",
    # verbs
    "ти", "тися", "тся", "ся", "ете", "ите", "ает", "яет", "ують", "ат", "ит", "ет", "ут", "ют", "ат", "ят", "аю",
    "а", "я", "е", "и", "о", "у", "ю", "й",
), key=len, reverse=True))  # fmt: skip
_FLEETING = re.compile(r"(?<=[^аеиоуюя])[ое](?=[кнц]$)")
"""«сорочок» and «сорочка», «суконь» and «сукня»."""


def words(text: str) -> list[str]:
    """The words and numbers of a text in one spelling, with their endings."""
    return [_spelled(word) for word in _raw_words(text)]


def terms(text: str) -> list[str]:
    """What a text is found by, in its order: stems of its words, one for each group of synonyms."""
    return list(_short_terms(text) if len(text) <= SHORT_TEXT else _terms(text))


def _terms(text: str) -> tuple[str, ...]:
    return tuple(term for word in _raw_words(text) if (term := _term(word)))


_short_terms = lru_cache(maxsize=20_000)(_terms)
"""Titles, colours and categories come again and again."""


def _raw_words(text: str) -> list[str]:
    return _WORD.findall(_APOSTROPHES.sub("", unicodedata.normalize("NFKC", text).casefold()))


def stop_words() -> frozenset[str]:
    """Words that say nothing about what is looked for, in our spelling."""
    return _STOP


def as_tsvector(weighted: Iterable[tuple[str, str]], tags: Iterable[str] = ()) -> str:
    """Texts with their weights (A the heaviest to D) as PostgreSQL reads a tsvector; tags are found, never ranked."""
    pieces = [f"'{term}':{place}{weight}" for place, (term, weight) in enumerate(_first_terms(weighted), start=1)]
    return " ".join([*pieces, *(f"'{tag}'" for tag in dict.fromkeys(tags))])


def size_of(text: str) -> str:
    """A size in one spelling: Cyrillic «М» and «ХЛ» as Latin, 2XL as XXL. Empty: one size for all."""
    plain = re.sub(r"[^\w/.-]", "", unicodedata.normalize("NFKC", text).casefold().replace(",", "."))
    if plain in _ANY_SIZE:
        return ""
    latin = plain.translate(_SIZE_LETTERS)
    if many := re.fullmatch(r"([2-4])(x[ls])", latin):
        return "x" * (int(many[1]) - 1) + many[2]
    return latin.strip("-./")


_SIZE_LETTERS = str.maketrans({"м": "m", "с": "s", "х": "x", "л": "l"})
_ANY_SIZE = frozenset({"", "onesize", "one-size", "os", "універсальний", "универсальный", "унисекс", "єдиний", "uni"})


def _first_terms(weighted: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    left = MOST_TERMS
    for text, weight in weighted:
        found = terms(text)[:left]
        left -= len(found)
        yield from ((term, weight) for term in found)


def _spelled(word: str) -> str:
    word = word[:LONGEST_WORD]
    return _DOUBLED.sub(r"\1", _AFTER_CH.sub("е", word.translate(_ONE_LETTER)))


@lru_cache(maxsize=50_000)
def _term(raw: str) -> str:
    word = _spelled(raw)
    if word in _STOP or (len(word) == 1 and not word.isdigit()):
        return ""
    return _SYNONYMS.get(stem := _stem(word), stem)


def _stem(word: str) -> str:
    """A word of ours without its ending; whatever is not Cyrillic stays."""
    if not _CYRILLIC.fullmatch(word):
        return word
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= SHORTEST_STEM:
            word = word.removesuffix(ending)
            break
    word = _FLEETING.sub("", word)
    if word.endswith("ц"):  # «на сорочці»
        word = word[:-1] + "к"
    if len(word) > SHORTEST_STEM + 2 and word.endswith("очк"):  # «футболочка»
        word = word.removesuffix("очк") + "к"
    return word


def _groups() -> dict[str, str]:
    """Every stem of a group of synonyms leads to the first of the group."""
    found: dict[str, str] = {}
    for line in yaml.safe_load((HERE / "synonyms.yaml").read_text(encoding="utf-8"))["groups"]:
        stems = [_stem(word) for word in words(line)]
        found.update({stem: found.get(stems[0], stems[0]) for stem in stems if stem not in found})
    return found


_STOP = frozenset(words(yaml.safe_load((HERE / "synonyms.yaml").read_text(encoding="utf-8"))["nothing"]))
_SYNONYMS = _groups()
