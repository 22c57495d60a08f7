"""What later entries say of earlier ones, kept on disk, so that memory does not grow with a log."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from parley_protocol.payloads import Entry

_NOTES = ("edit", "delete", "reaction")
QUOTE_CHARACTERS = 120
_TABLES = """
CREATE TABLE said (id TEXT PRIMARY KEY, place INTEGER, sender TEXT, text TEXT) WITHOUT ROWID;
CREATE TABLE notes (target TEXT, seq INTEGER, id TEXT, type TEXT, sender TEXT, text TEXT,
                    emoji TEXT, at INTEGER, PRIMARY KEY (target, seq)) WITHOUT ROWID;
"""
_STANDING = """
SELECT type, sender, text, emoji, at FROM notes WHERE target = ? AND NOT EXISTS
    (SELECT 1 FROM notes AS later WHERE later.target = notes.id AND later.type = 'delete')
ORDER BY seq
"""


@dataclass(frozen=True, slots=True)
class Note:
    """An edit, a deletion or a reaction that has not been taken back."""

    type: str
    sender: str
    text: str
    emoji: str | None
    at: int


@dataclass(frozen=True, slots=True)
class Quote:
    """The beginning of a message, and its place among those that are shown, from 0."""

    id: str
    place: int
    sender: str
    text: str


class Index:
    """Edits, deletions and reactions by the message that they are about; and what to quote."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self.shown = 0
        """How many entries are shown by themselves."""

    def add(self, entry: Entry) -> None:
        """Take the next entry of the log."""
        e = entry
        if e.type in _NOTES:
            row = (e.target, e.seq, e.id, e.type, e.sender, e.text, e.emoji, e.stored_at)
            self._database.execute("INSERT INTO notes VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
            return
        said = (e.id, self.shown, e.sender, e.text[:QUOTE_CHARACTERS])
        self._database.execute("INSERT INTO said VALUES (?, ?, ?, ?)", said)
        self.shown += 1

    def notes(self, message_id: str) -> list[Note]:
        """Give what stands about a message, in the order of the log."""
        return [Note(*row) for row in self._database.execute(_STANDING, (message_id,))]

    def quote(self, message_id: str) -> Quote | None:
        """Give a message's beginning as it was first written."""
        query = "SELECT id, place, sender, text FROM said WHERE id = ?"
        row = self._database.execute(query, (message_id,)).fetchone()
        return None if row is None else Quote(*row)


def is_note(entry: Entry) -> bool:
    """Tell whether an entry is shown as a part of another."""
    return entry.type in _NOTES


@contextmanager
def new_index() -> Iterator[Index]:
    """Make an index in a file that SQLite deletes by itself, as it does where the name is empty."""
    database = sqlite3.connect("", isolation_level=None)
    try:
        database.executescript(f"PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF; {_TABLES}")
        yield Index(database)
    finally:
        database.close()
