"""The ledger (recent messages, numbers, accounts) behind one interface."""

from storage.ledger import Ledger
from storage.sql import SqlStore
from storage.sql.engine import connect
from storage.sql.migrate import migrate

__all__ = ["Ledger", "migrate", "open_ledger"]


def open_ledger(url: str) -> Ledger:
    """Open the ledger in the database at a SQLAlchemy URL."""
    return Ledger(SqlStore(connect(url)))
