"""Documents out of files and folders."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from providers.imports.blocks import cut
from providers.imports.problems import BadFile
from providers.imports.reading import READERS
from providers.records.knowledge_shelf import Document

LARGEST = 20 * 1_048_576
"""Bytes of one file."""
LONGEST_NAME = 300


def found_in(paths: Sequence[Path]) -> dict[str, Path]:
    """Every document there is, by its name: its path below the folder that was given.

    Raises:
        BadFile: a path is not there, is no document, or two documents have one name.
    """
    found: dict[str, Path] = {}
    for path in paths:
        for name, file in _below(path):
            if (other := found.setdefault(name, file)) != file:
                raise BadFile(f"{other} and {file} would both be called {name}: import the folder above them")
    return found


def _below(path: Path) -> Iterator[tuple[str, Path]]:
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            name = file.relative_to(path)
            is_hidden = any(part.startswith(".") for part in name.parts)
            if file.is_file() and file.suffix.lower() in READERS and not is_hidden:
                yield name.as_posix(), file
    elif not path.is_file():
        raise BadFile(f"{path}: there is no such file or folder")
    elif path.suffix.lower() not in READERS:
        raise BadFile(f"{path.name}: is no document; give {', '.join(READERS)}")
    else:
        yield path.name, path


def read_document(name: str, file: Path) -> Document:
    """Read and cut one document.

    Raises:
        BadFile: it cannot be read, or holds no text.
    """
    if len(name) > LONGEST_NAME:
        raise BadFile(f"{name[:60]}…: the name is longer than {LONGEST_NAME} signs")
    try:
        if (size := file.stat().st_size) > LARGEST:
            raise BadFile(f"{name}: {size} bytes; the largest is {LARGEST}")
        content = file.read_bytes()
        title, blocks = READERS[file.suffix.lower()](content)
    except OSError as error:
        raise BadFile(f"{name}: cannot be read ({error.strerror})") from None
    except BadFile as error:
        raise BadFile(str(error) if str(error).startswith(name) else f"{name}: {error}") from None
    if not (chunks := cut(blocks)):
        raise BadFile(f"{name}: holds no text")
    title = title or file.stem.replace("_", " ").replace("-", " ")
    fingerprint = hashlib.sha256(content).hexdigest()
    return Document(name=name, title=title[:LONGEST_NAME], chunks=chunks, fingerprint=fingerprint, bytes=len(content))
