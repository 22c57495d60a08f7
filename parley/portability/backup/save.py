"""Make a backup, of a platform that runs or not."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import msgspec
from sqlalchemy import Connection, Engine, select

from config import keys
from config.form import dump
from config.settings import Settings
from parley.portability.backup.manifest import FORM, NAME, BackupError, Manifest
from parley.portability.backup.pack import new_pack
from parley.portability.backup.tables import read_tables
from storage.archive import open_archive
from storage.archive.whole import whole
from storage.sql.engine import connect
from storage.sql.migrate import revision
from storage.sql.tables import conversations

_SECONDS = 60.0
"""How long the archive may take for a block."""


def save(settings: Settings, path: Path) -> Manifest:
    """Write everything to a file; the database is read in one transaction, at one point.

    What that point calls archived is in the archive for ever, whatever is moved meanwhile.

    Raises:
        BackupError: the file cannot be written, or the keys cannot be read.
        UnavailableError: the archive does not answer.
    """
    now = time.time()
    engine = connect(settings.ledger_url)
    try:
        with new_pack(path, now) as pack, _one_state(engine) as connection:
            archived = whole(open_archive(settings.archive.url, _SECONDS), _archived(connection))
            pack.add("settings.toml", dump(settings).encode())
            for name, content in _keys(settings.folder):
                pack.add(f"keys/{name}", content)
            tables = read_tables(connection, pack.add, archived)
            manifest = Manifest(
                form=FORM,
                version=version("parley"),
                made_at=datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds"),
                revision=revision(settings.ledger_url) or "",
                tables=tables,
                files=dict(pack.files),
            )
            pack.add(NAME, msgspec.json.format(msgspec.json.encode(manifest)))
    finally:
        engine.dispose()
    return manifest


@contextmanager
def _one_state(engine: Engine) -> Iterator[Connection]:
    options = {} if engine.dialect.name == "sqlite" else _SNAPSHOT
    with engine.connect() as connection:
        yield connection.execution_options(**options)


_SNAPSHOT = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


def _archived(connection: Connection) -> dict[str, int]:
    c = conversations.c
    found = connection.execute(select(c.cid, c.archived).where(c.archived > 0).order_by(c.cid))
    return {row.cid: row.archived for row in found}


def _keys(data: Path) -> list[tuple[str, bytes]]:
    try:
        files = sorted(file for file in keys.folder(data).iterdir() if file.is_file())
        return [(file.name, file.read_bytes()) for file in files]
    except OSError as error:
        raise BackupError(f"{error.filename}: {error.strerror}") from None
