"""Every sentence said to a customer, read from `prompts/*.md` and checked before the first customer comes."""

import re
from collections.abc import Mapping
from pathlib import Path

import yaml

from domain.decisions import ORDER_NUMBER
from domain.failures import OurFault

PROMPTS = Path(__file__).parent / "prompts"
_SECTION = re.compile(r"^## +(\S+)[ \t]*$", re.MULTILINE)
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_BRACES_TO_BRACKETS = str.maketrans("{}", "()")


class WordingBroken(OurFault):
    """A prompt file is missing or broken; the text names the file and the key."""


class Wording:
    """The sentences of one flow, by key."""

    def __init__(self, sentences: Mapping[str, str]) -> None:
        self._sentences = dict(sentences)

    def say(self, key: str, **values: str | int) -> str:
        """The sentence with its placeholders filled.

        A customer's own words are values and never patterns: one pass, and no brace of theirs survives it.
        """
        return _PLACEHOLDER.sub(lambda match: _plain(values[match.group(1)]), self._sentences[key])


def load_wording(name: str, keys: Mapping[str, frozenset[str]], folder: Path = PROMPTS) -> Wording:
    """Read `{name}.md`: front matter naming the flow, then a `## key` section for every sentence.

    Raises:
        WordingBroken: the file is missing, or a key is missing, unknown, double, empty or has the wrong placeholders.
    """
    path = folder / f"{name}.md"
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise WordingBroken(f"prompts/{name}.md cannot be read: {error}") from error
    sentences = _sections(path.name, name, text)
    for key in sorted(set(keys) | set(sentences)):
        _check(path.name, key, keys, sentences)
    return Wording(sentences)


def _plain(value: str | int) -> str:
    return str(value) if value == ORDER_NUMBER else str(value).translate(_BRACES_TO_BRACKETS)


def _sections(file: str, name: str, text: str) -> dict[str, str]:
    pieces = text.split("---\n", 2)
    if len(pieces) != 3 or pieces[0].strip():
        raise WordingBroken(f"prompts/{file} does not begin with front matter between two lines of ---")
    _check_front_matter(file, name, pieces[1])
    _, *parts = _SECTION.split(pieces[2])
    sentences: dict[str, str] = {}
    for key, body in zip(parts[::2], parts[1::2], strict=True):
        if key in sentences:
            raise WordingBroken(f"prompts/{file}: the key {key!r} stands twice")
        sentences[key] = body.strip()
    return sentences


def _check_front_matter(file: str, name: str, matter: str) -> None:
    try:
        front = yaml.safe_load(matter)
    except yaml.YAMLError as error:
        raise WordingBroken(f"prompts/{file}: the front matter is not YAML: {error}") from error
    if not isinstance(front, dict) or front.get("flow") != name:
        raise WordingBroken(f"prompts/{file}: the front matter must say 'flow: {name}'")


def _check(file: str, key: str, keys: Mapping[str, frozenset[str]], sentences: Mapping[str, str]) -> None:
    if key not in sentences:
        raise WordingBroken(f"prompts/{file}: the key {key!r} is missing")
    if key not in keys:
        raise WordingBroken(f"prompts/{file}: the key {key!r} is unknown; nothing says it")
    if not sentences[key]:
        raise WordingBroken(f"prompts/{file}: the key {key!r} is empty")
    found = set(_PLACEHOLDER.findall(sentences[key]))
    if found != keys[key]:
        wanted = sorted(keys[key]) or "none"
        raise WordingBroken(f"prompts/{file}: the key {key!r} has placeholders {sorted(found)}, expected {wanted}")
    if set(_PLACEHOLDER.sub("", sentences[key])) & set("{}"):
        raise WordingBroken(f"prompts/{file}: the key {key!r} has a brace that belongs to no placeholder")
