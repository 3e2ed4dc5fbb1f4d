"""What a customer typed, made comparable: one form for every digit, space, dash and letter."""

import re
import unicodedata
from collections.abc import Iterable

_DROPPED = {"Cf", "Cs", "Co", "Me"}
_DROPPED_RANGES = ((0xFE00, 0xFE0F), (0x1F3FB, 0x1F3FF))
"""Variation selectors and skin tones: they change the look of a sign, not its meaning."""
_BLANKS = re.compile(r"[^\S\n]+")
_WORD = re.compile(r"[^\W_]+")
_LONG_LETTER = re.compile(r"([^\W\d])\1{2,}")


def clean(text: str) -> str:
    """Compatibility forms unified, invisible characters gone, digits Latin, blanks single; still fit to be shown."""
    # NFKC would turn the number sign into the word "No", which is an answer.
    unified = "№".join(unicodedata.normalize("NFKC", piece) for piece in text.replace("🔟", "10").split("№"))
    one_form = "".join(map(_one_form, unified))
    lines = (_BLANKS.sub(" ", line).strip() for line in one_form.split("\n"))
    return "\n".join(line for line in lines if line)


def _one_form(sign: str) -> str:
    if sign.isascii():
        return sign if sign.isprintable() or sign == "\n" else " "
    kind = unicodedata.category(sign)
    if kind == "Nd":
        return str(unicodedata.decimal(sign))
    if kind in _DROPPED or any(low <= ord(sign) <= high for low, high in _DROPPED_RANGES):
        return ""
    return "\n" if kind in {"Zl", "Zp"} else " " if kind == "Cc" else sign


def fold(text: str) -> str:
    """Case and ё forgotten, for comparing."""
    return text.casefold().replace("ё", "е")


def words(text: str) -> list[str]:
    """The folded words and numbers of a text; a letter held down («дааа») counts once."""
    return [_LONG_LETTER.sub(r"\1", word) for word in _WORD.findall(fold(text))]


def without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """The text with the spans cut out; a line break stands where each was, so that no new phrase is made."""
    kept, position = [], 0
    for start, end in sorted(spans):
        kept.append(text[position:start])
        position = max(position, end)
    return "\n".join([*kept, text[position:]])
