"""The way to ClickHouse: its native protocol, a connection for each thread, and time-outs."""

import logging
import os
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from clickhouse_driver import Client
from clickhouse_driver.errors import Error, ServerException

from storage.errors import UnavailableError

PASSWORD_VARIABLE = "CLICKHOUSE_PASSWORD"  # noqa: S105 - the variable's name
_CONNECT_SECONDS = 2.0
# It logs a traceback for each attempt to connect; what matters of it is in our exceptions.
logging.getLogger("clickhouse_driver.connection").setLevel(logging.CRITICAL)


class Connection(Protocol):
    """What the archive needs of a server."""

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        """Give the rows that answer a question."""

    def run(self, statement: str) -> None:
        """Run a statement that answers nothing."""

    def insert(self, table: str, columns: Mapping[str, list[Any]]) -> None:
        """Add rows, given by columns; texts are bytes."""


class NativeConnection:
    """Implements ``Connection`` with clickhouse-driver; each of its clients serves one at a time.

    Raises ``UnavailableError`` where the server does not answer in time, or with an error.
    """

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - as the driver takes them
        self._options = options
        self._idle: deque[Client] = deque()

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        with self._client() as client:
            rows: list[tuple[Any, ...]] = client.execute(statement)
            return rows

    def run(self, statement: str) -> None:
        with self._client() as client:
            client.execute(statement)

    def insert(self, table: str, columns: Mapping[str, list[Any]]) -> None:
        statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES"
        settings = {"strings_as_bytes": True}
        with self._client() as client:
            client.execute(statement, list(columns.values()), columnar=True, settings=settings)

    def close(self) -> None:
        """End what is connected; another statement connects anew."""
        while self._idle:
            self._idle.pop().disconnect()

    @contextmanager
    def _client(self) -> Iterator[Client]:
        try:
            client = self._idle.pop()
        except IndexError:
            client = Client(**self._options)
        try:
            yield client
        except ServerException as error:
            # The number alone: the text quotes the statement.
            raise UnavailableError(f"the archive answers with error {error.code}") from None
        except (Error, OSError, EOFError):
            raise UnavailableError("the archive does not answer") from None
        finally:
            self._idle.append(client)


def connect(url: str, seconds: float) -> NativeConnection:
    """Give the way to a server; the first question connects, and so does one after a loss."""
    parts = urlsplit(url)
    return NativeConnection(
        host=parts.hostname,
        port=parts.port,
        database=parts.path.removeprefix("/"),
        user=unquote(parts.username or "default"),
        password=os.environ.get(PASSWORD_VARIABLE, ""),
        secure=parts.scheme == "clickhouses",
        client_name="parley",
        connect_timeout=_CONNECT_SECONDS,
        sync_request_timeout=_CONNECT_SECONDS,
        send_receive_timeout=seconds,
        settings={"max_execution_time": int(seconds)},
    )
