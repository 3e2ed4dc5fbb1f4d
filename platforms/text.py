"""Text on its way in and out: made storable, split to fit, and rich replies degraded to what a platform can show."""

from typing import Any

import regex  # type: ignore[import-untyped, unused-ignore]

from domain.identifiers import LONGEST_CONTACT
from domain.messages import LONGEST_TEXT, Choice, OutboundMessage, Part
from platforms.base import Abilities, TextUnit

UNSTORABLE = regex.compile(r"[\p{Cs}\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""PostgreSQL refuses NUL, UTF-8 refuses lone surrogates, and no reader needs the other control characters."""
INVISIBLE = regex.compile(r"[\p{C}\p{Z}\s\uFE00-\uFE0F\u2800\u115F\u1160\u3164\uFFA0]*")
URL = regex.compile(r"(?:https?://|www\.)[^\s<>\"]+", regex.IGNORECASE)
SEAM = regex.compile(r"(?<!\p{GCB=Prepend})\s++(?![\p{M}\u200d])")
"""Whitespace that belongs to no grapheme cluster with what stands beside it."""
LEADING = regex.compile(r"\A\s++(?![\p{M}\u200d])")
SMALLEST_LIMIT = 4
"""The longest character in UTF-8; below it a text could not be split at all."""


def clean(value: object, longest: int = LONGEST_TEXT) -> str:
    """Make text out of whatever a JSON body holds: storable, bounded, and empty when nothing in it can be seen."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    if isinstance(value, int) and value.bit_length() > 256:
        return ""
    # Cut first, so that a huge text costs no more than a long one; the margin is what stripping may take away.
    text = UNSTORABLE.sub("", str(value).lstrip()[: 2 * longest]).strip()
    return "" if INVISIBLE.fullmatch(text) else text[:longest].rstrip()


def identifier(value: object, longest: int = LONGEST_CONTACT) -> str | None:
    """Read an id that may be a number or a string. None: it cannot name anybody.

    Never cut or mended: two customers must not become one.
    """
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    if isinstance(value, int) and value.bit_length() > 256:
        return None
    text = str(value).strip()
    return text if text and len(text) <= longest and text.isprintable() else None


def split(text: str, longest: int, unit: TextUnit) -> list[str]:
    """Cut a text into pieces of at most `longest` units; only whitespace at the seams is lost.

    Seams, best first: paragraph, line, sentence, word, then (a word longer than a whole piece) before a URL, between
    grapheme clusters. A URL is cut only when it alone exceeds the limit.
    """
    if longest < SMALLEST_LIMIT:
        raise ValueError(f"a limit of {longest} cannot hold every character")
    pieces: list[str] = []
    rest = LEADING.sub("", regex.sub(r"\p{Cs}", "", text))
    while (reach := _reach(rest, longest, unit)) < len(rest):
        end, resume = _cut(rest, reach)
        pieces.append(rest[:end])
        rest = rest[resume:]
    return [piece for piece in [*pieces, rest.rstrip()] if piece]


def _reach(text: str, longest: int, unit: TextUnit) -> int:
    """How many code points of `text` fit."""
    if unit is TextUnit.CHARACTERS:
        return min(longest, len(text))
    return len(text[:longest].encode()[:longest].decode(errors="ignore"))


def _cut(text: str, reach: int) -> tuple[int, int]:
    """Where the first piece ends, and where the next begins."""
    seams = [m.span() for m in SEAM.finditer(text[: reach + 1]) if m.start() > 0]
    if not seams:
        end = _inside_word(text, reach)
        return end, end
    end, _ = max(seams, key=lambda seam: (_worth(text, seam, reach), seam[0]))
    whole = SEAM.match(text, end)  # the run may go on beyond what we looked at
    return end, whole.end() if whole else end


def _worth(text: str, seam: tuple[int, int], reach: int) -> int:
    """How good a seam is; a good one in the first half would waste half a message, so there it counts as any other."""
    start, end = seam
    if start < reach // 2:
        return 0
    breaks = text[start:end].count("\n")
    if breaks:
        return min(breaks, 2) + 2
    return 2 if text[start - 1] in ".!?…" else 1


def _inside_word(text: str, reach: int) -> int:
    """A place inside an overlong word: before a URL that would be cut, else between two grapheme clusters."""
    for url in URL.finditer(text, 0):
        if url.start() >= reach:
            break
        if url.start() > 0 and url.end() > reach:
            reach = url.start()
            break
    starts = [m.start() for m in regex.finditer(r"\X", text[: reach + 1])]
    return max((start for start in starts if 0 < start <= reach), default=reach)


def fit(message: OutboundMessage, abilities: Abilities) -> list[Part]:
    """Turn a reply's message into parts the platform can show. The one place where rich replies degrade.

    Choices that cannot be tapped are listed in the text; a picture that cannot be shown becomes its link. The picture
    comes with the first part, or before it, the choices with the last: that is where the customer looks for them.
    """
    choices = message.choices if _can_be_tapped(message, abilities) else ()
    link = "" if abilities.images else message.image_url
    listed = "" if choices else listing(message.choices)
    text = "\n".join(piece for piece in (message.text.strip(), link, listed) if piece)
    *before, last = split(text, abilities.longest_text, abilities.unit) or [""]
    shorter = abilities.longest_text_with_choices
    texts = [*before, *(split(last, shorter, abilities.unit) if choices and shorter else [last])]
    parts = [Part(text=piece) for piece in texts if piece]
    if choices and parts:
        parts[-1] = parts[-1].model_copy(update={"choices": choices})
    return _illustrated(parts, message.image_url if abilities.images else "", abilities)


def _can_be_tapped(message: OutboundMessage, abilities: Abilities) -> bool:
    longest = abilities.longest_choice
    short = longest is None or all(len(choice.title) <= longest for choice in message.choices)
    return short and len(message.choices) <= abilities.choices and bool(message.text.strip())


def _illustrated(parts: list[Part], image: str, abilities: Abilities) -> list[Part]:
    """With the picture beside the first text, where both go together; else in a message of its own before it."""
    if not image:
        return parts
    first = parts[0] if parts else Part(text="")
    longest = abilities.longest_caption
    caption = longest is None or _reach(first.text, longest, abilities.unit) == len(first.text)
    if caption and (abilities.image_with_choices or not first.choices):
        return [first.model_copy(update={"image_url": image}), *parts[1:]]
    return [Part(text="", image_url=image), *parts]


def listing(choices: tuple[Choice, ...]) -> str:
    """Choices as lines of text. Not numbered: a flow understands the words of a choice, and titles may be numbers."""
    return "\n".join(f"• {choice.title}" for choice in choices)


def masked(words: object, hidden: tuple[str, ...] = ()) -> str:
    """A vendor's error message made safe to show: bounded, without long numbers and without what we sent."""
    text = clean(words, 300)
    for secret in sorted(filter(None, hidden), key=len, reverse=True):
        text = text.replace(secret, "…")
    return str(regex.sub(r"\d{5,}", "…", text))[:200]


def mapping(value: Any) -> dict[str, Any]:
    """A JSON object, or an empty one where something else stands in its place."""
    return value if isinstance(value, dict) else {}


def listed(value: Any) -> list[Any]:
    """The items of a JSON list; a lone object counts as the only one, anything else as none."""
    if isinstance(value, dict):
        return [value]
    return value if isinstance(value, list) else []


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects among these items."""
    return [item for item in listed(value) if isinstance(item, dict)]


def is_set(flag: str) -> bool:
    """What a flag among the options says."""
    return flag.strip().lower() in ("true", "1", "yes", "on")
