"""Whether two texts name the same payee: a bank shortens, spells and hides names in its own way."""

import re
from difflib import SequenceMatcher

# ruff: noqa: SIM905 — word tables read better as running text than as quoted lists.

_LATIN = dict(
    zip(
        "абвгґдеєжзиіїйклмнопрстуфхцчшщьюяыэъё",
        "a b v h g d e ie zh z i i i i k l m n o p r s t u f kh ts ch sh shch  iu ia i e  e".split(" "),
        strict=True,
    )
)
_FORMS = frozenset("fop tov flp ooo pp prat pat at llc ltd jsc".split())
"""What a business is, not what it is called; in Latin letters."""
_CLOSE = 0.82
"""How alike two spellings of one name are ("Mariia", "Mariya"); "Koval" and "Kovalchuk" are not."""


def same_payee(one: str, other: str) -> bool:
    """Whether both may well be the same: every word of the shorter is in the longer, or begins one of its words."""
    if (known := _digits(one)) and (told := _digits(other)):
        return bool(known & told)
    shorter, longer = sorted((_words(one), _words(other)), key=len)
    if not shorter:
        return not longer
    met = [word for word in shorter if any(_alike(word, another) for another in longer)]
    return len(met) == len(shorter) and any(len(word) > 2 for word in met)


def _digits(text: str) -> set[str]:
    """The last four digits of every account or card in it: a bank shows no more."""
    joined = re.sub(r"(?<=[\d*•])[ \-](?=[\d*•])", "", text)
    return {digits[-4:] for digits in re.findall(r"\d{4,}", joined)}


def _words(text: str) -> list[str]:
    latin = "".join(_LATIN.get(sign, sign) for sign in text.casefold()).replace("y", "i")
    words = re.findall(r"[^\W\d_]+", re.sub(r"['’`ʼ]", "", latin))
    return [re.sub(r"(.)\1", r"\1", word) for word in words if word not in _FORMS]


def _alike(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    if len(short) <= 2:  # an initial, a letter may become two in Latin
        return long.startswith(short)
    return one == other or SequenceMatcher(None, one, other).ratio() > _CLOSE
