"""What a model is told, read from `prompts/*.md` and checked before the first customer comes."""

import hashlib
import re
from pathlib import Path

from flows.wording import PROMPTS, WordingBroken

_FRONT = re.compile(r"\A---\n(?P<front>.*?)\n---\n(?P<body>.*)\Z", re.DOTALL)
_NAME = re.compile(r"^prompt: *(?P<name>\S+)$", re.MULTILINE)
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
DIGEST_LENGTH = 12


class Prompt:
    """One file: its text with places to fill, and the digest that stands in every decision's record."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.digest = hashlib.sha256(text.encode()).hexdigest()[:DIGEST_LENGTH]

    def tell(self, **values: str) -> str:
        """The text with its places filled, in one pass: what is filled in is never a place itself."""
        return _PLACEHOLDER.sub(lambda match: values[match.group(1)], self._text)


def load_prompt(name: str, places: frozenset[str] = frozenset(), folder: Path = PROMPTS) -> Prompt:
    """Read `{name}.md`: front matter with `prompt: {name}`, then what the model is told.

    Raises:
        WordingBroken: the file is missing, empty, of another name, or has other places than these.
    """
    file = f"prompts/{name}.md"
    try:
        found = _FRONT.match((folder / f"{name}.md").read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise WordingBroken(f"{file} cannot be read: {error}") from error
    named = found and _NAME.search(found["front"])
    if not found or not named or named["name"] != name:
        raise WordingBroken(f"{file} must begin with front matter that says `prompt: {name}`")
    body = found["body"].strip()
    if not body:
        raise WordingBroken(f"{file} tells the model nothing")
    if (there := frozenset(_PLACEHOLDER.findall(body))) != places:
        raise WordingBroken(f"{file} has the places {sorted(there)}, and needs {sorted(places)}")
    return Prompt(body)
