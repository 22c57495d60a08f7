"""All rows of all tables as blocks of JSON Lines, from one snapshot; and back."""

import base64
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any

import msgspec
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    LargeBinary,
    MetaData,
    Table,
    func,
    insert,
    literal,
    select,
    text,
)

from parley.portability.backup import manifest
from parley_protocol.payloads import Entry, encode
from storage.accounts import Base
from storage.sql.rows import entry_row
from storage.sql.tables import DERIVED, conversations, messages

_BLOCK_BYTES = 4 << 20
_BATCH = 1_000


def read_tables(
    connection: Connection, add: Callable[[str, bytes], None], archived: Iterable[Entry]
) -> dict[str, manifest.Table]:
    """Hand over every table block by block; referenced rows come before those that refer.

    Left out is what is made from the rest by itself. What is ``archived`` comes as if it had
    never been moved.
    """
    tables = [table for table in Base.metadata.sorted_tables if table.name not in DERIVED]
    moved = (list(entry_row(entry).values()) for entry in archived)
    more = {messages.name: moved}
    return {str(t.name): _read_table(connection, t, add, more.get(t.name, ())) for t in tables}


def load_block(connection: Connection, table: Table, columns: Sequence[str], block: bytes) -> None:
    """Insert a block's rows."""
    binary = {name for name in columns if isinstance(table.c[name].type, LargeBinary)}
    lines = iter(block.splitlines())
    while batch := [_row(line, columns, binary) for line in islice(lines, _BATCH)]:
        connection.execute(insert(table), batch)


def tables_of(connection: Connection, names: Sequence[str]) -> dict[str, Table]:
    """Give tables as they are in the database, whatever the models are by now."""
    metadata = MetaData()
    metadata.reflect(connection, only=names)
    return {name: metadata.tables[name] for name in names}


def count_on(connection: Connection, table: Table) -> None:
    """Let PostgreSQL number new rows from behind the last; SQLite does so by itself."""
    column = table.autoincrement_column
    if connection.dialect.name != "postgresql" or column is None:
        return
    last = connection.scalar(select(func.max(column)))
    if last is not None:
        statement = text("SELECT setval(pg_get_serial_sequence(:table, :column), :last)")
        values = {"table": table.name, "column": column.name, "last": last}
        connection.execute(statement, values)


def _read_table(
    connection: Connection,
    table: Table,
    add: Callable[[str, bytes], None],
    more: Iterable[list[Any]],
) -> manifest.Table:
    columns = [column for column in table.columns if column.computed is None]
    query = select(*map(_as_never_moved, columns)).order_by(*table.primary_key)
    streamed = connection.execution_options(yield_per=_BATCH).execute(query)
    rows = 0
    lines = (encode(row) + b"\n" for row in chain(more, map(list, streamed)))
    for number, block in enumerate(_blocks(lines), 1):
        rows += len(block)
        add(f"tables/{table.name}/{number:06}.jsonl", b"".join(block))
    return manifest.Table(tuple(str(column.name) for column in columns), rows)


def _as_never_moved(column: Column[Any]) -> ColumnElement[Any]:
    is_seam = column in {conversations.c.archived, conversations.c.archived_until}
    return literal(0).label(column.name) if is_seam else column


def _blocks(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Gather lines until they are many bytes: a row may be short or a very long text."""
    block: list[bytes] = []
    size = 0
    for line in lines:
        block.append(line)
        size += len(line)
        if size >= _BLOCK_BYTES:
            yield block
            block, size = [], 0
    if block:
        yield block


def _row(line: bytes, columns: Sequence[str], binary: set[str]) -> dict[str, Any]:
    values = dict(zip(columns, msgspec.json.decode(line, type=list[Any]), strict=True))
    for name in binary:
        if values[name] is not None:
            values[name] = base64.b64decode(values[name])
    return values
