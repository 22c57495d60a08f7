"""Rows that a statement takes in few parameters: one round trip, whatever their number.

SQLite takes them as a JSON text, PostgreSQL as an array for each column, which it reads faster. The
driver then quotes few strings: 500 messages as single values cost 8 ms of Python and 20 ms of
PostgreSQL; so they cost 2 and 7. The statement's text is the same for any number of rows, so it
is also compiled once.
"""

from collections.abc import Callable, Sequence
from functools import cache
from operator import itemgetter
from typing import Any

import msgspec
from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    Connection,
    FromClause,
    Insert,
    String,
    Table,
    Text,
    Update,
    bindparam,
    cast,
    column,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.types import TypeEngine

Row = dict[str, Any]
"""Values by the names of columns."""

_PARAMETER = "given"
_TO = "to_"
_encode = msgspec.json.Encoder().encode


def given(dialect: str, *columns: Column[Any]) -> FromClause:
    """Give a table with columns like these, whose rows come with the execution; see ``rows``."""
    if dialect == "postgresql":
        arrays = [cast(bindparam(_of(c.name), type_=String), ARRAY(_plain(c))) for c in columns]
        typed = [column(c.name, _plain(c)) for c in columns]
        return func.unnest(*arrays).table_valued(*typed, name=_PARAMETER).render_derived()
    value = func.json_each(bindparam(_PARAMETER, type_=String)).table_valued("value").c.value
    fields = [func.json_extract(value, f"$.{c.name}").label(c.name) for c in columns]
    return select(*fields).subquery(_PARAMETER)


def rows(connection: Connection, found: Sequence[Row]) -> dict[str, str]:
    """Give the parameters of an execution; there must be a row."""
    if connection.dialect.name == "postgresql":
        return {_of(name): _array([row[name] for row in found]) for name in found[0]}
    return {_PARAMETER: _encode(found).decode()}


def insert_all(connection: Connection, table: Table, new: Sequence[Row]) -> None:
    """Insert rows with one statement; all have the same columns."""
    names = tuple(new[0])
    if connection.dialect.name == "postgresql":
        connection.execute(_insert(table, names), rows(connection, new))
    else:
        _run_each(connection, *_insert_each(table, names), new)


def update_all(connection: Connection, table: Table, to: Sequence[Row]) -> None:
    """Update rows with one statement; each is named by its primary key."""
    names = tuple(to[0])
    if connection.dialect.name == "postgresql":
        connection.execute(_update(table, names), rows(connection, to))
    else:
        _run_each(connection, *_update_each(table, names), to)


def _run_each(
    connection: Connection, statement: str, values: Callable[[Row], Any], found: Sequence[Row]
) -> None:
    """Run a prepared statement for each row: without a network between, JSON takes twice as long.

    SQLAlchemy's own way of many rows looks at each of their values, and is as slow again.
    """
    connection.exec_driver_sql(statement, [values(row) for row in found])


def _of(name: str) -> str:
    return f"{_PARAMETER}_{name}"


def _plain(found: Column[Any]) -> TypeEngine[Any]:
    """Give a column's type; one of text without its length, beyond which a cast would cut it."""
    return Text() if isinstance(found.type, String) else found.type


def _array(values: Sequence[str | int | None]) -> str:
    """Write a column as PostgreSQL reads arrays (8.15.2, Array Value Input)."""
    return "{" + ",".join(map(_element, values)) + "}"


def _element(value: str | int | None) -> str:
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return "NULL" if value is None else str(value)


@cache
def _insert(table: Table, names: tuple[str, ...]) -> Insert:
    source = given("postgresql", *(table.c[name] for name in names))
    return insert(table).from_select(names, select(source))


@cache
def _insert_each(table: Table, names: tuple[str, ...]) -> tuple[str, Callable[[Row], Any]]:
    return _prepare(insert(table), names)


@cache
def _update(table: Table, names: tuple[str, ...]) -> Update:
    source = given("postgresql", *(table.c[name] for name in names))
    return _update_from(table, {name: source.c[name] for name in names})


@cache
def _update_each(table: Table, names: tuple[str, ...]) -> tuple[str, Callable[[Row], Any]]:
    return _prepare(_update_from(table, {n: bindparam(f"{_TO}{n}") for n in names}), ())


def _update_from(table: Table, values: dict[str, ColumnElement[Any]]) -> Update:
    keys = {column.name for column in table.primary_key}
    named = [table.c[name] == values[name] for name in keys]
    return update(table).where(*named).values({n: values[n] for n in values.keys() - keys})


def _prepare(
    statement: Insert | Update, names: tuple[str, ...]
) -> tuple[str, Callable[[Row], Any]]:
    """Give a statement's text, and what takes its values from a row in their order."""
    compiled = statement.compile(dialect=sqlite.dialect(), column_keys=names or None)
    order = [name.removeprefix(_TO) for name in compiled.positiontup or ()]
    return str(compiled), itemgetter(*order)
