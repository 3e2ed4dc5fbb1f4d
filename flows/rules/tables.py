"""Tables of a document, for a chat that shows none."""

import re

_RULE = re.compile(r"\|?[\s:|-]+\|?")


def readable(text: str) -> str:
    """Markdown's tables as lines of words: «куди: вартість»; everything else as it is."""
    lines = [_row(line) for line in text.splitlines() if not (_RULE.fullmatch(line) and "-" in line)]
    return "\n".join(lines)


def _row(line: str) -> str:
    plain = line.strip()
    if not (plain.startswith("|") and plain.endswith("|") and plain.count("|") > 2):
        return line
    first, *others = (cell.strip() for cell in plain.strip("|").split("|"))
    return f"{first}: {', '.join(others)}"
