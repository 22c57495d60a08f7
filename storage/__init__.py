"""The ledger (recent messages, numbers, accounts) behind one interface."""

from storage.archive import open_archive
from storage.ledger import Ledger
from storage.sql import SqlStore
from storage.sql.engine import connect

__all__ = ["Ledger", "open_ledger"]


def open_ledger(url: str, archive_url: str = "") -> Ledger:
    """Open the ledger in the database at a SQLAlchemy URL, and its archive, if it has one."""
    return Ledger(SqlStore(connect(url)), open_archive(archive_url))
