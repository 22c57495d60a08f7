"""What a device keeps: its session, its outbox and its cursors, in one SQLite file."""

import sqlite3
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from pathlib import Path

from parley_client.errors import StoreInUseError
from parley_client.outbox import Outgoing
from parley_protocol.topics import Scope

_SCHEMA = """
CREATE TABLE IF NOT EXISTS session (
    one INTEGER PRIMARY KEY CHECK (one = 1), uid TEXT, device TEXT, access_token TEXT,
    expires_at REAL, refresh_token TEXT, broker TEXT);
CREATE TABLE IF NOT EXISTS outbox (
    number INTEGER PRIMARY KEY, id TEXT UNIQUE, cid TEXT, topic TEXT, payload BLOB);
CREATE TABLE IF NOT EXISTS cursors (cid TEXT PRIMARY KEY, seq INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS places (cid TEXT PRIMARY KEY, scope TEXT, target TEXT) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Credentials:
    """A device's session. ``expires_at`` is in seconds since 1970; ``broker`` an mqtt:// URL."""

    uid: str
    device: str
    access_token: str
    expires_at: float
    refresh_token: str
    broker: str


class Store:
    """The device's file; one client at a time."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, timeout=0.2)
        try:
            self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.executescript(_SCHEMA)
        except sqlite3.OperationalError as error:
            self._connection.close()
            raise StoreInUseError(f"{path}: {error}") from None
        path.chmod(0o600)

    def close(self) -> None:
        """Give the file back."""
        self._connection.close()

    def credentials(self) -> Credentials | None:
        """Read the session."""
        row = self._connection.execute(
            "SELECT uid, device, access_token, expires_at, refresh_token, broker FROM session"
        ).fetchone()
        return Credentials(*row) if row else None

    def keep_credentials(self, held: Credentials) -> None:
        """Keep a session in place of the last one."""
        self._durably("REPLACE INTO session VALUES (1, ?, ?, ?, ?, ?, ?)", astuple(held))

    def forget_person(self) -> None:
        """Forget everything of a person, as another logs in."""
        for table in ("session", "outbox", "cursors", "places"):
            self._durably(f"DELETE FROM {table}")  # noqa: S608 - names of our own

    def outbox(self) -> list[Outgoing]:
        """Read what has no answer yet, in order."""
        rows = self._connection.execute(
            "SELECT id, cid, topic, payload FROM outbox ORDER BY number"
        )
        return [Outgoing(*row) for row in rows]

    def put(self, outgoing: Outgoing) -> None:
        """Keep a message until its answer; durable at return."""
        row = (outgoing.id, outgoing.cid, outgoing.topic, outgoing.payload)
        self._durably("INSERT INTO outbox (id, cid, topic, payload) VALUES (?, ?, ?, ?)", row)

    def drop(self, message_id: str) -> None:
        """Forget a message that has its answer. Where this is lost, it is merely sent again."""
        self._cheaply("DELETE FROM outbox WHERE id = ?", (message_id,))

    def cursors(self) -> dict[str, int]:
        """Read the seq of the last finished entry, per conversation."""
        return dict(self._connection.execute("SELECT cid, seq FROM cursors"))

    def keep_cursors(self, cursors: Mapping[str, int]) -> None:
        """Keep how far the application has come."""
        self._cheaply("BEGIN")
        self._connection.executemany("REPLACE INTO cursors VALUES (?, ?)", cursors.items())
        self._connection.execute("COMMIT")

    def drop_cursor(self, cid: str) -> None:
        """Forget a conversation."""
        self._cheaply("DELETE FROM cursors WHERE cid = ?", (cid,))

    def place(self, cid: str) -> tuple[Scope, str] | None:
        """Read to whom messages of a conversation are addressed: scope and target of its topic."""
        query = "SELECT scope, target FROM places WHERE cid = ?"
        row: tuple[Scope, str] | None = self._connection.execute(query, (cid,)).fetchone()
        return row

    def keep_place(self, cid: str, scope: Scope, target: str) -> None:
        """Keep to whom messages of a conversation are addressed."""
        self._cheaply("REPLACE INTO places VALUES (?, ?, ?)", (cid, scope, target))

    def _durably(self, statement: str, values: tuple[object, ...] = ()) -> None:
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute(statement, values)

    def _cheaply(self, statement: str, values: tuple[object, ...] = ()) -> None:
        """Write what survives a crash of the process, if not of the machine."""
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.execute(statement, values)
