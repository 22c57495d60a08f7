"""The ledger on SQL: SQLite on one machine, PostgreSQL on many."""

from storage.sql.engine import write_options
from storage.sql.store import JoinedStore, SqlStore
from storage.sql.unit import SqlUnit

__all__ = ["JoinedStore", "SqlStore", "SqlUnit", "write_options"]
