"""What `everturn up` tells the person who started it."""

import asyncio
import json
import re
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.markup import escape

LOUD = frozenset({"warning", "error", "critical"})
ALARMING = re.compile(r"^Traceback|^everturn: |\b(WARN|WARNING|ERROR|CRITICAL|FATAL)\b|^\w*(Error|Exception|Setting)\b")
NOT_SHOWN = frozenset({"level", "event", "timestamp", "logger", "exception", "stack"})


class Terminal:
    """Plain lines, or a turning wheel while something takes its time and somebody watches."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, soft_wrap=True)
        self._status = self._console.status("starting")

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._status.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self._status.stop()

    def step(self, text: str) -> None:
        """Something has begun."""
        if self._console.is_terminal:
            self._status.update(escape(text))
        else:
            self.say(text)

    def say(self, text: str) -> None:
        """A line that stays."""
        self._console.print(text, markup=False)
        self._console.file.flush()

    def done(self) -> None:
        """Nothing turns any more."""
        self._status.stop()


class Tail:
    """Shows the warnings and errors of a child's log as they are written."""

    def __init__(self, name: str, log: Path, terminal: Terminal) -> None:
        self._name = name
        self._log = log
        self._terminal = terminal
        self._read = 0
        self._rest = b""

    async def follow(self) -> None:
        """Until cancelled."""
        while True:
            self.show_new()
            await asyncio.sleep(0.2)

    def show_new(self) -> None:
        """Everything written since the last look."""
        try:
            with self._log.open("rb") as file:
                file.seek(self._read)
                new = file.read()
        except OSError:
            return
        self._read += len(new)
        *lines, self._rest = (self._rest + new).split(b"\n")
        for line in lines:
            if text := loud(line.decode(errors="replace")):
                self._terminal.say(f"[{self._name}] {text}")


def loud(line: str) -> str:
    """The line as a person reads it, if it is a warning or worse; else nothing."""
    try:
        event = json.loads(line)
    except ValueError:
        return line if ALARMING.search(line) else ""
    if not isinstance(event, dict) or event.get("level") not in LOUD:
        return ""
    rest = " ".join(f"{key}={_short(value)}" for key, value in event.items() if key not in NOT_SHOWN)
    reason = str(event.get("exception", "")).strip().splitlines()[-1:]
    return " ".join(filter(None, [event["level"], str(event.get("event", "")), rest, *reason]))


def _short(value: Any) -> str:
    return str(value)[:200]
