"""Restore a backup into an empty place: all of it, or nothing."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import msgspec
from sqlalchemy import inspect
from sqlalchemy.exc import SQLAlchemyError

from config import keys
from config.settings import Settings
from parley.portability.backup.manifest import BackupError, Manifest
from parley.portability.backup.pack import files_of, verify
from parley.portability.backup.tables import count_on, load_block, tables_of
from parley.prepare import first_line
from storage.sql import write_options
from storage.sql.engine import connect
from storage.sql.migrate import migrate, revisions
from storage.sql.tables import NAMES

SETTINGS = "settings.restored.toml"
"""Where the settings with which the backup was made are kept, for comparison."""


def restore(settings: Settings, path: Path) -> Manifest:
    """Fill the data folder and the database from a backup, and bring the tables up to date.

    Raises:
        BackupError: the backup is damaged or of a newer Parley; the folder or the database is
            not empty; or the database cannot be written to.
    """
    manifest = verify(path)
    if manifest.revision not in revisions():
        raise BackupError(f"{path} was made by a newer Parley ({manifest.version})")
    _require_empty(settings)
    with _folder_aside(settings.folder) as folder:
        aside = msgspec.structs.replace(settings, data=str(folder))
        try:
            migrate(aside.ledger_url, manifest.revision)
            _load(aside, manifest, path)
            migrate(aside.ledger_url)
        except SQLAlchemyError as error:
            raise BackupError(f"the database: {first_line(error)}") from None
    return manifest


def _load(settings: Settings, manifest: Manifest, path: Path) -> None:
    """Write files to the folder and rows to the database, these in one transaction."""
    keys.folder(settings.folder).mkdir(mode=0o700)
    engine = connect(settings.ledger_url)
    try:
        with engine.execution_options(**write_options).begin() as connection:
            tables = tables_of(connection, list(manifest.tables))
            for name, content in files_of(path):
                place = PurePosixPath(name)
                if place.parts[0] == "tables":
                    table = place.parts[1]
                    columns = manifest.tables[table].columns
                    load_block(connection, tables[table], columns, content)
                elif place.parts[0] == "keys":
                    _write(keys.folder(settings.folder) / place.name, content)
                elif name == "settings.toml":
                    _write(settings.folder / SETTINGS, content)
            for found in tables.values():
                count_on(connection, found)
    finally:
        engine.dispose()


def _require_empty(settings: Settings) -> None:
    folder = settings.folder
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BackupError(f"{folder} is not empty: restore into another folder (--data)")
    if not settings.ledger.url:
        return
    engine = connect(settings.ledger_url)
    try:
        found = NAMES & set(inspect(engine).get_table_names())
    except SQLAlchemyError as error:
        raise BackupError(f"the database: {first_line(error)}") from None
    finally:
        engine.dispose()
    if found:
        raise BackupError("the database is not empty: restore into another one (ledger.url)")


@contextmanager
def _folder_aside(folder: Path) -> Iterator[Path]:
    """Make a folder that takes its place when everything is in it."""
    folder = folder.absolute()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f"{folder.name}.restoring-", dir=folder.parent))
    except OSError as error:
        raise BackupError(f"{folder.parent}: {error.strerror}") from None
    try:
        yield aside
        aside.replace(folder)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise


def _write(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)
