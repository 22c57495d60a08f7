"""The ledger's store on SQLite or PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from storage.errors import RivalError, UnavailableError
from storage.sql.engine import checkpoint, write_options
from storage.sql.rosters import Rosters
from storage.sql.unit import SqlUnit


class SqlStore:
    """Implements ``storage.unit.Store``. Raises ``UnavailableError`` where the database is away."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._rosters = Rosters()

    @contextmanager
    def reading(self) -> Iterator[SqlUnit]:
        """Begin a transaction that sees one state and changes nothing."""
        isolation = {} if self._engine.dialect.name == "sqlite" else _ONE_STATE
        with _availability(), self._engine.connect() as connection:
            yield SqlUnit(connection.execution_options(**isolation), self._rosters)

    @contextmanager
    def writing(self) -> Iterator[SqlUnit]:
        """Begin a transaction that is durable at the block's end."""
        engine = self._engine.execution_options(**write_options)
        with _availability(), engine.begin() as connection:
            yield SqlUnit(connection, self._rosters, locking=True)

    def wipe(self) -> bool:
        """Empty SQLite's write-ahead log; what was deleted is overwritten in the file by then.

        PostgreSQL keeps what was deleted until its operator has the tables written again.
        """
        if self._engine.dialect.name != "sqlite":
            return True
        with _availability(), self._engine.connect() as connection:
            plain = connection.execution_options(isolation_level="AUTOCOMMIT")
            return checkpoint(plain)


class JoinedStore:
    """A store inside a transaction that somebody else has begun, and will end."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @contextmanager
    def reading(self) -> Iterator[SqlUnit]:
        """Read within the transaction."""
        with _availability():
            yield SqlUnit(self._connection)

    @contextmanager
    def writing(self) -> Iterator[SqlUnit]:
        """Write within the transaction; an exception undoes what the block has written."""
        with _availability(), self._connection.begin_nested():
            yield SqlUnit(self._connection, locking=True)

    def wipe(self) -> bool:
        """Leave it for later: nothing can be taken off the disk within a transaction."""
        return False


_ONE_STATE = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


@contextmanager
def _availability() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InternalError, PoolTimeoutError) as error:
        # An internal error is, among others, that the server has become a read-only standby.
        raise UnavailableError("the database does not answer") from error
    except IntegrityError as error:
        # Decisions keep to the tables' rules, so somebody else has just opened the same pair.
        raise RivalError("another transaction came first") from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise UnavailableError("the connection to the database was lost") from error
        raise
