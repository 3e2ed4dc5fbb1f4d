"""Reads golden files, and says where one is wrong."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from commands.outcome import Failed
from commands.script_file import Script


class WrongScript(Failed):
    """A golden file cannot be read; the text names the file, the line and what to write instead."""


def load_script(path: Path) -> Script:
    """Read a golden file.

    Raises:
        WrongScript: it cannot be read; names file, line and reason.
    """
    try:
        text = path.read_text("utf-8")
        root = yaml.compose(text, yaml.SafeLoader)
        told = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError) as error:
        raise WrongScript(f"{path}: cannot be read ({type(error).__name__})") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise WrongScript(f"{path}:{mark.line + 1 if mark else 1}: {getattr(error, 'problem', error)}") from None
    if not isinstance(told, dict):
        raise WrongScript(f"{path}:1: begins with no `title:`")
    for place, step in enumerate(told.get("story") or ()):
        if isinstance(step, dict):
            step["line"] = _line(root, ("story", place))
    try:
        return Script.model_validate({**told, "path": path})
    except ValidationError as error:
        raise WrongScript("; ".join(_told(path, root, one) for one in error.errors()[:5])) from None


def _told(path: Path, root: yaml.Node | None, error: Any) -> str:
    where = ".".join(str(piece) for piece in error["loc"] if not isinstance(piece, int))
    what = "there is no such word" if error["type"] == "extra_forbidden" else error["msg"].removeprefix("Value error, ")
    return f"{path}:{_line(root, error['loc'])}: {where}: {what}"


def _line(root: yaml.Node | None, where: tuple[int | str, ...]) -> int:
    """The line of the innermost node on the way to an error."""
    node, line = root, 1
    for piece in where:
        found = _child(node, piece)
        if found is None:
            break
        node, line = found
    return line


def _child(node: yaml.Node | None, piece: int | str) -> tuple[yaml.Node, int] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == piece:
                return value, key.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode) and isinstance(piece, int) and piece < len(node.value):
        return node.value[piece], node.value[piece].start_mark.line + 1
    return None
