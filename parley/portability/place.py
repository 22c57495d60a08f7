"""The ledger that the settings name, for commands that read and write it directly."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from config.settings import Settings, SettingsError
from parley.prepare import first_line
from storage.archive import open_archive
from storage.ledger import Ledger
from storage.sql import SqlStore
from storage.sql.engine import connect
from storage.sql.migrate import is_current


@dataclass(frozen=True, slots=True)
class Place:
    """A ledger, and the database below it, where accounts are."""

    engine: Engine
    ledger: Ledger


@contextmanager
def ledger_of(settings: Settings) -> Iterator[Place]:
    """Open the ledger; a platform may be running on it.

    Raises:
        SettingsError: there is none, or it is of another version.
    """
    require_ledger(settings)
    engine = connect(settings.ledger_url)
    try:
        yield Place(engine, Ledger(SqlStore(engine), open_archive(settings.archive.url)))
    finally:
        engine.dispose()


def require_ledger(settings: Settings) -> None:
    """Check that the database is there, with the newest tables.

    Raises:
        SettingsError: with the command that mends it.
    """
    # Else SQLite would make an empty file.
    if not settings.ledger.url and not (settings.folder / "parley.db").exists():
        raise SettingsError(f"{settings.folder} holds no database: run parley setup first")
    try:
        current = is_current(settings.ledger_url)
    except SQLAlchemyError as error:
        raise SettingsError(f"the database: {first_line(error)}") from None
    if not current:
        raise SettingsError("the tables are of another version: run parley setup first")
