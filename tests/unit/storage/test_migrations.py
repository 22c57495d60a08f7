"""Migrations: up, down, on filled tables, and equal to the models, on every database."""

import hashlib
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Column, Connection, MetaData, Table, inspect, select

from storage.accounts import Base
from storage.sql.engine import connect
from storage.sql.migrate import downgrade, is_current, migrate, revisions
from storage.sql.tables import NAMES, is_described

_ROWS = 3
Content = dict[str, list[dict[str, Any]]]
"""Rows by table."""


def test_up_and_down_and_up(url: str) -> None:
    assert not is_current(url)
    migrate(url)
    migrate(url)
    assert is_current(url)
    downgrade(url)
    assert not is_current(url)
    engine = connect(url)
    assert set(inspect(engine).get_table_names()) <= {"alembic_version"}
    engine.dispose()
    migrate(url)
    assert is_current(url)


@pytest.mark.parametrize("revision", revisions())
def test_what_a_version_has_stored_outlives_all_later_ones(url: str, revision: str) -> None:
    migrate(url, revision)
    engine = connect(url)
    with engine.begin() as connection:
        fill(connection)
    with engine.connect() as connection:
        before = content(connection)
    migrate(url)
    with engine.connect() as connection:
        assert known_to(before, content(connection)) == before
    downgrade(url, revision)
    with engine.connect() as connection:
        assert content(connection) == before
    engine.dispose()


def test_the_schema_is_that_of_the_models(url: str) -> None:
    migrate(url)
    engine = connect(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": is_described})
        differences = compare_metadata(context, Base.metadata)
    engine.dispose()
    assert differences == []


def fill(connection: Connection) -> None:
    """Put rows into every table; those of the same number belong together."""
    for table in tables(connection):
        columns = [column for column in table.columns if column.computed is None]
        for number in range(1, _ROWS + 1):
            row = {column.name: value(column, number) for column in columns}
            connection.execute(table.insert(), row)


def value(column: Column[Any], number: int) -> Any:
    """Make a value: the same for columns of one name, so that keys meet."""
    if column.name == "extra":
        return None if number == 1 else '{"mentions":[]}'
    kind = column.type.python_type
    if kind is str:
        length = getattr(column.type, "length", None) or 32
        name = next((key.column.name for key in column.foreign_keys), column.name)
        return hashlib.md5(f"{name} {number}".encode()).hexdigest()[:length]
    return {int: number, bool: True, float: 0.5, bytes: bytes([number])}[kind]


def content(connection: Connection) -> Content:
    """Read all tables."""
    return {
        table.name: [
            dict(row)
            for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()
        ]
        for table in tables(connection)
    }


def tables(connection: Connection) -> list[Table]:
    """Give the ledger's tables as they are now, the ones that are referred to first."""
    found = MetaData()
    found.reflect(connection, only=lambda name, _: name in NAMES)
    return found.sorted_tables


def known_to(older: Content, newer: Content) -> Content:
    """Leave out of a newer version's content what the older one does not know."""
    return {
        name: [{column: row[column] for column in rows[0]} for row in newer[name]]
        for name, rows in older.items()
    }
