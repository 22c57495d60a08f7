"""Engines for SQLite and PostgreSQL that commit durably and wait their turn."""

from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

write_options: dict[str, Any] = {"parley_writing": True}
"""Execution options of a transaction that will write: SQLite takes its lock at the beginning."""

_BUSY_SECONDS = 15
_STATEMENT_SECONDS = 60
# A server that is gone is noticed within half a minute, whatever the network says of it, and
# whoever holds a lock for too long is not waited for.
_POSTGRES = {
    "application_name": "parley",
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
    "options": f"-c statement_timeout={_STATEMENT_SECONDS}s -c lock_timeout={_BUSY_SECONDS}s"
    f" -c idle_in_transaction_session_timeout={_STATEMENT_SECONDS}s",
}
_CHECKPOINT_MILLISECONDS = 500
_CACHE_KIB = 16_384
_LOG_PAGES = 10_000


def options(url: str) -> dict[str, Any]:
    """Give the arguments of ``create_engine`` for a database."""
    if make_url(url).get_backend_name() == "sqlite":
        return {"connect_args": {"timeout": _BUSY_SECONDS}, "pool_size": 20, "max_overflow": 20}
    return {"pool_pre_ping": True, "pool_size": 10, "connect_args": _POSTGRES}


def prepare(engine: Engine) -> None:
    """Teach a new engine how Parley begins transactions. To be called once per engine."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)


def connect(url: str) -> Engine:
    """Make an engine that is ready to use."""
    engine = create_engine(url, **options(url))
    prepare(engine)
    return engine


def begin_migration(connection: Connection) -> None:
    """Let a new connection change tables: it may take its time, and make a table anew."""
    if connection.dialect.name == "postgresql":
        for name in ("statement_timeout", "idle_in_transaction_session_timeout"):
            connection.exec_driver_sql(f"SET {name} = 0")
        connection.commit()
        return
    # While a table is made anew, what refers to it refers to nothing. SQLite heeds this only
    # outside of transactions, so it is said to the driver.
    cursor = connection.connection.cursor()
    cursor.execute("PRAGMA foreign_keys = OFF")
    cursor.close()


def checkpoint(connection: Connection) -> bool:
    """Bring SQLite's log into the file and empty it; tell whether no reader was in the way."""
    cursor = connection.connection.cursor()
    try:
        # Whoever wants to write waits meanwhile.
        cursor.execute(f"PRAGMA busy_timeout = {_CHECKPOINT_MILLISECONDS}")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (is_busy, *_) = cursor.fetchone() or (1,)
        return not is_busy
    finally:
        cursor.execute(f"PRAGMA busy_timeout = {_BUSY_SECONDS * 1000}")
        cursor.close()


def _set_up_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    # The driver must not begin transactions by itself: it would begin them as readers.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    # What is forgotten is overwritten.
    cursor.execute("PRAGMA secure_delete = ON")
    # A batch for a thousand conversations writes as many pages. What it holds must fit, and a
    # page that many batches write shall go to the database file once for all of them.
    cursor.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    cursor.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A reader that turns writer can fail at once with SQLITE_BUSY; who takes the lock first waits.
    writing = connection.get_execution_options().get("parley_writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
