"""One form for Ukrainian, Russian and their mixture, so that slips of the keyboard do not matter."""

import re
from functools import lru_cache
from typing import NamedTuple

from flows.rules.text import clean, fold

LONGEST = 2_000
"""Characters that are read: what a customer wants stands in them."""

_APOSTROPHES = "'’ʼ`´‘′"
_LETTERS = str.maketrans(
    {"і": "и", "ї": "и", "ы": "и", "є": "е", "э": "е", "ё": "е", "ґ": "г", **dict.fromkeys(f"ъь{_APOSTROPHES}")}
)
_ADDRESS_OF_A_PAGE = re.compile(r"(?:https?://|www\.)[^\s]{1,400}")
_WITH_LATIN = re.compile(r"(?=[^\W\d_]{0,60}[a-z])[^\W\d_]{1,60}")
_LOOKALIKES = str.maketrans("aceiopxykmthb", "асеиорхукмтнв")
_SOUNDS = (
    ("shch", "щ"), ("zh", "ж"), ("kh", "х"), ("ts", "ц"), ("ch", "ч"), ("sh", "ш"), ("ya", "я"), ("ia", "я"),
    ("ja", "я"), ("yu", "ю"), ("iu", "ю"), ("ju", "ю"), ("ye", "е"), ("je", "е"), ("yi", "и"), ("ji", "и"), ("yo", "е"),
    ("jo", "е"),
)  # fmt: skip
_SINGLE_SOUNDS = str.maketrans("abcdefghijklmnopqrstuvwyz", "абкдефгхийклмнопкрстуввиз", "'")
_LONG_LETTER = re.compile(r"([^\W\d])\1{2,}")
_CLAUSE_END = re.compile(
    r"[.!?;,…\n()]+|(?<=\s)(?:але|но|зате|зато|однако|проте)(?=\s)| [-–—] |(?<=\w) (?=(?:скилки|сколко|коли|когда|чи"
    r"|куди|куда) )"
)
"""Signs, "but", and the word that begins to ask: «оплатила коли відправите»."""
_ASKS = re.compile(
    r"\W*(?:(?:а|и|скажите|скажить|подскажите|пидскажить|добрий|день) )*"
    r"(?:чи|як|яка|яке|який|яки|коли|де|куди|скилки|чому|навищо|хто|что|чому|как|какая|какой|какие|когда|где|куда"
    r"|сколко|почему|зачем|кто|можна|можно|ест|е) "
)
_MOST_CLAUSES = 80


@lru_cache(maxsize=64)
def loosen(text: str) -> str:
    """The text as it is compared: «кур’єр» and «курьер», «чек» and «chek» become alike; page addresses are left out."""
    folded = fold(clean(text[:LONGEST]))[:LONGEST]
    without_pages = _ADDRESS_OF_A_PAGE.sub(" ", folded)
    cyrillic = _WITH_LATIN.sub(lambda word: _in_cyrillic(word.group()), without_pages)
    return _LONG_LETTER.sub(r"\1", cyrillic.translate(_LETTERS))[:LONGEST]


def _in_cyrillic(word: str) -> str:
    """A Latin word by its sound; a Cyrillic one with a Latin letter in it by the look of the letter."""
    if not word.isascii():
        return word.translate(_LOOKALIKES)
    for latin, cyrillic in _SOUNDS:
        word = word.replace(latin, cyrillic)
    return word.translate(_SINGLE_SOUNDS).replace("x", "кс")


def shape(*alternatives: str) -> re.Pattern[str]:
    """A pattern for loosened text, written in ordinary Ukrainian and Russian letters (never with «ь?»)."""
    return re.compile("|".join(alternatives).translate(_LETTERS))


def one_of(table: str) -> str:
    """The words and phrases of a table as one alternative: «~» ends a stem, «_» stands for a blank."""
    words = table.split()
    return "(?:" + "|".join(word.replace("~", r"\w*").replace("_", " ") for word in words) + ")"


class Clause(NamedTuple):
    """A stretch of loosened text between two signs, and whether it asks."""

    text: str
    asks: bool


@lru_cache(maxsize=64)
def clauses(text: str) -> tuple[Clause, ...]:
    """What a text says, piece by piece: «оплатила, коли відправите?» tells one thing and asks another."""
    loose = loosen(text)
    found, begin = [], 0
    for end in _CLAUSE_END.finditer(loose):
        found.append(_clause(loose[begin : end.start()], end.group()))
        begin = end.end()
        if len(found) >= _MOST_CLAUSES:
            break
    found.append(_clause(loose[begin:], ""))
    return tuple(clause for clause in found if clause.text)


def _clause(text: str, end: str) -> Clause:
    stripped = text.strip()
    return Clause(stripped, "?" in end or _ASKS.match(f"{stripped} ") is not None)


def said(text: str, wanted: re.Pattern[str], unless: re.Pattern[str] | None = None, *, asked: bool = False) -> bool:
    """Whether a clause says what is wanted and nothing that takes it back; a question counts where `asked`."""
    return any(
        wanted.search(clause.text) is not None
        and (unless is None or unless.search(clause.text) is None)
        and (asked or not clause.asks)
        for clause in clauses(text)
    )
