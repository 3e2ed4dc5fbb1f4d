"""Text from files of strangers: without markup, invisible signs and spreadsheet formulas."""

import html
import re
import unicodedata

import nh3

_TAG = re.compile(r"</?[a-zA-Z!][^>]*>")
_BREAK = re.compile(r"<\s*(?:br|/p|/div|/li|/tr|/h[1-6])\b[^>]*>", re.IGNORECASE)
_WHOLE = frozenset({"script", "style", "iframe", "object", "template", "svg"})
_TEXT_FORMULA = re.compile(r'^="(.*)"$', re.DOTALL)
_FORMULA = re.compile(r"^(?:[=@]|[+-](?=[^\s\d.,]))+")
_RISKY = ("=", "@", "+", "-", "\t", "\r")


def readable(text: str) -> str:
    """A text without markup and control signs, blanks single, lines kept."""
    if text and _TAG.search(text):
        text = html.unescape(nh3.clean(_BREAK.sub("\n", text), tags=set(), clean_content_tags=set(_WHOLE)))
    visible = "".join(filter(None, map(_visible, unicodedata.normalize("NFC", text))))
    lines = (" ".join(line.split()) for line in visible.split("\n"))
    return "\n".join(line for line in lines if line)


def plain(text: str) -> str:
    """A cell's text: readable, and no formula at its beginning."""
    return _without_formula(readable(text))


def _visible(sign: str) -> str:
    if sign in "\n\t":
        return sign
    return "" if unicodedata.category(sign) in {"Cc", "Cf", "Cs", "Co", "Cn"} else sign


def _without_formula(text: str) -> str:
    if text.startswith("'") and text[1:].startswith(_RISKY):
        return text[1:]  # as `for_spreadsheet` wrote it: the sign that made it a text
    if known := _TEXT_FORMULA.match(text):
        return known[1]  # ="0012", the way to keep zeros
    return _FORMULA.sub("", text).strip()


def for_spreadsheet(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_RISKY) else text
