"""Rows that a statement takes as one parameter: one round trip, whatever their number.

They travel as a JSON text, because the driver then quotes one string. 500 messages as single
parameters cost 7 ms of Python and 24 ms of PostgreSQL; so they cost 1 and 14. The statement's
text is the same for any number of rows, so it is also compiled once.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Connection,
    FromClause,
    Insert,
    String,
    Table,
    Update,
    bindparam,
    cast,
    column,
    func,
    insert,
    select,
    update,
)

Row = dict[str, Any]
"""Values by the names of columns."""

_PARAMETER = "given"
_TO = "to_"
_encode = msgspec.json.Encoder().encode


def given(dialect: str, *columns: Column[Any]) -> FromClause:
    """Give a table with columns like these, whose rows come with the execution; see ``rows``."""
    parameter = bindparam(_PARAMETER, type_=String)
    if dialect == "postgresql":
        typed = [column(c.name, c.type) for c in columns]
        table = func.json_to_recordset(cast(parameter, JSON)).table_valued(*typed, name=_PARAMETER)
        return table.render_derived(with_types=True)
    value = func.json_each(parameter).table_valued("value").c.value
    fields = [func.json_extract(value, f"$.{c.name}").label(c.name) for c in columns]
    return select(*fields).subquery(_PARAMETER)


def rows(found: Sequence[Row]) -> dict[str, str]:
    """Give the parameter of an execution."""
    return {_PARAMETER: _encode(found).decode()}


def insert_all(connection: Connection, table: Table, new: Sequence[Row]) -> None:
    """Insert rows with one statement; all have the same columns."""
    if connection.dialect.name == "postgresql":
        connection.execute(_insert(table, tuple(new[0])), rows(new))
    else:
        # Without a network in between, a prepared statement that runs for each row takes half.
        connection.execute(insert(table), new)


def update_all(connection: Connection, table: Table, to: Sequence[Row]) -> None:
    """Update rows with one statement; each is named by its primary key."""
    if connection.dialect.name == "postgresql":
        connection.execute(_update(table, tuple(to[0])), rows(to))
    else:
        prefixed = [{f"{_TO}{name}": value for name, value in row.items()} for row in to]
        connection.execute(_update_each(table, tuple(to[0])), prefixed)


@cache
def _insert(table: Table, names: tuple[str, ...]) -> Insert:
    source = given("postgresql", *(table.c[name] for name in names))
    return insert(table).from_select(names, select(source))


@cache
def _update(table: Table, names: tuple[str, ...]) -> Update:
    source = given("postgresql", *(table.c[name] for name in names))
    return _update_from(table, {name: source.c[name] for name in names})


@cache
def _update_each(table: Table, names: tuple[str, ...]) -> Update:
    return _update_from(table, {name: bindparam(f"{_TO}{name}") for name in names})


def _update_from(table: Table, values: dict[str, ColumnElement[Any]]) -> Update:
    keys = {column.name for column in table.primary_key}
    named = [table.c[name] == values[name] for name in keys]
    return update(table).where(*named).values({n: values[n] for n in values.keys() - keys})
