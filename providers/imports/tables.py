"""Tables in files: CSV as spreadsheets save it, JSON and JSON lines; row by row, never the whole of a CSV at once."""

import codecs
import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from providers.imports.problems import BadFile, Problems

LARGEST_TABLE = 256 * 1_048_576
LARGEST_JSON = 64 * 1_048_576
"""Bytes; unlike a CSV it is read whole."""
LONGEST_CELL = 131_072
MOST_COLUMNS = 500
DELIMITERS = ",;\t|"
_BLOCK = 1_048_576
_HEAD = 65_536
_SEPARATOR_LINE = re.compile(r"^sep=(.)\s*$", re.IGNORECASE)
Heard = Callable[[int], None]
"""Told how many bytes have been read."""


class Row(NamedTuple):
    """One row, by the names of its columns."""

    number: int
    cells: Mapping[str, str]


def nobody(position: int) -> None:
    """Nobody watches."""


def read_table(path: Path, problems: Problems, heard: Heard = nobody) -> Iterator[Row]:
    """The rows of a file, by its ending: .csv, .tsv, .txt, .json, .jsonl.

    Raises:
        BadFile: it is none, or too large.
    """
    kind = path.suffix.lower()
    largest = LARGEST_JSON if kind == ".json" else LARGEST_TABLE
    if kind not in (".csv", ".tsv", ".txt", ".json", ".jsonl"):
        raise BadFile(f"{path.name}: give a .csv, .json or .jsonl file")
    try:
        if (size := path.stat().st_size) > largest:
            raise BadFile(f"{path.name}: {size} bytes; the largest is {largest}: split it, or give a .csv")
        with path.open("rb") as file:
            read = {".json": _json_rows, ".jsonl": _json_lines}.get(kind, _csv_rows)
            yield from read(file, path.name, problems, heard)
    except OSError as error:
        raise BadFile(f"{path.name}: cannot be read ({error.strerror})") from None


def encoding_of(file: BinaryIO) -> str:
    """UTF-16 or UTF-8 by its mark, UTF-8 if it is that all through, else the Cyrillic code page of Windows."""
    begin = file.read(4)
    file.seek(0)
    if begin.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    try:
        while block := file.read(_BLOCK):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1251"
    finally:
        file.seek(0)
    return "utf-8-sig"


def _csv_rows(file: BinaryIO, name: str, problems: Problems, heard: Heard) -> Iterator[Row]:
    with io.TextIOWrapper(file, encoding_of(file), newline="") as text:
        delimiter, skipped = _delimiter_of(text, name)
        for _ in range(skipped):
            text.readline()
        csv.field_size_limit(LONGEST_CELL)
        numbered = enumerate(csv.reader(text, delimiter=delimiter), start=skipped + 1)
        header: list[str] = []
        for number, cells in _readable(numbered, name):
            heard(file.tell())
            if not header:
                header = _header(cells, name) if any(cells) else []
            elif any(cell.strip() for cell in cells) and _fits(header, cells, number, problems):
                yield Row(number, dict(zip(header, cells, strict=False)))
    if not header:
        raise BadFile(f"{name}: is empty: its first row names the columns")


def _readable(numbered: Iterator[tuple[int, list[str]]], name: str) -> Iterator[tuple[int, list[str]]]:
    """The rows of a CSV, until one is none."""
    number = 0
    try:
        for number, cells in numbered:
            yield number, cells
    except csv.Error as error:
        raise BadFile(f"{name}: row {number + 1}: {error}: is a quotation mark left open?") from None
    except UnicodeError:
        raise BadFile(f"{name}: row {number + 1}: letters that cannot be read: save it as UTF-8") from None


def _delimiter_of(text: io.TextIOWrapper, name: str) -> tuple[str, int]:
    """What stands between columns, and how many lines come before the header (`sep=;`, remarks with #)."""
    try:
        lines = text.read(_HEAD).splitlines() or [""]
    except UnicodeError:
        raise BadFile(f"{name}: letters that cannot be read: save it as UTF-8") from None
    text.seek(0)
    skipped = 0
    while skipped < len(lines) - 1 and lines[skipped].startswith("#"):
        skipped += 1
    if said := _SEPARATOR_LINE.match(lines[skipped]):
        return said[1], skipped + 1
    unquoted = re.sub(r'"[^"]*"', "", lines[skipped])
    return max(DELIMITERS, key=unquoted.count), skipped


def _header(cells: list[str], name: str) -> list[str]:
    found = [column_name(cell) for cell in cells]
    if len(found) > MOST_COLUMNS:
        raise BadFile(f"{name}: {len(found)} columns; at most {MOST_COLUMNS}")
    doubled = sorted({column for column in found if column and found.count(column) > 1})
    if doubled:
        raise BadFile(f"{name}: two columns are called {', '.join(doubled)}: keep one of each")
    return found


def column_name(text: str) -> str:
    """A column's name in one spelling: `Product type`, `g:product_type` and `product-type` are one."""
    plain = re.sub(r"[^\w:]+", "_", text.strip().casefold()).strip("_")
    return plain.removeprefix("g:")


def _fits(header: list[str], cells: list[str], number: int, problems: Problems) -> bool:
    if extra := len([cell for cell in cells[len(header) :] if cell.strip()]):
        problems.add(number, f"has {extra} more cells than the header: a text with a comma in it needs quotation marks")
    return not extra


def _json_rows(file: BinaryIO, name: str, problems: Problems, heard: Heard) -> Iterator[Row]:
    content = file.read()
    found = _parsed(content, name)
    if isinstance(found, dict):
        found = next((found[key] for key in ("items", "products", "data") if isinstance(found.get(key), list)), None)
    if not isinstance(found, list):
        raise BadFile(f"{name}: expected a list of items, or an object with a list called items")
    for number, row in enumerate(found, start=1):
        yield from _json_row(row, number, problems)
        heard(len(content) * number // len(found))


def _json_lines(file: BinaryIO, name: str, problems: Problems, heard: Heard) -> Iterator[Row]:
    for number, line in enumerate(file, start=1):
        heard(file.tell())
        if line.strip():
            yield from _json_row(_parsed(line, f"{name}: row {number}"), number, problems)


def _parsed(content: bytes, name: str) -> Any:
    try:
        return json.loads(content.decode("utf-8-sig"), parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise BadFile(f"{name}: is no JSON in UTF-8 ({error})") from None


def _json_row(found: Any, number: int, problems: Problems) -> Iterator[Row]:
    if not isinstance(found, dict):
        problems.add(number, "is no object with names and values")
        return
    cells: dict[str, str] = {}
    for name, value in found.items():
        column = column_name(name)
        if column == "attributes" and isinstance(value, dict):
            cells |= {f"attribute:{key}": str(each) for key, each in value.items()}
        elif isinstance(value, dict | list):
            problems.add(number, f"{column}: is a list or an object: write a text or a number")
        else:
            cells[column] = "" if value is None else str(value)
    yield Row(number, cells)
