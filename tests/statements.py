"""Count what goes to a database."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, event


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """Collect what goes to the database, every round trip of it."""
    seen: list[str] = []

    def note(
        connection: Connection,
        _cursor: object,
        statement: str,
        parameters: list[object],
        _context: object,
        many: bool,  # noqa: FBT001 - SQLAlchemy's signature
    ) -> None:
        # The driver sends what it "executes many" times as often; in SQLite nothing is sent.
        times = len(parameters) if many and connection.dialect.name == "postgresql" else 1
        seen.extend([statement] * times)

    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)
