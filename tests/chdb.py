"""Today's ClickHouse inside the test's own process, behind the archive's interface."""

import json
from collections.abc import Mapping
from typing import Any

from chdb.session import Session

_Session: Any = Session  # it is not annotated
_PLAIN_NUMBERS = " SETTINGS output_format_json_quote_64bit_integers = 0"


class ChdbConnection:
    """Implements ``storage.archive.connection.Connection``; gone with ``close``."""

    def __init__(self) -> None:
        self._session: Any = _Session()
        self.run("CREATE DATABASE parley ENGINE = Atomic")
        self.run("USE parley")

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        answer = str(self._session.query(statement + _PLAIN_NUMBERS, "JSONCompactEachRow"))
        return [tuple(json.loads(line)) for line in answer.split("\n") if line]

    def run(self, statement: str) -> None:
        self._session.query(statement)

    def insert(self, table: str, columns: Mapping[str, list[Any]]) -> None:
        rows = ", ".join(
            f"({', '.join(map(_literal, row))})" for row in zip(*columns.values(), strict=True)
        )
        self.run(f"INSERT INTO {table} ({', '.join(columns)}) VALUES {rows}")

    def close(self) -> None:
        """End the engine, and remove its files."""
        self._session.close()


def _literal(value: bytes | int) -> str:
    return f"unhex('{value.hex()}')" if isinstance(value, bytes) else str(value)
