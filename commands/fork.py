"""`everturn fork`: the rest of a conversation again, with other words, another model or other goods, side by side."""

import asyncio
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text
from temporalio.client import Client

from commands.outcome import Failed, WrongUse
from commands.rehearsing import prompt_name, rehearse
from domain.identifiers import Address
from domain.what_if import Answer, TurnAgain, WhatIf, Wish
from runtime.settings import Settings

NARROW = 120
"""Columns where nobody's terminal says how wide it is."""
LONGEST_PROMPT = 200_000


def wish_of(turn: int, prompt: Path | None, model: str, catalogue: Path | None) -> Wish:
    """What to change, before anything is opened.

    Raises:
        WrongUse: a file is missing, or no prompt of ours.
    """
    text = ""
    if prompt is not None:
        text = _read(prompt)
        prompt_name(text)
    if catalogue is not None and not catalogue.is_file():
        raise WrongUse(f"--catalog {catalogue}: there is no such file")
    return Wish(turn=turn, prompt=text, model=model.strip(), catalogue=str(catalogue or ""))


async def fork(client: Client, settings: Settings, home: Path, address: Address, wish: Wish, out: Path | None) -> None:
    """Take the turns again, and show both; or write them into a file.

    Raises:
        WrongUse, Failed, EverturnError: as `rehearse`; or the file cannot be written.
    """
    console = Console(highlight=False, markup=False, emoji=False)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("taking the turns again", total=None)
        what_if = await rehearse(
            settings, client, home, address, wish,
            lambda done, total: progress.update(task, completed=done, total=total),
        )  # fmt: skip
    if out is not None:
        await asyncio.to_thread(_write, out, what_if)
        print(f"{out}: {summary_of(what_if)}")
        return
    show(what_if, console)


def require_place(out: Path | None) -> None:
    """Whether a file of that name may be written.

    Raises:
        WrongUse: neither .md nor .json, or there is no such folder.
    """
    if out is None:
        return
    if out.suffix not in (".md", ".json"):
        raise WrongUse(f"--out {out}: give a .md or a .json file")
    if not out.parent.is_dir():
        raise WrongUse(f"--out {out}: there is no folder {out.parent}")


def show(what_if: WhatIf, console: Console) -> None:
    """Both, side by side."""
    if not console.is_terminal:
        console.width = NARROW
    table = Table(title="\n".join(_head(what_if)), title_justify="left", show_lines=True, expand=True)
    table.add_column("turn", no_wrap=True)
    for name, ratio in (("the customer", 3), ("was", 4), ("would be", 4)):
        table.add_column(name, ratio=ratio, overflow="fold")
    for one in what_if.turns:
        would_be = Text("the same") if one.is_same else Text(_answer(one.would_be))
        mark = "" if one.is_same else " *"
        table.add_row(f"{one.turn}{mark}", Text("\n".join(one.heard)), Text(_answer(one.was)), would_be)
    console.print(table)
    for note in what_if.notes:
        console.print(f"note: {note}")
    console.print(summary_of(what_if))


def summary_of(what_if: WhatIf) -> str:
    """How much would have been different."""
    cost = f"; asking the model took {what_if.cost / 1_000_000:.4f} dollars" if what_if.cost else ""
    different = f"{what_if.differing} of {len(what_if.turns)} turns would have been different"
    return f"{different}; nothing was sent or written{cost}"


def as_markdown(what_if: WhatIf) -> str:
    """Both, one below the other, for a report."""
    lines = [f"# {what_if.conversation}, what if", "", *_head(what_if)[1:], "", summary_of(what_if), ""]
    lines += [f"> {note}\n" for note in what_if.notes]
    for one in what_if.turns:
        lines += [f"## Turn {one.turn}{'' if one.is_same else ' (different)'}", ""]
        for name, text in (("customer", "\n".join(one.heard)), *_both(one)):
            lines += [f"**{name}**", "", *(f"    {line}" for line in text.splitlines()), ""]
    return "\n".join(lines)


def _both(one: TurnAgain) -> list[tuple[str, str]]:
    if one.is_same:
        return [("was, and would be", _answer(one.was))]
    return [("was", _answer(one.was)), ("would be", _answer(one.would_be))]


def _head(what_if: WhatIf) -> list[str]:
    return [what_if.conversation, f"changed: {', '.join(what_if.changes)}"]


def _answer(answer: Answer) -> str:
    lines = [*answer.parts, *(f"[{effect}]" for effect in answer.effects)]
    if answer.problem:
        lines.append(f"({answer.problem})")
    return "\n".join(lines) or "(nothing)"


def _read(path: Path) -> str:
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUse(f"--prompt {path}: cannot be read ({type(error).__name__})") from None
    if len(text) > LONGEST_PROMPT:
        raise WrongUse(f"--prompt {path}: longer than {LONGEST_PROMPT} letters")
    return text


def _write(out: Path, what_if: WhatIf) -> None:
    text = what_if.model_dump_json(indent=2) if out.suffix == ".json" else as_markdown(what_if)
    try:
        out.write_text(text + "\n", "utf-8")
    except OSError as error:
        raise Failed(f"--out {out}: cannot be written ({error.strerror})") from None
