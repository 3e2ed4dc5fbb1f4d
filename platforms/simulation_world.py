"""The simulated customers' phones: what each shows, in a SQLite file that survives a killed process."""

import sqlite3
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import uuid4

from domain.messages import Choice, Media
from domain.model import Value
from platforms.simulation_faults import Faults

TYPING = timedelta(seconds=20)
"""How long a phone shows the sign."""
SEEN_AT_ONCE = 20
SHOWN_AT_ONCE = 1_000
SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    id INTEGER PRIMARY KEY AUTOINCREMENT, platform TEXT NOT NULL, contact TEXT NOT NULL, at TEXT NOT NULL,
    entry TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS entries_by_contact ON entries (platform, contact, id);
CREATE TABLE IF NOT EXISTS unknown (platform TEXT NOT NULL, contact TEXT NOT NULL, PRIMARY KEY (platform, contact));
CREATE TABLE IF NOT EXISTS calls (
    id INTEGER PRIMARY KEY AUTOINCREMENT, platform TEXT NOT NULL, contact TEXT NOT NULL, at TEXT NOT NULL,
    outcome TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS media (id TEXT PRIMARY KEY, mime TEXT NOT NULL, content BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS signs (
    id INTEGER PRIMARY KEY AUTOINCREMENT, platform TEXT NOT NULL, contact TEXT NOT NULL, sign TEXT NOT NULL);
"""


class Direction(StrEnum):
    """Seen from us: `in` was typed by the customer, `out` came from us or an operator."""

    IN = "in"
    OUT = "out"


class Entry(Value):
    """One bubble on a customer's phone."""

    id: int = 0
    platform: str
    contact: str
    at: datetime
    direction: Direction
    text: str = ""
    choices: tuple[Choice, ...] = ()
    image_url: str = ""
    media: tuple[Media, ...] = ()
    """What the customer sent beside words."""
    state: str = ""
    """How far a message of ours came, as its platform has told (sent, delivered, read, failed); what became of a
    customer's: seen, edited, unsent."""
    external_id: str = ""
    network: str = ""
    """The network it went through, where a platform carries several."""
    by_operator: bool = False
    """An operator wrote it in the platform's own app."""
    dialog: str = ""
    opened: bool = False
    """Whether this message asked to show the dialog to operators."""


class World:
    """Everything simulated customers have seen, and the faults of the platforms in between."""

    def __init__(
        self, path: str | Path = ":memory:", clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.faults = Faults()
        self.clock = clock
        self.listeners: list[Callable[[Entry], None]] = []
        """Told of every bubble, in the thread that shows it."""
        self._revisions: dict[tuple[str, str], int] = {}
        self._first_revision = time.time_ns() // 1_000_000
        self._typing: dict[tuple[str, str], datetime] = {}
        self._lock = threading.Lock()
        self._base = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
        self._base.execute("PRAGMA journal_mode=WAL")
        self._base.execute("PRAGMA synchronous=NORMAL")  # survives a killed process; only a power cut may lose the end
        self._base.executescript(SCHEMA)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._base.close()

    def show(self, entry: Entry) -> Entry:
        """Put a bubble on a phone; returns it with its id."""
        with self._lock:
            row = self._base.execute(
                "INSERT INTO entries (platform, contact, at, entry) VALUES (?, ?, ?, ?)",
                (entry.platform, entry.contact, entry.at.isoformat(), entry.model_dump_json()),
            )
        shown = entry.model_copy(update={"id": row.lastrowid or 0})
        if entry.direction is Direction.OUT:
            self._typing.pop((entry.platform, entry.contact), None)
        self._touch(entry.platform, entry.contact)
        for listener in self.listeners:
            listener(shown)
        return shown

    def phone(self, platform: str, contact: str, after: int = 0) -> list[Entry]:
        """What a phone shows, oldest first."""
        rows = self._rows(
            "SELECT id, entry FROM entries WHERE platform = ? AND contact = ? AND id > ? ORDER BY id",
            (platform, contact, after),
        )
        return [Entry.model_validate_json(entry).model_copy(update={"id": number}) for number, entry in rows]

    def shown(self, platform: str, after: int | None) -> dict[str, Any]:
        """Our messages on all phones after that one, oldest first; without one, only where to go on from."""
        if after is None:
            ((last,),) = self._rows("SELECT coalesce(max(id), 0) FROM entries WHERE platform = ?", (platform,))
            return {"last": last, "shown": []}
        rows = self._rows(
            "SELECT id, contact, at, json_extract(entry, '$.direction'), json_extract(entry, '$.text') FROM entries"
            " WHERE id > ? AND platform = ? ORDER BY id LIMIT ?",
            (after, platform, SHOWN_AT_ONCE),
        )
        ours = [(contact, at, text) for _, contact, at, direction, text in rows if direction == Direction.OUT.value]
        return {"last": rows[-1][0] if rows else after, "shown": ours}

    def said_to(self, platform: str, contact: str) -> list[str]:
        """The texts a customer has received, oldest first."""
        return [entry.text for entry in self.phone(platform, contact) if entry.direction is Direction.OUT]

    def contacts(self, platform: str) -> list[str]:
        """Whose phones there are."""
        return [name for (name,) in self._rows("SELECT DISTINCT contact FROM entries WHERE platform = ?", (platform,))]

    def called(self, platform: str) -> set[str]:
        """Whom somebody tried to reach, with or without success."""
        rows = self._rows("SELECT DISTINCT contact FROM calls WHERE platform = ?", (platform,))
        return {name for (name,) in rows}

    def latest(self, platform: str, contact: str, most: int) -> list[Entry]:
        """The last bubbles of a phone, oldest first."""
        rows = self._rows(
            "SELECT id, entry FROM entries WHERE platform = ? AND contact = ? ORDER BY id DESC LIMIT ?",
            (platform, contact, most),
        )
        return [Entry.model_validate_json(entry).model_copy(update={"id": number}) for number, entry in reversed(rows)]

    def find(self, entry: int) -> Entry | None:
        """One bubble, on whatever phone."""
        rows = self._rows("SELECT entry FROM entries WHERE id = ?", (entry,))
        return Entry.model_validate_json(rows[0][0]).model_copy(update={"id": entry}) if rows else None

    def progress(self, entry: int, state: str) -> Entry | None:
        """Note how far a message of ours came; returns it as it stands now."""
        return self.amend(entry, state=state)

    def amend(self, entry: int, **changes: Any) -> Entry | None:
        """Change a bubble; returns it as it stands now."""
        with self._lock:
            row = self._base.execute("SELECT entry FROM entries WHERE id = ?", (entry,)).fetchone()
            if row is None:
                return None
            changed = Entry.model_validate_json(row[0]).model_copy(update={"id": entry, **changes})
            self._base.execute("UPDATE entries SET entry = ? WHERE id = ?", (changed.model_dump_json(), entry))
        self._touch(changed.platform, changed.contact)
        return changed

    def age(self, platform: str, contact: str, by: timedelta) -> None:
        """Let time pass on one phone: everything it shows happened earlier."""
        for entry in self.phone(platform, contact):
            self.amend(entry.id, at=entry.at - by)

    def revision(self, platform: str, contact: str) -> int:
        """Another number whenever a phone shows something else; never one of an earlier process."""
        return self._revisions.get((platform, contact), self._first_revision)

    def _touch(self, platform: str, contact: str) -> None:
        self._revisions[platform, contact] = self.revision(platform, contact) + 1

    def keep_media(self, content: bytes, mime: str) -> str:
        """Put a picture or voice note where the platform keeps them; returns its media id (digits)."""
        own_id = str(uuid4().int % 10**15)
        with self._lock:
            self._base.execute("INSERT INTO media VALUES (?, ?, ?)", (own_id, mime, content))
        return own_id

    def media(self, own_id: str) -> tuple[str, bytes] | None:
        """A picture's or voice note's type and bytes."""
        with self._lock:
            row = self._base.execute("SELECT mime, content FROM media WHERE id = ?", (own_id,)).fetchone()
        return (row[0], row[1]) if row else None

    def show_sign(self, platform: str, contact: str, sign: str) -> None:
        """The phone shows "typing" or "seen"."""
        with self._lock:
            self._base.execute(
                "INSERT INTO signs (platform, contact, sign) VALUES (?, ?, ?)", (platform, contact, sign)
            )
        if sign == "typing":
            self._typing[platform, contact] = self.clock()
        if sign == "seen":
            self._show_seen(platform, contact)

    def _show_seen(self, platform: str, contact: str) -> None:
        """Both ticks under what the customer wrote last turn blue."""
        for entry in self.latest(platform, contact, SEEN_AT_ONCE):
            if entry.direction is Direction.IN and not entry.state:
                self.amend(entry.id, state="seen")

    def is_typing(self, platform: str, contact: str) -> bool:
        """Whether a phone shows that somebody writes: since a moment ago, and nothing has come yet."""
        since = self._typing.get((platform, contact))
        return since is not None and self.clock() - since < TYPING

    def signs(self, platform: str, contact: str) -> list[str]:
        """Every "typing" and "seen" a phone has shown, oldest first."""
        rows = self._rows("SELECT sign FROM signs WHERE platform = ? AND contact = ? ORDER BY id", (platform, contact))
        return [sign for (sign,) in rows]

    def set_unknown(self, platform: str, contact: str, *, unknown: bool) -> None:
        """Make the platform forget a contact, or know it again."""
        change = (
            "INSERT OR IGNORE INTO unknown VALUES (?, ?)"
            if unknown
            else ("DELETE FROM unknown WHERE platform = ? AND contact = ?")
        )
        with self._lock:
            self._base.execute(change, (platform, contact))

    def is_unknown(self, platform: str, contact: str) -> bool:
        """Whether the platform says it never met this contact."""
        return bool(self._rows("SELECT 1 FROM unknown WHERE platform = ? AND contact = ?", (platform, contact)))

    def log_call(self, platform: str, contact: str, outcome: str) -> None:
        """Remember a send call: its fault, or the HTTP status it was answered with."""
        with self._lock:
            self._base.execute(
                "INSERT INTO calls (platform, contact, at, outcome) VALUES (?, ?, ?, ?)",
                (platform, contact, self.clock().isoformat(), outcome),
            )

    def calls(self, platform: str) -> list[dict[str, str]]:
        """Every send call, oldest first."""
        rows = self._rows("SELECT contact, at, outcome FROM calls WHERE platform = ? ORDER BY id", (platform,))
        return [{"contact": contact, "at": at, "outcome": outcome} for contact, at, outcome in rows]

    def _rows(self, query: str, values: tuple[str | int, ...]) -> list[tuple[str, ...]]:
        with self._lock:
            return self._base.execute(query, values).fetchall()
